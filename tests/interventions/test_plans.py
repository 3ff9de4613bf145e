"""Lists of sessions and events stay quick as they grow: PostgreSQL finds every page by an index (console.md §1)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from idp.audit.counts import bucket_of
from idp.audit.searching import EventFilter
from idp.foundation.columns import microseconds
from idp.interventions.account_list import AccountFilter
from idp.sessions.filters import SessionFilter

pytestmark = pytest.mark.only_on("postgresql")

ROWS = 30_000
# Made in the database, because inserting each row from here would take a minute.
FILL = """
INSERT INTO op_session (id, digest, account_id, created_at, auth_time, last_seen_at, expires_at, factors,
                        interaction_id, network, region, operator, surface, ended_at)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, decode(lpad(to_hex(n), 64, '0'), 'hex'),
       (SELECT id FROM account ORDER BY id OFFSET n %% 20 LIMIT 1), {now} + n, {now}, {now}, {now} + 3600000000,
       '[["password", 1]]', gen_random_uuid(), '10.' || n %% 200 || '.' || n %% 97 || '.0/24',
       CASE WHEN n %% 3 = 0 THEN 'CN Common' ELSE 'CN R' || n %% 500 END,
       CASE WHEN n %% 3 = 0 THEN 'AS1' ELSE 'AS' || n %% 700 END, 'provider',
       CASE WHEN n %% 10 = 0 THEN NULL ELSE {now} END
FROM generate_series(1, {rows}) AS n
"""


FILL_SITES = """
INSERT INTO client_session (id, op_session_id, account_id, client_id, sid, sub, created_at, ended_at)
SELECT gen_random_uuid(), id, account_id, 'site' || get_byte(digest, 31) %% 40, substr(encode(digest, 'hex'), 22),
       'x', created_at, ended_at
FROM op_session
"""


FILL_GRANTS = """
INSERT INTO authorization_grant (id, reference, account_id, client_id, op_session_id, client_session_id,
                                 interaction_id, sub, is_offline, claims, created_at)
SELECT gen_random_uuid(), right(sid, 22), account_id, client_id, op_session_id, id, gen_random_uuid(), 'x',
       get_byte(decode(right(sid, 2), 'hex'), 0) = 7, '{}', created_at
FROM client_session
"""


FILL_EVENTS = """
INSERT INTO audit_event (id, occurred_at, action, actor, client_id, account_id, request_id, detail, leaf_index)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, {now} + n, 'token.refreshed',
       'client:site' || n %% 40, 'site' || n %% 40, (SELECT id FROM account ORDER BY id OFFSET n %% 20 LIMIT 1),
       'R' || n, '{{}}', n + 10000
FROM generate_series(1, {rows}) AS n
"""


FILL_DETAILS = """
INSERT INTO audit_detail (event_id, opening, network_index, region_index, operator_index)
SELECT id, ''::bytea, decode(lpad(to_hex(leaf_index %% 5000), 32, '0'), 'hex'),
       {region}, decode(lpad(to_hex(leaf_index %% 700), 32, '0'), 'hex')
FROM audit_event WHERE action = 'token.refreshed'
"""


FILL_ACCOUNTS = """
INSERT INTO natural_person (id, ial, ial_source, created_at, updated_at)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000001')::uuid, CASE WHEN n %% 500 = 0 THEN 3 ELSE 2 END, 'test',
       {now}, {now}
FROM generate_series(1, {rows}) AS n;
INSERT INTO account (id, kind, username, natural_person_id, environment, is_demonstration, phone_verified,
                     email_verified, roles, agency, created_at, updated_at, credentials_changed_at, locked_at,
                     restricted_until, reset_credential_until, closed_at)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000002')::uuid,
       CASE WHEN n %% 400 = 0 THEN 'staff' ELSE 'citizen' END,
       'crowd' || n, (lpad(to_hex(n), 12, '0') || '70008000000000000001')::uuid,
       'development', false, false, false, '[]',
       CASE WHEN n %% 400 = 0 THEN 'bureau' || n %% 7 END, {now}, {now}, {now},
       CASE WHEN n %% 900 = 1 THEN {now} END, CASE WHEN n %% 900 = 2 THEN {now} + 3600000000 END,
       CASE WHEN n %% 900 = 3 THEN {now} + 3600000000 END, CASE WHEN n %% 900 = 4 THEN {now} END
FROM generate_series(1, {rows}) AS n;
INSERT INTO authenticator (id, account_id, kind, label, source, last_step, failures, created_at, activated_at)
SELECT gen_random_uuid(), id, kind, '', 'person', 0, 0, {now}, {now}
FROM (SELECT id, 'password' AS kind FROM account WHERE username LIKE 'crowd%%'
      UNION ALL SELECT id, 'totp' FROM account WHERE username LIKE 'crowd%%00') AS made
