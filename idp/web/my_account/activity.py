"""What happened to the account in the last 180 days, from the audit record, in words.

That staff looked at personal data during a legal hold is told when the hold has ended, and counts from then. What
others can bring about without getting in, refused tries, takes the place of nothing else.
"""

from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from werkzeug.wrappers import Response

from idp.audit.records import AuditRecord
from idp.audit.searching import EventFilter
from idp.foundation.translation import marked
from idp.interventions.events import ValueRevealed
from idp.interventions.holds import Hold
from idp.sessions.events import SessionOpened
from idp.sessions.values import Session
from idp.web.my_account.device_names import device_name
from idp.web.shared.guards import signed_in
from idp.web.shared.locale import gettext
from idp.web.shared.pages import render
from idp.web.shared.services import services

_LOOKS_BACK: Final = timedelta(days=180)
_MOST: Final = 100
_MOST_REFUSED: Final = 20
_REVEALED: Final = ValueRevealed.action
_UNKNOWN: Final = marked("unknown")
_OPENED: Final = SessionOpened.action
_BY_RECOVERY: Final = marked("Sign-in with a recovery code")
_FROM_NEW: Final = marked("Sign-in from a new device")
_REFUSED: Final = {
    "sign_in.password_refused": marked("Wrong password"),
    "sign_in.code_refused": marked("Wrong code"),
    "sign_in.passkey_refused": marked("Passkey not accepted"),
}
_WORDS: Final = MappingProxyType(
    {
        _OPENED: marked("Sign-in"),
        "session.raised": marked("Sign-in confirmed"),
        "session.ended": marked("Signed out"),
        **_REFUSED,
        "authenticator.clone_suspected": marked("Passkey may have been copied"),
        "authenticator.password_set": marked("Password changed"),
        "authenticator.added": marked("Way to sign in added"),
        "authenticator.removed": marked("Way to sign in removed"),
        "authenticator.reset": marked("Way to sign in reset by staff"),
        "account.restrict": marked("Sign-in blocked by staff"),
        "account.unrestrict": marked("Sign-in allowed again by staff"),
        "account.require": marked("New password or proof of identity required by staff"),
        "account.unrequire": marked("Requirement taken back by staff"),
        "account.credential_renewed": marked("Required new password set"),
        _REVEALED: marked("Personal information viewed by staff"),
    }
)


@signed_in
def show(session: Session) -> Response:
    """List the events that mean something to a person."""
    since = services().clock.now() - _LOOKS_BACK
    records = _records(session.account_id, since)
    sessions = services().sessions.list(account_id=session.account_id, ended_since=since)
    devices = {one.id: device_name(one.user_agent).device for one in sessions}
    return render("my_account/activity.html", events=[_line(one, devices) for one in records])


def _records(account_id: UUID, since: datetime) -> list[AuditRecord]:
    holds = services().legal_holds.of_account(account_id, ended_since=since)
    of_account = partial(services().audit.of_account, account_id, since=since)
    told = [
        *of_account(limit=_MOST, actions=_WORDS.keys() - _REFUSED.keys()),
        *of_account(limit=_MOST_REFUSED, actions=_REFUSED.keys()),
    ]
    ended = [hold for hold in holds if hold.ended_at is not None]
    if ended:
        reveals = services().event_search.page(EventFilter(account_id=account_id, action=_REVEALED), size=_MOST)
        known = {one.id for one in told}
        told += [one for one in reveals if one.id not in known and any(_withholds(hold, one) for hold in ended)]
    in_force = [hold for hold in holds if hold.ended_at is None]
    shown = [one for one in told if not any(_withholds(hold, one) for hold in in_force)]
    return sorted(shown, key=lambda one: one.id, reverse=True)


def _withholds(hold: Hold, record: AuditRecord) -> bool:
    return record.action == _REVEALED and hold.withholds(record.actor, record.occurred_at)


def _word(record: AuditRecord) -> str:
    if record.action == _OPENED and "recovery_code" in record.detail["factors"]:
        return _BY_RECOVERY
    return _FROM_NEW if record.detail.get("new_device") else _WORDS[record.action]


def _line(record: AuditRecord, devices: dict[UUID, str]) -> dict[str, Any]:
    unknown = gettext(_UNKNOWN)
    # Where an officer sits is nobody's business but the auditors'.
    is_by_others = record.actor.startswith("account:") and record.actor != f"account:{record.account_id}"
    return {
        "at": record.occurred_at,
        "what": gettext(_word(record)),
        "device": devices.get(record.session_id, unknown) if record.session_id else unknown,
        "place": unknown if is_by_others else record.network or unknown,
    }
