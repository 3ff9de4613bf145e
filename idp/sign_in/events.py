"""Audit events of signing in (ASVS 16.3.1). Success is the session's own event; nothing personal stands here."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Event


@dataclass(frozen=True, kw_only=True)
class PasswordRefused(Event):
    """A name and a password were not accepted. ``identifier`` is the start of its keyed digest, to see what belongs
    together.

    ``reason`` is wrong, unknown, not_admitted (locked, closed, of another deployment) or stopped (too many failures).
    """

    action: ClassVar[str] = "sign_in.password_refused"

    identifier: str
    known_device: bool


@dataclass(frozen=True, kw_only=True)
class CodeRefused(Event):
    """A second factor was not accepted. ``reason`` is wrong, used, clock or disabled."""

    action: ClassVar[str] = "sign_in.code_refused"

    kind: str


@dataclass(frozen=True, kw_only=True)
class PasskeyNotAccepted(Event):
    """The answer of a passkey was not accepted, alone or as second factor.

    ``reason`` is malformed, expired (too late, answered before, another browser's), unknown, wrong, cloned or
    not_admitted.
    """

    action: ClassVar[str] = "sign_in.passkey_refused"


@dataclass(frozen=True, kw_only=True)
class NotAdmitted(Event):
    """A person proved who they are, but the client does not admit accounts of this kind."""

    action: ClassVar[str] = "sign_in.not_admitted"

    kind: str
