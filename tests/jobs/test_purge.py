"""What is removed when it is over, and what has to stay."""

import importlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

import idp
from idp.factors.assurance import VerifiedFactor
from idp.foundation.database import Base
from idp.foundation.outbox import NewMessage, OutboxMessage
from idp.interventions.alerts.models import Alert
from idp.jobs import purge
from idp.jobs.schedule import JOBS, Schedule
from idp.notices.models import Notice
from idp.protocol.artefacts.used_jti import UsedJTI
from idp.registry.models import ClientSecretRow
from idp.sessions.models import AuthorizationGrant, ClientSession, OPSession
from idp.sessions.values import Browser
from tests.registry.conftest import tax

# Their rows are remembered on purpose, or expire by a rule of their own. Of bootstrap codes there are two, ever.
KEPT = {"consent", "change_request", "bootstrap_code"}


def count(services: Any, table: type[Base]) -> int:
    with services.database.read() as connection:
        found: int = connection.scalar(select(func.count()).select_from(table))
    return found


def test_every_table_whose_rows_expire_is_purged():
    package = Path(idp.__path__[0])
    for path in package.rglob("*.py"):
        if "__tablename__" in path.read_text(encoding="utf-8"):
            importlib.import_module(".".join(path.relative_to(package.parent).with_suffix("").parts))
    expiring = {name for name, table in Base.metadata.tables.items() if "expires_at" in table.columns}
    purged = {one.table.__tablename__ for one in (*purge.EXPIRED, *purge.HISTORY)}
    assert expiring - purged - KEPT == set(), "add these to idp/jobs/purge.py"


def test_every_purge_finds_its_rows_by_an_index():
    """Architecture rule 11: every expiring table has an expiry index."""
    for one in purge.EXPIRED:
        column = next(name for name in ("expires_at", "beat_at") if name in one.table.__table__.columns)
        indexed = {index.columns[0].name for index in one.table.__table__.indexes}  # type: ignore[attr-defined]
        assert column in indexed, f"{one.table.__tablename__} needs an index that begins with {column}"


def test_expired_rows_go_in_batches_and_live_ones_stay(services: Any, clock: Any):
    now = clock.now()
    rows = [{"digest": number.to_bytes(32, "big"), "expires_at": now - timedelta(hours=1)} for number in range(1200)]
    rows.append({"digest": b"\xff" * 32, "expires_at": now + timedelta(hours=1)})
    with services.database.transaction() as connection:
        connection.execute(insert(UsedJTI), rows)
    assert purge.purge(services.database, now, purge.EXPIRED) == 1200
    assert count(services, UsedJTI) == 1


def test_secret_goes_when_its_overlap_is_over(services: Any, clock: Any):
    services.registry.apply(tax(), actor="system")
    services.registry.rotate_secret("tax", actor="system")
    assert count(services, ClientSecretRow) == 2
    clock.advance(days=8)
    purge.purge(services.database, clock.now(), purge.EXPIRED)
    assert count(services, ClientSecretRow) == 1


def test_settled_messages_stay_in_the_ledger_for_ninety_days(services: Any, clock: Any):
    services.outbox.enqueue(NewMessage("k", "tax", {}))
    services.outbox.enqueue(NewMessage("k", "welfare", {}))
    services.outbox.settle(services.outbox.claim("tax"), None)
    clock.advance(days=89)
    assert purge.purge(services.database, clock.now(), purge.HISTORY) == 0
    clock.advance(days=2)
    assert purge.purge(services.database, clock.now(), purge.HISTORY) == 1
    assert count(services, OutboxMessage) == 1


def test_notices_and_what_was_alerted_go_with_the_ledger(services: Any, clock: Any):
    """Keys of one column and of two are both purged."""
    with services.database.transaction() as connection:
        connection.execute(insert(Notice), [_notice(services.entropy.uuid7(), clock.now())])
        connection.execute(
            insert(Alert), [{"source": "s", "subject": str(n), "found": 1, "raised_at": clock.now()} for n in range(3)]
        )
    clock.advance(days=89)
    assert purge.purge(services.database, clock.now(), purge.HISTORY) == 0
    clock.advance(days=2)
    assert purge.purge(services.database, clock.now(), purge.HISTORY) == 4
    assert (count(services, Notice), count(services, Alert)) == (0, 0)


def _notice(notice_id: UUID, now: datetime) -> dict[str, Any]:
    plain = {"channel": "email", "template": "t", "address": b"", "locale": "en", "details": {}}
    return {"id": notice_id, "created_at": now, **plain}


def test_jobs_have_different_names_and_run_on_real_services(services: Any):
    assert len({job.name for job in JOBS}) == len(JOBS)
    assert all(job.run(services) >= 0 for job in JOBS)


def test_job_is_due_at_the_start_and_again_after_its_interval():
    now = [100.0]
    schedule = Schedule(JOBS, timer=lambda: now[0])
    assert set(schedule.take_due()) == set(JOBS)
    assert schedule.take_due() == []
    now[0] += 61
    assert [job.name for job in schedule.take_due()] == [
        "end_sessions",
        "judge_travels",
        "rotate_keys",
        "evaluate_alert_rules",
        "look_at_deliveries",
        "look_at_sealing",
        "end_break_glass",
    ]


def test_session_goes_with_all_that_hung_on_it_when_nobody_may_ask_any_more(
    services: Any, clock: Any, account_factory: Any
):
    """Children before parents: foreign keys are on."""
    services.registry.apply(tax(), actor="system")
    account_id = account_factory(kind="citizen").account_id
    factors = [VerifiedFactor("password", clock.now())]
    opened = services.sessions.open(account_id, factors, UUID(int=1), Browser())
    session = services.sessions.load(opened.cookie)
    claims: dict[str, list[str]] = {"id_token": [], "userinfo": []}
    assert services.grants.open(
        session, "tax", sector="tax-bureau", interaction_id=UUID(int=1), is_offline=False, claims=claims
    )
    clock.advance(days=30)
    purge.purge(services.database, clock.now(), purge.HISTORY)
    assert (count(services, OPSession), count(services, AuthorizationGrant)) == (1, 1)
    clock.advance(days=370)
    purge.purge(services.database, clock.now(), purge.HISTORY)
    assert [count(services, table) for table in (OPSession, ClientSession, AuthorizationGrant)] == [1, 1, 0]
    clock.advance(days=1)
    purge.purge(services.database, clock.now(), purge.HISTORY)
    assert [count(services, table) for table in (OPSession, ClientSession, AuthorizationGrant)] == [0, 0, 0]
