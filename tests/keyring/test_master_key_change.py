"""Changing the master key: everything gets readable under the new one, then the old one can go (ASVS-11.1.1)."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import LargeBinary, String, column, delete, insert, select, table, update

from idp.foundation.columns import UUIDType
from idp.foundation.errors import ConfigurationError
from idp.keyring.errors import CiphertextBroken, KeyUnknown, SealBroken
from idp.keyring.reencryption import EncryptedColumn, KeyIdColumn
from idp.keyring.service import Keyring
from tests.keyring.nodes import Deployment
from tests.support.clock import FrozenClock
from tests.support.entropy import FixedEntropy

# Any table will do; this one is the test's own.
NOTE = table(
    "test_note",
    column("id", UUIDType),
    column("first", LargeBinary),
    column("second", LargeBinary),
    column("kid", String),
)
COLUMNS = (
    EncryptedColumn("test_note", "id", "first", "test_note.first"),
    EncryptedColumn("test_note", "id", "second", "test_note.second"),
)
ROWS = 25


@pytest.fixture(autouse=True)
def notes(deployment: Deployment):
    binary, uuid = ("BYTEA", "UUID") if deployment.database.dialect == "postgresql" else ("BLOB", "BLOB")
    with deployment.database.transaction() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE test_note (id {uuid} PRIMARY KEY, first {binary}, second {binary}, kid TEXT)"
        )
    yield
    with deployment.database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE test_note")


@pytest.fixture
def written(deployment: Deployment, node: Keyring, clock: FrozenClock) -> dict[UUID, bytes]:
    """25 rows, of whose second column every other one is NULL."""
    entropy = FixedEntropy(clock)
    rows = {entropy.uuid7(): f"value {number}".encode() for number in range(ROWS)}
    with deployment.database.transaction() as connection:
        for number, (row, value) in enumerate(rows.items()):
            second = None if number % 2 else node.encrypt("test_note.second", row, value)
            values = {"id": row, "first": node.encrypt("test_note.first", row, value), "second": second}
            connection.execute(insert(NOTE).values(values))
    return rows


def test_everything_is_readable_after_a_change_and_the_old_key_can_go(
    deployment: Deployment, node: Keyring, written, clock: FrozenClock
):
    (old,) = node.master_keys()
    token = node.sign({"sub": "s"}, typ="JWT")
    new = node.new_master_key(actor="command:root")
    assert node.master_keys() == (new, old)
    assert read(deployment, node) == written
    results = node.reencrypt(COLUMNS, batch=4)
    assert [(result.name, result.rows, result.failed) for result in results] == [
        ("test_note.first", 25, 0),
        ("test_note.second", 13, 0),
    ]
    node.remove_master_key(old, COLUMNS)
    assert not (deployment.keys / "master" / f"{old}.key").exists()
    assert node.master_keys() == (new,)
    clock.advance(1)
    for reader in (node, deployment.node()):
        assert read(deployment, reader) == written
        assert reader.verify(reader.sign({"a": 1}, typ="JWT"), typ="JWT") == {"a": 1}
        assert reader.verify(token, typ="JWT") == {"sub": "s"}
    assert deployment.recorded("master_key.made") == [{"kid": new, "before": {"kid": old}, "after": {"kid": new}}]
    assert deployment.recorded("master_key.removed") == [{"kid": old}]
    assert {"column": "test_note.first", "kid": new, "rows": 25, "failed": 0} in deployment.recorded(
        "column.reencrypted"
    )


def test_what_is_sealed_for_good_ends_on_every_node_with_its_key(
    deployment: Deployment, node: Keyring, clock: FrozenClock
):
    """A key that is removed because others have it must not open anything on a node that was idle meanwhile."""
    (old,), other = node.master_keys(), deployment.node()
    sealed = node.seal_deterministically("p", b"data", context=b"c")
    assert other.unseal_deterministic("p", sealed, context=b"c") == b"data"
    node.new_master_key()
    node.reencrypt(())
    node.remove_master_key(old, ())
    clock.advance(1)
    with pytest.raises(SealBroken):
        other.unseal_deterministic("p", sealed, context=b"c")


def test_old_key_with_anything_under_it_stays(deployment: Deployment, node: Keyring, written):
    (old,) = node.master_keys()
    with pytest.raises(ConfigurationError, match="current"):
        node.remove_master_key(old, COLUMNS)
    node.new_master_key()
    with pytest.raises(ConfigurationError, match="still holds"):
        node.remove_master_key(old, COLUMNS)
    node.reencrypt(COLUMNS[:1])
    with pytest.raises(ConfigurationError, match="still holds 13"):
        node.remove_master_key(old, COLUMNS)
    node.reencrypt(COLUMNS)
    with deployment.database.transaction() as connection:
        connection.execute(update(NOTE).where(NOTE.c.id == next(iter(written))).values(kid=old))
    named = (KeyIdColumn("test_note", "kid"),)
    with pytest.raises(ConfigurationError, match="check 1 rows"):
        node.remove_master_key(old, COLUMNS, named_in=named)
    with deployment.database.transaction() as connection:
        connection.execute(update(NOTE).values(kid=None))
    node.remove_master_key(old, COLUMNS, named_in=named)
    with pytest.raises(KeyUnknown):
        node.remove_master_key(old, COLUMNS)
    with pytest.raises(KeyUnknown):
        node.remove_master_key("../index", COLUMNS)


def test_reencryption_that_was_stopped_goes_on_where_it_was(deployment: Deployment, node: Keyring, written):
    class Stopped(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done >= 10:
            raise Stopped

    node.new_master_key()
    with pytest.raises(Stopped):
        node.reencrypt(COLUMNS, batch=5, progress=stop)
    seen = []
    results = node.reencrypt(COLUMNS, batch=5, progress=lambda done, total: seen.append((done, total)))
    assert [result.rows for result in results] == [15, 13]
    assert seen == [(0, 28), (5, 28), (10, 28), (15, 28), (20, 28), (25, 28), (28, 28)]
    assert read(deployment, node) == written
    assert [result.rows for result in node.reencrypt(COLUMNS)] == [0, 0]


def test_value_that_cannot_be_decrypted_is_counted_and_left(deployment: Deployment, node: Keyring, written):
    first, second = list(written)[:2]
    with deployment.database.transaction() as connection:
        stolen = connection.scalar(select(NOTE.c.first).where(NOTE.c.id == first))
        connection.execute(update(NOTE).where(NOTE.c.id == second).values(first=stolen))
    (old,) = node.master_keys()
    node.new_master_key()
    assert [(result.rows, result.failed) for result in node.reencrypt(COLUMNS, batch=3)] == [(24, 1), (13, 0)]
    with pytest.raises(ConfigurationError, match="still holds 1"):
        node.remove_master_key(old, COLUMNS)
    with deployment.database.transaction() as connection:
        connection.execute(delete(NOTE).where(NOTE.c.id == second))
    node.remove_master_key(old, COLUMNS)


def test_other_nodes_use_the_new_key_within_half_a_second(deployment: Deployment, node: Keyring, clock: FrozenClock):
    other = deployment.node()
    (old,) = other.master_keys()
    new = node.new_master_key()
    # What the first node writes already now is readable everywhere.
    sealed = node.seal("p", b"data", context=b"", lifetime=timedelta(hours=1))
    assert other.unseal("p", sealed, context=b"") == b"data"
    clock.advance(0.5)
    assert other.mac("p").kid == new
    node.reencrypt(())
    node.remove_master_key(old, ())
    clock.advance(0.5)
    other.mac("p")
    with pytest.raises(KeyUnknown):
        other.mac("p", kid=old)


def test_what_only_the_removed_key_could_open_is_refused_in_words(node: Keyring, written, deployment: Deployment):
    (old,) = node.master_keys()
    sealed = node.seal("p", b"data", context=b"", lifetime=timedelta(hours=1))
    row = next(iter(written))
    with deployment.database.read() as connection:
        ciphertext = connection.execute(select(NOTE.c.first).where(NOTE.c.id == row)).scalar_one()
    node.new_master_key()
    node.reencrypt(())
    node.remove_master_key(old, ())
    with pytest.raises(SealBroken):
        node.unseal("p", sealed, context=b"")
    with pytest.raises(CiphertextBroken):
        node.decrypt("test_note.first", row, ciphertext)


def read(deployment: Deployment, node: Keyring) -> dict[UUID, bytes]:
    with deployment.database.read() as connection:
        rows = connection.execute(select(NOTE.c.id, NOTE.c.first, NOTE.c.second)).all()
    for row, first, second in rows:
        assert second is None or node.decrypt("test_note.second", row, second) == node.decrypt(
            "test_note.first", row, first
        )
    return {row: node.decrypt("test_note.first", row, first) for row, first, _ in rows}
