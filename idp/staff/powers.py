"""The one table of powers and permissions (GB/T 22239 8.1.5: system, security and audit administrators are separate).

Guards, navigation and documentation derive from it; nothing else decides what an officer may do. Pure.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from idp.foundation.translation import marked


class Power(StrEnum):
    """What a human is trusted with. Nobody has two of them."""

    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"
    DELEGATE = "delegate"
    HELP_DESK = "help_desk"
    CUSTODIAN = "custodian"


class Permission(StrEnum):
    """One thing that can be done in the console."""

    SEE_OVERVIEW = "overview.see"
    SEE_ACCOUNTS = "accounts.see"
    REVEAL_PERSONAL_DATA = "accounts.reveal"
    RESTRICT_ACCOUNTS = "accounts.restrict"
    RESET_FACTORS = "accounts.reset_factors"
    HOLD_ACCOUNTS = "accounts.hold"
    SEE_SESSIONS = "sessions.see"
    END_SESSIONS = "sessions.end"
    SEE_CLIENTS = "clients.see"
    CHANGE_CLIENTS = "clients.change"
    APPROVE_CLIENTS = "clients.approve"
    STOP_CLIENTS = "clients.stop"
    STOP_REGISTRATION = "registration.stop"
    SEE_EVENTS = "events.see"
    EXPORT_EVENTS = "events.export"
    ERASE_PERSONAL_VALUES = "events.erase_personal_values"
    SEE_HUNTS = "hunts.see"
    CHANGE_ALERTS = "alerts.change"
    CHANGE_BLOCKS = "blocks.change"
    SEE_INTEGRITY = "integrity.see"
    SEE_KEYS = "keys.see"
    ROTATE_KEYS = "keys.rotate"
    APPROVE_KEYS = "keys.approve"
    SEE_DELIVERIES = "deliveries.see"
    RETRY_DELIVERIES = "deliveries.retry"
    SEE_HEALTH = "health.see"
    SEE_POLICIES = "policies.see"
    CHANGE_BANNERS = "banners.change"
    SEE_STAFF = "staff.see"
    CHANGE_STAFF = "staff.change"
    APPROVE_REQUESTS = "requests.approve"
    SEE_BREAK_GLASS = "break_glass.see"
    BREAK_GLASS = "break_glass.open"


OFFICERS: Final = frozenset({Power.SYSTEM, Power.SECURITY, Power.AUDIT})
"""The three separate administrators. They sign in with a phishing-resistant authenticator (rule A2)."""

NEED_PASSKEYS: Final = OFFICERS | {Power.CUSTODIAN}
"""Who cannot be phished: the officers, and those who hold one of the two keys of the break-glass."""

FRESH_FOR: Final = timedelta(minutes=5)
"""How old the sign-in may be that stands behind something dangerous, in the console and at the command line."""

_SYSTEM, _SECURITY, _AUDIT = Power.SYSTEM, Power.SECURITY, Power.AUDIT
_DELEGATE, _HELP_DESK, _CUSTODIAN = Power.DELEGATE, Power.HELP_DESK, Power.CUSTODIAN

PERMISSIONS: Final[Mapping[Permission, frozenset[Power]]] = MappingProxyType(
    {
        Permission.SEE_OVERVIEW: frozenset(Power),
        Permission.SEE_ACCOUNTS: frozenset({_SECURITY, _HELP_DESK}),
        Permission.REVEAL_PERSONAL_DATA: frozenset({_SECURITY}),
        Permission.RESTRICT_ACCOUNTS: frozenset({_SECURITY}),
        Permission.RESET_FACTORS: frozenset({_SECURITY, _HELP_DESK}),
        Permission.HOLD_ACCOUNTS: frozenset({_SECURITY}),
        Permission.SEE_SESSIONS: frozenset({_SECURITY, _HELP_DESK}),
        Permission.END_SESSIONS: frozenset({_SECURITY}),
        Permission.SEE_CLIENTS: frozenset({_SYSTEM, _SECURITY, _AUDIT, _DELEGATE}),
        Permission.CHANGE_CLIENTS: frozenset({_SYSTEM, _DELEGATE}),
        Permission.APPROVE_CLIENTS: frozenset({_SECURITY}),
        Permission.STOP_CLIENTS: frozenset({_SYSTEM, _SECURITY}),
        Permission.STOP_REGISTRATION: frozenset({_SYSTEM, _SECURITY, _DELEGATE}),
        Permission.SEE_EVENTS: frozenset({_SECURITY, _AUDIT}),
        Permission.EXPORT_EVENTS: frozenset({_AUDIT}),
        Permission.ERASE_PERSONAL_VALUES: frozenset({_SECURITY}),
        Permission.SEE_HUNTS: frozenset({_SECURITY, _AUDIT}),
        Permission.CHANGE_ALERTS: frozenset({_SECURITY}),
        Permission.CHANGE_BLOCKS: frozenset({_SECURITY}),
        Permission.SEE_INTEGRITY: frozenset({_AUDIT, _SECURITY}),
        Permission.SEE_KEYS: frozenset({_SYSTEM, _AUDIT}),
        Permission.ROTATE_KEYS: frozenset({_SYSTEM}),
        Permission.APPROVE_KEYS: frozenset({_SECURITY}),
        Permission.SEE_DELIVERIES: frozenset({_SYSTEM, _SECURITY}),
        Permission.RETRY_DELIVERIES: frozenset({_SYSTEM}),
        Permission.SEE_HEALTH: frozenset({_SYSTEM}),
        Permission.SEE_POLICIES: OFFICERS,
        Permission.CHANGE_BANNERS: frozenset({_SYSTEM}),
        Permission.SEE_STAFF: frozenset({_SECURITY, _AUDIT}),
        Permission.CHANGE_STAFF: frozenset({_SECURITY}),
        Permission.APPROVE_REQUESTS: frozenset({_SECURITY}),
        Permission.SEE_BREAK_GLASS: frozenset({_SYSTEM, _SECURITY, _AUDIT, _CUSTODIAN}),
        Permission.BREAK_GLASS: frozenset({_CUSTODIAN}),
    }
)

EMERGENCY: Final = frozenset(
    {
        Permission.SEE_ACCOUNTS,
        Permission.RESTRICT_ACCOUNTS,
        Permission.SEE_SESSIONS,
        Permission.END_SESSIONS,
        Permission.SEE_CLIENTS,
        Permission.STOP_CLIENTS,
        Permission.STOP_REGISTRATION,
        Permission.SEE_EVENTS,
        Permission.SEE_KEYS,
        Permission.ROTATE_KEYS,
        Permission.SEE_HEALTH,
    }
)
"""What a custodian may do besides while the glass is broken: see, and stop. Never approve, grant, export or reveal."""

NAMES: Final[Mapping[Power, str]] = MappingProxyType(
    {
        Power.SYSTEM: marked("System administrator"),
        Power.SECURITY: marked("Security officer"),
        Power.AUDIT: marked("Auditor"),
        Power.DELEGATE: marked("Department delegate"),
        Power.HELP_DESK: marked("Help desk"),
        Power.CUSTODIAN: marked("Break-glass custodian"),
    }
)


def may(power: Power, permission: Permission) -> bool:
    """Tell whether a power includes a permission."""
    return power in PERMISSIONS[permission]
