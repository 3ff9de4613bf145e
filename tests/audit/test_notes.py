"""Signed notes against the published example of golang.org/x/mod/sumdb/note, and what is refused."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp.audit.notes import Checkpoint, NoteMalformed, VerifierKey, parse_note, parse_notes, signed
from idp.keyring.signers import is_ed25519_signature

KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
CHECKPOINT = Checkpoint("id.example/audit", 7, b"r" * 32, datetime(2026, 3, 2, 1, tzinfo=UTC), b"p" * 32)


@pytest.fixture
def citizens_program() -> Any:
    """clients/verify_audit_proof.py, which shares no code with us."""
    path = Path(__file__).resolve().parents[2] / "clients" / "verify_audit_proof.py"
    spec = importlib.util.spec_from_file_location("verify_audit_proof", path)
    assert spec
    assert spec.loader
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def test_the_published_key_is_read_and_written():
    key = VerifierKey.parse(KEY)
    assert str(key) == KEY
    assert key.hash.hex() == "c74f20a3"


def test_the_published_signature_is_valid_for_both_implementations(citizens_program: Any):
    import base64

    key, value = VerifierKey.parse(KEY), base64.b64decode(SIGNATURE)
    assert value[:4] == key.hash
    assert is_ed25519_signature(key.public, value[4:], TEXT.encode())
    assert not is_ed25519_signature(key.public, value[4:], TEXT.encode() + b" ")
    citizens_program.check_signature(f"{TEXT}\n— PeterNeumann {SIGNATURE}\n", KEY)
    with pytest.raises(citizens_program.Broken):
        citizens_program.check_signature(f"{TEXT.upper()}\n— PeterNeumann {SIGNATURE}\n", KEY)


@pytest.mark.parametrize("place", range(len(KEY)))
def test_a_damaged_key_is_refused(place: int):
    with pytest.raises(NoteMalformed):
        VerifierKey.parse(KEY[:place] + ("A" if KEY[place] != "A" else "B") + KEY[place + 1 :])


def test_a_checkpoint_is_read_as_it_was_written():
    note = signed(CHECKPOINT, VerifierKey.parse(KEY), lambda _data: b"s" * 64)
    assert parse_note(str(note)) == note
    assert parse_notes(f"{note}\n{note}") == ([note, note], 0)


@pytest.mark.parametrize("place", [3, 30, 60, 150])
def test_the_citizens_program_takes_the_last_checkpoint_that_is_whole(citizens_program: Any, place: int):
    note = signed(CHECKPOINT, VerifierKey.parse(KEY), lambda _data: b"s" * 64)
    broken = str(note).replace("\n7\n", "\n9\n")[:place]
    assert citizens_program.head(f"{note}\n{broken}") == (7, b"r" * 32)
    assert citizens_program.head(f"{broken}\n\n{note}") == (7, b"r" * 32)


@pytest.mark.parametrize("stranger", ["another text", "id.example/audits\n7\n", "id.example/auditors"])
def test_what_is_no_checkpoint_of_this_log_makes_a_file_unreadable(stranger: str):
    note = signed(CHECKPOINT, VerifierKey.parse(KEY), lambda _data: b"s" * 64)
    with pytest.raises(NoteMalformed):
        parse_notes(f"{note}\n{stranger}\n\n{note}")


def test_a_checkpoint_that_broke_off_is_counted_and_passed_over():
    note = signed(CHECKPOINT, VerifierKey.parse(KEY), lambda _data: b"s" * 64)
    for place in range(1, len(str(note)) - 1):
        assert parse_notes(f"{note}\n{str(note)[:place]}\n\n{note}\n{str(note)[:place]}") == ([note, note], 2)


@pytest.mark.parametrize(
    "change",
    [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n\N{ARABIC-INDIC DIGIT SEVEN}\n"),
        ("cnJy", "cn"),
        ("time", "when"),
        ("— ", "- "),
        ("\n\n", "\n"),
    ],
)
def test_a_damaged_checkpoint_is_refused(change: tuple[str, str]):
    text = str(signed(CHECKPOINT, VerifierKey.parse(KEY), lambda _data: b"s" * 64))
    assert change[0] in text
    with pytest.raises(NoteMalformed):
        parse_note(text.replace(*change))
    with pytest.raises(NoteMalformed):
        parse_notes(text.replace(*change))
