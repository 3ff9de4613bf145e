"""Audit events of the protocol (RFC 6749 §4.1.4 and §10.5, RFC 9700 §4.14; rule A3).

A silent authorization is recorded when its code is redeemed, naming the claims released: an unredeemed code disclosed
nothing.
"""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Event


@dataclass(frozen=True, kw_only=True)
class CodeRedeemed(Event):
    """A client received tokens for a person (RFC 6749 §4.1.4)."""

    action: ClassVar[str] = "token.issued"

    scope: str
    claims: tuple[str, ...]
    acr: str
    network: str | None = None


@dataclass(frozen=True, kw_only=True)
class CodeReplayed(Event):
    """A code was presented again (RFC 6749 §10.5)."""

    action: ClassVar[str] = "token.code_replayed"

    by_own_client: bool


@dataclass(frozen=True, kw_only=True)
class TokenRefreshed(Event):
    """A client refreshed its tokens (RFC 6749 §6)."""

    action: ClassVar[str] = "token.refreshed"

    scope: str
    network: str | None = None


@dataclass(frozen=True, kw_only=True)
class RefreshReplayed(Event):
    """A refresh token that was no longer the newest, or another client's, was presented (RFC 9700 §4.14.2)."""

    action: ClassVar[str] = "token.refresh_replayed"

    verdict: str


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    """A client revoked one of its tokens (RFC 7009)."""

    action: ClassVar[str] = "token.revoked"

    kind: str


@dataclass(frozen=True, kw_only=True)
class CallsCounted(Event):
    """How often a client did something that is only counted, in one minute (rule A3)."""

    action: ClassVar[str] = "client.calls"

    call: str
    count: int
    minute: str


@dataclass(frozen=True, kw_only=True)
class DeviceDecided(Event):
    """A person allowed or refused a device (RFC 8628 §3.3)."""

    action: ClassVar[str] = "device.decided"

    decision: str


@dataclass(frozen=True, kw_only=True)
class TokenExchanged(Event):
    """A service got a token for another one in a person's name (RFC 8693). ``subject_client`` had the token before."""

    action: ClassVar[str] = "token.exchanged"

    subject_client: str
    audience: str
    scope: str
