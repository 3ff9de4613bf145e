"""The rules in force on this node, and whether this deployment chose them (console.md, Policies). They are settings, so
they are changed where it is deployed; what a single service asks for stands in its registration.
"""

from dataclasses import dataclass
from typing import Any, Final

from werkzeug.wrappers import Response

from idp.factors import password_rules, totp
from idp.foundation.settings import PREFIX, Settings
from idp.foundation.translation import marked
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.shared.services import services

# By heading: settings, and what they are called here. Those of addresses, folders and machines are no rules.
_GROUPS: Final = (
    (
        marked("Passwords and codes"),
        (
            ("throttle_slow_after", marked("Wrong passwords from one place until it must wait")),
            ("throttle_lock_after", marked("Wrong passwords from one place until it is locked out")),
            ("throttle_lock_seconds", marked("How long such a place is locked out")),
            ("throttle_network_after", marked("Wrong passwords from one network until it must wait")),
            ("throttle_account_after", marked("Wrong passwords in a row until unknown devices may not try")),
            ("password_memory_kib", marked("Memory of one password hash (Argon2id), KiB")),
            ("password_iterations", marked("Passes of one password hash")),
        ),
    ),
    (
        marked("Sign-ins and sessions"),
        (
            ("session_idle_seconds", marked("Session of a citizen or an enterprise: without use")),
            ("session_total_seconds", marked("Session of a citizen or an enterprise: in all")),
            ("staff_session_idle_seconds", marked("Session of staff: without use")),
            ("staff_session_total_seconds", marked("Session of staff: in all")),
            ("aal2_idle_seconds", marked("A second factor counts: without use")),
            ("aal2_total_seconds", marked("A second factor counts: in all")),
            ("remembered_browser_seconds", marked("A remembered browser spares the second factor")),
            ("attempt_lifetime_seconds", marked("A sign-in under way")),
        ),
    ),
    (
        marked("Services"),
        (
            ("consent_lifetime_seconds", marked("Consent is asked for again after")),
            ("code_lifetime_seconds", marked("Authorization code")),
            ("access_token_lifetime_seconds", marked("Access token")),
            ("outside_token_lifetime_seconds", marked("Access token for another audience")),
            ("id_token_lifetime_seconds", marked("ID token")),
            ("refresh_idle_seconds", marked("Refresh token: without use")),
            ("refresh_total_seconds", marked("Refresh token: in all")),
            ("refresh_grace_seconds", marked("Refresh token: the same answer to a retry")),
            ("dpop_nonce_required", marked("Every DPoP proof carries a nonce of ours")),
            ("legacy_profile_allowed", marked("The profile legacy-oidc is admitted in production")),
        ),
    ),
    (
        marked("Officers and keys"),
        (
            ("officer_acr", marked("What officers must sign in with")),
            ("mass_ending_threshold", marked("Sessions that one officer may end in 24 hours without a second")),
            ("key_rotation_days", marked("A signing key is replaced after")),
            ("pending_key_seconds", marked("A new signing key is published before it signs")),
            ("retained_key_days", marked("A former public key stays published")),
        ),
    ),
)
_FIXED: Final = (
    (marked("Shortest password without a second factor"), password_rules.LEAST_ALONE),
    (marked("Shortest password with a second factor"), password_rules.LEAST_WITH_SECOND_FACTOR),
    (marked("Longest password"), password_rules.MOST),
    (marked("Seconds for which an authenticator shows a code"), totp.STEP_SECONDS),
)
_SECONDS: Final = {"seconds": 1, "days": 86_400}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is listed. ``seconds`` is set for what lasts, ``default`` where this deployment chose another."""

    name: str
    setting: str
    value: Any
    seconds: int | None
    default: Any
    is_chosen: bool


@requires(Permission.SEE_POLICIES)
def show(officer: Officer) -> Response:
    """List the rules."""
    in_force = services().settings
    groups = [(heading, [_rule(in_force, *one) for one in rules]) for heading, rules in _GROUPS]
    return console_page(
        officer,
        "policies.html",
        groups=groups,
        fixed=_FIXED,
        approvals_needed=services().client_changes.approvals_needed,
    )


def _rule(settings: Settings, field: str, name: str) -> Rule:
    value, default = getattr(settings, field), Settings.model_fields[field].default
    unit = _SECONDS.get(field.rpartition("_")[2])
    return Rule(
        name,
        PREFIX + field.upper(),
        value,
        None if unit is None else unit * value,
        default if unit is None else unit * default,
        value != default,
    )
