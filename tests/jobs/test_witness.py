"""The worker seals by itself, and the witness gets every checkpoint (rule A5)."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from idp.audit.notes import parse_notes
from idp.jobs.witness import publish
from tests.audit.conftest import Happened
from tests.support.clock import RunningClock
from tests.support.workers import wait_for, working


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
    return parse_notes(witness.read_bytes().decode(errors="replace"))[0] if witness.exists() else []


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


def test_a_witness_whose_disk_was_full_is_read_again_when_there_is_room(services: Any, witness: Path):
    """What of a checkpoint found room stays on a medium that only grows; those before and after it are whole. Wherever
    it broke off.
    """
    notes: list[Any] = []
    for number in range(2):
        services.audit.record(Happened(number=number))
        services.clock.advance(10)
        services.sealer.run(notes.append)
    publish(services, notes[0])
    whole = witness.stat().st_size
    for place in range(1, len(str(notes[0]).encode()), 7):
        with capture_logs() as logs, room_for(witness.stat().st_size + place):
            publish(services, notes[0])
        assert [log["event"] for log in logs] == ["audit_witness_failed"]
    publish(services, notes[1])
    assert [str(note) for note in kept(witness)] == [str(note) for note in notes]
    assert witness.stat().st_size > whole + len(str(notes[1]))


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a disk would that is full."""
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
