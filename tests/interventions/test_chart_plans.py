"""What one service asked for, and what waits to be told, is read without all the rest (console.md §1)."""

import re
from datetime import timedelta

import pytest

from idp.audit.counts import bucket_of
from idp.foundation.columns import microseconds
from tests.interventions.test_plans import plan_of

pytestmark = pytest.mark.only_on("postgresql")

__all__ = ["plan_of"]


@pytest.fixture
def setting_changes():
    return {}


def test_the_chart_of_one_service_reads_its_own_tallies_only(services, plan_of, clock):
    """Two days of 250 services that were given tokens, and refused some, every five minutes."""
    now = bucket_of(clock.now())
    with services.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO audit_tally SELECT bucket, series, 'site' || n, 3"
            f" FROM generate_series({now - 288 * 2}, {now}) AS bucket, generate_series(1, 250) AS n,"
            " unnest(ARRAY['refused', 'tokens']) AS series"
        )
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    count, plan = plan_of(lambda: services.charts.of_client("site7", timedelta(days=1)), analyze=True)
    assert count == 1
    assert "Seq Scan on audit_tally" not in plan, plan
    read = re.search(r"on audit_tally .*?actual time=\S+ rows=(\d+)", plan)
    assert int(read[1]) == 2 * 288, plan
    assert "Rows Removed by Filter" not in plan, plan
    outcomes = services.charts.of_client("site7", timedelta(days=1))
    assert sum(one.succeeded for one in outcomes) == sum(one.refused for one in outcomes) == 3 * 288
    calls = services.charts.calls_by_client(timedelta(days=1))
    assert (calls.tokens["site250"], calls.refused["site250"]) == (3 * 288, 3 * 288)


FILL_MESSAGES = """
INSERT INTO outbox_message (id, kind, lane, payload, created_at, due_at, attempts, delivered_at, settled_at)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, 'backchannel_logout', 'site' || n %% 40, '{{}}',
       {now} + n, {now} + n, 1, CASE WHEN n %% 10 < 8 THEN {now} END, CASE WHEN n %% 10 < 9 THEN {now} + n END
FROM generate_series(1, 40000) AS n
"""


def test_who_waits_and_what_was_given_up_are_found_by_indexes(services, plan_of, clock):
    """One of ten messages waits, one was given up."""
    with services.database.transaction() as connection:
        connection.exec_driver_sql(FILL_MESSAGES.format(now=microseconds(clock.now())))
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    ledger = services.signals.ledger
    last = ledger.dead_page(None, size=50)[-1].id
    for ask in (
        lambda: ledger.queues(most=50, counted_to=1000),
        lambda: ledger.dead_page(None, size=51),
        lambda: ledger.dead_page(None, before=last, size=51),
        lambda: ledger.dead_page(None, after=last, size=51),
        lambda: ledger.dead_page("site8", size=51),
        lambda: ledger.dead_page("site8", before=last, size=51),
        lambda: ledger.count_given_up("site8"),
    ):
        count, plan = plan_of(ask)
        assert count == 1
        assert "Seq Scan on outbox_message" not in plan, plan
    assert [one.waiting for one in ledger.queues(most=50, counted_to=1000)] == [1000] * 4
    pages = [one.id for one in ledger.dead_page(None, size=150)]
    assert [one.id for one in ledger.dead_page(None, before=pages[49], size=50)] == pages[50:100]
    assert [one.id for one in ledger.dead_page(None, after=pages[100], size=50)] == pages[50:100]
