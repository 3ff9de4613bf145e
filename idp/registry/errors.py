"""What the registry raises. A refused registration is a value (``Refused``), not an exception.

IDPError
├── RegistrationRefused     a proposed registration was refused, with all its problems; rolls the proposal back
├── RegistryUnavailable     the cache may no longer be trusted and the database does not answer: 503
└── RegistrationUnreadable  a registration file is not TOML or JSON, or cannot be read
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from idp.foundation.errors import IDPError
from idp.foundation.translation import all_said

if TYPE_CHECKING:
    from idp.registry.rules import Problem


class RegistrationRefused(IDPError):
    """A proposal that is part of a larger transaction was refused. ``problems`` says all that is wrong with it."""

    def __init__(self, problems: "Sequence[Problem]") -> None:
        super().__init__(all_said(problem.said for problem in problems))
        self.problems = tuple(problems)


class RegistryUnavailable(IDPError):
    """Neither the database nor a cache younger than a second could say what is registered.

    Answer 503 and let them retry.
    """


class RegistrationUnreadable(IDPError):
    """The file cannot be read as a registration. The text names the file and, where there is one, the line."""
