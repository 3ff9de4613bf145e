"""What the console calls the values it finds: kinds, methods, states, reasons, permissions. A value without a word,
such as one that an agency chose itself, is shown as it is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idp.factors.assurance import ACR_AAL1, ACR_AAL2, ACR_AAL3
from idp.foundation.translation import marked
from idp.staff.powers import Permission
from idp.web.console.event_words import EVENT_WORDS
from idp.web.shared.locale import gettext

PERMISSION_WORDS: Final[Mapping[Permission, str]] = MappingProxyType(
    {
        Permission.SEE_OVERVIEW: marked("See the overview"),
        Permission.SEE_ACCOUNTS: marked("Find accounts, personal data masked"),
        Permission.REVEAL_PERSONAL_DATA: marked("View one personal value, with a reason"),
        Permission.RESTRICT_ACCOUNTS: marked("Block and suspend accounts"),
        Permission.RESET_FACTORS: marked("Reset a lost way to sign in"),
        Permission.HOLD_ACCOUNTS: marked("Place and end legal holds"),
        Permission.SEE_SESSIONS: marked("See sessions"),
        Permission.END_SESSIONS: marked("End sessions"),
        Permission.SEE_CLIENTS: marked("See services"),
        Permission.CHANGE_CLIENTS: marked("Register and change services"),
        Permission.APPROVE_CLIENTS: marked("Approve changes of services"),
        Permission.STOP_CLIENTS: marked("Stop a service at once"),
        Permission.STOP_REGISTRATION: marked("Revoke registration tokens"),
        Permission.SEE_EVENTS: marked("See events"),
        Permission.EXPORT_EVENTS: marked("Export events"),
        Permission.ERASE_PERSONAL_VALUES: marked("Erase personal values from events"),
        Permission.SEE_HUNTS: marked("See hunts"),
        Permission.CHANGE_ALERTS: marked("Change alert rules"),
        Permission.CHANGE_BLOCKS: marked("Block and allow sign-ins by where they come from"),
        Permission.SEE_INTEGRITY: marked("See the proof of the record"),
        Permission.SEE_KEYS: marked("See signing keys"),
        Permission.ROTATE_KEYS: marked("Rotate signing keys"),
        Permission.APPROVE_KEYS: marked("Approve an emergency rotation of keys"),
        Permission.SEE_DELIVERIES: marked("See deliveries"),
        Permission.RETRY_DELIVERIES: marked("Try deliveries again"),
        Permission.SEE_HEALTH: marked("See the health of the service"),
        Permission.SEE_POLICIES: marked("See the rules in force"),
        Permission.CHANGE_BANNERS: marked("Announce on the sign-in pages"),
        Permission.SEE_STAFF: marked("See officers"),
        Permission.CHANGE_STAFF: marked("Give and take powers"),
        Permission.APPROVE_REQUESTS: marked("Approve requests"),
        Permission.SEE_BREAK_GLASS: marked("See and end a break-glass"),
        Permission.BREAK_GLASS: marked("Ask for and confirm a break-glass"),
    }
)

_VALUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "citizen": marked("Citizen"),
        "enterprise": marked("Enterprise"),
        "staff": marked("Staff"),
        "self_asserted": marked("stated by the person"),
        "population_register": marked("National Population Register"),
        "counter": marked("Government service counter"),
        "password": marked("Password"),
        "totp": marked("Authenticator app"),
        "passkey": marked("Passkey"),
        "recovery_code": marked("Recovery codes"),
        ACR_AAL1: marked("One factor (aal1)"),
        ACR_AAL2: marked("Two factors (aal2)"),
        ACR_AAL3: marked("Attested passkey (aal3)"),
        "development": marked("Development"),
        "sandbox": marked("Sandbox"),
        "production": marked("Production"),
        "delivered": marked("Confirmed"),
        "waiting": marked("Waiting"),
        "dead": marked("Given up"),
        "active": marked("In use"),
        "pending": marked("Waiting for its use"),
        "used_up": marked("Used up"),
        "retained": marked("Kept for checking"),
        "revoked": marked("Revoked"),
        "open": marked("Open"),
        "applied": marked("Carried out"),
        "rejected": marked("Rejected"),
        "withdrawn": marked("Withdrawn"),
        "superseded": marked("Superseded"),
        "expired": marked("Expired"),
        "block.add": marked("Add to the block list"),
        "block": marked("Block"),
        "allow": marked("Allow"),
        "network": marked("Network"),
        "operator": marked("Operator"),
        "device": marked("Device"),
        "mail_domain": marked("E-mail domain"),
        "in_force": marked("In force"),
        "over": marked("Over"),
        "planned": marked("Planned"),
        "showing": marked("Showing"),
        "sign_in": marked("Signing in"),
        "ok": marked("In order"),
        "ready": marked("Ready"),
        "degraded": marked("Degraded"),
        "failed": marked("Failed"),
        "unready": marked("Not ready"),
        "database": marked("Database"),
        "migrations": marked("Migrations"),
        "clock": marked("Clock"),
        "worker": marked("Worker"),
        "outbox": marked("Outbox"),
        "account.merge": marked("Merge a duplicate"),
        "merged": marked("Merged into another account"),
        "staff.grant": marked("Give a power"),
        "client.publish": marked("Put a version of a service into force"),
        "client.resume": marked("Resume a service"),
        "keys.emergency": marked("Replace signing keys in an emergency"),
        "backchannel_logout": marked("Logout token"),
        "security_event": marked("Security event"),
        "sessions.end": marked("End many sessions"),
        "grants.end": marked("Revoke many grants"),
        "logout": marked("Signed out"),
        "locked": marked("Account locked"),
        "command": marked("By command"),
        "requirement": marked("Required by staff"),
        "replaced": marked("Replaced by a new session"),
        "consent_withdrawn": marked("Consent withdrawn"),
        "break_glass_ended": marked("Break-glass ended"),
        "power_ended": marked("Power ended"),
        "organization_changed": marked("Other organization chosen"),
        "device_gone": marked("Device signed out"),
        "key_emergency": marked("Emergency of a key"),
        "code_replayed": marked("Code used twice"),
        "refresh_replayed": marked("Old refresh token used"),
        "client_deleted": marked("Service removed"),
        "ended_by_staff": marked("Ended by staff"),
    }
)

_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wrong": marked("not right"),
        "unknown": marked("not known here"),
        "not_admitted": marked("may not sign in"),
        "stopped": marked("too many failures"),
        "used": marked("used already"),
        "clock": marked("clock is off"),
        "disabled": marked("switched off"),
        "malformed": marked("cannot be read"),
        "expired": marked("too late"),
        "cloned": marked("may be a copy"),
    }
)


def word(value: str) -> str:
    """Return what people call a value, in their language."""
    return gettext(_VALUES[value]) if value in _VALUES else value


def event_word(action: str) -> str:
    """Return what people call a kind of event, in their language."""
    return gettext(EVENT_WORDS[action]) if action in EVENT_WORDS else action


def reason_word(reason: str) -> str:
    """Return what people call the reason of an event: a code in words, what an officer typed as it stands."""
    return gettext(_REASONS[reason]) if reason in _REASONS else word(reason)
