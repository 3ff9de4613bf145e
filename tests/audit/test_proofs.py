"""A proof for one person's event, checked by a program that shares no code with us (rule A6, RFC 9162 §2.1.3)."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.audit.notes import Note, VerifierKey
from idp.audit.proofs import NotProvable, prove
from idp.foundation.logging import RequestContext, request_context
from tests.support.serving import ROOT

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def notes(services: Any, record: Callable[..., None], clock: Any) -> list[Note]:
    """The checkpoints of a log of some 300 events."""
    notes: list[Note] = []
    token = request_context.set(RequestContext("ref", "192.0.2.0/24", ""))
    for count in (9, 290):
        record(count, account_id=services.entropy.uuid7())
        services.sealer.run()
        clock.advance(10)
        services.sealer.run(notes.append)
    request_context.reset(token)
    return notes


@pytest.fixture
def key(services: Any, notes: list[Note]) -> str:
    assert notes
    return next(str(one.detail["key"]) for one in services.audit.export() if "key" in one.detail)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run the citizen's program, alone: no packages, no environment."""

    def check(proof: dict[str, Any], kept: str | None = None, key: str | None = None) -> tuple[int, str]:
        (tmp_path / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
        arguments = [sys.executable, "-I", "-S", str(ROOT / "clients" / "verify_audit_proof.py"), "proof.json"]
        if kept is not None:
            (tmp_path / "kept.txt").write_text(kept, encoding="utf-8")
            arguments += ["--checkpoint", "kept.txt"]
        if key is not None:
            arguments += ["--key", key]
        ended = subprocess.run(arguments, cwd=tmp_path, env={}, capture_output=True, text=True, check=False, timeout=60)
        assert ended.stderr == ""
        return ended.returncode, ended.stdout

    return check


def test_an_event_is_proven_to_whoever_kept_a_checkpoint(services: Any, notes: list[Note], key: str, check: Check):
    event = [one for one in services.audit.export() if one.account_id][4]
    proof = prove(services.database, services.audit.details, event.id, kept=notes[0])
    status, said = check(proof, str(notes[0]), key)
    assert status == 0, said
    assert str(event.id) in said
    assert "network 192.0.2.0/24" in said
    assert "grew out of the checkpoint of 10 leaves" in said
    assert "signed with the key that you named" in said
    # What it could not check, it says.
    assert "not checked" in check(prove(services.database, services.audit.details, event.id))[1]


def test_every_event_can_be_proven(services: Any, notes: list[Note], check: Check):
    events = [one.id for one in services.audit.export()]
    for event in (events[0], events[255], events[256], events[-1]):
        assert check(prove(services.database, services.audit.details, event), str(notes[-1]))[0] == 0


def test_a_forged_proof_is_refused(services: Any, notes: list[Note], key: str, check: Check):
    event = [one for one in services.audit.export() if one.account_id][4]
    proof = prove(services.database, services.audit.details, event.id, kept=notes[0])
    foreign = str(VerifierKey("elsewhere/audit", b"k" * 32))
    forgeries = [
        ({"leaf": proof["leaf"].replace("test.happened", "test.forgotten")}, None, None),
        ({"leaf_index": proof["leaf_index"] + 1}, None, None),
        ({"inclusion": proof["inclusion"][1:]}, None, None),
        ({"checkpoint": proof["checkpoint"].replace("\n300\n", "\n301\n")}, None, key),
        ({"opening": proof["opening"] | {"network": "198.51.100.0/24"}}, None, None),
        ({"consistency": proof["consistency"] | {"path": proof["consistency"]["path"][1:]}}, str(notes[0]), None),
        ({"checkpoint": proof["checkpoint"].replace("time 2026", "time 2025")}, None, key),
        ({}, None, foreign),
        ({}, str(notes[0]).replace("\n10\n", "\n9\n"), None),
    ]
    for change, kept, trusted in forgeries:
        status, said = check(proof | change, kept, trusted)
        assert status == 1, (change, said)
        assert said.startswith("NOT proven")


def test_what_no_checkpoint_is_over_yet_is_not_proven(services: Any, record: Callable[..., None]):
    record(1)
    event = next(iter(services.audit.export()))
    with pytest.raises(NotProvable, match="ten seconds"):
        prove(services.database, services.audit.details, event.id)
    with pytest.raises(NotProvable, match="no event"):
        prove(services.database, services.audit.details, services.entropy.uuid7())
