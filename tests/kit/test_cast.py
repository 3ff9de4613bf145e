"""The people of the demonstration: their fictitious numbers pass the real checks (GB11643-form, GB32100-form)."""

import stat

import pytest

from clients.launcher.cast import ACCOUNTS, SITES
from clients.launcher.made_up import MadeUp


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.username)
def test_numbers_pass_their_check_digits(account) -> None:
    from stdnum.cn import ric, uscc

    assert ric.is_valid(account.details["--id-number"])
    assert account.kind != "enterprise" or uscc.is_valid(account.details["--uscc"])


def test_secrets_are_made_once_and_kept_for_the_owner_only(tmp_path) -> None:
    file = tmp_path / "var" / "demo.json"
    first = MadeUp.load(file)
    first.mark("zhangsan")
    second = MadeUp.load(file)
    assert second == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(second.clients) == {site.client_id for site in SITES}
    assert all(len(password) >= 15 for password in second.passwords.values())
    assert all(password not in repr(second) for password in second.passwords.values())
