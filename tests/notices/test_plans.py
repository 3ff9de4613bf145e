"""The list of notices stays quick as it grows: one statement a page, found by indexes."""

import pytest

from idp.foundation.columns import microseconds
from idp.notices.store import NoticeStore
from idp.notices.values import MessageFilter
from tests.interventions.test_plans import plan_of

__all__ = ["plan_of"]

pytestmark = pytest.mark.only_on("postgresql")

ROWS = 30_000
FILL = """
INSERT INTO notice (id, channel, template, address, locale, details, created_at)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, 'email',
       CASE WHEN n %% 3 = 0 THEN 'hunt_alert' ELSE 'factor_changed' END, '', 'en', '{{}}', {now} + n
FROM generate_series(1, {rows}) AS n;
INSERT INTO outbox_message (id, kind, lane, about, payload, created_at, due_at, attempts, delivered_at, settled_at)
SELECT gen_random_uuid(), 'notice', 'email:' || n %% 5000, (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid,
       '{{}}', {now}, {now}, n %% 3,
       CASE WHEN n %% 100 < 2 THEN NULL ELSE {now} END, CASE WHEN n %% 100 = 0 THEN NULL ELSE {now} END
FROM generate_series(1, {rows}) AS n
"""


@pytest.mark.parametrize("state", [None, "waiting", "retrying", "delivered", "dead"])
@pytest.mark.parametrize("template", [None, "hunt_alert"])
def test_a_page_is_one_statement_that_reads_no_table_through(services, clock, plan_of, state, template):
    with services.database.transaction() as connection:
        for statement in FILL.format(now=microseconds(clock.now()), rows=ROWS).split(";"):
            connection.exec_driver_sql(statement)
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    store, wanted = NoticeStore(services.database), MessageFilter(state=state, template=template)
    count, plan = plan_of(lambda: store.page(wanted, before=None, after=None, size=51))
    assert count == 1
    assert "Seq Scan" not in plan, plan
