"""An event as staff read it back: the network in words, other personal values masked, by one statement a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, select

from idp.audit.details import NETWORK, Details, Openings
from idp.audit.models import AuditDetail, AuditEvent
from idp.foundation.masked import mask_email, mask_phone

_MASKS: Final = {"phone": mask_phone, "email": mask_email}
_ERASED: Final = "****"
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


def reading() -> Select[Any]:
    """Return the statement that ``record_of`` reads, before any condition."""
    return select(
        *_PLAIN, AuditEvent.network, AuditEvent.detail, AuditEvent.commitments, AuditDetail.opening
    ).outerjoin(AuditDetail, AuditDetail.event_id == AuditEvent.id)


def record_of(row: Row[Any], details: Details) -> AuditRecord:
    """Return the record of a row that ``reading`` selected."""
    *plain, network, detail, commitments, ciphertext = row
    openings = details.readable(row.id, ciphertext)
    if NETWORK in openings:
        network = openings[NETWORK].value
    return AuditRecord(*plain, network, _with_masked(detail, commitments or {}, openings))


def _with_masked(detail: dict[str, Any], commitments: Mapping[str, str], openings: Openings) -> dict[str, Any]:
    """Return the detail with its personal values at their places, masked; all stars for what was erased."""
    for place in commitments:
        side, _, name = place.partition(".")
        mask = _MASKS.get(name)
        shown = mask(openings[place].value) if mask is not None and place in openings else _ERASED
        detail = detail | {side: detail.get(side, {}) | {name: shown}}
    return detail
