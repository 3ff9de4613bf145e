"""Lists of grants stay quick as they grow: PostgreSQL finds every page by an index (console.md §1)."""

import re
from datetime import timedelta

import pytest

from idp.consents.grant_filter import GrantFilter
from idp.protocol import grant_list
from tests.interventions.test_plans import FILL_GRANTS, crowd, plan_of

pytestmark = pytest.mark.only_on("postgresql")

__all__ = ["crowd", "plan_of"]

TABLES = ("authorization_grant", "op_session", "client_session", "refresh_family", "consent", "account")
FILL_CONSENTS = """
INSERT INTO consent (account_id, client_id, basis, scopes, claims, declined, first_granted_at, granted_at, expires_at)
SELECT account_id, client_id, 'consent',
       CASE WHEN client_id = 'site7' THEN '["openid", "phone"]' ELSE '["openid"]' END::jsonb, '[]'::jsonb, '[]'::jsonb,
       min(created_at), min(created_at), max(created_at)
FROM authorization_grant GROUP BY account_id, client_id
UNION ALL
SELECT account.id, 'other' || n, 'consent', '["openid"]', '[]', '[]', 0, 0, 0
FROM account, generate_series(1, 1500) AS n
"""
FILL_FAMILIES = """
INSERT INTO refresh_family (id, generation, rotated_at, grace_given, grace_streak, grant_id, idle_expires_at,
                            expires_at)
SELECT substr(decode(md5(reference), 'hex'), 1, 16), 1, created_at, 0, 0, id, created_at + {day}, created_at + {day}
FROM authorization_grant
"""
# The ids of a session's grants come after its own.
IN_ORDER = FILL_GRANTS.replace("SELECT gen_random_uuid(), right", "SELECT op_session_id, right")


@pytest.fixture
def holdings(services, crowd):
    """Tens of thousands of grants, most of which have ended with their sessions; one of the accounts."""
    with services.database.transaction() as connection:
        connection.exec_driver_sql(IN_ORDER)
        connection.exec_driver_sql(FILL_CONSENTS)
        connection.exec_driver_sql(FILL_FAMILIES.format(day=86_400_000_000))
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    # Once an hour it is asked where the live sessions begin.
    services.protocol.grant_list.page(GrantFilter())
    return crowd


def filters(account, now):
    return [
        GrantFilter(),
        GrantFilter(state="all"),
        GrantFilter(is_offline=True),
        GrantFilter(is_offline=False),
        GrantFilter(is_offline=False, state="all"),
        GrantFilter(is_offline=True, state="all"),
        GrantFilter(is_offline=True, state="all", client_id="site7"),
        GrantFilter(client_id="site7"),
        GrantFilter(client_id="site7", state="all"),
        GrantFilter(client_id="nobody"),
        GrantFilter(account_id=account),
        GrantFilter(account_id=account, client_id="site7", state="all"),
        GrantFilter(client_id="site7", scope="phone"),
        GrantFilter(client_id="site8", scope="phone", state="all"),
        GrantFilter(account_id=account, scope="phone", is_offline=True),
        GrantFilter(issued_since=now - timedelta(hours=1)),
        GrantFilter(issued_before=now - timedelta(days=30), state="all"),
        GrantFilter(client_id="site7", issued_before=now + timedelta(days=1)),
    ]


def seen_through(plan):
    return [name for name in TABLES if f"Seq Scan on {name}" in plan and name != "account"]


def test_a_page_is_one_statement_that_reads_no_table_through(services, holdings, plan_of, clock):
    """The accounts are twenty rows here, which PostgreSQL rightly reads at once."""
    for chosen in filters(holdings, clock.now()):
        count, plan = plan_of(lambda chosen=chosen: services.protocol.grant_list.page(chosen))
        assert count == 1
        assert not seen_through(plan), f"{chosen}\n{plan}"


def test_pages_follow_each_other_without_a_gap_or_a_repetition(services, holdings, clock):
    find = services.protocol.grant_list.page
    for chosen in filters(holdings, clock.now()):
        whole = [line.id for line in find(chosen, size=200)]
        assert whole == sorted(whole, reverse=True)
        if len(whole) > 60:
            assert [line.id for line in find(chosen, before=whole[19], size=40)] == whole[20:60]
            assert [line.id for line in find(chosen, after=whole[60], size=40)] == whole[20:60]


def test_a_scope_that_nobody_has_costs_a_bounded_look(services, holdings, plan_of, monkeypatch):
    assert holdings
    monkeypatch.setattr(grant_list, "LOOKED_AT", 100)
    chosen = GrantFilter(client_id="site8", scope="phone", state="all")
    assert services.protocol.grant_list.page(chosen) == []
    _, plan = plan_of(lambda: services.protocol.grant_list.page(chosen), analyze=True)
    read = re.findall(r"on authorization_grant .*?actual time=\S+ rows=(\d+)", plan)
    assert max(map(int, read)) == 100, plan
    reached = services.protocol.grant_list.horizon(chosen)
    count, plan = plan_of(lambda: services.protocol.grant_list.horizon(chosen, before=reached))
    assert (count, seen_through(plan)) == (1, [])


def test_counting_and_ending_those_of_a_service_read_no_table_through(services, holdings, plan_of, officer, clock):
    assert holdings
    chosen = GrantFilter(client_id="site7", is_offline=True)
    services.mass_endings.estimate_of_grants(chosen)
    count, plan = plan_of(lambda: services.mass_endings.estimate_of_grants(chosen))
    assert (count, seen_through(plan)) == (1, [])
    clock.advance(1)
    services.mass_endings.decide(chosen, officer(), "drill", services.changes)
    _, plan = plan_of(services.mass_endings.run)
    assert not seen_through(plan), plan


@pytest.fixture
def setting_changes():
    return {"IDP_CONSOLE_ORIGIN": "http://localhost:8004", "IDP_OFFICER_ACR": "urn:idp:acr:aal2"}
