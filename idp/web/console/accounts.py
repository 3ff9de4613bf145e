"""One account: masked data, state, factors, sessions, consents and what happened to it."""

from typing import Any
from uuid import UUID

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.accounts.requirements import KINDS as REQUIREMENT_KINDS
from idp.accounts.restrictions import KINDS
from idp.accounts.views import AccountView
from idp.audit.searching import EventFilter
from idp.interventions.events import AccountNoted
from idp.sessions.filters import SessionFilter
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import actor_names, client_names, console_page
from idp.web.console.session_filters import SIGN_WORDS
from idp.web.my_account.device_names import device_name
from idp.web.shared.services import services

PATH = "/console/accounts"
_SESSIONS = 10
_EVENTS = 20
_NOTES = 10


@requires(Permission.SEE_ACCOUNTS)
def show(officer: Officer, account_id: UUID) -> Response:
    """Show an account. What happened is for those who may see events."""
    account = known_account(account_id)
    sessions = services().session_search.page(SessionFilter(account_id, state="all"), size=_SESSIONS)
    events = services().audit.of_account(account_id, limit=_EVENTS) if officer.may(Permission.SEE_EVENTS) else None
    noted = EventFilter(account_id=account_id, action=AccountNoted.action)
    notes = services().event_search.personal(noted, "after.text", size=_NOTES)
    consents = services().consents.list(account_id)
    clients = {client_id for line in sessions for client_id in line.client_ids}
    clients |= {one.client_id for one in consents} | {one.client_id for one in events or () if one.client_id}
    return console_page(
        officer,
        "account.html",
        account=account,
        restrictions=services().restrictions.in_force(account_id),
        restriction_kinds=KINDS,
        holds=services().legal_holds.of_account(account_id) if officer.may(Permission.HOLD_ACCOUNTS) else None,
        requirements=services().requirements.in_force(account_id),
        requirement_kinds=REQUIREMENT_KINDS,
        factors=services().factors.enrolled(account_id).authenticators,
        memberships=services().accounts.memberships(account_id),
        sessions=sessions,
        signs=SIGN_WORDS,
        browsers=services().devices.of_account(account_id) if officer.may(Permission.CHANGE_BLOCKS) else None,
        devices={line.id: device_name(line.user_agent).device for line in sessions},
        consents=consents,
        names=client_names(clients),
        events=events,
        notes=notes,
        actors=actor_names([*(events or ()), *(note for note, _text in notes)], officer),
        may=_abilities(officer, account),
    )


def known_account(account_id: UUID) -> AccountView:
    """Return the account of an address."""
    account = services().accounts.get(account_id)
    if account is None:
        raise NotFound
    return account


def _abilities(officer: Officer, account: AccountView) -> dict[str, Any]:
    is_other = account.natural_person_id != officer.person_id and account.closed_at is None
    return {
        "restrict": is_other and officer.may(Permission.RESTRICT_ACCOUNTS),
        "reset": is_other and officer.may(Permission.RESET_FACTORS),
        "reveal": officer.may(Permission.REVEAL_PERSONAL_DATA),
        "see_grants": officer.may(Permission.SEE_SESSIONS),
    }
