"""An export proves itself, and every forgery of it is found and named (rules A5, A6; GB39786-8.4.h, ASVS 16.4.2)."""

import base64
import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from idp.audit.export import export_lines
from idp.audit.leaf import MEMBERS, canonical
from idp.audit.notes import Note, VerifierKey, parse_note, signed
from idp.audit.sealer import Sealer
from idp.audit.tree import leaf_hash, root_of
from idp.audit.verification import Report, Verification
from idp.foundation.logging import RequestContext, request_context
from idp.keyring.signers import is_ed25519_signature

Lines = list[dict[str, Any]]
Record = Callable[..., None]


def verified(lines: Lines, *independent: Note, trusted: VerifierKey | None = None) -> Report:
    verification = Verification(is_ed25519_signature, independent=independent, trusted=trusted)
    for line in lines:
        verification.add(line)
    return verification.report()


def found(lines: Lines, *independent: Note) -> list[tuple[str, int | None]]:
    return [(finding.kind, finding.leaf) for finding in verified(lines, *independent).findings]


def events(lines: Lines) -> Lines:
    return [line for line in lines if line.get("leaf_index") is not None]


def place_of(lines: Lines, leaf: int) -> int:
    return next(place for place, line in enumerate(lines) if line.get("leaf_index") == leaf)


def exported(services: Any, **options: Any) -> Lines:
    """Return the lines of an export as whoever gets them reads them."""
    lines = export_lines(services.database, services.audit.details, services.clock.now(), **options)
    return [json.loads(canonical(line)) for line in lines]


@pytest.fixture
def log(services: Any, record: Record, clock: Any, new_sealer: Callable[..., Sealer]) -> tuple[Lines, list[Note]]:
    """An export of some 600 events under several checkpoints, and what the witness has."""
    notes: list[Note] = []
    sealer = new_sealer(batch=1000)
    token = request_context.set(RequestContext("ref", "192.0.2.0/24", ""))
    for count in (3, 300, 250, 41):
        record(count)
        for _ in range(2):
            sealer.run(notes.append)
            clock.advance(10)
    sealer.release()
    request_context.reset(token)
    return exported(services), notes


def test_an_untouched_export_is_proven_to_its_end(log: tuple[Lines, list[Note]]):
    lines, notes = log
    report = verified(lines, *notes)
    assert report.findings == []
    assert (report.leaves, report.proven, report.checkpoints) == (595, 595, 4)
    assert report.is_tail_proven


def test_without_a_witness_the_tail_is_not_proven(log: tuple[Lines, list[Note]]):
    lines, notes = log
    assert verified(lines).is_consistent
    assert not verified(lines).is_tail_proven
    earlier = verified(lines, notes[2])
    assert (earlier.proven, earlier.is_tail_proven) == (notes[2].checkpoint.size, False)


def test_events_that_are_not_sealed_are_said_to_be_unproven(services: Any, log: Any, record: Record):
    record(2)
    report = verified(exported(services), *log[1])
    assert (report.is_consistent, report.unsealed, report.is_tail_proven) == (True, 2, False)
    assert verified(exported(services, sealed_only=True), *log[1]).is_tail_proven


# In the middle and at the edges of tiles and of the log.
LEAVES = (1, 255, 256, 594)
FORGED = "018f0000-0000-7000-8000-000000000001"


def test_a_changed_event_is_named(log: tuple[Lines, list[Note]]):
    lines, notes = log
    for leaf in LEAVES:
        place = place_of(lines, leaf)
        for member in ("actor", "reason", "occurred_at", "id", "network_commitment"):
            changed = lines[place] | {member: "ff" * 32, "network": None}
            assert found([*lines[:place], changed, *lines[place + 1 :]], *notes) == [("changed", leaf)]


def test_a_removed_event_is_named(log: tuple[Lines, list[Note]]):
    lines, notes = log
    for leaf in LEAVES:
        place = place_of(lines, leaf)
        rest = lines[place + 1 :]
        assert found([*lines[:place], *rest], *notes) == [("removed", leaf)]
        # The forger closes the gap: still that leaf, and all after it stand wrong.
        closed = found([*lines[:place], *(_moved(line, -1) for line in rest)], *notes)
        assert closed[0] == ("removed", leaf)
        assert closed[1:] == ([] if leaf == 594 else [("reordered", leaf + 1)])


def test_an_inserted_event_is_named(log: tuple[Lines, list[Note]]):
    lines, notes = log
    for leaf in LEAVES:
        place = place_of(lines, leaf)
        forged = lines[place] | {"id": FORGED}
        assert found([*lines[:place], forged, *lines[place:]], *notes) == [("inserted", leaf)]
        # The forger makes room: still that leaf, and all after it stand wrong.
        roomy = found([*lines[:place], forged, *(_moved(line, 1) for line in lines[place:])], *notes)
        assert roomy == [("inserted", leaf), ("reordered", leaf)]


