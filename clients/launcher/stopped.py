"""The one way in which the demonstration ends before Ctrl-C."""


class Stopped(Exception):
    """The demonstration ends; the text says why."""
