"""What recording an event does, and what it does not do: it gains no statement, and its hash is logged at commit."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event as hook
from sqlalchemy import select
from structlog.testing import capture_logs

from idp.accounts.events import AccountOpened, OrganizationRecorded
from idp.audit import service
from idp.audit.leaf import canonical, commitment, hash_of
from idp.audit.models import AuditDetail, AuditEvent
from idp.factors.events import PasswordSet
from idp.foundation.logging import RequestContext, request_context
from idp.interventions.alerts import owners
from idp.protocol.events import CodeRedeemed, TokenRefreshed
from idp.signals.ssf import announcer
from tests.audit.conftest import Happened

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", max_size=4), inner, max_size=3),
    max_leaves=8,
)


def test_an_event_is_one_insert_in_the_transaction_that_is_there_and_one_for_personal_values(services: Any):
    """Rules A3 and A6."""
    statements: list[str] = []
    engine = services.database.engine
    with services.database.transaction():
        hook.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
        services.audit.record(Happened(number=1))
        assert [statement.split()[0] for statement in statements] == ["INSERT"]
        token = request_context.set(RequestContext("ref", "192.0.2.0/24", ""))
        services.audit.record(Happened(number=2))
        request_context.reset(token)
    # Whoever encrypts first in half a second looks whether the master key is still the current one, and whoever comes
    # first in a minute whether there is another table of networks.
    asked = [
        statement
        for statement in statements
        if not any(one in statement for one in ("signing_key", "key_set", "network_table"))
    ]
    assert [one.split()[:3] for one in asked] == [
        ["INSERT", "INTO", table] for table in ("audit_event", "audit_event", "audit_detail")
    ]


def test_the_hash_that_is_logged_at_commit_is_the_one_that_is_sealed(services: Any, monkeypatch: pytest.MonkeyPatch):
    """Rule A4: read back from either database, the row has the hash that it had before."""
    # A logger that was used before keeps the processors of its first use, which capturing does not reach.
    monkeypatch.setattr(service, "_log", structlog.get_logger())
    token = request_context.set(RequestContext("ref", "192.0.2.0/24", ""))
    with capture_logs() as logged, services.database.transaction():
        services.audit.record(Happened(number=1, text="甲\x00".rstrip("\x00"), reason="é\n"))
        services.audit.record(Happened(number=2, account_id=services.entropy.uuid7(), client_id="tax"))
        assert logged == []
    request_context.reset(token)
    announced = [leaf for line in logged for leaf in line["leaves"]]
    with services.database.read() as connection:
        rows = connection.execute(select(AuditEvent.__table__).order_by(AuditEvent.id)).mappings().all()
    assert announced == [hash_of(dict(row)).hex() for row in rows if row["action"] == "test.happened"]
    with services.database.read() as connection:
        kept = {row.event_id: row.opening for row in connection.execute(select(AuditDetail))}
    for row in rows:
        opening = services.audit.details.opened(row["id"], kept.get(row["id"])).get("network")
        assert row["network_commitment"] == (opening and commitment(*opening))
    assert len(kept) == 2


def test_nothing_is_logged_of_what_was_rolled_back(services: Any):
    def fail() -> None:
        with services.database.transaction():
            services.audit.record(Happened(number=1))
            raise RuntimeError

    with capture_logs() as logged, pytest.raises(RuntimeError):
        fail()
    assert logged == []


@given(members=st.dictionaries(st.text("abc_", max_size=6), VALUES, max_size=6))
def test_the_canonical_form_is_what_any_json_library_writes(members: Mapping[str, Any]):
    """The document of the format says: sorted keys, no white space, UTF-8."""
    expected = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(members) == expected


def test_no_listener_waits_for_what_no_listener_hears():
    """Tokens and opened accounts are inserted by statements of their own, which tell nobody (``Audit.rows``)."""
    unheard = {CodeRedeemed, TokenRefreshed, AccountOpened, OrganizationRecorded}
    awaited = [
        key
        for module in (announcer, owners)
        for table in vars(module).values()
        if isinstance(table, Mapping)
        for key in table
        if isinstance(key, type)
    ]
    assert PasswordSet in awaited, "the listeners keep what they wait for in tables by the type of event"
    assert unheard.isdisjoint(awaited)


def test_what_a_hot_path_inserts_is_heard_by_nobody(services: Any):
    heard: list[Any] = []
    services.audit.subscribe(heard.append)
    services.audit.rows(TokenRefreshed(scope="openid"))
    services.audit.record(Happened(number=1))
    assert [event.action for event in heard] == ["test.happened"]
