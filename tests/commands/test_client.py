"""``idp client``."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Run
from tests.registry.conftest import PRODUCTION, SANDBOX, tax_in_production, tax_in_sandbox

ORIGIN = ("--set", "ORIGIN=http://localhost:8001")


def test_apply_prints_what_changed_and_is_idempotent(idp: Run, registration: Path):
    first = idp("client", "apply", str(registration), *ORIGIN)
    assert "tax: registered and in force (version 1)" in first.stdout
    assert "client_secret: " in first.stdout
    for setting in ("issuer: http", "token_endpoint_auth_method: client_secret_basic", "code_challenge_method: S256"):
        assert f"  {setting}" in first.stdout
    again = idp("client", "apply", str(registration), *ORIGIN)
    assert again.stdout == "tax: unchanged (version 1)\n"
    registration.write_text(registration.read_text().replace("profile phone", "profile"))
    assert (
        "  scope: openid phone profile -> openid profile\n" in idp("client", "apply", str(registration), *ORIGIN).stdout
    )


def test_problem_names_file_and_member(idp: Run, registration: Path):
    ended = idp("client", "apply", str(registration))
    assert (ended.status, ended.complaint) == (
        1,
        f"idp: {registration}: redirect_uris: needs ${{ORIGIN}}; give it with --set ORIGIN=…",
    )
    registration.write_text(registration.read_text().replace("scope =", "scopes ="))
    assert "scopes: is not known; did you mean scope?" in idp("client", "apply", str(registration), *ORIGIN).complaint


def test_of_several_files_all_are_applied_or_none(idp: Run, registration: Path, tmp_path: Path):
    bad = tmp_path / "bad.toml"
    bad.write_text('client_id = "bad"')
    assert idp("client", "apply", str(registration), str(bad), *ORIGIN).status == 1
    assert idp("client", "list").stdout == "No client is registered.\n"


def test_list_and_show_are_for_people_and_programs(idp: Run, registration: Path):
    secret = json.loads(idp("client", "apply", str(registration), *ORIGIN, "--json").stdout)[0]["new_secret"]
    listed = json.loads(idp("client", "list", "--json").stdout)
    shown = json.loads(idp("client", "show", "tax", "--json").stdout)
    assert [one["client_id"] for one in listed] == ["tax"]
    assert shown["content"]["redirect_uris"] == ["http://localhost:8001/callback"]
    text = idp("client", "list").stdout + idp("client", "show", "tax").stdout
    assert "税务局网上办税" in text
    assert secret not in text + json.dumps([listed, shown])


def test_suspended_client_stays_suspended_when_it_is_applied_again(idp: Run, registration: Path):
    """Rule O3."""
    idp("client", "apply", str(registration), *ORIGIN)
    assert "suspended" in idp("client", "suspend", "tax", "--reason", "drill").stdout
    registration.write_text(registration.read_text().replace("profile phone", "profile"))
    assert idp("client", "apply", str(registration), *ORIGIN).status == 0
    assert json.loads(idp("client", "show", "tax", "--json").stdout)["state"] == "suspended"
    assert idp("client", "resume", "tax").stdout == "tax: active.\n"


def test_new_secret_is_shown_once(idp: Run, registration: Path, services: Any):
    idp("client", "apply", str(registration), *ORIGIN)
    issued = json.loads(idp("client", "rotate-secret", "tax", "--json").stdout)
    client = services.registry.get("tax")
    assert client.has_secret(issued["client_secret"], services.clock.now())
    assert issued["old_secret_ends"] is not None
    assert issued["client_secret"] not in idp("audit", "export").stdout


class TestInProduction:
    @pytest.fixture
    def setting_changes(self) -> dict[str, str]:
        return PRODUCTION

    def test_applied_registration_waits_for_approval(self, idp: Run, tmp_path: Path, services: Any):
        path = tmp_path / "tax.json"
        path.write_text(json.dumps(tax_in_production()), encoding="utf-8")
        assert "waits for approval: two officers, in the console" in idp("client", "apply", str(path)).stdout
        assert services.registry.get("tax") is None

    def test_command_line_gives_nothing_that_two_officers_have_to_give(self, idp: Run, tmp_path: Path, services: Any):
        """Rule O2."""
        path = tmp_path / "tax.json"
        path.write_text(json.dumps(tax_in_production()), encoding="utf-8")
        idp("client", "apply", str(path))
        for verb in ("approve", "resume"):
            ended = idp("client", verb, "tax", "--reason", "because it is needed")
            assert (ended.status, "in the console" in ended.complaint) == (1, True)
        assert services.registry.get("tax") is None


class TestInTheSandbox:
    @pytest.fixture
    def setting_changes(self) -> dict[str, str]:
        return SANDBOX

    def test_one_command_approves(self, idp: Run, tmp_path: Path, services: Any):
        path = tmp_path / "tax.json"
        path.write_text(json.dumps(tax_in_sandbox()), encoding="utf-8")
        assert "waits for approval: idp client approve tax" in idp("client", "apply", str(path)).stdout
        assert idp("client", "approve", "tax").stdout == "tax: version 1 is in force.\n"
        assert services.registry.get("tax") is not None


def test_initial_token_is_shown_once_and_not_recorded(idp: Run):
    """RFC7591-3.2.2: staff say for which agency, how often and until when clients may register themselves."""
    issued = json.loads(idp("client", "initial-token", "--agency", "new-bureau", "--uses", "2", "--json").stdout)
    assert len(issued["initial_access_token"]) == 43
    assert issued["initial_access_token"] not in idp("audit", "export").stdout
    assert "may register 1 client(s)" in idp("client", "initial-token", "--agency", "new-bureau").stdout
    assert idp("client", "initial-token", "--agency", "new-bureau", "--profile", "legacy-oidc").status == 0
    assert idp("client", "initial-token", "--agency", "new-bureau", "--profile", "fapi2").status == 2
    assert idp("client", "initial-token", "--agency", "New Bureau").status == 2
    assert idp("client", "initial-token", "--agency", "new-bureau", "--days", "400").status == 2


def test_initial_tokens_are_listed_and_revoked(idp: Run):
    issued = json.loads(idp("client", "initial-token", "--agency", "new-bureau", "--json").stdout)
    (line,) = json.loads(idp("client", "initial-tokens", "--agency", "new-bureau", "--json").stdout)
    assert (line["state"], line["uses_left"], line["last_used_at"]) == ("active", 1, None)
    assert issued["initial_access_token"] not in json.dumps(line)
    assert json.loads(idp("client", "initial-tokens", "--agency", "other", "--json").stdout) == []
    assert idp("client", "revoke-initial-token", line["id"]).status == 2, "without a reason"
    assert idp("client", "revoke-initial-token", line["id"], "--reason", "leaked").status == 0
    assert idp("client", "revoke-initial-token", line["id"], "--reason", "leaked").status == 1
    assert "revoked" in idp("client", "initial-tokens").stdout
