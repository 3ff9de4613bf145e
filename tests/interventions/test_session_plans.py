"""Sessions sought by what is said of them stay quick to find: each page by an index of PostgreSQL (console.md §1)."""

from datetime import timedelta

import pytest

from idp.factors.assurance import ACR_VALUES
from idp.interventions.account_list import AccountFilter
from idp.sessions.filters import SessionFilter
from idp.sessions.rating import ANY_SIGN, SIGN_NAMES
from tests.interventions.test_plans import ROWS, crowd, plan_of

__all__ = ["crowd", "plan_of"]
pytestmark = pytest.mark.only_on("postgresql")

# One session in a thousand shows the rarest sign, one in twenty the commonest; two devices in three are everybody's.
RATED = """
UPDATE op_session
SET device_id = (lpad(to_hex(get_byte(digest, 31) * 7), 12, '0') || '70008000000000000001')::uuid,
    risk = CASE WHEN created_at %% 20 = 0 THEN 1 ELSE 0 END + CASE WHEN created_at %% 300 = 1 THEN 2 ELSE 0 END
           + CASE WHEN created_at %% 1000 = 2 THEN 4 ELSE 0 END + CASE WHEN created_at %% 1000 = 3 THEN 8 ELSE 0 END,
    factors = CASE WHEN created_at %% 500 = 0 THEN '[["attested_passkey", 1]]'::jsonb
                   WHEN created_at %% 3 = 0 THEN '[["password", 1], ["totp", 1]]'::jsonb ELSE factors END
"""
DEVICES = """
INSERT INTO device (id, account_id, digest, created_at, last_seen_at)
SELECT DISTINCT ON (device_id) device_id, account_id, sha256(substr(uuid_send(device_id), 6, 1)), created_at, created_at
FROM op_session
"""


@pytest.fixture
def rated(services, crowd):
    assert crowd
    with services.database.transaction() as connection:
        connection.exec_driver_sql(RATED)
        connection.exec_driver_sql(DEVICES)
    with services.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
        return connection.exec_driver_sql("SELECT id FROM device ORDER BY id DESC LIMIT 1").scalar()


def test_a_page_by_level_device_or_sign_reads_no_table_through(services, rated, plan_of):
    filters = [
        *(SessionFilter(acr=acr, state="all") for acr in ACR_VALUES),
        *(SessionFilter(sign=sign, state="all") for sign in (ANY_SIGN, *SIGN_NAMES)),
        SessionFilter(device_id=rated),
        SessionFilter(device_id=rated, state="all"),
        SessionFilter(device_id=rated, sign="new_device", acr=ACR_VALUES[0], client_id="site7", state="all"),
    ]
    # Once an hour it is asked where the live sessions begin.
    services.session_search.page(SessionFilter())
    for chosen in filters:
        count, plan = plan_of(lambda chosen=chosen: services.session_search.page(chosen))
        assert count == 1
        assert "Seq Scan on op_session" not in plan, f"{chosen}\n{plan}"
        assert "Seq Scan on client_session" not in plan, f"{chosen}\n{plan}"


@pytest.mark.usefixtures("rated")
@pytest.mark.parametrize(
    ("chosen", "index"),
    [
        (SessionFilter(acr=ACR_VALUES[2], state="all"), "ix_op_session_aal3"),
        *((SessionFilter(sign=name, state="all"), f"ix_op_session_risk_{name}") for name in SIGN_NAMES),
    ],
)
def test_what_is_rare_is_found_by_an_index_of_its_own(services, plan_of, chosen, index):
    _, plan = plan_of(lambda: services.session_search.page(chosen))
    assert index in plan, plan


def test_who_signed_in_lately_and_who_shows_a_sign_is_found_by_the_sessions(services, rated, plan_of, clock):
    assert rated
    since = clock.now() + timedelta(microseconds=ROWS - 50)
    for chosen in (
        AccountFilter(signed_in_since=since),
        *(AccountFilter(sign=sign) for sign in (ANY_SIGN, *SIGN_NAMES)),
        AccountFilter(sign=ANY_SIGN, signed_in_since=since),
    ):
        count, plan = plan_of(lambda chosen=chosen: services.account_list.page(chosen))
        assert count == 1
        assert "Seq Scan on op_session" not in plan, f"{chosen}\n{plan}"
        assert chosen.sign is None or "ix_op_session_risk_" in plan, f"{chosen}\n{plan}"
