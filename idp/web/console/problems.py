"""What is wrong with a form, above all with the reason that every dangerous action wants and the audit record keeps."""

import unicodedata
from typing import Final

from idp.foundation.translation import marked
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem

_MISSING: Final = marked("Write why, in at least four characters. It goes to the audit record.")
_SHORTEST: Final = 4
# Control and format characters, and blanks of every kind.
_UNSEEN: Final = "CZ"


def reason_problem(reason: str) -> Problem | None:
    """Return what is wrong with a reason: whoever reads it later, or approves by it, has to see all of it as it is."""
    return text_problem(reason, "reason", _MISSING)


def text_problem(text: str, field: str, missing: str) -> Problem | None:
    """Return what is wrong with words for other officers; ``missing`` is said where too few of them can be seen. What
    turns their order round is left out of every form (``Form.text``).
    """
    is_seen = sum(unicodedata.category(sign)[0] not in _UNSEEN for sign in text) >= _SHORTEST
    return None if is_seen else Problem(gettext(missing), field)


def found_problems(*found: Problem | None) -> list[Problem]:
    """Return what there is among what may be a problem, in the order of the fields on the page."""
    return [problem for problem in found if problem is not None]
