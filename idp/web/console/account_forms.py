"""What the forms about an account share: the page, and how long what an officer lays on it may last."""

from collections.abc import Container, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.staff.values import Officer
from idp.web.console.accounts import known_account
from idp.web.console.pages import console_page
from idp.web.shared.forms import NOTHING_TYPED, Form
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem

TIMES: Final = {
    "1": marked("1 hour"),
    "24": marked("24 hours"),
    "168": marked("7 days"),
    "720": marked("30 days"),
    "8760": marked("1 year"),
}
"""How long a restriction may last, in hours: it always has an end."""
_CHOOSE: Final = MappingProxyType(
    {
        "kind": marked("Choose the kind of restriction or requirement."),
        "hours": marked("Choose for how long."),
        "value": marked("Choose which value."),
    }
)


def form_page(
    officer: Officer,
    account_id: UUID,
    template: str,
    problems: Sequence[Problem] = (),
    form: Form = NOTHING_TYPED,
    **context: Any,
) -> Response:
    """Answer with a form about an account, with what was typed into it and what is wrong with that."""
    return console_page(
        officer,
        template,
        problems=problems,
        account=known_account(account_id),
        typed=form.text,
        **context,
    )


def choice_problem(field: str, value: str, offered: Container[str]) -> Problem | None:
    """Return the problem of a value that is none of those offered."""
    return None if value in offered else Problem(gettext(_CHOOSE[field]), field)
