"""Audit events of consent. Claim names are recorded, never their values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from idp.audit.events import Changed, Event, Facts


@dataclass(frozen=True, kw_only=True)
class Allowed(Facts):
    """What a client may learn. ``authorization_details`` is their number: the event has those that were decided."""

    basis: str
    scopes: tuple[str, ...]
    claims: tuple[str, ...]
    declined: tuple[str, ...]
    services: tuple[str, ...]
    authorization_details: int


@dataclass(frozen=True, kw_only=True)
class ConsentGranted(Changed):
    """A person allowed, or was informed of a statute that allows, the release of these claims."""

    action: ClassVar[str] = "consent.granted"

    basis: str
    scopes: tuple[str, ...]
    claims: tuple[str, ...]
    declined: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    before: Allowed | None
    after: Allowed


@dataclass(frozen=True, kw_only=True)
class ConsentDenied(Event):
    """A person refused; nothing was released."""

    action: ClassVar[str] = "consent.denied"


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(Changed):
    """A consent was taken back; the grants that rested on it ended with it."""

    action: ClassVar[str] = "consent.withdrawn"

    before: Allowed
    after: None = None
