"""The worker seals by itself, and the witness gets every checkpoint (rule A5)."""

from pathlib import Path
from typing import Any

import pytest

from idp.audit.notes import parse_notes
from tests.audit.conftest import Happened
from tests.jobs.test_deliver import wait_for, working
from tests.support.clock import RunningClock


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    return tmp_path / "witness.txt"


@pytest.fixture
def setting_changes(witness: Path) -> dict[str, str]:
    return {"IDP_AUDIT_WITNESS": str(witness)}


def kept(witness: Path) -> list[Any]:
    return list(parse_notes(witness.read_text(encoding="utf-8"))) if witness.exists() else []


def test_the_worker_seals_and_hands_over_checkpoints(services: Any, witness: Path):
    services.audit.record(Happened(number=1))
    with working(services):
        wait_for(lambda: bool(kept(witness)))
        services.audit.record(Happened(number=2))
        services.clock.advance(10)
        wait_for(lambda: len(kept(witness)) > 1)
    assert [note.checkpoint.size for note in kept(witness)] == [2, 3]
    assert kept(witness)[-1] == services.sealer.newest_checkpoint()


def test_a_worker_that_ends_leaves_the_lease_to_the_next(services: Any, witness: Path):
    with working(services):
        wait_for(lambda: bool(kept(witness)))
    services.audit.record(Happened(number=1))
    with working(services):
        wait_for(lambda: kept(witness)[-1].checkpoint.size == 2, seconds=5)


def test_a_witness_that_cannot_be_reached_holds_nothing_up(services: Any, witness: Path):
    witness.mkdir()
    services.audit.record(Happened(number=1))
    with working(services):
        wait_for(lambda: services.sealer.newest_checkpoint() is not None)
