"""Reading claims that must be there and have their type (RFC 7519 §4.1). Missing is a refusal, never a default.

``bool`` is an ``int`` to Python and is refused as a time; an empty string is no identifier.
"""

from collections.abc import Mapping
from typing import Any, NewType

from rp_kit.errors import TokenRefused

VerifiedClaims = NewType("VerifiedClaims", dict[str, Any])
"""Claims that passed every check of their kind of token."""

_SUBJECT_LIMIT_CHARACTERS = 255


def text(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that must be a string with something in it."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise TokenRefused(f"{name} is missing or not a string")
    return value


def optional_text(claims: Mapping[str, Any], name: str) -> str | None:
    """Return a claim that may be absent, but not of another type."""
    return text(claims, name) if name in claims else None


def seconds(claims: Mapping[str, Any], name: str) -> int:
    """Return a claim that must be a time in whole seconds since 1970."""
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TokenRefused(f"{name} is missing or not a time")
    return value


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """Compare character by character (OpenID Connect Core 1.0 §3.1.3.7)."""
    if text(claims, "iss") != issuer:
        raise TokenRefused("iss is another issuer")


def check_audience(claims: Mapping[str, Any], audience: str) -> None:
    """The audience must be ours alone: further audiences are nobody this site trusts (§3.1.3.7, point 3)."""
    value = claims.get("aud")
    if value not in (audience, [audience]):
        raise TokenRefused("aud is missing, of another type, or not this site alone")


def check_subject(claims: Mapping[str, Any]) -> str:
    """Return sub: at most 255 ASCII characters (§2)."""
    subject = text(claims, "sub")
    if len(subject) > _SUBJECT_LIMIT_CHARACTERS or not subject.isascii():
        raise TokenRefused("sub is not an ASCII string of at most 255 characters")
    return subject


def check_times(claims: Mapping[str, Any], now: float, skew_seconds: int, longest_seconds: int) -> None:
    """The token must be alive, not from the future, and not made to live longer than its kind does."""
    issued, expires = seconds(claims, "iat"), seconds(claims, "exp")
    if now >= expires + skew_seconds:
        raise TokenRefused("exp is over")
    if issued > now + skew_seconds:
        raise TokenRefused("iat lies in the future")
    if not issued < expires <= issued + longest_seconds:
        raise TokenRefused("exp is not within the lifetime of this kind of token")
    if "nbf" in claims and seconds(claims, "nbf") > now + skew_seconds:
        raise TokenRefused("nbf lies in the future")
