"""The block list from the terminal: narrow blocks unattended, with an alarm; what gives or is wide with an officer."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from idp.blocks.values import EntryFilter
from tests.commands.conftest import Run
from tests.commands.test_alarms import told
from tests.registry.conftest import PRODUCTION
from tests.staff.conftest import new_officer

__all__ = ["new_officer", "told"]
NETWORK, WHY = "203.0.113.0/24", ("--hours", "1", "--reason", "attack of tonight")


def test_what_is_added_is_listed_and_lifted(idp: Run):
    added = idp("block", "add", "network", NETWORK, *WHY, "--json")
    assert added.status == 0
    entry = json.loads(added.stdout)
    assert entry["value"] == NETWORK
    listed = json.loads(idp("block", "list", "--about", "203.0.113.9", "--json").stdout)
    assert [one["id"] for one in listed] == [entry["id"]]
    assert NETWORK in idp("block", "list").stdout
    assert idp("block", "lift", entry["id"], "--reason", "mistaken").status == 0
    assert "Nothing is blocked" in idp("block", "list").stdout
    assert idp("block", "lift", entry["id"], "--reason", "mistaken").status == 1
    assert NETWORK in idp("block", "list", "--state", "over").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("network", "203.0.113.7/24", *WHY),
        ("operator", "AS4134", *WHY),
        ("network", NETWORK, "--hours", "0", "--reason", "attack"),
        ("network", NETWORK, "--hours", "1"),
        ("somebody", NETWORK, *WHY),
    ],
)
def test_what_is_wrong_is_said_in_one_line(idp: Run, arguments: tuple[str, ...]):
    ended = idp("block", "add", *arguments)
    assert ended.status in {1, 2}
    assert ended.complaint


class TestInProduction:
    @pytest.fixture
    def setting_changes(self) -> dict[str, str]:
        return PRODUCTION | {"IDP_SMTP_URL": "smtps://mail.gov.example:465"}

    def test_a_narrow_block_is_made_unattended_and_told(self, idp: Run, services: Any, told: Callable[[], list[str]]):
        assert idp("block", "add", "network", NETWORK, *WHY).status == 0
        assert [entry.value for entry in services.blocks.page(EntryFilter())] == [NETWORK]
        assert told() == ["command_alarm"]

    def test_a_wide_one_is_not_nor_many_narrow_ones(self, idp: Run, services: Any):
        assert "second officer" in idp("block", "add", "network", "0.0.0.0/0", *WHY).complaint
        assert idp("block", "add", "network", "203.0.0.0/17", *WHY).status == 0
        assert idp("block", "add", "network", "203.1.0.0/17", *WHY).status == 0
        assert "second officer" in idp("block", "add", "network", "203.2.0.0/24", *WHY).complaint
        assert len(services.blocks.page(EntryFilter())) == 2

    def test_a_name_that_the_environment_gives_makes_nobody_else(self, idp: Run, monkeypatch: pytest.MonkeyPatch):
        assert idp("block", "add", "network", "203.0.0.0/16", *WHY).status == 0
        for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            monkeypatch.setenv(variable, "somebody-else")
        assert "second officer" in idp("block", "add", "network", "198.51.0.0/16", *WHY).complaint
