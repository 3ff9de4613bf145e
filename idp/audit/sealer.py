"""The sealer gives every committed event the next place in the tree, and signs checkpoints (rules A4, A5).

Any number of workers may run one: the holder of the lease seals, and each of its transactions first locks the head
under its fencing token, so that one that was overtaken writes nothing. Recorders never meet that lock: they only
insert, and a sealed row is one that they have finished with.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection, update

from idp.audit import store
from idp.audit.counts import count_sealed
from idp.audit.events import CheckpointKeyChanged
from idp.audit.leaf import hash_of
from idp.audit.models import AuditCheckpoint, AuditHead
from idp.audit.notes import Checkpoint, Note, VerifierKey, key_statement, signed
from idp.audit.service import Audit
from idp.audit.tallies import tally_sealed
from idp.audit.tree import Tree
from idp.foundation.clock import Clock
from idp.foundation.columns import moment_of
from idp.foundation.database import Database
from idp.foundation.logging import get_logger

# Workers look every second, so that checkpoints are at most ten seconds apart.
INTERVAL: Final = timedelta(seconds=9)
BATCH: Final = 1000
# SQLite has one writer at a time, and a batch keeps everybody else waiting.
_SQLITE_BATCH: Final = 250
_MOST_BATCHES: Final = 50
_log = get_logger(__name__)


class CheckpointKeys(Protocol):
    """Where the private halves of checkpoint keys are."""

    def make_checkpoint_key(self) -> tuple[str, bytes]:
        """Make a key. Return its id and its public half."""

    def sign_checkpoint(self, kid: str, data: bytes) -> bytes:
        """Return the Ed25519 signature by a key."""


class Sealer:
    """Seals for one process."""

    def __init__(
        self, database: Database, clock: Clock, audit: Audit, keys: CheckpointKeys, *, issuer: str, batch: int = 0
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._keys = keys
        self.origin = f"{urlsplit(issuer).netloc}/audit"
        self._batch = batch or (BATCH if database.dialect == "postgresql" else _SQLITE_BATCH)
        self._fence: int | None = None
        self._checkpoint_at: datetime | None = None

    def run(self, publish: Callable[[Note], None] = lambda _note: None) -> int:
        """Seal what waits, make a checkpoint when one is due, and return how many events were sealed.

        Does nothing while another worker holds the lease. ``publish`` gets each checkpoint after it has committed.
        """
        sealed = 0
        try:
            self._claim()
            for _ in range(_MOST_BATCHES if self._fence is not None else 0):
                count = self._seal_batch()
                sealed += count
                note = self._checkpoint() if self._is_checkpoint_due() else None
                if note is not None:
                    publish(note)
                if count < self._batch:
                    break
        except store.Fenced:
            _log.warning("audit_sealer_overtaken", fence=self._fence)
            self._fence = None
        return sealed

    def release(self) -> None:
        """Give up the lease, so that another worker need not wait for its end."""
        if self._fence is not None:
            statement = update(AuditHead).where(AuditHead.fence == self._fence).values(leased_until=moment_of(0))
            with self._database.transaction() as connection:
                connection.execute(statement)
            self._fence = None

    def newest_checkpoint(self) -> Note | None:
        """Return the newest checkpoint, None before the first."""
        with self._database.read() as connection:
            return store.newest_checkpoint(connection)

    def change_key(self, *, actor: str = "system", reason: str | None = None) -> VerifierKey:
        """Sign with a new key from now on. The change is an event, signed by the old key and the new one (rule A5)."""
        kid, public = self._keys.make_checkpoint_key()
        key = VerifierKey(self.origin, public)
        with self._database.transaction() as connection:
            old = store.overtake(connection).signing_key
            former = None if old is None else VerifierKey(self.origin, old[1])
            statement = key_statement(key, former)
            self._audit.record(
                CheckpointKeyChanged(
                    actor=actor,
                    reason=reason,
                    key=str(key),
                    former=None if former is None else str(former),
                    signature=self._keys.sign_checkpoint(kid, statement).hex(),
                    former_signature=None if old is None else self._keys.sign_checkpoint(old[0], statement).hex(),
                )
            )
            connection.execute(update(AuditHead).values(kid=kid, public_key=public))
        return key

    def _claim(self) -> None:
        if self._fence is not None:
            return
        with self._database.read() as connection:
            has_key = store.has_key(connection)
        if not has_key:
            self.change_key()
        with self._database.transaction() as connection:
            self._fence = store.claim(connection, self._clock.now())
        # The first checkpoint of a new holder is due at once.
        self._checkpoint_at = None

    def _seal_batch(self) -> int:
        with self._database.read() as connection:
            if not store.has_unsealed(connection):
                return 0
        with self._database.transaction() as connection:
            head = self._hold(connection)
            # A plan for any number of rows would read the whole record to place the few that wait.
            self._database.plan_for_values()
            rows = store.take_places(connection, head.size, self._batch)
            tree = Tree(store.read_edge(connection, head.size))
            store.write_tiles(connection, self._database, tree.append([hash_of(row) for row in rows]))
            count_sealed(connection, self._database, rows)
            tally_sealed(connection, self._database, rows)
            connection.execute(update(AuditHead).values(size=tree.size))
        return len(rows)

    def _is_checkpoint_due(self) -> bool:
        # A clock that was set back must not keep the next one waiting.
        last, now = self._checkpoint_at, self._clock.now()
        return last is None or not last <= now < last + INTERVAL

    def _checkpoint(self) -> Note | None:
        with self._database.transaction() as connection:
            head, now = self._hold(connection), self._clock.now()
            if not head.size or head.signing_key is None:
                return None
            kid, public = head.signing_key
            previous = store.newest_checkpoint(connection, AuditCheckpoint.size < head.size)
            root = Tree(store.read_edge(connection, head.size)).root()
            checkpoint = Checkpoint(self.origin, head.size, root, now, b"" if previous is None else previous.digest)
            note = signed(
                checkpoint, VerifierKey(self.origin, public), lambda data: self._keys.sign_checkpoint(kid, data)
            )
            row = {"size": head.size, "created_at": now, "note": str(note)}
            connection.execute(self._database.upsert(AuditCheckpoint, "created_at", "note"), row)
        self._checkpoint_at = now
        return note

    def _hold(self, connection: Connection) -> store.Head:
        if self._fence is None:
            raise store.Fenced
        return store.hold(connection, self._fence, self._clock.now())
