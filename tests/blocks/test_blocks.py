"""Adding and lifting, by one officer and by two at once, and how nodes learn of it (decision 0019)."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from idp.audit.models import AuditEvent
from idp.blocks.models import BlockEntry
from idp.blocks.values import EntryFilter
from idp.foundation.errors import UserError
from idp.foundation.replica import FRESH_SECONDS
from tests.blocks.conftest import REASON
from tests.support import deployment
from tests.support.racing import together
from tests.support.statements import watched


def stops(services, address="203.0.113.7", device=None):
    return services.blocks.stopping(address, device) is not None


def test_what_is_added_counts_at_once_here_and_is_recorded(services, block):
    assert not stops(services)
    entry = block("203.0.113.0/24")
    assert stops(services)
    record = services.event_search.page(_of("block.added"), size=1)[0]
    assert record.reason == REASON
    assert record.detail["entry"] == str(entry.id)
    assert record.detail["after"] == {
        "effect": "block",
        "kind": "network",
        "listed_network": "203.0.113.0/24",
        "until": entry.expires_at.isoformat(timespec="seconds"),
    }


def test_the_leaf_of_an_event_does_not_hold_the_network_itself(services, block):
    """It may be one person's address: it can be erased without touching the leaf (rule A6)."""
    block("203.0.113.7")
    with services.database.read() as connection:
        details = connection.scalars(select(AuditEvent.detail)).all()
    assert "203.0.113" not in str(details)


def test_what_is_lifted_counts_no_more_and_cannot_be_lifted_twice(services, block):
    entry = block("203.0.113.0/24")
    services.blocks.lift(entry.id, actor="system", reason="mistaken")
    assert not stops(services)
    with pytest.raises(UserError):
        services.blocks.lift(entry.id, actor="system", reason="mistaken")
    over = services.blocks.page(EntryFilter("over"))
    assert [(one.id, one.end_reason) for one in over] == [(entry.id, "mistaken")]
    assert services.event_search.page(_of("block.lifted"), size=1)[0].detail["before"]["kind"] == "network"


def test_an_entry_ends_at_its_time_without_anybody_reading_anything(services, block, clock):
    block("203.0.113.0/24", hours=1)
    assert stops(services)
    clock.advance(3599)
    assert stops(services)
    clock.advance(1)
    with watched(services.database) as seen:
        assert not stops(services)
    assert seen.texts == []
    block("203.0.113.0/24")
    assert stops(services), "one that has expired leaves its place to another"


def test_what_is_listed_is_not_listed_twice_however_it_is_written(services, block):
    block("203.0.113.0/24")
    with pytest.raises(UserError):
        block("::ffff:203.0.113.0/120")
    assert len(services.blocks.page(EntryFilter())) == 1
    block("203.0.113.0/24", effect="allow")
    assert not stops(services)


def test_a_sign_in_asks_the_database_nothing(services, block):
    block("203.0.113.0/24")
    services.replicas.look()
    with watched(services.database) as seen:
        assert stops(services)
        assert not stops(services, "198.51.100.1", "a device")
    assert seen.texts == []


def attempted(act, *arguments):
    """Return a call that answers with what was refused instead of raising it."""

    def call():
        try:
            return act(*arguments, actor="system", reason=REASON)
        except UserError as error:
            return error

    return call


@pytest.fixture
def node(settings, clock, entropy):
    """Another node on the same database."""
    node = deployment.services_of(settings, clock, entropy)
    yield node
    node.database.dispose()


def test_another_node_knows_within_a_second_what_was_added_and_lifted(services, node, block):
    """It follows the versions each second (``idp serve``); here, when it is told to."""
    node.replicas.look()
    entry = block("203.0.113.0/24")
    assert not stops(node)
    node.replicas.look()
    assert stops(node)
    services.blocks.lift(entry.id, actor="system", reason="mistaken")
    node.replicas.look()
    assert not stops(node)


def test_a_node_reads_the_entries_only_when_they_have_changed(node, block):
    block("203.0.113.0/24")
    node.replicas.look()
    with watched(node.database) as seen:
        node.replicas.look()
        node.replicas.look()
    assert seen.texts == []


