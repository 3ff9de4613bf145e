"""What is wrong with a form, above all with the reason that every dangerous action wants and the audit record keeps."""

from typing import Final

from idp.foundation.translation import marked
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem

_MISSING: Final = marked("Write why, in at least four characters. It goes to the audit record.")
_SHORTEST: Final = 4


def reason_problem(reason: str) -> Problem | None:
    """Return what is wrong with a reason."""
    return Problem(gettext(_MISSING), "reason") if len(reason) < _SHORTEST else None


def found_problems(*found: Problem | None) -> list[Problem]:
    """Return what there is among what may be a problem, in the order of the fields on the page."""
    return [problem for problem in found if problem is not None]
