"""The shape of every audit event: who did what to which account, client or session, and why (GB/T 22239 8.1.4.3, ASVS
16.2.1).
"""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event. A subclass names its ``action`` and adds its own fields, which become the JSON ``detail``.

    ``actor`` is ``account:<id>``, ``client:<id>``, ``command:<operating system user>`` or ``system``.
    """

    action: ClassVar[str]

    actor: str = "system"
    account_id: UUID | None = None
    client_id: str | None = None
    session_id: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckpointKeyChanged(Event):
    """Checkpoints are signed with another key from now on. Both keys sign the change; the first one has no former."""

    action: ClassVar[str] = "audit.checkpoint_key_changed"

    key: str
    former: str | None
    signature: str
    former_signature: str | None


@dataclass(frozen=True, kw_only=True)
class PersonalValuesErased(Event):
    """The personal values in an account's events were erased; the leaves stay as they were (rule A6)."""

    action: ClassVar[str] = "audit.erased"

    events: int
