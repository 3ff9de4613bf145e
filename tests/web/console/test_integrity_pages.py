"""The proof of the record in the console: seen by those who watch it, given out to auditors, verified without us."""

import json
import subprocess
import sys
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import update

from idp.accounts.events import AccountLocked, AccountState
from idp.audit.models import AuditTile
from idp.audit.notes import parse_note
from idp.audit.verification import Verification
from idp.keyring.signers import is_ed25519_signature
from idp.staff.powers import Power
from idp.web.console import integrity
from tests.support.serving import ROOT

PATH = "/console/integrity"


@pytest.fixture
def record(services):
    def make(count=1, **values):
        for _ in range(count):
            services.audit.record(
                AccountLocked(
                    actor="system", before=AccountState(state="open"), after=AccountState(state="locked"), **values
                )
            )

    return make


@pytest.fixture
def seal(services, clock):
    """Seal what there is, with a checkpoint, and let five minutes go by."""

    def make():
        clock.advance(11)
        services.sealer.run()
        clock.advance(minutes=5)

    return make


@pytest.fixture
def take():
    """Take the copy of a period; return its lines."""

    def make(browser, since, until, reason="yearly audit"):
        browser.get(f"{PATH}/export")
        return browser.submit(since=since.isoformat(), until=until.isoformat(), reason=reason)

    return make


def verified(source, checkpoint):
    verification = Verification(is_ed25519_signature, independent=[parse_note(checkpoint)])
    for line in source.splitlines():
        verification.add(orjson.loads(line))
    return verification.report()


def test_the_newest_checkpoint_is_shown_compared_and_taken(at_console, record, seal, services):
    record(3)
    seal()
    browser = at_console(Power.SECURITY)
    page = browser.get(PATH)
    note = services.sealer.newest_checkpoint()
    assert str(note.checkpoint.size) in page.text
    assert "by the key of the record" in page.text
    assert "the one here" in page.text
    assert "copy of a period" not in page.text, "for auditors"
    taken = browser.get(f"{PATH}/checkpoint")
    assert taken.source == str(note)
    assert taken.response.headers["Content-Disposition"] == 'attachment; filename="checkpoint.txt"'


def test_a_new_key_is_a_key_of_the_record_too(at_console, record, seal, services):
    record(3)
    seal()
    services.sealer.change_key(reason="yearly")
    assert "not by the key" not in at_console().get(PATH).text


def test_before_the_first_checkpoint_the_page_says_so(at_console):
    browser = at_console(Power.AUDIT)
    assert "There is none yet" in browser.get(PATH).text
    assert browser.get(f"{PATH}/checkpoint").status == 404


def test_a_tree_that_was_altered_is_said_at_once(at_console, record, seal, services):
    record(3)
    seal()
    with services.database.transaction() as connection:
        connection.execute(update(AuditTile).values(hashes=b"\0" * 32 * 300))
    page = at_console(Power.AUDIT).get(PATH)
    assert "another than the one here" in page.text
    assert "What was sealed is not what is here" in page.text


def test_a_period_is_copied_with_all_that_proves_it_and_that_is_on_record(
    at_console, record, seal, take, services, clock
):
    record(3, reason="before")
    seal()
    since = clock.now()
    record(300, reason="within")
    seal()
    services.sealer.run()
    until = clock.now() - timedelta(seconds=30)
    clock.advance(minutes=2)
    record(3, reason="after")
    seal()
    page = take(at_console(Power.AUDIT), since, until)
    assert page.status == 200
    assert page.response.headers["Content-Disposition"] == 'attachment; filename="record.jsonl"'
    reasons = [json.loads(line).get("reason") for line in page.source.splitlines()]
    assert (reasons.count("before"), reasons.count("within"), reasons.count("after")) == (0, 300, 0)
    own = [json.loads(line)["checkpoint"] for line in page.source.splitlines() if "checkpoint" in json.loads(line)]
    report = verified(page.source, own[-1])
    assert report.is_consistent
    assert report.is_tail_proven
    (event,) = [one for one in services.audit.export() if one.action == "audit.record_exported"]
    assert event.reason == "yearly audit"
    assert event.detail["since"] == since.isoformat()
    forged = page.source.replace('"reason":"within"', '"reason":"another"', 1)
    assert not verified(forged, own[-1]).is_consistent


