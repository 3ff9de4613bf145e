"""What is wrong with a form, above all with the reason that every dangerous action wants and the audit record keeps."""

import re
import unicodedata
from typing import Final

from idp.foundation.translation import marked
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem

_MISSING: Final = marked("Write why, in at least four characters. It goes to the audit record.")
_TURNED: Final = marked(
    "There are characters in it that turn the order of the others around. Type it instead of pasting."
)
_SHORTEST: Final = 4
# Control and format characters, and blanks of every kind.
_UNSEEN: Final = "CZ"
_TURNS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def reason_problem(reason: str) -> Problem | None:
    """Return what is wrong with a reason: whoever reads it later, or approves by it, has to see all of it as it is."""
    return text_problem(reason, "reason", _MISSING)


def text_problem(text: str, field: str, missing: str) -> Problem | None:
    """Return what is wrong with words for other officers; ``missing`` is said where too few of them can be seen."""
    if sum(unicodedata.category(sign)[0] not in _UNSEEN for sign in text) < _SHORTEST:
        return Problem(gettext(missing), field)
    return Problem(gettext(_TURNED), field) if _TURNS.search(text) else None


def found_problems(*found: Problem | None) -> list[Problem]:
    """Return what there is among what may be a problem, in the order of the fields on the page."""
    return [problem for problem in found if problem is not None]
