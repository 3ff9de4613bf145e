"""The reason that every dangerous action wants: typed, kept in the audit record."""

from typing import Final

from idp.foundation.translation import marked
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem

_MISSING: Final = marked("Write why, in at least four characters. It goes to the audit record.")
_SHORTEST: Final = 4


def reason_problem(reason: str) -> Problem | None:
    """Return what is wrong with a reason."""
    return Problem(gettext(_MISSING), "reason") if len(reason) < _SHORTEST else None
