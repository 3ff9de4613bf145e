"""What can go wrong in a bench run, as one exception with a text for the person who started it."""


class BenchError(Exception):
    """A server answered something a measurement cannot use, or a tool the bench needs is missing."""


class PeerUnavailable(BenchError):
    """The peer cannot be installed here; our own side can still be measured."""
