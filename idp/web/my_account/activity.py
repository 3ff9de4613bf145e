"""What happened to the account in the last 180 days, from the audit record, in words."""

from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from werkzeug.wrappers import Response

from idp.audit.service import AuditRecord
from idp.foundation.translation import marked
from idp.sessions.values import Session
from idp.web.my_account.device_names import device_name
from idp.web.shared.guards import signed_in
from idp.web.shared.locale import gettext
from idp.web.shared.pages import render
from idp.web.shared.services import services

_LOOKS_BACK: Final = timedelta(days=180)
_MOST: Final = 100
_UNKNOWN: Final = marked("not on record")
_WORDS: Final = MappingProxyType(
    {
        "session.opened": marked("Sign-in"),
        "session.raised": marked("Sign-in confirmed"),
        "session.ended": marked("Signed out"),
        "sign_in.password_refused": marked("Wrong password"),
        "sign_in.code_refused": marked("Wrong code"),
        "sign_in.passkey_refused": marked("Passkey not accepted"),
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
        "account.value_revealed": marked("Personal information viewed by staff"),
    }
)


@signed_in
def show(session: Session) -> Response:
    """List the events that mean something to a person."""
    since = services().clock.now() - _LOOKS_BACK
    records = services().audit.of_account(session.account_id, limit=_MOST)
    sessions = services().sessions.list(account_id=session.account_id, ended_since=since)
    devices = {one.id: device_name(one.user_agent).device for one in sessions}
    events = [_line(one, devices) for one in records if one.action in _WORDS and one.occurred_at >= since]
    return render("my_account/activity.html", events=events)


def _line(record: AuditRecord, devices: dict[UUID, str]) -> dict[str, Any]:
    unknown = gettext(_UNKNOWN)
    # Where an officer sits is nobody's business but the auditors'.
    is_by_others = record.actor.startswith("account:") and record.actor != f"account:{record.account_id}"
    return {
        "at": record.occurred_at,
        "what": gettext(_WORDS[record.action]),
        "device": devices.get(record.session_id, unknown) if record.session_id else unknown,
        "place": unknown if is_by_others else record.network or unknown,
    }
