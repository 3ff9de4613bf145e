"""``idp session``, ``key``, ``audit``, ``db`` and ``doctor``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser
from tests.commands.conftest import Run
from tests.registry.conftest import tax
from tests.staff.conftest import new_officer, officer
from tests.support.clock import RunningClock
from tests.support.mail_server import MailServer, make_context

__all__ = ["new_officer", "officer"]

CLAIMS: dict[str, list[str]] = {"id_token": [], "userinfo": []}


@pytest.fixture
def clock() -> RunningClock:
    """The machine's time, as the command has it."""
    return RunningClock()


@pytest.fixture
def signed_in(services: Any, account_factory: Any) -> Any:
    """A citizen who is signed in to the tax site."""
    services.registry.apply(tax(), actor="system")
    person = account_factory(kind="citizen", username="zhangsan")
    factors = [VerifiedFactor("password", services.clock.now())]
    opened = services.sessions.open(person.account_id, factors, UUID(int=1), Browser(network="10.1.2.0/24"))
    session = services.sessions.load(opened.cookie)
    services.grants.open(
        session, "tax", sector="tax-bureau", interaction_id=UUID(int=1), is_offline=False, claims=CLAIMS
    )
    return session


def test_live_sessions_are_listed(idp: Run, signed_in: Any, registration_factory: Any):
    text = idp("session", "list", "--account", "zhangsan").stdout
    assert str(signed_in.id) in text
    assert "tax" in text
    listed = json.loads(idp("session", "list", "--client", "tax", "--json").stdout)
    assert [one["username"] for one in listed] == ["zhangsan"]
    registration_factory("welfare")
    assert idp("session", "list", "--client", "welfare").stdout == "Nobody is signed in.\n"


@pytest.mark.parametrize(
    "chosen", [("--account", "zhangsan"), ("--client", "tax"), ("--all",), ("--session", "{session}")]
)
def test_sessions_are_revoked_and_the_sites_will_be_told(
    idp: Run, signed_in: Any, services: Any, chosen: tuple[str, ...]
):
    arguments = [one.format(session=signed_in.id) for one in chosen]
    ended = idp("session", "revoke", *arguments, "--reason", "a stolen telephone", "--json")
    assert ended.status == 0, ended.stderr
    assert json.loads(ended.stdout)["ended"]["client_sessions"] == 1
    assert services.outbox.waiting_lanes() == ["tax"]
    assert "a stolen telephone" in idp("audit", "export").stdout


def test_deliveries_of_a_session_can_be_read_and_replayed(idp: Run, signed_in: Any, services: Any):
    idp("session", "revoke", "--session", str(signed_in.id), "--reason", "drill")
    assert "waiting" in idp("session", "deliveries", str(signed_in.id)).stdout
    for _ in range(12):
        message = services.outbox.claim("tax")
        services.outbox.settle(message, "the site answered 500")
        services.clock.advance(4000)
    assert "the site answered 500" in idp("session", "dead-letters").stdout
    assert idp("session", "replay", "--client", "tax").stdout == "1 messages will be tried again.\n"
    assert idp("session", "dead-letters").stdout == "No message was given up.\n"


def test_suspending_a_client_ends_its_sessions(idp: Run, signed_in: Any):
    assert signed_in
    ended = idp("client", "suspend", "tax", "--reason", "drill")
    assert ended.stdout == "tax: suspended; 1 sessions and 1 grants ended.\n"


def test_locking_an_account_ends_its_sessions(idp: Run, signed_in: Any):
    assert signed_in
    assert "1 sessions and 1 grants ended" in idp("account", "lock", "zhangsan").stdout


def test_keys_are_listed_and_rotated(idp: Run):
    listed = json.loads(idp("key", "list", "--json").stdout)
    assert {key["alg"] for key in listed["signing_keys"]} == {"ES256", "RS256", "PS256", "EdDSA"}
    assert len(listed["master_keys"]) == 1
    assert idp("key", "rotate", "--alg", "ES256").status == 0
    assert idp("key", "rotate", "--alg", "HS256").status == 1


def test_emergency_rotation_ends_every_session(idp: Run, signed_in: Any, services: Any):
    """Rule P7."""
    before = services.keyring.sign({"a": 1}, typ="JWT")
    ended = idp("key", "rotate", "--emergency", "--alg", "ES256", "--reason", "drill")
    assert ended.status == 0, ended.stderr
    assert services.sessions.list(account_id=signed_in.account_id) == []
    assert before.split(".")[0] not in {key["kid"] for key in services.keyring.jwks()["keys"]}


def test_reencryption_reports_every_column(idp: Run, signed_in: Any):
    assert signed_in
    results = json.loads(idp("key", "reencrypt", "--new-master", "--json").stdout)
    assert sum(one["rows"] for one in results) > 0
    assert sum(one["failed"] for one in results) == 0