"""


@pytest.fixture
def crowd(services, account_factory, clock):
    for _ in range(20):
        account_factory()
    with services.database.transaction() as connection:
        connection.exec_driver_sql(FILL.format(now=microseconds(clock.now()), rows=ROWS))
        connection.exec_driver_sql(FILL_SITES)
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
        return connection.exec_driver_sql("SELECT id FROM account ORDER BY id LIMIT 1").scalar()


@pytest.fixture
def plan_of(services):
    """Return how PostgreSQL carries out the statements of a call, and how many there are."""

    def look(call, *, analyze=False):
        seen = []
        explain = "EXPLAIN (ANALYZE)" if analyze else "EXPLAIN"

        def note(_connection, _cursor, statement, parameters, _context, _many):
            # What looks for rows; a setting has no plan, and an event that is recorded looks for none.
            if statement.startswith(("SELECT", "UPDATE", "WITH")):
                seen.append((statement, parameters))

        for engine in services.database.engines:
            event.listen(engine, "before_cursor_execute", note)
        call()
        for engine in services.database.engines:
            event.remove(engine, "before_cursor_execute", note)
        with services.database.searching() as connection:
            lines = [
                line
                for statement, parameters in list(seen)
                if not statement.startswith("SET ")
                for line in connection.exec_driver_sql(f"{explain} {statement}", parameters).scalars()
            ]
        return len(seen), "\n".join(lines)

    return look


@pytest.mark.usefixtures("crowd")
def test_a_batch_of_a_sweep_reads_no_table_through(services, plan_of):
    """Stopping one site of many, in a history most of which has ended."""
    with services.database.transaction() as connection:
        connection.exec_driver_sql(FILL_GRANTS)
        connection.exec_driver_sql("ANALYZE authorization_grant")
    # Where the live ones begin is asked once an hour.
    services.sessions.list()
    sweep = services.sessions.sweeps.begin("site7", reason="client_suspended", actor="system")
    count, plan = plan_of(lambda: services.sessions.sweeps.run(sweep, most_batches=1))
    assert count
    assert "Seq Scan on client_session" not in plan, plan
    assert "Seq Scan on op_session" not in plan, plan
    assert "Seq Scan on authorization_grant" not in plan, plan


def test_a_page_is_one_statement_that_reads_no_table_through(services, crowd, plan_of, clock):
    filters = [
        SessionFilter(),
        SessionFilter(state="all"),
        SessionFilter(account_id=crowd),
        SessionFilter(network="10.7.7.0/24"),
        SessionFilter(started_since=clock.now() - timedelta(hours=1)),
        SessionFilter(client_id="site7"),
        SessionFilter(client_id="site7", method="password", state="all"),
        SessionFilter(method="passkey"),
        SessionFilter(method="recovery_code", state="all"),
        SessionFilter(regions=("CN Common",)),
        SessionFilter(regions=("CN R7",)),
        SessionFilter(regions=("nowhere",), state="all"),
        SessionFilter(operators=("AS1",), state="all"),
        SessionFilter(operators=("AS7", "AS8", "AS9")),
        SessionFilter(regions=("CN R7",), operators=("AS7",), client_id="site7", state="all"),
    ]
    # Once an hour it is asked where the live sessions begin.
    services.session_search.page(SessionFilter())
    for chosen in filters:
        count, plan = plan_of(lambda chosen=chosen: services.session_search.page(chosen))
        assert count == 1
        assert "Seq Scan on op_session" not in plan, f"{chosen}\n{plan}"
        assert "Seq Scan on client_session" not in plan, f"{chosen}\n{plan}"


@pytest.mark.usefixtures("crowd")
def test_the_live_ones_are_not_sought_through_history(services, plan_of, clock):
    """Sessions that expired are not marked; where the live ones begin is known all the same."""
    clock.advance(days=1)
    filters = [
        SessionFilter(),
        SessionFilter(network="10.7.7.0/24"),
        SessionFilter(client_id="site7"),
        SessionFilter(client_id="site7", method="password"),
        SessionFilter(method="password"),
    ]
    services.session_search.page(SessionFilter())
    for chosen in filters:
        _, plan = plan_of(lambda chosen=chosen: services.session_search.page(chosen), analyze=True)
        read_in_vain = [int(rows) for rows in re.findall(r"Rows Removed by \w+(?: \w+)*: (\d+)", plan)]
        assert sum(read_in_vain) < 100, f"{chosen}\n{plan}"


@pytest.fixture
def record(services, crowd, clock):
    """Many events of tokens; among them the few of the account that is returned."""
    with services.database.transaction() as connection:
        connection.exec_driver_sql(FILL_EVENTS.format(now=microseconds(clock.now()), rows=ROWS))
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    return crowd


def test_events_are_found_by_an_index_whatever_they_are_sought_by(services, record, plan_of):
    """The indexes over actors and actions leave out the most common events, and are used all the same."""
    filters = [
        EventFilter(action="account.open"),
        EventFilter(action="token.refreshed"),
        EventFilter(action="token.refresh_replayed"),
        EventFilter(actor="command:nobody"),
        EventFilter(actor=f"account:{record}"),
        EventFilter(actor="client:site7"),
        EventFilter(actor="client:nobody"),
        EventFilter(client_id="site7"),
        EventFilter(account_id=record),
        EventFilter(request_id="R77"),
    ]
    for chosen in filters:
        count, plan = plan_of(lambda chosen=chosen: services.event_search.page(chosen))
        assert count == 1
        assert "Seq Scan on audit_event" not in plan, f"{chosen}\n{plan}"
        if chosen.action != "token.refreshed" and chosen.actor != "client:site7":
            assert "audit_event_pkey" not in plan, f"{chosen}\n{plan}"


def test_events_of_a_place_are_found_by_its_index_however_many_there_are(services, record, plan_of):
    details = services.audit.details
    with services.database.transaction() as connection:
        common, rare = (f"'\\x{details.index(name, 'region').hex()}'::bytea" for name in ("CN Common", "CN Rare"))
        region = f"CASE WHEN leaf_index %% 3 = 0 THEN {common} WHEN leaf_index %% 900 = 1 THEN {rare} END"
        connection.exec_driver_sql(FILL_DETAILS.format(region=region))
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    assert record
    for chosen in (
        EventFilter(regions=("CN Common",)),
        EventFilter(regions=("CN Rare",)),
        EventFilter(regions=("nowhere", "elsewhere")),
        EventFilter(operators=("AS4134",)),
        EventFilter(regions=("CN Rare",), operators=("AS4134",), account_id=record),
    ):
        count, plan = plan_of(lambda chosen=chosen: services.event_search.page(chosen))
        assert count == 1
        assert "Seq Scan" not in plan, f"{chosen}\n{plan}"


@pytest.mark.usefixtures("crowd")
def test_the_last_sign_ins_of_all_sites_are_one_statement_with_a_step_in_an_index_each(
    services, plan_of, registration_factory
):
    for number in range(3):
        registration_factory(f"site{number}")
    count, plan = plan_of(services.site_usages.of_all)
    assert count == 1
    assert "Seq Scan on client_session" not in plan, plan
    assert "Limit" in plan, f"every row of a site is read\n{plan}"
    assert set(services.site_usages.of_all()) == {"site0", "site1", "site2"}


@pytest.mark.usefixtures("crowd")
def test_the_accounts_of_networks_are_counted_by_one_statement_without_the_table(services, plan_of):
    with services.database.read() as connection:
        # By it PostgreSQL knows that the index will do.
        connection.exec_driver_sql("VACUUM (ANALYZE) op_session")
    count, plan = plan_of(lambda: services.hunts.crowded_networks(timedelta(days=100_000), least=5), analyze=True)
    assert count == 1
    assert set(re.findall(r"Scan using (\w+) on op_session", plan)) == {"ix_op_session_network"}, plan
    assert " Index Scan" not in plan, plan
    assert "HashAggregate" not in plan, plan


FILL_FACTORS = """
INSERT INTO audit_event (id, occurred_at, action, actor, account_id, request_id, detail, leaf_index)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000003')::uuid, {now} + n,
       CASE n %% 50 WHEN 0 THEN 'authenticator.added' WHEN 1 THEN 'authenticator.reset' ELSE 'session.ended' END,
       'system', (SELECT id FROM account ORDER BY id OFFSET n %% {people} LIMIT 1), 'F' || n, '{{}}', n + 90000