def _moved(line: dict[str, Any], by: int) -> dict[str, Any]:
    return line if line.get("leaf_index") is None else line | {"leaf_index": line["leaf_index"] + by}


def test_an_event_that_claims_a_leaf_beyond_the_end_is_named(log: tuple[Lines, list[Note]]):
    lines, notes = log
    lines.append(lines[place_of(lines, 594)] | {"id": FORGED, "leaf_index": 595})
    assert found(lines, *notes) == [("inserted", 595)]


def test_the_same_event_twice_is_named(log: tuple[Lines, list[Note]]):
    lines, notes = log
    lines.insert(place_of(lines, 9), lines[place_of(lines, 9)])
    assert found(lines, *notes) == [("inserted", 9)]


def test_reordered_events_are_named(log: tuple[Lines, list[Note]]):
    lines, notes = log
    for one, other in ((5, 6), (5, 90), (200, 300)):
        swapped = list(lines)
        first, second = place_of(lines, one), place_of(lines, other)
        swapped[first], swapped[second] = lines[second] | {"leaf_index": one}, lines[first] | {"leaf_index": other}
        assert set(found(swapped, *notes)) == {("reordered", one), ("reordered", other)}


def test_swapped_lines_are_named(log: tuple[Lines, list[Note]]):
    lines, notes = log
    first, second = place_of(lines, 5), place_of(lines, 9)
    lines[first], lines[second] = lines[second], lines[first]
    assert found(lines, *notes)
    assert {kind for kind, _ in found(lines, *notes)} == {"reordered"}


def test_a_cut_off_end_is_named_by_the_witness_only(log: tuple[Lines, list[Note]]):
    lines, notes = log
    size = notes[2].checkpoint.size
    shorter = [line for line in lines if (line.get("leaf_index") or 0) < size and not _is_over(line, size)]
    tile = next(line for line in shorter if line.get("tile") == 1)
    tile["hashes"] = base64.b64encode(base64.b64decode(tile["hashes"])[: (size - 256) * 32]).decode()
    shorter = [line for line in shorter if line.get("tile") != 2]
    assert size == 304
    assert verified(shorter).is_consistent
    assert found(shorter, *notes) == [("cut_off", 304)]
    assert "leaves 304 to 594 are cut off" in verified(shorter, *notes).findings[0].text


def _is_over(line: dict[str, Any], size: int) -> bool:
    return "checkpoint" in line and int(line["checkpoint"].split("\n")[1]) > size


def test_a_forger_who_rebuilds_the_tree_is_caught_by_the_checkpoints(log: tuple[Lines, list[Note]]):
    """Row and tile agree; only the signed roots do not."""
    lines, notes = log
    line = lines[place_of(lines, 300)]
    line["actor"] = "somebody else"
    _rebuild(lines)
    assert found(lines, *notes) == [("rewritten", 4)]
    assert "leaves 4 to 303" in verified(lines, *notes).findings[0].text


def test_a_forger_with_the_key_is_caught_by_the_witness(services: Any, log: tuple[Lines, list[Note]]):
    """Everything agrees and is signed anew, and still it is not what the witness saw."""
    lines, notes = log
    lines[place_of(lines, 300)]["actor"] = "somebody else"
    hashes = _rebuild(lines)
    with services.database.read() as connection:
        kid = connection.scalar(text("SELECT kid FROM audit_head"))
    previous = b""
    for line in lines:
        if "checkpoint" in line:
            line["checkpoint"], previous = _signed_anew(services, kid, line["checkpoint"], hashes, previous)
    assert verified(lines).is_consistent
    assert found(lines, *notes) == [("rewritten", 4)]


def _rebuild(lines: Lines) -> list[bytes]:
    hashes = [
        leaf_hash(canonical({name: line[name] for name in ("version", *MEMBERS[line["version"]])}))
        for line in events(lines)
    ]
    for line in lines:
        if "tile" in line:
            part = hashes[line["tile"] * 256 : (line["tile"] + 1) * 256]
            line["hashes"] = base64.b64encode(b"".join(part)).decode()
    return hashes


def _signed_anew(services: Any, kid: str, note: str, hashes: list[bytes], previous: bytes) -> tuple[str, bytes]:
    old = parse_note(note)
    checkpoint = replace(old.checkpoint, root=root_of(hashes[: old.checkpoint.size]), previous=previous)
    new = signed(checkpoint, _key(services), lambda data: services.keyring.sign_checkpoint(kid, data))
    return str(new), new.digest


def _key(services: Any) -> VerifierKey:
    with services.database.read() as connection:
        return VerifierKey(services.sealer.origin, bytes(connection.scalar(text("SELECT public_key FROM audit_head"))))


