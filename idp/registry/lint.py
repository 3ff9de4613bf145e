"""What a reviewer should look at in a registration that the rules accept: advice, never a refusal.

What must not be is in ``rules``. Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from idp.foundation.translation import marked
from idp.registry.members import SECRET_METHODS

EXPIRING: Final = timedelta(days=30)
OLD_KEY: Final = timedelta(days=365)
_NEEDS_NO_PURPOSE: Final = frozenset({"openid", "offline_access"})
_NO_CONTACT: Final = marked("No contact is named: nobody can be told that a secret ends or the service was stopped.")
_MANY_HOSTS: Final = marked("The addresses are on %(count)s hosts: one taken over takes the codes of all.")
_NOT_TOLD: Final = marked("The service is not told when a sign-in ends: who signs out elsewhere stays signed in there.")
_SHARED_SECTOR: Final = marked("Every service of the sector %(sector)s knows a person by the same number.")
_KEEPS_MEMBERS: Final = marked("The service adds and ends the members of %(tenant)s: are they its own?")
_NO_PURPOSE: Final = marked("The scope %(scope)s has neither a purpose nor a legal basis.")
_OLD_KEYS: Final = marked("The keys have been the same for %(days)s days. Ask for new ones.")
_NO_SECRET: Final = marked("The service authenticates with a secret and has none that is accepted.")
_SECRET_ENDS: Final = marked("A secret ends in %(days)s days. The service has to use a newer one by then.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: a member, a translatable sentence and what fills its places."""

    member: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.member}: {self.message % self.values if self.values else self.message}"


@dataclass(frozen=True, slots=True)
class _Facts:
    now: datetime
    secret_ends: Sequence[datetime | None]
    keys_since: datetime | None


def lint(
    content: Mapping[str, Any], now: datetime, *, secret_ends: Sequence[datetime | None], keys_since: datetime | None
) -> tuple[Finding, ...]:
    """Return what to look at. ``secret_ends`` has an entry for each live secret, None for one without an end."""
    facts = _Facts(now, secret_ends, keys_since)
    return tuple(finding for rule in _RULES for finding in rule(content, facts))


def _contact(content: Mapping[str, Any], _facts: _Facts) -> Iterator[Finding]:
    if not content.get("contacts"):
        yield Finding("contacts", _NO_CONTACT)


def _redirects(content: Mapping[str, Any], _facts: _Facts) -> Iterator[Finding]:
    hosts = {urlsplit(uri).hostname for uri in content.get("redirect_uris", ())}
    if len(hosts) > 1:
        yield Finding("redirect_uris", _MANY_HOSTS, {"count": len(hosts)})


def _logout(content: Mapping[str, Any], _facts: _Facts) -> Iterator[Finding]:
    signs_people_in = "authorization_code" in content.get("grant_types", ("authorization_code",))
    is_site = signs_people_in and content.get("application_type", "web") == "web"
    if is_site and not content.get("backchannel_logout_uri") and not content.get("frontchannel_logout_uri"):
        yield Finding("backchannel_logout_uri", _NOT_TOLD)


def _reach(content: Mapping[str, Any], _facts: _Facts) -> Iterator[Finding]:
    """Yield what reaches beyond the service itself: only its reviewers can tell whether it may."""
    policy = content.get("policy", {})
    if policy.get("sector") not in {None, policy.get("agency")}:
        yield Finding("policy.sector", _SHARED_SECTOR, {"sector": policy["sector"]})
    if policy.get("scim_tenant"):
        yield Finding("policy.scim_tenant", _KEEPS_MEMBERS, {"tenant": policy["scim_tenant"]})


def _scopes(content: Mapping[str, Any], _facts: _Facts) -> Iterator[Finding]:
    policy = content.get("policy", {})
    for scope in sorted({*content.get("scope", "").split()} - _NEEDS_NO_PURPOSE):
        if not policy.get("legal_basis") and scope not in policy.get("purposes", {}):
            yield Finding("policy.purposes", _NO_PURPOSE, {"scope": scope})


def _keys(content: Mapping[str, Any], facts: _Facts) -> Iterator[Finding]:
    if "jwks" in content and facts.keys_since is not None and facts.now - facts.keys_since > OLD_KEY:
        yield Finding("jwks", _OLD_KEYS, {"days": (facts.now - facts.keys_since).days})


def _secrets(content: Mapping[str, Any], facts: _Facts) -> Iterator[Finding]:
    if content.get("token_endpoint_auth_method") not in SECRET_METHODS:
        return
    if not facts.secret_ends:
        yield Finding("client_secret", _NO_SECRET)
    for end in facts.secret_ends:
        if end is not None and end - facts.now <= EXPIRING:
            yield Finding("client_secret", _SECRET_ENDS, {"days": (end - facts.now).days})


_RULES: Final[tuple[Callable[[Mapping[str, Any], _Facts], Iterator[Finding]], ...]] = (
    _contact,
    _redirects,
    _logout,
    _reach,
    _scopes,
    _keys,
    _secrets,
)
