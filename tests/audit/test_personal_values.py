"""Personal values of events: encrypted beside the record, found by network, erased without a gap in the proof (A6)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text, update

from idp.audit.details import kept_networks
from idp.audit.events import Changed, Facts
from idp.audit.export import export_lines
from idp.audit.leaf import SALT, canonical, commitment
from idp.audit.models import AuditDetail, AuditEvent
from idp.audit.notes import Note
from idp.audit.searching import EventFilter
from idp.audit.verification import Report, Verification
from idp.foundation.logging import RequestContext, request_context
from idp.foundation.masked import Masked
from idp.keyring.signers import is_ed25519_signature
from tests.audit.conftest import Happened

NETWORK, PHONE = "198.51.100.0/24", "+8613912345678"


@dataclass(frozen=True, kw_only=True)
class Reached(Facts):
    phone: Masked | None
    is_proven: bool


@dataclass(frozen=True, kw_only=True)
class ReachedChanged(Changed):
    action: ClassVar[str] = "test.reached"

    before: Reached | None
    after: Reached | None


@contextmanager
def coming_from(network: str) -> Iterator[None]:
    token = request_context.set(RequestContext("ref", network, ""))
    yield
    request_context.reset(token)


@pytest.fixture
def account(services: Any) -> UUID:
    return services.entropy.uuid7()


@pytest.fixture
def sealed(services: Any, clock: Any) -> Callable[[], list[Note]]:
    """Seal what waits, and return the checkpoint over it."""

    def seal() -> list[Note]:
        notes: list[Note] = []
        clock.advance(10)
        services.sealer.run(notes.append)
        return notes

    return seal


@pytest.fixture
def mixed(services: Any, account: UUID) -> None:
    """Three events about an account: as the first version wrote them, with a network, with more personal values."""
    salt = b"s" * SALT
    with services.database.transaction() as connection:
        row = services.audit.rows(Happened(number=1, account_id=account))[AuditEvent]
        clear = {"network": NETWORK, "salt": salt, "network_commitment": commitment(salt, NETWORK)}
        connection.execute(insert(AuditEvent), row | clear)
    with coming_from(NETWORK):
        services.audit.record(
            Happened(number=2, account_id=account),
            ReachedChanged(
                account_id=account,
                before=Reached(phone=None, is_proven=False),
                after=Reached(phone=Masked(PHONE), is_proven=True),
            ),
        )


def exported(services: Any) -> list[dict[str, Any]]:
    lines = export_lines(services.database, services.audit.details, services.clock.now())
    return [json.loads(canonical(line)) for line in lines]


def verified(lines: list[dict[str, Any]], *independent: Note) -> Report:
    verification = Verification(is_ed25519_signature, independent=independent)
    for line in lines:
        verification.add(line)
    return verification.report()


def everything_in(services: Any) -> str:
    """Every value of every table as text, and on SQLite the files, free pages and log among them."""
    with services.database.read() as connection:
        if services.database.dialect == "postgresql":
            tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))
            return "\n".join(
                "\n".join(connection.scalars(text(f'SELECT t::text FROM "{name}" t')).all()) for name in tables.all()
            )
    path = Path(services.database.url.database)
    return "\n".join(
        f"{content.decode('latin-1')}\n{content.hex()}"
        for content in (one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    )


@pytest.mark.usefixtures("mixed")
def test_an_export_with_mixed_versions_is_proven(services: Any, sealed: Callable[[], list[Note]]):
    lines = (sealed(), exported(services))
    report = verified(lines[1], *lines[0])
    assert report.findings == []
    assert report.is_tail_proven
    assert {line["version"] for line in lines[1] if "version" in line} == {1, 2}
    reached = next(line for line in lines[1] if line.get("action") == "test.reached")
    assert reached["detail"] == {"before": {"phone": None, "is_proven": False}, "after": {"is_proven": True}}
    assert reached["openings"]["after.phone"][1] == PHONE


@pytest.mark.usefixtures("mixed")
def test_a_changed_personal_value_is_named(services: Any, sealed: Callable[[], list[Note]]):
    notes, lines = sealed(), exported(services)
    place = next(place for place, line in enumerate(lines) if line.get("action") == "test.reached")
    leaf = lines[place]["leaf_index"]
    salt = lines[place]["openings"]["after.phone"][0]
    for forged in (
        {"openings": {"after.phone": [salt, "+8613900000000"]}},
        {"openings": {"before.phone": [salt, PHONE]}},
        {"network": "203.0.113.0/24"},
        {"commitments": {}},
    ):
        found = verified([*lines[:place], lines[place] | forged, *lines[place + 1 :]], *notes).findings
        assert {(one.kind, one.leaf) for one in found} == {("changed", leaf)}, forged
    unknown = lines[place] | {"version": 3}
    with pytest.raises(KeyError):
        verified([unknown])


def test_personal_values_moved_to_another_event_are_found(services: Any, sealed: Callable[[], list[Note]]):
    with coming_from(NETWORK):
        services.audit.record(Happened(number=1))
    with coming_from("203.0.113.0/24"):
        services.audit.record(Happened(number=2))
    with services.database.transaction() as connection:
        one, other = connection.scalars(select(AuditDetail.event_id).order_by(AuditDetail.event_id)).all()
        opening = connection.scalar(select(AuditDetail.opening).where(AuditDetail.event_id == one))
        connection.execute(update(AuditDetail).where(AuditDetail.event_id == other).values(opening=opening))
    notes, lines = sealed(), exported(services)
    (finding,) = verified(lines, *notes).findings
    assert (finding.kind, str(other) in finding.text) == ("changed", True)
    networks = [record.network for record in services.event_search.page(EventFilter(action="test.happened"))]
    assert networks == [None, NETWORK], "and nobody is shown what is not the event's own"


def test_a_personal_value_is_nowhere_in_the_clear(services: Any, account: UUID):
    with coming_from(NETWORK):
        services.audit.record(
            ReachedChanged(account_id=account, before=None, after=Reached(phone=Masked(PHONE), is_proven=True))
        )
    for value in (NETWORK, PHONE):
        assert value not in everything_in(services)
        assert value.encode().hex() not in everything_in(services)
    (record,) = services.event_search.page(EventFilter(action="test.reached"))
    assert record.network == NETWORK
    assert record.detail == {"after": {"phone": "+86139****5678", "is_proven": True}}


def test_events_are_found_by_address_and_network(services: Any):
    for number, network in enumerate((NETWORK, "198.51.101.0/24", "203.0.113.0/24", "2001:db8:1::/48", "")):
        with coming_from(network):
            services.audit.record(Happened(number=number))

    def found(network: str) -> list[int]:
        chosen = EventFilter(action="test.happened", network=network)
        return sorted(record.detail["number"] for record in services.event_search.page(chosen))

    assert found("198.51.100.0/24") == [0]
    assert found("198.51.100.77") == [0]
    assert found("198.51.100.0/23") == [0, 1]
    assert found("2001:db8:1:2::3") == [3]
    assert found("192.0.2.1") == []
    assert len(list(kept_networks("10.0.0.0/16"))) == 256
    for unusable in ("10.0.0.0/15", "::/0", "nowhere", "' OR 1=1"):
        with pytest.raises(ValueError, match=r".+"):
            found(unusable)


@pytest.mark.usefixtures("mixed")
def test_erased_values_are_gone_and_the_record_still_proven(
    services: Any, account: UUID, sealed: Callable[[], list[Note]]
):
    other = services.entropy.uuid7()
    with coming_from(NETWORK):
        services.audit.record(
            # As an officer, about somebody else: the place is the officer's, the number is not.
            ReachedChanged(
                actor=f"account:{account}",
                account_id=other,
                before=None,
                after=Reached(phone=Masked("+8613900000000"), is_proven=False),
            ),
        )
    sealed()
    with services.database.read() as connection:
        ciphertexts = [
            bytes(one).hex()
            for one in connection.scalars(
                select(AuditDetail.opening).join(AuditEvent, AuditEvent.id == AuditDetail.event_id)
            )
        ]
    assert services.erasure.erase(account, actor="account:x", reason="PIPL article 47") == 4
    notes, lines = sealed(), exported(services)
    assert verified(lines, *notes).is_tail_proven
    assert verified(lines, *notes).findings == []
    gone = everything_in(services)
    for value in (NETWORK, PHONE):
        assert value not in gone
        assert value.encode().hex() not in gone
    assert len(ciphertexts) == 3
    assert not any(one in gone for one in ciphertexts), "nor what the master key could open"
    erased = next(record for record in services.audit.of_account(account) if record.action == "audit.erased")
    assert (erased.reason, erased.detail) == ("PIPL article 47", {"events": 4})
    (theirs,) = services.event_search.page(EventFilter(account_id=other))
    assert (theirs.network, theirs.detail["after"]["phone"]) == (None, "+86139****0000")
    reached = next(record for record in services.audit.of_account(account) if record.action == "test.reached")
    assert reached.detail["after"]["phone"] == "****"
    assert services.erasure.erase(account, actor="account:x", reason="again") == 0


def test_networks_of_an_older_version_are_enclosed(services: Any, mixed: None, sealed: Callable[[], list[Note]]):
    assert mixed is None
    sealed()
    with services.database.read() as connection:
        assert connection.scalar(select(func.count()).where(AuditEvent.network.is_not(None))) == 1
    assert services.erasure.enclose() == 1
    assert services.erasure.enclose() == 0
    assert NETWORK not in everything_in(services)
    notes, lines = sealed(), exported(services)
    assert verified(lines, *notes).is_consistent
    records = services.event_search.page(EventFilter(action="test.happened", network=NETWORK))
    assert [record.detail["number"] for record in records] == [2, 1]


@pytest.mark.only_on("postgresql")
def test_postgresql_clears_away_what_was_erased_without_being_told(services: Any):
    """Autovacuum would otherwise wait until a fifth of the table is gone, and the service may not VACUUM it."""
    with services.database.read() as connection:
        options = connection.scalar(text("SELECT reloptions FROM pg_class WHERE relname = 'audit_detail'"))
    assert set(options) >= {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=0"}