def test_audit_record_is_consistent_but_its_end_is_not_proven(idp: Run, signed_in: Any):
    """Rule A5."""
    assert signed_in
    ended = idp("audit", "verify")
    assert ended.status == 3
    assert "internally consistent; tail not proven" in ended.stdout


class TestAuditProof:
    @pytest.fixture
    def witness(self, services: Any, signed_in: Any, tmp_path: Path) -> Path:
        """A sealed record, and the file in which a witness keeps its checkpoints."""
        assert signed_in
        path = tmp_path / "witness.txt"
        for _ in range(2):
            services.sealer.run(lambda note: path.write_text(f"{note}\n", encoding="utf-8"))
        services.sealer.release()
        return path

    @pytest.fixture
    def export(self, idp: Run, witness: Path, tmp_path: Path) -> Path:
        assert witness
        path = tmp_path / "export.jsonl"
        path.write_text(idp("audit", "export").stdout, encoding="utf-8")
        return path

    def test_an_export_is_verified_without_this_deployment(
        self, idp: Run, export: Path, witness: Path, monkeypatch: pytest.MonkeyPatch
    ):
        for name in ("IDP_DATABASE_URL", "IDP_KEYS_DIR", "IDP_ISSUER", "IDP_ENVIRONMENT"):
            monkeypatch.delenv(name)
        ended = idp("audit", "verify", str(export), "--checkpoint", str(witness))
        assert (ended.status, ended.stdout.splitlines()[-1]) == (0, "proven to its end")
        assert idp("audit", "verify", str(export)).status == 3

    def test_a_forged_export_is_refused_by_name(self, idp: Run, export: Path, witness: Path):
        export.write_text(
            export.read_text(encoding="utf-8").replace("session.opened", "session.closed"), encoding="utf-8"
        )
        ended = idp("audit", "verify", str(export), "--checkpoint", str(witness), "--json")
        assert ended.status == 1
        assert {finding["kind"] for finding in json.loads(ended.stdout)["findings"]} == {"changed"}
        said = idp("audit", "verify", str(export), "--checkpoint", str(witness)).stdout
        assert "(session.closed) is not what was sealed" in said
        assert said.splitlines()[-1] == "NOT the record that was sealed"

    def test_nonsense_is_a_finding_and_no_crash(self, idp: Run, export: Path, tmp_path: Path):
        with export.open("ab") as file:
            file.write(b'\xff\xfe\n{"tile": 9, "hashes": "A"}\n[]\n{"checkpoint": 7}\n{"leaf_index": 1}\n17\nnull\n')
        ended = idp("audit", "verify", str(export))
        assert ended.status == 1
        assert ended.stdout.count("cannot be read") == 7
        (tmp_path / "kept.txt").write_text("this is no checkpoint", encoding="utf-8")
        refused = idp("audit", "verify", str(export), "--checkpoint", str(tmp_path / "kept.txt"))
        assert (refused.status, "cannot be read as checkpoints" in refused.stderr) == (1, True)

    def test_the_database_itself_is_verified(self, idp: Run, witness: Path, services: Any):
        assert idp("audit", "verify", "--checkpoint", str(witness)).status == 0
        services.registry.apply(tax(client_name="Another"), actor="system")
        ended = idp("audit", "verify", "--checkpoint", str(witness))
        assert ended.status == 3
        assert "not sealed yet: nothing is proven about them" in ended.stdout

    def test_an_export_of_an_earlier_time_says_what_the_witness_has_seen_since(
        self, idp: Run, export: Path, witness: Path, services: Any
    ):
        before = services.clock.now().isoformat()
        services.clock.advance(20)
        services.registry.suspend("tax", actor="system", reason="drill")
        with witness.open("a", encoding="utf-8") as file:
            for _ in range(2):
                services.sealer.run(lambda note: file.write(f"{note}\n"))
        strict = idp("audit", "verify", str(export), "--checkpoint", str(witness))
        assert strict.status == 1
        assert strict.stdout.startswith("cut_off: leaves")
        assert idp("audit", "verify", str(export), "--checkpoint", str(witness), "--as-of", before).status == 0

    def test_an_event_is_proven(self, idp: Run, witness: Path, services: Any):
        event = next(iter(services.audit.export()))
        proof = json.loads(idp("audit", "prove", str(event.id), "--from", str(witness)).stdout)
        assert str(event.id) in proof["leaf"]
        assert proof["consistency"]["path"] == []
        refused = idp("audit", "prove", "018f0000-0000-7000-8000-000000000001")
        assert (refused.status, "there is no event" in refused.complaint) == (1, True)

    @pytest.mark.usefixtures("witness")
    def test_the_key_is_changed_with_a_reason(self, idp: Run, services: Any):
        assert idp("audit", "rotate-key").status == 2
        assert idp("audit", "rotate-key", "--reason", "yearly").stdout.startswith("localhost:8000/audit+")
        actions = [one.action for one in services.audit.export()]
        assert actions[-2:] == ["command_used", "audit.checkpoint_key_changed"]