def test_a_missing_checkpoint_is_noticed(log: tuple[Lines, list[Note]]):
    lines, _ = log
    del lines[next(place for place, line in enumerate(lines) if "checkpoint" in line)]
    assert [kind for kind, _ in found(lines)] == ["checkpoint"]


def test_a_checkpoint_of_a_foreign_key_is_noticed(log: tuple[Lines, list[Note]]):
    lines, notes = log
    place = next(place for place, line in enumerate(lines) if "checkpoint" in line)
    signature = lines[place]["checkpoint"].rsplit(" ", 1)[1]
    lines[place] = {"checkpoint": lines[place]["checkpoint"].replace(signature, "A" * 90 + "==\n")}
    assert [kind for kind, _ in found(lines, *notes)] == ["checkpoint"]


def test_the_key_one_trusts_must_be_the_logs(services: Any, log: tuple[Lines, list[Note]]):
    lines, notes = log
    assert verified(lines, *notes, trusted=_key(services)).is_tail_proven
    foreign = VerifierKey("elsewhere/audit", b"k" * 32)
    assert [one.kind for one in verified(lines, *notes, trusted=foreign).findings] == ["key"]


def test_a_new_key_needs_the_old_ones_signature(services: Any, log: tuple[Lines, list[Note]], record: Record):
    notes = log[1]
    services.sealer.change_key(actor="command:test", reason="yearly")
    record(1)
    services.sealer.run(notes.append)
    services.sealer.run(notes.append)
    lines = exported(services)
    report = verified(lines, *notes)
    assert report.is_tail_proven
    assert len(report.keys) == 2
    line = lines[place_of(lines, 595)]
    line["detail"] |= {"former": None, "former_signature": None}
    assert {"key", "changed"} <= {kind for kind, _ in found(lines, *notes)}


def test_erased_values_leave_the_proof_whole(services: Any, record: Record):
    """Rule A6."""
    account = services.entropy.uuid7()
    token = request_context.set(RequestContext("ref", "192.0.2.0/24", ""))
    record(2, account_id=account)
    request_context.reset(token)
    notes: list[Note] = []
    services.sealer.run(notes.append)
    assert {line["network"] for line in events(exported(services))} == {None, "192.0.2.0/24"}
    assert services.erasure.erase(account, actor="system", reason="retention is over") == 2
    services.sealer.run()
    lines = exported(services)
    assert {line["network"] for line in lines if "network" in line} == {None}
    assert "192.0.2" not in json.dumps(lines)
    assert verified(lines, *notes).is_consistent


def test_a_network_that_was_not_the_recorded_one_is_noticed(log: tuple[Lines, list[Note]]):
    lines, notes = log
    lines[place_of(lines, 7)]["network"] = "198.51.100.0/24"
    assert found(lines, *notes) == [("changed", 7)]


def test_an_export_of_the_later_part_is_proven_by_the_hashes_of_the_earlier(services: Any, log: Any, clock: Any):
    _, notes = log
    later = exported(services, since=clock.now() - timedelta(seconds=25))
    report = verified(later, *notes)
    assert report.is_tail_proven
    assert report.left_out == notes[5].checkpoint.size
    assert len(events(later)) == 595 - report.left_out + 1
    later.remove(events(later)[-1])
    assert [kind for kind, _ in found(later, *notes)] == ["removed"]


def test_what_the_database_was_made_to_say_is_found(services: Any, log: tuple[Lines, list[Note]]):
    """An administrator of the database, who can switch the triggers off."""
    notes = log[1]
    with services.database.transaction() as connection:
        if services.database.dialect == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in ("keeps_rows", "keeps_values", "keeps_places", "only_erases", "keeps_commitments"):
                connection.execute(text(f"DROP TRIGGER audit_event_{name}"))
        connection.execute(text("UPDATE audit_event SET actor = 'nobody' WHERE leaf_index = 20"))
        connection.execute(text("DELETE FROM audit_event WHERE leaf_index = 30"))
        connection.execute(text("UPDATE audit_event SET leaf_index = 9999 WHERE leaf_index = 40"))
    assert set(found(exported(services), *notes)) == {("changed", 20), ("removed", 30), ("reordered", 40)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_any_change_of_any_sealed_member_is_found(log: tuple[Lines, list[Note]], data: st.DataObject):
    lines, notes = [dict(line) for line in log[0]], log[1]
    place = data.draw(st.sampled_from([place for place, line in enumerate(lines) if "leaf_index" in line]))
    member = data.draw(st.sampled_from(["version", *MEMBERS[1]]))
    value = data.draw(st.one_of(st.none(), st.text(max_size=5), st.integers(-5, 5), st.booleans()))
    if value == lines[place][member]:
        return
    lines[place][member] = value
    with contextlib.suppress(ValueError, KeyError, TypeError):
        assert not verified(lines, *notes).is_consistent
