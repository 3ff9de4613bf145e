"""``idp account`` and ``idp consent``."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Run
from tests.factories import numbers
from tests.factories.accounts import PASSWORD
from tests.registry.conftest import PRODUCTION

CITIZEN = ("account", "create", "--kind", "citizen", "--username", "zhangsan", "--name", "张三")
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_created_account_can_sign_in(idp: Run, services: Any):
    created = idp(*CITIZEN, "--password-stdin", "--totp-secret", TOTP, "--json", stdin=PASSWORD + "\n")
    account = services.accounts.find_for_sign_in("zhangsan")
    assert json.loads(created.stdout)["id"] == str(account.id)
    enrolled = services.factors.enrolled(account.id)
    assert {one.kind for one in enrolled.authenticators} == {"password", "totp"}


def test_secrets_come_from_files_too(idp: Run, services: Any, tmp_path: Path):
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "totp").write_text(TOTP + "\n")
    ended = idp(*CITIZEN, "--password-file", str(tmp_path / "password"), "--totp-secret-file", str(tmp_path / "totp"))
    assert ended.status == 0, ended.stderr
    assert len(services.factors.enrolled(services.accounts.find_for_sign_in("zhangsan").id).authenticators) == 2


def test_no_more_is_read_of_a_file_than_a_secret_may_hold(idp: Run, tmp_path: Path):
    with (tmp_path / "endless").open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    try:
        ended = idp(*CITIZEN, "--password-file", str(tmp_path / "endless"))
        assert (ended.status, "at most 64 KiB" in ended.complaint) == (1, True)
        assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_password_in_another_encoding_is_said_in_words(idp: Run, tmp_path: Path):
    (tmp_path / "gbk").write_bytes("长长的一句密码短语".encode("gbk"))
    from_file = idp(*CITIZEN, "--password-file", str(tmp_path / "gbk"))
    assert (from_file.status, "must be UTF-8" in from_file.complaint) == (1, True)


def test_nothing_is_written_when_anything_is_wrong(idp: Run, services: Any):
    ended = idp(*CITIZEN, "--password-stdin", stdin="123456")
    assert (ended.status, ended.stdout) == (1, "")
    assert services.accounts.find_for_sign_in("zhangsan") is None


def test_every_fault_is_named_without_its_value(idp: Run):
    ended = idp(*CITIZEN, "--phone", "12", "--id-number", "110101199001011234")
    assert ended.status == 1
    assert "phone:" in ended.complaint
    assert "id_number:" in ended.complaint
    assert "110101199001011234" not in ended.complaint


def test_role_of_an_enterprise_account_is_the_one_in_its_organization(idp: Run, services: Any):
    ended = idp(
        *("account", "create", "--kind", "enterprise", "--username", "acme", "--name", "李四"),
        *("--uscc", numbers.uscc(), "--organization-name", "示例公司", "--role", "legal_representative"),
    )
    assert ended.status == 0, ended.stderr
    memberships = services.accounts.memberships(services.accounts.find_for_sign_in("acme").id)
    assert [(one.name, one.role) for one in memberships] == [("示例公司", "legal_representative")]


def test_account_is_shown_with_its_personal_values_masked(idp: Run):
    idp(*CITIZEN, "--password-stdin", "--phone", "13800138000", stdin=PASSWORD)
    text = idp("account", "show", "zhangsan").stdout + idp("account", "show", "zhangsan", "--json").stdout
    assert "138****8000" in text
    assert "13800138000" not in text
    assert "张三" not in text


def test_locked_account_is_locked_until_it_is_unlocked(idp: Run, services: Any):
    idp(*CITIZEN, "--password-stdin", stdin=PASSWORD)
    assert "zhangsan: locked" in idp("account", "lock", "zhangsan", "--reason", "drill").stdout
    assert services.accounts.find_for_sign_in("zhangsan").is_locked
    assert "was locked already" in idp("account", "lock", "zhangsan").stdout
    assert "unlocked" in idp("account", "unlock", "zhangsan").stdout
    assert "was not locked" in idp("account", "unlock", "zhangsan").stdout


def test_import_reports_bad_lines_by_number_and_takes_the_others(idp: Run, services: Any, tmp_path: Path):
    lines = [{"kind": "citizen", "username": f"user{number}", "name": "王五"} for number in range(5)]
    texts = [json.dumps(line) for line in lines]
    texts[2] = "{broken"
    (tmp_path / "people.jsonl").write_text("\n".join(texts) + "\n", encoding="utf-8")
    ended = idp("account", "import", "people.jsonl")
    assert ended.status == 1
    assert "finished: 4 accounts imported, 1 lines rejected" in ended.stdout
    assert "line 3: " in ended.stderr
    again = idp("account", "import", "people.jsonl")
    assert "was finished before: 4 accounts imported, 1 lines rejected" in again.stdout
    assert services.accounts.count() == 4


def test_use_of_a_command_is_audited_with_user_and_host_but_no_secret(idp: Run):
    """Rule O2."""
    idp(*CITIZEN, "--password-stdin", "--phone", "13800138000", "--totp-secret", TOTP, stdin=PASSWORD)
    record = idp("audit", "export").stdout
    used = [json.loads(line) for line in record.splitlines() if '"command_used"' in line]
    assert [(one["detail"]["command"], one["actor"].startswith("command:")) for one in used] == [
        ("account create", True)
    ]
    assert used[0]["detail"]["host"]
    assert all(secret not in record for secret in (PASSWORD, TOTP, "13800138000", "张三"))


def test_withdrawing_what_was_never_agreed_is_refused(idp: Run):
    idp(*CITIZEN, "--password-stdin", stdin=PASSWORD)
    assert idp("consent", "list", "--account", "zhangsan").stdout == "This account has agreed to nothing.\n"
    ended = idp("consent", "withdraw", "--account", "zhangsan", "--client", "tax")
    assert (ended.status, ended.complaint) == (1, "idp: zhangsan has not agreed to tax")


class TestInProduction:
    @pytest.fixture
    def setting_changes(self) -> dict[str, str]:
        return PRODUCTION

    @pytest.mark.parametrize(
        "option",
        [
            ("--phone", "13800138000"),
            ("--id-number", "110101199001011237"),
            ("--totp-secret", TOTP),
            ("--email", "a@b.cn"),
        ],
    )
    def test_personal_values_and_secrets_as_arguments_are_refused(self, idp: Run, option: tuple[str, str]):
        """Rule O2."""
        ended = idp(*CITIZEN, *option)
        assert ended.status == 2
        assert option[1] not in ended.complaint

    def test_they_come_from_files(self, idp: Run, tmp_path: Path, services: Any):
        (tmp_path / "phone").write_text("13800138000\n")
        ended = idp(*CITIZEN, "--phone-file", str(tmp_path / "phone"))
        assert ended.status == 0, ended.stderr
        assert services.accounts.find_for_sign_in("13800138000") is not None

    def test_account_is_named_by_its_username_only(self, idp: Run):
        assert idp("account", "lock", "13800138000").status == 2
