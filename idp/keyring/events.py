"""What is recorded about keys (rule P7): the life of signing keys, new and removed master keys, re-encryption."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Event, Facts


@dataclass(frozen=True, kw_only=True)
class SigningKeyState(Facts):
    """What a key is, as stored, and from when it signs (ISO 8601 in UTC) if that is known."""

    state: str
    activates_at: str | None


@dataclass(frozen=True, kw_only=True)
class SigningKeyEvent(Changed):
    """Base of the steps in a signing key's life. Times are ISO 8601 in UTC."""

    kid: str
    alg: str
    before: SigningKeyState | None
    after: SigningKeyState


@dataclass(frozen=True, kw_only=True)
class SigningKeyPublished(SigningKeyEvent):
    """A key was made and stands in the key set from now on; it signs from ``activates_at``, if that is known."""

    action: ClassVar[str] = "signing_key.published"

    activates_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class SigningKeyScheduled(SigningKeyEvent):
    """It was decided when a published key starts to sign; every node switches at that moment."""

    action: ClassVar[str] = "signing_key.scheduled"

    activates_at: str


@dataclass(frozen=True, kw_only=True)
class SigningKeyActivated(SigningKeyEvent):
    """A published key signs."""

    action: ClassVar[str] = "signing_key.activated"


@dataclass(frozen=True, kw_only=True)
class SigningKeyRetired(SigningKeyEvent):
    """A key stopped signing; its public half stays published for old hints."""

    action: ClassVar[str] = "signing_key.retired"


@dataclass(frozen=True, kw_only=True)
class SigningKeyRevoked(SigningKeyEvent):
    """A key left the key set: what it signed is refused from now on."""

    action: ClassVar[str] = "signing_key.revoked"


@dataclass(frozen=True, kw_only=True)
class CurrentMaster(Facts):
    """Under which master key everything new stands."""

    kid: str


@dataclass(frozen=True, kw_only=True)
class MasterKeyMade(Changed):
    """A new master key was made and is used from now on."""

    action: ClassVar[str] = "master_key.made"

    kid: str
    before: CurrentMaster
    after: CurrentMaster


@dataclass(frozen=True, kw_only=True)
class MasterKeyRemoved(Event):
    """A master key under which nothing stands any more was destroyed."""

    action: ClassVar[str] = "master_key.removed"

    kid: str


@dataclass(frozen=True, kw_only=True)
class ColumnReencrypted(Event):
    """The values of one column were brought under the current master key."""

    action: ClassVar[str] = "column.reencrypted"

    column: str
    kid: str
    rows: int
    failed: int
