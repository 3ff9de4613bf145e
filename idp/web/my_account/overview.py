"""The account at a glance: who, at which level, when last, and what is worth doing."""

from datetime import timedelta
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.accounts.views import AccountView, MembershipView
from idp.factors.assurance import VerifiedFactor
from idp.foundation.translation import DEFAULT_LOCALE, marked
from idp.sessions.values import Session
from idp.web.shared.guards import signed_in
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.pages import render
from idp.web.shared.services import services

_LOOKS_BACK: Final = timedelta(days=180)
_CHECKED_FROM: Final = 2
_FEW_CODES: Final = 3
_METHODS: Final = {
    "password": marked("Password"),
    "passkey": marked("Passkey"),
    "attested_passkey": marked("Passkey"),
    "totp": marked("Authenticator code"),
    "recovery_code": marked("Recovery code"),
}


@signed_in
def show(session: Session) -> Response:
    """Show the overview."""
    account = services().accounts.get(session.account_id)
    if account is None:
        raise NotFound
    enrolled = services().factors.enrolled(session.account_id)
    has_second = not {"passkey", "totp"}.isdisjoint(enrolled.second_factors)
    left = enrolled.codes_left
    return render(
        "my_account/overview.html",
        person=account.masked_name,
        username=account.username,
        phone=account.masked_phone,
        email=account.masked_email,
        level=_level(account),
        organizations=[_organization(one) for one in services().accounts.memberships(account.id)],
        last_sign_in=_last_sign_in(session),
        needs_totp=not has_second,
        needs_recovery_codes=has_second and not left,
        codes_left=left if left is not None and 0 < left <= _FEW_CODES else None,
    )


def _level(account: AccountView) -> dict[str, Any]:
    return {"text": str(account.ial), "is_checked": account.ial >= _CHECKED_FROM}


def _organization(membership: MembershipView) -> dict[str, str]:
    name = membership.name if current_locale() == DEFAULT_LOCALE else membership.name_en or membership.name
    return {"name": name, "role": membership.code}


def _last_sign_in(session: Session) -> dict[str, Any] | None:
    """Return the sign-in before this one, so that a stranger's is noticed."""
    since = services().clock.now() - _LOOKS_BACK
    earlier = services().sessions.list(account_id=session.account_id, ended_since=since, limit=20)
    last = next((one for one in earlier if one.id != session.id and one.created_at <= session.created_at), None)
    if last is None:
        return None
    return {"at": last.created_at, "place": last.network, "methods": _methods(last.factors)}


def _methods(factors: tuple[VerifiedFactor, ...]) -> str:
    return gettext(", ").join(gettext(_METHODS[factor.kind]) for factor in factors if factor.kind in _METHODS)