def test_a_copy_wants_a_reason_a_period_and_a_size_that_can_be_sent(at_console, record, seal, take, clock, monkeypatch):
    record(3)
    since = clock.now() - timedelta(hours=1)
    seal()
    browser, now = at_console(Power.AUDIT), clock.now()
    assert "at least four characters" in take(browser, since, now, reason="x").text
    assert "before the beginning" in take(browser, now, since).text
    assert "No checkpoint is over any event" in take(browser, now + timedelta(days=8), now + timedelta(days=9)).text
    browser.get(f"{PATH}/export")
    assert "2026-03-02 09:00" in browser.submit(since="yesterday", until="x", reason="yearly audit").text
    monkeypatch.setattr(integrity, "_MOST_BYTES", 1024)
    page = take(browser, since, now)
    assert page.status == 400
    assert "Choose a shorter one" in page.text


def test_the_proof_of_an_event_is_verified_by_whoever_gets_it(
    at_console, record, seal, services, account_factory, tmp_path
):
    record(3)
    record(account_id=account_factory().account_id, reason="theirs")
    seal()
    event = next(one for one in services.audit.export() if one.reason == "theirs")
    browser = at_console(Power.AUDIT)
    page = browser.get(f"/console/events/{event.id}")
    assert f'href="/console/events/{event.id}/proof"' in page.source
    browser.get(f"/console/events/{event.id}/proof")
    assert browser.submit(reason="").status == 400
    page = browser.submit(reason="asked for by the citizen")
    assert page.response.headers["Content-Disposition"] == f'attachment; filename="proof-{event.id}.json"'
    (tmp_path / "proof.json").write_text(page.source, encoding="utf-8")
    (tmp_path / "kept.txt").write_text(browser.get(f"{PATH}/checkpoint").source, encoding="utf-8")
    program = [sys.executable, "-I", "-S", str(ROOT / "clients" / "verify_audit_proof.py"), "proof.json"]
    done = subprocess.run(
        [*program, "--checkpoint", "kept.txt"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 3}, done.stdout + done.stderr
    assert "NOT" not in done.stdout
    (given,) = [one for one in services.audit.export() if one.action == "audit.proof_given"]
    assert (given.reason, given.detail) == ("asked for by the citizen", {"event": str(event.id)})


def test_an_event_that_is_not_sealed_yet_has_no_proof_and_says_why(at_console, record, services):
    record(reason="just now")
    event = next(one for one in services.audit.export() if one.reason == "just now")
    browser = at_console(Power.AUDIT)
    browser.get(f"/console/events/{event.id}/proof")
    page = browser.submit(reason="asked for by the citizen")
    assert page.status == 400
    assert "no checkpoint is over this event yet" in page.text
    assert not [one for one in services.audit.export() if one.action == "audit.proof_given"]
    assert browser.get("/console/events/00000000-0000-7000-8000-000000000000/proof").status == 404


@pytest.mark.parametrize("power", [Power.SECURITY, Power.SYSTEM, Power.HELP_DESK, Power.CUSTODIAN])
def test_nobody_but_an_auditor_takes_a_copy_or_a_proof(at_console, record, seal, services, power):
    record(reason="theirs")
    seal()
    event = next(one for one in services.audit.export() if one.reason == "theirs")
    browser = at_console(power)
    for path in (f"{PATH}/export", f"/console/events/{event.id}/proof"):
        assert browser.get(path).status == 403


def test_a_copy_wants_a_sign_in_of_the_last_five_minutes(at_console, clock):
    auditor = at_console(Power.AUDIT)
    clock.advance(minutes=5, seconds=1)
    assert auditor.get(PATH).path == PATH
    assert auditor.get(f"{PATH}/export").path == "/login"
