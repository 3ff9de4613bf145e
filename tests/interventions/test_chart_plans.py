"""What one service asked for is read without what all the others did (console.md §1)."""

import re
from datetime import timedelta

import pytest

from idp.audit.counts import bucket_of
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
