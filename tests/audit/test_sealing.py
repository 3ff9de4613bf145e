"""Every committed event gets one place in the tree, whoever seals, whatever dies, however late it commits (rule A4)."""

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from idp.audit import store
from idp.audit.leaf import hash_of
from idp.audit.models import AuditCheckpoint, AuditEvent, AuditHead
from idp.audit.notes import Note
from idp.audit.sealer import Sealer
from idp.audit.tree import Tree, root_of
from idp.foundation.database import Database, DatabaseFailure
from tests.audit.conftest import Happened
from tests.support.clock import FrozenClock

Record = Callable[..., None]
NewSealer = Callable[..., Sealer]


def leaves(services: Any) -> list[dict[str, Any]]:
    """Return the sealed rows in the order of their leaves, having seen that the tree is theirs."""
    with services.database.read() as connection:
        statement = select(AuditEvent.__table__).where(AuditEvent.leaf_index.is_not(None))
        rows = [dict(row) for row in connection.execute(statement.order_by(AuditEvent.leaf_index)).mappings()]
        size = connection.scalar(select(AuditHead.size))
        edge = store.read_edge(connection, size)
    assert [row["leaf_index"] for row in rows] == list(range(size))
    assert Tree(edge).root() == root_of([hash_of(row) for row in rows])
    return rows


def unsealed(services: Any) -> int:
    with services.database.read() as connection:
        return len(connection.scalars(select(AuditEvent.id).where(AuditEvent.leaf_index.is_(None))).all())


def seal_all(services: Any) -> None:
    services.sealer.run()
    assert unsealed(services) == 0


def test_every_event_gets_the_next_place(services: Any, record: Record):
    record(300)
    seal_all(services)
    record(3)
    seal_all(services)
    rows = leaves(services)
    assert [row["detail"]["number"] for row in rows if row["action"] == "test.happened"] == [*range(300), *range(3)]
    assert [row["action"] for row in rows].count("audit.checkpoint_key_changed") == 1


def test_batches_make_the_same_tree(services: Any, record: Record, new_sealer: NewSealer):
    record(40)
    new_sealer(batch=7).run()
    assert unsealed(services) == 0
    leaves(services)


@pytest.mark.only_on("postgresql")
def test_an_event_that_commits_late_is_not_skipped(services: Any, record: Record):
    """Rule A4: never by the last id. The earlier id commits after later ones were sealed."""
    late = Database(services.settings.database_url)
    row = services.audit.rows(Happened(number=-1))[AuditEvent]
    with late.engine.begin() as connection:
        connection.execute(insert(AuditEvent), row)
        record(5)
        seal_all(services)
    assert unsealed(services) == 1
    seal_all(services)
    rows = leaves(services)
    assert rows[-1]["id"] == row["id"] < rows[-2]["id"]
    late.dispose()


@pytest.mark.only_on("postgresql")
def test_recording_goes_on_while_a_batch_is_sealed(services: Any, record: Record, monkeypatch: pytest.MonkeyPatch):
    """A sealer in the middle of its transaction holds no lock that an event would wait for.

    SQLite has one writer at a time; there a batch is small instead.
    """
    record(20)
    inside, go_on = threading.Event(), threading.Event()
    write_tiles = store.write_tiles

    def slowly(*arguments: Any) -> None:
        inside.set()
        assert go_on.wait(10)
        write_tiles(*arguments)

    monkeypatch.setattr(store, "write_tiles", slowly)
    thread = threading.Thread(target=services.sealer.run)
    thread.start()
    assert inside.wait(10)
    with services.database.transaction() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        services.audit.record(Happened(number=20))
    go_on.set()
    thread.join()
    seal_all(services)
    leaves(services)


def test_only_the_holder_of_the_lease_seals(services: Any, record: Record, new_sealer: NewSealer):
    first, second = new_sealer(), new_sealer()
    record(2)
    assert first.run() == 3
    record(2)
    assert second.run() == 0
    assert first.run() == 2
    first.release()
    record(1)
    assert second.run() == 1
    leaves(services)


def test_a_dead_sealer_is_replaced_when_its_lease_ends(record: Record, new_sealer: NewSealer, clock: FrozenClock):
    dead, heir = new_sealer(), new_sealer()
    dead.run()
    record(1)
    clock.advance(29)
    assert heir.run() == 0
    clock.advance(2)
    assert heir.run() == 1


def test_an_overtaken_sealer_writes_nothing(services: Any, record: Record, new_sealer: NewSealer, clock: FrozenClock):
    """The fencing token: a sealer that was paused for longer than its lease finds itself shut out."""
    paused, heir = new_sealer(), new_sealer()
    paused.run()
    clock.advance(31)
    record(1)
    heir.run()
    record(1)
    assert paused.run() == 0
    assert unsealed(services) == 1
    assert heir.run() == 1
    leaves(services)


