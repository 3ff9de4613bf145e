"""The command line gives nothing away in production but to a signed-in officer (rule O2)."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.commands import officers
from idp.commands.deployment import Refused
from idp.factors.assurance import VerifiedFactor
from idp.registry.files import read_registration
from idp.sessions.values import Browser as From
from idp.staff.powers import Permission, Power
from tests.accounts.people import id_number
from tests.commands.conftest import Run
from tests.registry.conftest import PRODUCTION, tax_in_production
from tests.staff.conftest import new_officer, officer, two_approve
from tests.support.serving import ROOT

__all__ = ["new_officer", "officer", "two_approve"]

PASSKEY, WEAK = ("attested_passkey",), ("password", "totp")
GIVING = [
    ("client", "propose", "tax"),
    ("client", "approve", "tax"),
    ("client", "resume", "tax"),
    ("client", "rotate-secret", "tax"),
    ("client", "initial-token", "--agency", "tax-bureau"),
    ("staff", "grant", "--account", "somebody", "--power", "security"),
    ("staff", "set-email", "--account", "somebody", "--email-file", "nowhere"),
    ("account", "create", "--kind", "staff", "--username", "new-colleague"),
    ("account", "unlock", "somebody"),
    ("block", "add", "network", "203.0.113.0/24", "--effect", "allow", "--hours", "1"),
    ("block", "lift", "0190a0b0-0000-7000-8000-00000000000a"),
    ("audit", "erase", "somebody"),
]


@pytest.fixture
def setting_changes() -> dict[str, str]:
    return PRODUCTION


@pytest.fixture
def registered(services: Any, two_approve: Any) -> None:
    """The command line, put into force by two officers."""
    values = {"ENVIRONMENT": "production", "AGENCY": "operator", "AGENCY_NAME": "运营", "AGENCY_NAME_EN": "Operator"}
    file = ROOT / "clients" / "registrations" / "command-line.toml"
    services.registry.apply(read_registration(file), actor="command:test", substitutions=values)
    two_approve(officers.CLIENT_ID)


@pytest.fixture
def decide(services: Any, new_browser: Any, clock: Any) -> Callable[..., None]:
    """Sign somebody in and have them type a code and answer, in their browser."""

    def decide(person: Any, user_code: str, *, factors: tuple[str, ...] = PASSKEY, answer: str = "allow") -> None:
        proved = tuple(VerifiedFactor(kind, clock.now()) for kind in factors)
        opened = services.sessions.open(person.account_id, proved, services.entropy.uuid7(), From())
        browser = new_browser()
        browser.set_cookie("__Host-idp_session", opened.cookie)
        browser.get("/device")
        browser.submit("device-submit", user_code=user_code)
        browser.submit(f"device-{answer}")

    return decide


@pytest.mark.parametrize("command", GIVING, ids=lambda command: " ".join(command[:2]))
def test_what_gives_something_is_refused_without_an_officer(
    idp: Run,
    services: Any,
    new_officer: Any,
    account_factory: Any,
    command: tuple[str, ...],
):
    new_officer()
    account_factory(username="somebody")
    services.registry.apply(tax_in_production(), actor="command:test", substitutions={})
    before = state(services)
    assert idp(*command, "--reason", "").status == 2
    ended = idp(*command, "--reason", "because it is needed")
    assert ended.status == 1
    assert "in the console" in ended.complaint
    assert state(services) == before


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A file of a citizen and a colleague."""
    colleague = {"kind": "staff", "username": "colleague", "name": "李四", "agency": "operator"}
    citizen = {"kind": "citizen", "username": "citizen", "name": "张三", "id_number": id_number(1)}
    file = tmp_path / "people.jsonl"
    lines = [citizen, colleague | {"id_number": id_number(2), "roles": ["officer"]}]
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    return file


def test_staff_are_not_imported_without_an_officer(idp: Run, services: Any, new_officer: Any, people: Path):
    new_officer()
    before = state_of_accounts(services)
    assert idp("account", "import", str(people)).status == 2
    ended = idp("account", "import", str(people), "--reason", "because it is needed")
    assert ended.status == 1
    assert "in the console" in ended.complaint
    assert state_of_accounts(services) == before


def test_a_line_of_staff_that_came_into_the_file_later_is_a_bad_line(services: Any, people: Path):
    rejects: list[Any] = []
    outcome = services.accounts.import_lines(
        people,
        store_password=services.factors.store_imported,
        check_password_hash=services.factors.check_imported,
        on_reject=rejects.append,
        barred={"staff"},
    )
    assert (outcome.accepted, [reject.line for reject in rejects]) == (1, [2])
    assert rejects[0].problems[0].field == "kind"


def test_citizens_are_imported_by_whoever_has_the_server(idp: Run, services: Any, new_officer: Any, people: Path):
    new_officer()
    people.write_bytes(people.read_bytes().splitlines()[0])
    before = state_of_accounts(services)
    assert idp("account", "import", str(people)).status == 0
    assert state_of_accounts(services) == before + 1


def test_the_first_staff_are_imported_without_an_officer(idp: Run, services: Any, people: Path):
    before = state_of_accounts(services)
    assert idp("account", "import", str(people)).status == 0
    assert state_of_accounts(services) == before + 2


