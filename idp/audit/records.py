"""An event as staff read it back: the network in words, other personal values masked, by one statement a list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, select

from idp.audit.details import NETWORK, Details, Openings
from idp.audit.events import SIDES
from idp.audit.models import AuditDetail, AuditEvent
from idp.foundation.masked import mask_email, mask_phone

# A network that officers listed is shown to whoever sees events, as the network of every event is.
_MASKS: Final[Mapping[str, Callable[[str], str]]] = {"phone": mask_phone, "email": mask_email, "listed_network": str}
_ERASED: Final = "****"
# Beside a mask that hides what differs from the one before.
_OTHER: Final = " ≠"
_PLAIN: Final = (
    AuditEvent.id,
    AuditEvent.occurred_at,
    AuditEvent.action,
    AuditEvent.actor,
    AuditEvent.account_id,
    AuditEvent.client_id,
    AuditEvent.session_id,
    AuditEvent.reason,
    AuditEvent.request_id,
)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An event as it is read back."""

    id: UUID
    occurred_at: datetime
    action: str
    actor: str
    account_id: UUID | None
    client_id: str | None
    session_id: UUID | None
    reason: str | None
    request_id: str | None
    network: str | None
    detail: dict[str, Any]


def reading() -> Select[*tuple[Any, ...]]:
    """Return the statement that ``record_of`` reads, before any condition."""
    return select(
        *_PLAIN, AuditEvent.network, AuditEvent.detail, AuditEvent.commitments, AuditDetail.opening
    ).outerjoin(AuditDetail, AuditDetail.event_id == AuditEvent.id)


def record_of(row: Row[*tuple[Any, ...]], details: Details) -> AuditRecord:
    """Return the record of a row that ``reading`` selected."""
    network, detail, commitments, ciphertext = row[len(_PLAIN) :]
    openings = details.readable(row.id, ciphertext)
    network = openings[NETWORK].value if NETWORK in openings else detail.pop(NETWORK, network)
    values: tuple[Any, ...] = (*row[: len(_PLAIN)], network, _with_masked(detail, commitments or {}, openings))
    return AuditRecord(*values)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a change, on either side; None means that it was, or is, not there."""

    name: str
    before: Any
    after: Any

    @property
    def differs(self) -> bool:
        return bool(self.before != self.after)


def facts_of(record: AuditRecord) -> list[Fact]:
    """Return the facts of a change, those that differ first. Two masks that look alike may hide what differs."""
    before, after = (record.detail.get(side) or {} for side in SIDES)
    facts = [Fact(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]
    return sorted(facts, key=lambda fact: not fact.differs)


def _with_masked(detail: dict[str, Any], commitments: Mapping[str, str], openings: Openings) -> dict[str, Any]:
    """Return the detail with its personal values at their places, masked; all stars for what was erased."""
    for place in sorted(commitments, reverse=True):
        side, _, name = place.partition(".")
        mask = _MASKS.get(name)
        shown = mask(openings[place].value) if mask is not None and place in openings else _ERASED
        if side == "after" and _differs_unseen(name, shown, detail, openings):
            shown += _OTHER
        detail = detail | {side: detail.get(side, {}) | {name: shown}}
    return detail


def _differs_unseen(name: str, shown: str, detail: Mapping[str, Any], openings: Openings) -> bool:
    before, after = (openings.get(f"{side}.{name}") for side in SIDES)
    is_another = before is not None and after is not None and before.value != after.value
    return is_another and detail.get("before", {}).get(name) == shown
