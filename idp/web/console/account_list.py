"""The list of accounts: masked, by filters that stand in the address. Whom somebody asks for by name or number is found
by the search box.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Final, cast

from werkzeug.wrappers import Response

from idp.accounts.kinds import KINDS
from idp.factors import FACTORS
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.account_list import AccountFilter, AccountLine, State
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console import filters, saved_views
from idp.web.console.accounts import PATH
from idp.web.console.filters import UNKNOWN_VALUE
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.paging import Page, current_page, further
from idp.web.console.session_filters import SIGN_WORDS
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_SECTION: Final = "accounts"
_LABELS: Final = {
    "kind": marked("Kind"),
    "state": marked("State"),
    "level": marked("Identity level"),
    "factor": marked("Method"),
    "agency": marked("Agency"),
    "created": marked("Created"),
    "seen": marked("Last sign-in"),
    "risk": marked("Risk"),
}
STATES: Final = {
    "open": marked("May sign in"),
    "restricted": marked("Kept out"),
    "required": marked("May sign in, with a condition"),
    "locked": marked("Locked"),
    "closed": marked("Closed"),
}
CREATED: Final = {"24h": marked("In the last 24 hours"), "30d": marked("In 30 days")}
_SPANS: Final = {"24h": timedelta(days=1), "30d": timedelta(days=30)}
SEEN: Final = {
    "1h": marked("In the last hour"),
    "24h": marked("In the last 24 hours"),
    "7d": marked("In 7 days"),
    "not-90d": marked("Not in 90 days"),
    "not-365d": marked("Not in a year"),
}
_SEEN_SPANS: Final = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}
_UNSEEN_SPANS: Final = {"not-90d": timedelta(days=90), "not-365d": timedelta(days=365)}
LEVELS: Final = ("1", "2", "3")
METHODS: Final = tuple(factor.kind for factor in FACTORS)
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": tuple(kind.name for kind in KINDS),
    "state": tuple(STATES),
    "level": LEVELS,
    "factor": METHODS,
    "created": tuple(CREATED),
    "seen": tuple(SEEN),
    "risk": tuple(SIGN_WORDS),
}
_WORDS: Final = {"state": STATES, "created": CREATED, "seen": SEEN, "risk": SIGN_WORDS}


@requires(Permission.SEE_ACCOUNTS)
def show(officer: Officer) -> Response:
    """List accounts, newest first."""
    return _list_page(officer)


@requires(Permission.SEE_ACCOUNTS)
def change_views(officer: Officer) -> Response:
    """Save or delete a view of this list."""
    given = filters.typed(_LABELS)
    try:
        _parsed(given)
    except UserError:
        return _list_page(officer)
    return saved_views.change_views(officer, _SECTION, PATH, given, _list_page)


def _list_page(officer: Officer, problem: Problem | None = None) -> Response:
    given = filters.typed(_LABELS)
    try:
        chosen, problems = _parsed(given), []
    except UserError as error:
        chosen, problems = None, [Problem(gettext(error.message), error.field or "")]
    problems += [problem] if problem else []
    page: Page[AccountLine] = (
        current_page(partial(services().account_list.page, chosen), PATH, given) if chosen else Page([])
    )
    return console_page(
        officer,
        "accounts.html",
        400 if problems else 200,
        problems=problems,
        given=given,
        chips=filters.chips(given, PATH, _LABELS, _WORDS, named=("kind", "factor")),
        views=saved_views.view_links(officer, _SECTION, PATH, given),
        labels=_LABELS,
        choices=_CHOICES,
        words=_WORDS,
        lines=page.lines,
        newer=page.newer,
        older=page.older,
        further=_further(chosen, page, given),
    )


def _further(chosen: AccountFilter | None, page: Page[AccountLine], given: Mapping[str, str]) -> str | None:
    """Return where to look on when the page is not full and yet not everybody was looked at."""
    if chosen is None or chosen.not_signed_in_since is None:
        return None
    return further(page, partial(services().account_list.horizon, chosen), PATH, given)


def _parsed(given: Mapping[str, str]) -> AccountFilter:
    """Return the filter that was typed. Raises UserError that names its field."""
    for name, known in _CHOICES.items():
        if name in given and given[name] not in known:
            raise UserError(UNKNOWN_VALUE, field=name)
    now, seen = services().clock.now(), given.get("seen", "")
    return AccountFilter(
        kind=given.get("kind"),
        state=cast("State | None", given.get("state")),
        ial=int(given["level"]) if "level" in given else None,
        factor=given.get("factor"),
        agency=given.get("agency"),
        created_since=now - _SPANS[given["created"]] if "created" in given else None,
        signed_in_since=now - _SEEN_SPANS[seen] if seen in _SEEN_SPANS else None,
        not_signed_in_since=now - _UNSEEN_SPANS[seen] if seen in _UNSEEN_SPANS else None,
        sign=given.get("risk"),
    )
