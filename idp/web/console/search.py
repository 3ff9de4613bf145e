"""The one search box: what is typed leads to the page of an account, session or event by its id.

It is posted and answered with a redirect or a list, so that nothing personal stands in an address or a log. Whoever may
not see what was found gets the same answer as for what is not there.
"""

from collections.abc import Callable

from flask import request
from werkzeug.wrappers import Response

from idp.accounts.tails import Tails
from idp.audit.searching import EventFilter
from idp.foundation.translation import marked
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.filters import address
from idp.web.console.guards import requires
from idp.web.console.overview import overview_page
from idp.web.console.pages import console_page
from idp.web.shared.forms import read_form, uuid_of
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_NOTHING = marked("Nothing was found. Check the number, or try another.")

Finder = Callable[[str], str | None]


@requires(Permission.SEE_OVERVIEW)
def find(officer: Officer) -> Response:
    """Lead to what is looked for; several accounts of one number are listed."""
    text = read_form(request).text("q")
    if text and officer.may(Permission.SEE_ACCOUNTS):
        tails = Tails.parse(text)
        by_tails = services().account_search.find_by_tails(tails, actor=officer.actor) if tails else None
        if by_tails is not None and by_tails.accounts:
            return console_page(officer, "found.html", accounts=by_tails.accounts, masked=True, is_cut=by_tails.is_cut)
        found = services().account_search.find(text, actor=officer.actor)
        if len(found) > 1:
            return console_page(officer, "found.html", accounts=found)
        if found:
            return see_other(f"/console/accounts/{found[0].id}")
    allowed = (finder(text) for permission, finder in _FINDERS if text and officer.may(permission))
    path = next((path for path in allowed if path is not None), None)
    return see_other(path) if path else overview_page(officer, Problem(gettext(_NOTHING), "q"))


def _account(text: str) -> str | None:
    account_id = uuid_of(text) or services().session_search.account_of_subject(text)
    if account_id is None or services().accounts.get(account_id) is None:
        return None
    return f"/console/accounts/{account_id}"


def _session(text: str) -> str | None:
    session_id = uuid_of(text) or services().session_search.by_site_session(text)
    if session_id is None or services().session_search.find(session_id) is None:
        return None
    return f"/console/sessions/{session_id}"


def _event(text: str) -> str | None:
    event_id = uuid_of(text)
    if event_id is not None and services().event_search.find(event_id) is not None:
        return f"/console/events/{event_id}"
    reference = "".join(text.split()).upper()
    return address("/console/events", {"request": reference}) if _is_request(reference) else None


def _is_request(reference: str) -> bool:
    return bool(services().event_search.page(EventFilter(request_id=reference), size=1))


_FINDERS: tuple[tuple[Permission, Finder], ...] = (
    (Permission.SEE_ACCOUNTS, _account),
    (Permission.SEE_SESSIONS, _session),
    (Permission.SEE_EVENTS, _event),
)