@pytest.mark.usefixtures("registered")
@pytest.mark.only_on("sqlite")
def test_what_an_officer_imports_is_theirs(
    services: Any, new_officer: Any, decide: Any, clock: Any, environment: dict[str, str], people: Path
):
    clock.advance((datetime.now(UTC) - clock.now()).total_seconds())
    person = new_officer(Power.SECURITY)
    with command(environment, "account", "import", str(people), "--reason", "new colleagues") as process:
        line = next(line for line in process.stderr if "and type:" in line)
        decide(person, line.rpartition(": ")[2].strip())
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    used = [one for one in services.audit.export() if one.action in {"command_used", "account.open"}][-3:]
    assert {one.actor for one in used if one.action == "account.open"} == {f"account:{person.account_id}"}
    assert next(one for one in used if one.action == "command_used").detail["officer"] == f"account:{person.account_id}"


def state_of_accounts(services: Any) -> int:
    """How many accounts there are."""
    return int(services.accounts.count())


def state(services: Any) -> Any:
    """What a command could have given."""
    client = services.registry.show("tax")
    return client.state, client.live_secrets, len(services.staff.holders()), services.accounts.count()


def test_the_first_staff_accounts_need_nobody(idp: Run, tmp_path: Path):
    (tmp_path / "number").write_text("110101199001011237")
    person = ("--username", "first", "--name", "李四", "--agency", "operator")
    ended = idp("account", "create", "--kind", "staff", *person, "--id-number-file", str(tmp_path / "number"))
    assert ended.status == 0, ended.stderr


@pytest.mark.usefixtures("registered")
@pytest.mark.only_on("sqlite")
def test_an_officer_signs_in_by_a_code_and_the_command_is_theirs(
    services: Any,
    new_officer: Any,
    two_approve: Any,
    decide: Any,
    clock: Any,
    environment: dict[str, str],
):
    # The process that is started has the time of this machine.
    clock.advance((datetime.now(UTC) - clock.now()).total_seconds())
    services.registry.apply(tax_in_production(), actor="command:test", substitutions={})
    two_approve("tax")
    person = new_officer(Power.SYSTEM)
    with command(environment, "client", "rotate-secret", "tax", "--json", "--reason", "yearly change") as process:
        line = next(line for line in process.stderr if "and type:" in line)
        decide(person, line.rpartition(": ")[2].strip())
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    secret = json.loads(out)["client_secret"]
    used = [one for one in services.audit.export() if one.action in {"client_secret_issued", "command_used"}][-2:]
    assert used[0].actor == f"account:{person.account_id}"
    assert used[1].actor.startswith("command:")
    assert (used[1].reason, used[1].detail["officer"]) == ("yearly change", f"account:{person.account_id}")
    assert secret not in repr(used) + err


@pytest.mark.usefixtures("registered")
class TestSignIn:
    @pytest.fixture
    def sign_in(self, services: Any, decide: Any, clock: Any) -> Callable[..., Any]:
        """Sign in for a permission; the person decides while the command waits."""

        def sign_in(person: Any, permission: Permission = Permission.CHANGE_CLIENTS, **how: Any) -> Any:
            return officers.officer_for(
                services,
                permission,
                "because it is needed",
                show=lambda _address, user_code: decide(person, user_code, **how),
                pause=clock.advance,
            )

        return sign_in

    def test_an_officer_with_the_permission_is_the_one_who_acts(self, sign_in: Any, new_officer: Any):
        person = new_officer(Power.SYSTEM)
        assert sign_in(person).account_id == person.account_id

    def test_another_power_is_not_enough(self, sign_in: Any, new_officer: Any):
        with pytest.raises(Refused, match="power"):
            sign_in(new_officer(Power.AUDIT))

    def test_a_colleague_without_power_is_not_enough(self, sign_in: Any, account_factory: Any):
        with pytest.raises(Refused, match="power"):
            sign_in(account_factory(kind="staff"))

    def test_an_officer_without_a_passkey_is_not_enough(self, sign_in: Any, new_officer: Any):
        with pytest.raises(Refused, match="aal3"):
            sign_in(new_officer(Power.SYSTEM), factors=WEAK)

    def test_who_says_no_on_the_page_ends_the_command(self, sign_in: Any, new_officer: Any):
        with pytest.raises(Refused, match="nobody signed in"):
            sign_in(new_officer(Power.SYSTEM), answer="deny")


def test_taking_away_runs_unattended_and_raises_an_alarm(idp: Run, services: Any, account_factory: Any):
    account_factory(username="somebody")
    assert idp("account", "lock", "somebody", "--reason", "stolen phone").status == 0
    with services.database.read() as connection:
        (detail,) = connection.scalars(select(AuditEvent.detail).where(AuditEvent.action == "command_alarm")).all()
    assert detail["command"] == "account lock"


@contextmanager
def command(environment: dict[str, str], *arguments: str) -> Any:
    """The command as a process of its own; it is ended, whatever becomes of the test."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from idp.commands import main; main()", *arguments],
        env={**os.environ, **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ending = threading.Timer(120, process.kill)
    ending.start()
    try:
        yield process
    finally:
        ending.cancel()
        process.kill()
        process.wait()
