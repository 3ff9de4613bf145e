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
