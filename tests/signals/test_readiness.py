"""When a node is ready, degraded or unready (rules P12 and O5)."""

from typing import Any

import pytest
from sqlalchemy import text

from idp.foundation.outbox import NewMessage, Outbox
from tests.support import deployment
from tests.support.clock import RunningClock


@pytest.fixture
def clock() -> RunningClock:
    """The machine's time, because the database's clock is compared with it."""
    return RunningClock()


def state_of(services: Any, name: str) -> str:
    found: str = next(check.state for check in services.signals.readiness().checks if check.name == name)
    return found


def test_node_with_a_worker_is_ready(services: Any):
    services.signals.heartbeats.beat("here:1")
    assert services.signals.readiness().status == "ready"


def test_node_without_a_worker_is_degraded(services: Any):
    assert (services.signals.readiness().status, state_of(services, "worker")) == ("degraded", "degraded")


def test_worker_that_fell_silent_degrades_the_node(services: Any, clock: RunningClock):
    services.signals.heartbeats.beat("here:1")
    clock.advance(1.9)
    assert state_of(services, "worker") == "ok"
    services.clock.advance(20)
    assert state_of(services, "worker") == "degraded"


def test_worker_that_left_in_order_is_gone_at_once(services: Any):
    services.signals.heartbeats.beat("here:1")
    services.signals.heartbeats.beat("here:1")
    services.signals.heartbeats.leave("here:1")
    assert state_of(services, "worker") == "degraded"


@pytest.mark.parametrize(("age", "state"), [(59, "ok"), (61, "degraded")])
def test_old_undelivered_message_degrades_the_node(services: Any, clock: RunningClock, age: float, state: str):
    services.outbox.enqueue(NewMessage("k", "tax", {}))
    clock.advance(age)
    assert state_of(services, "outbox") == state


@pytest.mark.only_on("postgresql")
def test_node_more_than_two_seconds_off_is_unready(services: Any, clock: RunningClock):
    """Rule O5."""
    clock.advance(1)
    assert state_of(services, "clock") == "ok"
    clock.advance(2)
    assert (services.signals.readiness().status, state_of(services, "clock")) == ("unready", "failed")


def test_node_without_the_key_that_signs_now_is_unready(settings: Any, services: Any):
    """A node that the new key was not copied to: every token would fail there, and on no other."""
    assert state_of(services, "keys") == "ok"
    for file in settings.keys_dir.glob("signing/*.pem"):
        file.unlink()
    other = deployment.services_of(settings, services.clock, services.entropy)
    picture = other.signals.readiness()
    other.database.dispose()
    assert (picture.status, next(one.state for one in picture.checks if one.name == "keys")) == ("unready", "failed")


def test_database_without_our_tables_is_unready(services: Any):
    with services.database.transaction() as connection:
        connection.execute(text("ALTER TABLE alembic_version RENAME TO elsewhere"))
    try:
        assert (services.signals.readiness().status, state_of(services, "migrations")) == ("unready", "failed")
    finally:
        with services.database.transaction() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO alembic_version"))


@pytest.mark.only_on("postgresql")
def test_database_that_takes_no_writes_is_unready_until_it_does(services: Any):
    def say(word: str) -> None:
        with services.database.searching() as connection:
            name = connection.scalar(text("SELECT quote_ident(current_database())"))
            connection.execute(text("SET default_transaction_read_only TO off"))
            connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only TO {word}"))

    say("on")
    try:
        services.database.dispose()
        assert [state_of(services, "database") for _ in range(2)] == ["failed", "failed"]
    finally:
        say("off")
    assert state_of(services, "database") == "ok"


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize(("table", "check"), [("outbox_message", "outbox"), ("worker_heartbeat", "worker")])
def test_locked_table_of_the_workers_leaves_the_node_in_the_balancer(
    settings: Any, services: Any, table: str, check: str
):
    """Nobody needs it in order to sign in."""
    from idp.foundation.database import Database
    from idp.foundation.time_limits import TimeLimits
    from idp.signals.readiness import ReadinessProbe

    hurried = Database(settings.database_url, limits=TimeLimits(1))
    with services.database.transaction() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        picture = ReadinessProbe(hurried, Outbox(hurried, services.clock, services.entropy), services.clock).look()
    hurried.dispose()
    assert (picture.status, [one.state for one in picture.checks if one.name == check]) == ("degraded", ["degraded"])


@pytest.mark.only_on("postgresql")
def test_database_that_does_not_answer_is_unready_and_asked_once(services: Any):
    from idp.foundation.database import Database
    from idp.signals.readiness import ReadinessProbe

    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing")
    picture = ReadinessProbe(nowhere, services.outbox, services.clock).look()
    nowhere.dispose()
    assert [(check.name, check.state) for check in picture.checks] == [("database", "failed")]
