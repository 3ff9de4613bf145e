"""What officers do to the block list: add an entry, alone or with a second officer where many people may be behind it,
and lift one.

What one officer lists alone adds up over 24 hours (rule A1): many narrow networks are a wide one. Lifting takes one
officer, because whoever was stopped by mistake waits for it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from idp.blocks.service import Blocks
from idp.blocks.values import DEVICE, OPERATOR, Draft, Entry
from idp.foundation.database import Database
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.networks.service import Networks
from idp.sessions.devices import Devices
from idp.staff.changes import ChangeKind, Changes
from idp.staff.powers import Permission
from idp.staff.values import Change, Officer

KIND: Final = "block.add"
_HOUR: Final = timedelta(hours=1)
_NO_DEVICE: Final = marked("There is no such device.")
_NO_TABLE: Final = marked(
    "No table of networks is loaded, so that nobody knows who runs a network. Whoever runs the service loads one: idp"
    " network load FILE.csv"
)
_NO_OPERATOR: Final = marked("The table of networks has no network of this operator.")


@dataclass(frozen=True, slots=True)
class Asked:
    """The entry waits for a second officer, as this request."""

    request_id: UUID


class BlockChanges:
    """Changes of the block list that officers decide."""

    def __init__(self, database: Database, blocks: Blocks, networks: Networks, devices: Devices) -> None:
        self._database = database
        self._blocks = blocks
        self._networks = networks
        self._devices = devices

    def change_kind(self) -> ChangeKind:
        """Return the kind of change that a second officer approves; its target is the value."""
        return ChangeKind(KIND, Permission.CHANGE_BLOCKS, self._apply)

    def draft(self, effect: str, kind: str, value: str, hours: int) -> Draft:
        """Return what is to be listed, looked up where it names something of ours. Raises UserError."""
        draft = self._blocks.draft(effect, kind, value, hours * _HOUR)
        if draft.kind == OPERATOR:
            if not self._networks.is_loaded:
                raise UserError(_NO_TABLE, field="value")
            if not self._networks.knows_operator(draft.value):
                raise UserError(_NO_OPERATOR, field="value")
        if draft.kind == DEVICE:
            digest = self._devices.digest_of(UUID(draft.value))
            if digest is None:
                raise UserError(_NO_DEVICE, field="value")
            return self._blocks.draft(effect, kind, draft.value, draft.lasts, digest=digest)
        return draft

    def add(self, draft: Draft, officer: Officer, reason: str, changes: Changes) -> Entry | Asked:
        """Put an entry into force, or ask a second officer for it; what was asked before about this value is void.
        Raises UserError.
        """
        with self._database.transaction():
            # Requests first, then the list: approving locks in the same order.
            changes.supersede(KIND, draft.value, officer)
            entry = self.add_alone(draft, actor=officer.actor, reason=reason)
            if entry is not None:
                return entry
            content = {
                "effect": draft.effect,
                "kind": draft.kind,
                "value": draft.value,
                "hours": draft.lasts // _HOUR,
            }
            return Asked(changes.request(KIND, draft.value, content, author=officer, reason=reason))

    def add_alone(self, draft: Draft, *, actor: str, reason: str) -> Entry | None:
        """Put an entry into force; None, and nothing is done, where one word is too little. Raises UserError."""
        with self._database.transaction():
            # One decision at a time: two at once would each find the day below the limit.
            self._blocks.begin_change()
            if self._blocks.needs_second(draft, actor):
                return None
            return self._blocks.add(draft, actor=actor, reason=reason)

    def lift(self, entry_id: UUID, officer: Officer, reason: str) -> Entry:
        """Take an entry out of force. Raises UserError."""
        return self._blocks.lift(entry_id, actor=officer.actor, reason=reason)

    def _apply(self, change: Change, approver: Officer) -> None:
        content = change.content
        draft = self.draft(content["effect"], content["kind"], content["value"], content["hours"])
        self._blocks.add(draft, actor=approver.actor, reason=change.reason, is_approved=True)
