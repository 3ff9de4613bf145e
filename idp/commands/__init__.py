"""The ``idp`` command. One file a group; a group is imported when it is used, so that ``idp --help`` answers at once.

Wrong usage ends with status 2, a refused action with 1, each with one line on standard error. Secrets come from files
or standard input; as plain arguments only in development (rule O2).
"""

from idp.commands.program import main

__all__ = ["main"]