def test_a_program_that_follows_nothing_looks_after_three_seconds(node, block, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(node.replicas, "_timer", lambda: now)
    node.replicas.look()
    block("203.0.113.0/24")
    now += FRESH_SECONDS - 0.1
    assert not stops(node)
    now += 0.2
    assert stops(node)


def test_of_two_who_list_the_same_at_once_one_is_told(services, node):
    draft = services.block_changes.draft("block", "network", "203.0.113.0/24", 1)
    outcomes = together([attempted(one.blocks.add, draft) for one in (services, node) * 3])
    assert sum(isinstance(outcome, UserError) for outcome in outcomes) == 5
    assert len(services.blocks.page(EntryFilter())) == 1


def test_lifting_and_adding_at_once_leave_one_entry_or_none_and_every_node_agrees(services, node, block):
    for _ in range(5):
        entry = block("203.0.113.0/24")
        draft = services.block_changes.draft("block", "network", "203.0.113.0/24", 1)
        lifted, added = together([attempted(services.blocks.lift, entry.id), attempted(node.blocks.add, draft)])
        assert not isinstance(lifted, Exception)
        left = services.blocks.page(EntryFilter())
        assert len(left) == (0 if isinstance(added, UserError) else 1)
        for one in (services, node):
            one.replicas.look()
            assert stops(one) is bool(left)
        for one in left:
            services.blocks.lift(one.id, actor="system", reason=REASON)


def test_what_is_taken_back_with_its_transaction_is_never_believed(services, node):
    """A version that was rolled back may be given to other content."""
    draft = services.block_changes.draft("block", "network", "203.0.113.0/24", 1)

    def fail():
        with services.database.transaction():
            services.blocks.add(draft, actor="system", reason=REASON)
            services.blocks.stopping("203.0.113.7", None)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not stops(services)
    other = node.block_changes.draft("block", "network", "198.51.100.0/24", 1)
    node.blocks.add(other, actor="system", reason=REASON)
    services.replicas.look()
    assert stops(services, "198.51.100.1")
    assert not stops(services)


def test_whoever_has_changed_the_list_sees_what_others_changed_since_within_a_transaction_too(services, node, block):
    """Connections are used again: what is remembered of a change ends with its transaction."""
    block("198.51.100.0/24")
    draft = node.block_changes.draft("block", "network", "203.0.113.0/24", 1)
    node.blocks.add(draft, actor="system", reason=REASON)
    with services.database.transaction():
        services.replicas.look()
        assert stops(services)


def test_a_list_of_ten_thousand_is_read_whole_and_takes_no_more(services, block, clock):
    now = clock.now()
    rows = [
        {
            "id": services.entropy.uuid7(),
            "effect": "block",
            "kind": "network",
            "value": f"10.{number >> 8}.{number & 255}.0/24",
            "reason": REASON,
            "actor": "system",
            "is_approved": False,
            "created_at": now,
            "expires_at": now + timedelta(hours=1),
        }
        for number in range(9_999)
    ]
    with services.database.transaction() as connection:
        connection.execute(insert(BlockEntry), rows)
    block("203.0.113.0/24")
    assert stops(services, "10.39.14.200")
    assert stops(services)
    assert not stops(services, "10.39.15.1")
    with pytest.raises(UserError, match="10000"):
        block("198.51.100.0/24")


def test_refusals_are_counted_a_minute_and_belong_to_no_request(services, block, clock):
    entries = [block(f"203.0.113.{number}") for number in range(12)]
    for number, entry in enumerate(entries):
        for _ in range(number + 1):
            assert services.blocks.stopping(entry.value.partition("/")[0], None) == entry
    services.blocks.refusals.flush_before()
    assert services.event_search.page(_of("block.refused"), size=5) == []
    clock.advance(60)
    services.blocks.refusals.flush_before()
    services.blocks.refusals.flush_before()
    records = services.event_search.page(_of("block.refused"), size=5)
    assert [(one.detail["kind"], one.detail["count"]) for one in records] == [("network", 78)]
    assert records[0].detail["entries"] == [str(entry.id) for entry in entries[:1:-1]]


def test_a_refused_address_is_counted_although_its_transaction_is_rolled_back(services, block, account_factory, clock):
    from idp.accounts.errors import AccountRefused

    person = account_factory(kind="staff")
    block("throwaway.example", kind="mail_domain")
    for number in range(2):
        with pytest.raises(AccountRefused):
            services.accounts.set_email(person.account_id, f"{number}@throwaway.example", actor="system", reason="test")
        clock.advance(60)
    services.blocks.refusals.flush_before()
    counted = [(one.detail["kind"], one.detail["count"]) for one in services.event_search.page(_of("block.refused"))]
    assert counted == [("mail_domain", 1), ("mail_domain", 1)]


def test_refusals_that_the_database_does_not_take_are_recorded_when_it_is_back(services, block, clock, monkeypatch):
    from sqlalchemy.exc import OperationalError

    block("203.0.113.0/24")
    assert stops(services)
    clock.advance(60)

    def fail():
        raise OperationalError("BEGIN", {}, Exception("gone"))

    with monkeypatch.context() as gone:
        gone.setattr(services.database, "transaction", fail)
        with pytest.raises(OperationalError):
            services.blocks.refusals.flush_before()
        assert stops(services), "who is stopped asks the database nothing"
    clock.advance(60)
    services.blocks.refusals.flush_before()
    assert sum(one.detail["count"] for one in services.event_search.page(_of("block.refused"))) == 2


def test_a_database_that_fails_leaves_the_list_as_it_was_held(services, block, monkeypatch):
    from sqlalchemy.exc import OperationalError

    block("203.0.113.0/24")
    assert stops(services)
    monkeypatch.setattr(services.replicas, "_timer", lambda: time.monotonic() + 60)

    def fail():
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(services.database, "read", fail)
    assert stops(services)


def _of(action):
    from idp.audit.searching import EventFilter

    return EventFilter(action=action)
