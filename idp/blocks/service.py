"""``Blocks``: adding and lifting entries, and telling what they stop.

Asking is a look into memory. Changes are serialized by the version of the list, which each raises before it looks at
what is there, so that neither two officers at once nor one in two windows get past what is counted.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from idp.audit.service import Audit
from idp.blocks.events import BlockAdded, BlockLifted, Listed
from idp.blocks.rules import is_wide, parse_address, parse_value, share_of_day
from idp.blocks.store import BlockStore
from idp.blocks.table import Table
from idp.blocks.tally import Refusals
from idp.blocks.values import DEVICE, EFFECTS, NETWORK, Draft, Entry, EntryFilter
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.keyset import PAGE
from idp.foundation.masked import Masked
from idp.foundation.replica import Replicas
from idp.foundation.translation import marked

MOST_ENTRIES: Final = 10_000
LONGEST: Final = timedelta(days=366)
_DAY: Final = timedelta(hours=24)
_TOO_MANY: Final = marked("There are %(most)s entries in force already. Lift some first, or list wider networks.")
_THERE: Final = marked("This is listed already. Lift that entry first if it is to last longer or has another reason.")
_GONE: Final = marked("This entry was lifted or has expired meanwhile.")
_BAD_TIME: Final = marked("Choose for how long.")
_BAD_EFFECT: Final = marked("Choose one of the values offered.")

OperatorOf = Callable[[str], str | None]


class Blocks:
    """The block list of this deployment. ``operator_of`` names who runs an address, by the table of networks, a
    neighbour.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        *,
        replicas: Replicas,
        operator_of: OperatorOf,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._operator_of = operator_of
        self._store = BlockStore(database)
        self._replica = replicas.of("blocks", Table(), lambda: Table(self._store.in_force(clock.now())))
        self.refusals = Refusals(clock, audit)

    def stopping(self, address: str, device: str | None) -> Entry | None:
        """Return the entry that stops a sign-in from an address, by a browser with this device cookie, and count it;
        None if nothing does.
        """
        table = self._replica.get()
        if not table.stops_sign_ins:
            return None
        digest = sha256(device) if device else None
        found = table.blocking(parse_address(address), digest, self._clock.now(), self._operator_of)
        if found is not None:
            self.refusals.flush_before()
            self.refusals.count_by(found)
        return found

    def refuses_mail(self, address: str) -> bool:
        """Tell whether a new e-mail address, in its normal form, is of a domain that is blocked, and count it."""
        table = self._replica.get()
        if not table.stops_mail:
            return False
        found = table.blocking_mail(address.rpartition("@")[2].lower(), self._clock.now())
        if found is not None:
            self.refusals.count_by(found)
        return found is not None

    def get(self, entry_id: UUID) -> Entry | None:
        """Return an entry, over or not."""
        return self._store.get(entry_id)

    def page(
        self, wanted: EntryFilter, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE
    ) -> Sequence[Entry]:
        """Return the entries beside one in the list, latest first."""
        return self._store.page(wanted, self._clock.now(), before=before, after=after, size=size)

    def about(self, text: str) -> tuple[UUID, ...]:
        """Return the ids of the entries in force that an address, a domain or a code of a stopped person leads to."""
        table, address = self._replica.get(), parse_address(text)
        if address is not None:
            return tuple(entry.id for entry in table.about(address, self._operator_of))
        of_domain = tuple(entry.id for entry in table.about_domain(text.lower()))
        return of_domain or table.ids_of_code(text)

    def draft(self, effect: str, kind: str, value: str, lasts: timedelta, *, digest: bytes | None = None) -> Draft:
        """Return what was typed in its normal form. ``digest`` is that of the cookie of a device. Raises UserError."""
        if effect not in EFFECTS:
            raise UserError(_BAD_EFFECT, field="effect")
        if not timedelta(0) < lasts <= LONGEST:
            raise UserError(_BAD_TIME, field="hours")
        return Draft(effect, kind, parse_value(kind, value), lasts, digest)

    def needs_second(self, draft: Draft, actor: str) -> bool:
        """Tell whether one officer's word is too little: for what is wide by itself, or with what they have listed
        alone within a day. Call it after ``begin_change`` to be sure of it.
        """
        if is_wide(draft.kind, draft.value):
            return True
        if draft.kind != NETWORK:
            return False
        day = self._store.networks_blocked_alone(actor, draft.effect, self._clock.now() - _DAY)
        version = _version(draft.value)
        return share_of_day(draft.value) + sum(share_of_day(one) for one in day if _version(one) == version) > 1

    def begin_change(self) -> None:
        """Have whoever else changes the list wait until the transaction under way ends."""
        self._replica.changed()

    def add(self, draft: Draft, *, actor: str, reason: str, is_approved: bool = False) -> Entry:
        """Put an entry into force. Raises UserError."""
        now = self._clock.now()
        entry = Entry(
            self._entropy.uuid7(),
            draft.effect,
            draft.kind,
            draft.value,
            draft.digest if draft.kind == DEVICE else None,
            reason,
            actor,
            now,
            now + draft.lasts,
        )
        with self._database.transaction():
            self.begin_change()
            if self._store.count(now) >= MOST_ENTRIES:
                raise UserError(_TOO_MANY, most=MOST_ENTRIES)
            if not self._store.insert(entry, is_approved=is_approved):
                raise UserError(_THERE, field="value")
            self._audit.record(BlockAdded(actor=actor, reason=reason, entry=str(entry.id), after=_facts(entry)))
        return entry

    def lift(self, entry_id: UUID, *, actor: str, reason: str) -> Entry:
        """Take an entry out of force. Raises UserError if it is not in force any more."""
        with self._database.transaction():
            self.begin_change()
            entry = self._store.end(entry_id, self._clock.now(), actor, reason)
            if entry is None:
                raise UserError(_GONE)
            self._audit.record(BlockLifted(actor=actor, reason=reason, entry=str(entry.id), before=_facts(entry)))
        return entry


def _version(network: str) -> int:
    return 6 if ":" in network else 4


def _facts(entry: Entry) -> Listed:
    named: dict[str, str | Masked] = {"value": entry.value}
    if entry.kind == NETWORK:
        named = {"listed_network": Masked(entry.value)}
    until = entry.expires_at.isoformat(timespec="seconds")
    return Listed(effect=entry.effect, kind=entry.kind, named=named, until=until)
