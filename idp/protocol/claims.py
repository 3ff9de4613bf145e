"""Which claims a scope stands for, and the ``claims`` request parameter (OpenID Connect Core §5.4 and §5.5).

Claims are released only if the registration lists the scope they belong to; what a request names beyond that is
ignored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from idp.accounts.claims import Profile
from idp.foundation.errors import ProtocolError

SCOPE_CLAIMS: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "preferred_username",
        "gender",
        "birthdate",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
    "organization": ("organization",),
    "assurance": ("ial",),
}
SCOPES = ("openid", "offline_access", *SCOPE_CLAIMS)
CLAIMS = tuple(dict.fromkeys(claim for claims in SCOPE_CLAIMS.values() for claim in claims))
PROTOCOL_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid")

_LONGEST = 8000
_DEEPEST = 4
_BAD = "The claims parameter must be a JSON object of at most 8,000 characters (OpenID Connect Core 5.5)."


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """The understood part of a ``claims`` parameter."""

    userinfo: frozenset[str] = frozenset()
    id_token: frozenset[str] = frozenset()
    essential: frozenset[str] = frozenset()
    essential_acrs: tuple[str, ...] = ()
    sub: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """All claims asked for, in either place."""
        return self.userinfo | self.id_token


def claims_of_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return the claims that scopes stand for."""
    return frozenset(claim for scope in scopes for claim in SCOPE_CLAIMS.get(scope, ()))


def values_of(profile: Profile, names: Iterable[str]) -> dict[str, Any]:
    """Return the claims that the profile can give; those without a value are left out (OpenID Connect Core §5.3.2)."""
    return {name: value for name in sorted(names) if (value := profile.claim_value(name)) is not None}


def parse_claims(text: str, allowed_scopes: frozenset[str]) -> ClaimsRequest:
    """Return the request; unknown and unregistered claims are ignored. Raises ProtocolError for what is not a JSON
    object.
    """
    value = _load(text)
    allowed = claims_of_scopes(allowed_scopes)
    members = {place: _section(value, place) for place in ("userinfo", "id_token")}
    acr = members["id_token"].get("acr") or {}
    sub = (members["id_token"].get("sub") or {}).get("value")
    return ClaimsRequest(
        frozenset(members["userinfo"]) & allowed,
        frozenset(members["id_token"]) & allowed,
        frozenset(name for part in members.values() for name, wish in part.items() if wish.get("essential") is True)
        & allowed,
        _acrs(acr) if acr.get("essential") is True else (),
        sub if isinstance(sub, str) else None,
    )


def _load(text: str) -> dict[str, Any]:
    # The depth is bounded before parsing, because a hostile nesting is cheap to write and dear to walk.
    if len(text) > _LONGEST or text.count("{") > len(CLAIMS) * _DEEPEST:
        raise ProtocolError("invalid_request", _BAD)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ProtocolError("invalid_request", _BAD) from None
    if not isinstance(value, dict):
        raise ProtocolError("invalid_request", _BAD)
    return value


def _section(value: dict[str, Any], place: str) -> dict[str, dict[str, Any]]:
    section = value.get(place) or {}
    if not isinstance(section, dict):
        raise ProtocolError("invalid_request", _BAD)
    return {name: wish if isinstance(wish, dict) else {} for name, wish in section.items()}


def _acrs(wish: Mapping[str, Any]) -> tuple[str, ...]:
    values = wish.get("values") if isinstance(wish.get("values"), list) else [wish.get("value")]
    return tuple(value for value in values or () if isinstance(value, str))
