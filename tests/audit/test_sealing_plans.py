"""Sealing touches the rows that wait, however long the record is, and counts each event once."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from idp.audit.counts import bucket_of, counts
from idp.audit.models import AuditCount
from idp.audit.searching import actions
from idp.audit.tallies import ACTIONS, OWN_TOKENS, REFUSED_CALL, tallies
from idp.protocol.events import CallsCounted, TokenRefreshed
from idp.sessions.events import SessionOpened
from idp.sign_in.events import PasskeyNotAccepted

WAITING = 400


def seal_watched(services: Any) -> list[str]:
    """Seal, and return the plans of what was updated in the record."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: Any) -> None:
        if statement.startswith("UPDATE audit_event"):
            seen.append((statement, values))

    event.listen(services.database.engine, "before_cursor_execute", note)
    services.sealer.run()
    event.remove(services.database.engine, "before_cursor_execute", note)
    with services.database.searching() as connection:
        return [
            "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
            for statement, values in seen
        ]


@pytest.mark.only_on("postgresql")
def test_a_batch_finds_each_row_by_its_key(services: Any):
    """Joined by the index of those that wait, each of a batch would be looked for among all of them."""
    services.audit.record(*[SessionOpened(factors=("password",)) for _ in range(WAITING)])
    services.sealer.run()
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE audit_event")
    services.audit.record(*[SessionOpened(factors=("password",)) for _ in range(WAITING)])
    plans = seal_watched(services)
    assert plans
    for plan in plans:
        assert plan.count("ix_audit_unsealed") == 1, plan


def test_every_event_is_counted_once_sealed_or_not(services: Any, clock: Any):
    def counted() -> int:
        with services.database.read() as connection:
            since = bucket_of(clock.now() - timedelta(minutes=30))
            return sum(row[2] for row in counts(connection, ["session.opened"], since))

    services.audit.record(*[SessionOpened(factors=("password",)) for _ in range(3)])
    assert counted() == 3
    services.sealer.run()
    assert counted() == 3
    clock.advance(600)
    services.audit.record(SessionOpened(factors=("passkey",)))
    services.sealer.run()
    assert counted() == 4
    with services.database.read() as connection:
        statement = select(func.count()).select_from(AuditCount).where(AuditCount.action == "session.opened")
        assert connection.scalar(statement) == 2, "two spans of five minutes"


def test_what_events_say_is_tallied_once_sealed_or_not(services: Any, clock: Any):
    """By the means of a sign-in together, and by the site that was given tokens or refused, as often as it says."""

    def tallied() -> dict[tuple[str, str], int]:
        since = bucket_of(clock.now() - timedelta(minutes=30))
        with services.database.read() as connection:
            found: Counter[tuple[str, str]] = Counter()
            for one in tallies(connection, ["sign_in", "refused", "tokens"], since):
                found[one.series, one.label] += one.count
        return dict(found)

    def happen() -> None:
        said = {"call": REFUSED_CALL, "count": 7, "minute": "now"}
        services.audit.record(
            SessionOpened(factors=("password", "totp")),
            SessionOpened(factors=("passkey",)),
            CallsCounted(client_id="tax", **said),
            CallsCounted(client_id="tax", **said | {"call": "introspection"}),
            CallsCounted(client_id="tax", **said | {"call": OWN_TOKENS, "count": 2}),
            TokenRefreshed(client_id="tax", scope="openid"),
            TokenRefreshed(scope="openid"),
            PasskeyNotAccepted(reason="wrong"),
        )

    once = {("sign_in", "password+totp"): 1, ("sign_in", "passkey"): 1}
    once |= {("refused", "tax"): 7, ("tokens", "tax"): 3}
    happen()
    assert tallied() == once
    services.sealer.run()
    assert tallied() == once
    happen()
    assert tallied() == {key: 2 * count for key, count in once.items()}
    clock.advance(600)
    services.sealer.run()
    assert tallied() == {key: 2 * count for key, count in once.items()}


def test_what_is_tallied_are_actions_that_exist():
    assert set(ACTIONS) <= set(actions())
