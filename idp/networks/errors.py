"""What can be wrong with a table of networks.

IDPError
├── NetworkLineRefused    one line of the file is not a range; the load goes on to name all such lines
└── NetworkLoadRefused    the file is not put into force; the table stays as it was
"""

from idp.foundation.errors import IDPError


class NetworkLineRefused(IDPError):
    """A line of the file. The text says what is wrong with it."""


class NetworkLoadRefused(IDPError):
    """The whole file. The text says why."""
