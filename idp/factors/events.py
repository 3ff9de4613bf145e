"""Audit events of authenticators: a record of every binding and unbinding, with its source (NIST SP 800-63B-4 §4.1)."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Event, Facts


@dataclass(frozen=True, kw_only=True)
class Kinds(Facts):
    """What an account can sign in with, by kind only, each as often as it is there."""

    kinds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FactorsChanged(Changed):
    before: Kinds
    after: Kinds


@dataclass(frozen=True, kw_only=True)
class PasswordSet(FactorsChanged):
    """An account got a password, or another one."""

    action: ClassVar[str] = "authenticator.password_set"


@dataclass(frozen=True, kw_only=True)
class AuthenticatorAdded(FactorsChanged):
    """An account enrolled a second factor. ``kind`` is passkey, attested_passkey, totp or recovery_code."""

    action: ClassVar[str] = "authenticator.added"

    kind: str


@dataclass(frozen=True, kw_only=True)
class PasskeyCloneSuspected(Event):
    """A passkey counted backwards: there may be a copy of its key (Web Authentication Level 3 §6.1.1).

    It was refused.
    """

    action: ClassVar[str] = "authenticator.clone_suspected"


@dataclass(frozen=True, kw_only=True)
class AuthenticatorRemoved(FactorsChanged):
    """An account's second factor was removed. ``kind`` as when it was added."""

    action: ClassVar[str] = "authenticator.removed"

    kind: str