FROM generate_series(1, {rows}) AS n
"""


def test_new_factors_are_read_from_the_latest_until_the_page_is_full(services, record, plan_of, clock):
    """However many events an account has, only its recoveries are looked at."""
    assert record
    with services.database.transaction() as connection:
        connection.exec_driver_sql(FILL_FACTORS.format(now=microseconds(clock.now()), people=7, rows=ROWS))
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    count, plan = plan_of(lambda: services.hunts.new_factors_after_recovery(timedelta(days=100_000)), analyze=True)
    assert count == 1
    assert "Seq Scan on audit_event" not in plan, plan
    assert set(re.findall(r"using (\w+) on audit_event", plan)) == {"ix_audit_action", "ix_audit_recovered"}, plan
    assert re.findall(r"on audit_event .*?rows=(\d+) loops=1\)", plan) == ["50"], plan
    assert "Rows Removed by Filter" not in plan, plan


FILL_TRAVELS = """
INSERT INTO travel (id, before_id, account_id, kilometres, speed, judged_at)
SELECT id, id, account_id, 1000, 100 + get_byte(digest, 31) * 8, {now} FROM op_session
"""


@pytest.mark.usefixtures("crowd")
def test_journeys_are_listed_by_one_statement_that_stops_when_the_page_is_full(services, plan_of, clock):
    clock.advance(hours=-1)
    with services.database.transaction() as connection:
        connection.exec_driver_sql(FILL_TRAVELS.format(now=microseconds(clock.now())))
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    years = timedelta(days=100_000)
    first = services.travels.page(900, years)
    assert len(first) == 50
    for ask in (
        lambda: services.travels.page(900, years),
        lambda: services.travels.page(1500, years),
        lambda: services.travels.page(100, years),
        lambda: services.travels.page(900, years, before=first[-1].id),
        lambda: services.travels.page(900, years, after=first[-1].id),
    ):
        count, plan = plan_of(ask, analyze=True)
        assert count == 1
        assert "Seq Scan" not in plan, plan
        read_in_vain = [int(rows) for rows in re.findall(r"Rows Removed by \w+(?: \w+)*: (\d+)", plan)]
        assert sum(read_in_vain) < 200, plan
    count, plan = plan_of(lambda: services.travels.travellers(timedelta(days=1), least=1))
    assert count == 1
    assert "Seq Scan" not in plan, plan


def test_sign_ins_are_judged_by_indexes_however_long_the_record_is(services, record, sign_in, plan_of):
    assert record
    table = ("network,country,region,latitude,longitude,operator,asn\n", "203.0.113.0/24,CN,Hubei,30.6,114.3,,\n")
    services.networks.load(iter(table), "table.csv", on_bad_line=print)
    services.travel_judge.run()
    sign_in(3)
    services.sealer.run()
    with services.database.transaction() as connection:
        connection.exec_driver_sql(FILL_TRAVELS.format(now=0))
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    _, plan = plan_of(services.travel_judge.run)
    assert "ux_audit_leaf" in plan, plan
    for name in ("audit_event", "op_session", "travel"):
        assert f"Seq Scan on {name} " not in plan, plan
    _, plan = plan_of(services.travels.behind_since)
    assert "Seq Scan on audit_event" not in plan, plan


@pytest.mark.usefixtures("crowd")
def test_the_people_of_a_site_are_counted_by_an_index_over_its_sign_ins(services, plan_of, registration_factory):
    registration_factory("site7")
    _, plan = plan_of(services.site_usages.count)
    assert "Seq Scan on client_session" not in plan, plan
    assert services.site_usages.of_all()["site7"].people > 1


def test_accounts_are_listed_by_one_statement_that_reads_no_table_through(services, plan_of, clock):
    # Sessions come when PostgreSQL knows the accounts: it sorts all of them for each session otherwise.
    fill = f"{FILL_ACCOUNTS};ANALYZE;{FILL};ANALYZE".format(now=microseconds(clock.now()), rows=ROWS)
    for statement in fill.split(";"):
        with services.database.read() as connection:
            connection.exec_driver_sql(statement)
    filters = [
        AccountFilter(),
        AccountFilter(kind="citizen"),
        AccountFilter(kind="staff"),
        *(AccountFilter(state=state) for state in ("open", "locked", "restricted", "required", "closed")),
        AccountFilter(ial=2),
        AccountFilter(ial=3),
        AccountFilter(ial=1),
        AccountFilter(factor="password"),
        AccountFilter(factor="totp"),
        AccountFilter(factor="passkey"),
        AccountFilter(agency="bureau3"),
        AccountFilter(created_since=clock.now()),
        AccountFilter(not_signed_in_since=clock.now() + timedelta(hours=1)),
        AccountFilter(state="locked", factor="totp", ial=3, kind="staff"),
    ]
    for chosen in filters:
        count, plan = plan_of(lambda chosen=chosen: services.account_list.page(chosen))
        assert count == 1
        assert "Seq Scan" not in plan, f"{chosen}\n{plan}"


def test_a_chart_reads_the_tallies_of_its_window_and_not_the_record(services, record, plan_of, clock):
    """A day of 250 sites that are refused something every five minutes, among six such days."""
    assert record
    now = bucket_of(clock.now())
    with services.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO audit_tally SELECT bucket, 'refused', 'site' || n, 3"
            f" FROM generate_series({now - 288 * 6}, {now}) AS bucket, generate_series(1, 250) AS n"
        )
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    day = timedelta(days=1)
    charts = services.charts
    for ask in (charts.by_means, charts.passkeys, charts.refused_by_client):
        count, plan = plan_of(lambda ask=ask: ask(day))
        assert count == 1
        assert "Seq Scan on audit_event" not in plan, plan
        assert "audit_tally_pkey" in plan, plan
    assert services.charts.refused_by_client(day)["site250"] == 3 * 288
