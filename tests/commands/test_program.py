"""The manners of the command line: quick help, one line of complaint, the right status."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from idp.commands.program import COMMANDS, explain
from idp.foundation.errors import ConfigurationError, UserError
from tests.commands.conftest import Run


@pytest.mark.unit
def test_help_imports_nothing_heavy():
    program = (
        "import sys; sys.argv = ['idp', '--help']\n"
        "from idp.commands import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'pydantic', 'flask', 'granian', 'alembic'} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout.splitlines()[-1] == "[]"
    assert all(name in result.stdout for name in COMMANDS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_answer_that_cannot_be_written_is_said_in_words():
    """Also when it is only flushed at the end of the process."""
    program = "from idp.commands import main; main()"
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-c", program, "--version"], check=False, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (result.returncode, result.stderr) == (1, "idp: the answer could not be written: No space left on device\n")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(idp: Run, name: str):
    ended = idp(name, "--help")
    assert ended.status == 0
    assert ended.stdout.startswith(f"Usage: idp {name}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("bogus",),
        ("client", "bogus"),
        ("client", "apply"),
        ("client", "list", "--bogus"),
        ("session", "revoke", "--reason", "drill"),
        ("session", "revoke", "--reason", "drill", "--all", "--client", "tax"),
        ("session", "revoke", "--all"),
        ("session", "revoke", "--session", "not-an-id", "--reason", "drill"),
        ("session", "revoke", "--all", "--reason", " "),
        ("client", "show", "\udcff"),
        ("account", "lock", "zhang\udce4"),
        ("account", "create", "--kind", "robot", "--username", "x"),
        ("audit", "export", "--since", "yesterday"),
        ("key", "rotate", "--emergency"),
        ("serve", "--bind", "nowhere"),
        ("serve", "--bind", "127.0.0.1:99999"),
        ("serve", "--threads", "1"),
    ],
)
def test_wrong_usage_ends_with_two_and_one_line(idp: Run, arguments: tuple[str, ...]):
    ended = idp(*arguments)
    assert ended.status == 2
    assert ended.complaint.startswith("idp")
    assert ended.complaint.endswith("--help")
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("client", "show", "nobody"), "there is no client 'nobody'"),
        (("client", "approve", "nobody"), "no draft"),
        (("client", "suspend", "nobody"), "there is no client 'nobody'"),
        (("client", "rotate-secret", "nobody"), "there is no client 'nobody'"),
        (("client", "apply", "missing.toml"), "missing.toml: cannot be read"),
        (("account", "show", "nobody"), "there is no account 'nobody'"),
        (("account", "lock", "nobody"), "there is no account 'nobody'"),
        (("session", "list", "--client", "nobody"), "there is no client 'nobody'"),
        (("consent", "list", "--account", "nobody"), "there is no account 'nobody'"),
        (("session", "revoke", "--client", "nobody", "--reason", "drill"), "there is no client 'nobody'"),
        (
            ("session", "revoke", "--session", "01a205b1-352a-7bb6-815f-72bac3c1f13b", "--reason", "x"),
            "no live session",
        ),
        (("serve", "--bind", "192.0.2.1:8000"), "loopback only"),
    ],
)
def test_refused_action_ends_with_one_and_one_line(idp: Run, arguments: tuple[str, ...], words: str):
    ended = idp(*arguments)
    assert ended.status == 1
    assert words in ended.complaint


def test_wrong_setting_is_named(idp: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IDP_ISUER", "x")
    ended = idp("client", "list")
    assert (ended.status, "IDP_ISUER" in ended.complaint) == (1, True)


@pytest.mark.parametrize(
    ("missing", "command"), [("IDP_ENVIRONMENT", "serve"), ("IDP_DATABASE_URL", "worker"), ("IDP_KEYS_DIR", "doctor")]
)
def test_missing_setting_is_named_and_has_no_default(
    idp: Run, monkeypatch: pytest.MonkeyPatch, missing: str, command: str
):
    """Rule O1: IDP_ENVIRONMENT has no default."""
    monkeypatch.delenv(missing)
    ended = idp(command)
    assert ended.status == 1
    assert missing in ended.stdout + ended.stderr


@pytest.mark.unit
@pytest.mark.parametrize(
    ("error", "line", "status"),
    [
        (ConfigurationError("Set\nthis."), "idp: Set this.", 1),
        (UserError("No %(what)s.", what="luck"), "idp: No luck.", 1),
        (KeyError("hunter2"), "idp: unexpected error (KeyError). Run it again with --traceback and report this.", 70),
    ],
)
def test_errors_become_one_line_without_values(error: Exception, line: str, status: int):
    assert explain(error) == (line, status)


def test_unexpected_error_shows_its_origin_only_when_asked(idp: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("idp.commands.client.open_services", None)
    ended = idp("client", "list")
    assert (ended.status, "unexpected error (TypeError)" in ended.complaint) == (1, True)


def test_database_that_does_not_answer_is_said_in_one_line(idp: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IDP_DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/nothing")
    ended: Any = idp("client", "list")
    assert ended.status == 1
    assert "hunter2" not in ended.complaint