def test_audit_export_has_no_formula_in_csv(idp: Run, services: Any):
    """Rule A8."""
    services.registry.apply(tax(), actor="system")
    services.registry.suspend("tax", actor="system", reason="=HYPERLINK(1)")
    text = idp("audit", "export", "--format", "csv").stdout
    assert "'=HYPERLINK(1)" in text
    assert text.splitlines()[0].startswith("id,occurred_at,action")
    later = idp("audit", "export", "--since", "2999-01-01")
    assert "client_suspended" not in later.stdout


def test_database_has_the_tables_of_this_version(idp: Run):
    assert idp("db", "check").status == 0
    assert idp("db", "upgrade").stdout == "The database is up to date.\n"


def test_doctor_finds_a_healthy_deployment_healthy(idp: Run, services: Any):
    services.signals.heartbeats.beat("here:1")
    ended = idp("doctor", "--json")
    states = {one["name"]: one["state"] for one in json.loads(ended.stdout)}
    assert ended.status == 0, ended.stdout
    assert states["keys"] == states["database"] == states["worker"] == states["migrations"] == "ok"


@pytest.mark.usefixtures("services")
def test_doctor_speaks_of_the_keys_once(idp: Run):
    found = [one["name"] for one in json.loads(idp("doctor", "--json").stdout)]
    assert found.count("keys") == 1


def test_doctor_finds_keys_that_others_can_read(idp: Run, services: Any):
    folder: Path = services.settings.keys_dir
    next(path for path in folder.rglob("*") if path.is_file()).chmod(0o644)
    ended = idp("doctor")
    assert ended.status == 1
    assert "can be read by other users" in ended.stdout


def test_doctor_misses_the_worker(idp: Run):
    assert "WARNING  worker: no worker is running; start one with: idp worker" in idp("doctor").stdout


class TestBehindAProxy:
    @pytest.fixture
    def setting_changes(self) -> dict[str, str]:
        return {"IDP_ENVIRONMENT": "sandbox", "IDP_ISSUER": "https://id.gov.example"}

    def test_doctor_finds_a_proxy_that_nobody_told_of(self, idp: Run, services: Any, account_factory: Any):
        """Rule S3."""
        account = account_factory(kind="citizen").account_id
        factors = [VerifiedFactor("password", services.clock.now())]
        services.sessions.open(account, factors, UUID(int=1), Browser(network="10.1.2.0/24"))
        ended = idp("doctor")
        assert ended.status == 1
        assert "FAILED   proxies: requests arrive from 10.1.2.0/24, which is private" in ended.stdout


class TestWithAMailServer:
    @pytest.fixture
    def mail_server(self, tmp_path: Path) -> Iterator[MailServer]:
        context, self.authority = make_context(tmp_path / "mail")
        server = MailServer(context)
        yield server
        server.close()

    @pytest.fixture
    def setting_changes(self, mail_server: MailServer) -> dict[str, str]:
        return {
            "IDP_SMTP_URL": f"smtp://idp:hunter2@localhost:{mail_server.port}",
            "IDP_OUTBOUND_CA_FILE": str(self.authority),
        }

    @pytest.mark.usefixtures("services")
    def test_doctor_tries_the_way_of_notices(self, idp: Run, mail_server: MailServer):
        mail_server.user = ("idp", "hunter2")
        assert "ok       mail: notices can be handed over" in idp("doctor").stdout
        assert mail_server.letters == []
        mail_server.user = ("idp", "another")
        ended = idp("doctor")
        assert (ended.status, "hunter2" in ended.stdout) == (1, False)
        assert "did not accept the user and password of IDP_SMTP_URL (535)" in ended.stdout


def test_personal_values_are_erased_unless_a_hold_keeps_them(
    idp: Run, services: Any, account_factory: Any, officer: Any
):
    person = account_factory(kind="staff", username="moved-away")
    services.accounts.set_contacts(person.account_id, email=None, phone="+8613912345678", actor="command:x")
    keeper = officer()
    hold = services.legal_holds.place(person.account_id, "2026-17", officer=keeper, reason="order of the court")
    kept = idp("audit", "erase", "moved-away", "--reason", "PIPL article 47")
    assert (kept.status, "legal hold" in kept.complaint) == (1, True)
    services.legal_holds.end(services.legal_holds.get(hold), officer=keeper, reason="the case is closed")
    assert (
        idp("audit", "erase", "moved-away", "--reason", "PIPL article 47").stdout == "moved-away: erased in 1 events.\n"
    )
    changed = next(one for one in services.audit.of_account(person.account_id) if one.action == "account.contacts")
    assert changed.detail["after"]["phone"] == "****"