def test_two_sealers_at_once_give_every_place_once(
    services: Any, record: Record, new_sealer: NewSealer, clock: FrozenClock
):
    sealers = [new_sealer(batch=5) for _ in range(3)]
    sealers[0].run()
    stop = threading.Event()

    def work(sealer: Sealer) -> None:
        while not stop.is_set():
            sealer.run()
            sealer.release()

    threads = [threading.Thread(target=work, args=(sealer,)) for sealer in sealers]
    for thread in threads:
        thread.start()
    for _ in range(60):
        record(1)
    stop.set()
    for thread in threads:
        thread.join()
    clock.advance(31)
    seal_all(services)
    assert len([row for row in leaves(services) if row["action"] == "test.happened"]) == 60


def test_a_clock_that_steps_back_stops_neither_sealing_nor_checkpoints(
    services: Any, record: Record, new_sealer: NewSealer, clock: FrozenClock
):
    dead = new_sealer()
    dead.run()
    record(1)
    clock.advance(hours=-2)
    assert services.sealer.run() == 1
    before = services.sealer.newest_checkpoint()
    clock.advance(hours=-1)
    record(1)
    services.sealer.run()
    after = services.sealer.newest_checkpoint()
    assert (after.checkpoint.size, after.checkpoint.previous) == (before.checkpoint.size + 1, before.digest)
    leaves(services)


def test_a_database_that_refuses_leaves_everything_to_be_sealed_again(services: Any, record: Record):
    services.sealer.run()
    record(3)
    with services.database.transaction() as connection:
        connection.execute(text("ALTER TABLE audit_tile RENAME TO audit_tile_gone"))
    with pytest.raises(DatabaseFailure):
        services.sealer.run()
    with services.database.transaction() as connection:
        connection.execute(text("ALTER TABLE audit_tile_gone RENAME TO audit_tile"))
    assert unsealed(services) == 3
    seal_all(services)
    leaves(services)


class TestCheckpoints:
    def test_they_come_at_most_ten_seconds_apart_and_also_when_nothing_happens(
        self, services: Any, record: Record, clock: FrozenClock
    ):
        """Rule A5, with a worker that looks every second."""
        record(1)
        times = []
        for _ in range(60):
            services.sealer.run(lambda note: times.append(note.checkpoint.time))
            clock.advance(1)
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
        assert len(gaps) >= 5
        assert max(gaps) <= 10

    def test_each_names_the_one_before_it(self, services: Any, record: Record, clock: FrozenClock):
        notes: list[Note] = []
        for _ in range(3):
            record(2)
            for _ in range(2):
                services.sealer.run(notes.append)
                clock.advance(10)
        assert [note.checkpoint.size for note in notes] == [3, 3, 5, 5, 7, 7]
        assert notes[2].checkpoint.previous == notes[1].digest
        assert notes[5].checkpoint.previous == notes[3].digest
        with services.database.read() as connection:
            kept = connection.scalars(select(AuditCheckpoint.note).order_by(AuditCheckpoint.size)).all()
        assert kept == [str(notes[1]), str(notes[3]), str(notes[5])]

    def test_a_new_key_is_vouched_for_by_the_old_one(self, services: Any, record: Record):
        services.sealer.run()
        old = services.sealer.newest_checkpoint().signatures[0][1][:4]
        key = services.sealer.change_key(actor="command:test", reason="yearly")
        record(1)
        services.sealer.run()
        services.sealer.run()
        new = services.sealer.newest_checkpoint().signatures[0][1][:4]
        assert old != new == key.hash
        detail = leaves(services)[1]["detail"]
        assert detail["former_signature"]
        assert detail["key"] == str(key)


class TestAppendOnly:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE audit_event SET actor = 'nobody'",
            "UPDATE audit_event SET detail = '{}', leaf_index = NULL",
            "UPDATE audit_event SET leaf_index = 99",
            "UPDATE audit_event SET leaf_index = NULL",
            "UPDATE audit_event SET network = '192.0.2.0/24'",
            "DELETE FROM audit_event",
        ],
    )
    def test_the_database_refuses_to_change_a_row(self, services: Any, record: Record, change: str):
        """GB22239-8.1.4.3.c; rule A4."""
        record(1)
        seal_all(services)
        with pytest.raises(DatabaseFailure, match="append-only"), services.database.transaction() as connection:
            connection.execute(text(change))

    @pytest.mark.only_on("postgresql")
    def test_the_table_cannot_be_emptied(self, services: Any, record: Record):
        record(1)
        with pytest.raises(DatabaseFailure, match="append-only"), services.database.transaction() as connection:
            connection.execute(text("TRUNCATE audit_event"))

    def test_even_a_row_that_is_not_sealed_yet_cannot_be_changed(self, services: Any, record: Record):
        record(1)
        with pytest.raises(DatabaseFailure, match="append-only"), services.database.transaction() as connection:
            connection.execute(update(AuditEvent).values(reason="another"))
