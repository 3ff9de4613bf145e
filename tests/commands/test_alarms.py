"""What a command takes away in production, unattended, is told to the security officers by letter (rule O2)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.notices.values import MessageFilter
from tests.commands.conftest import Run
from tests.registry.conftest import PRODUCTION
from tests.staff.conftest import new_officer

__all__ = ["new_officer"]


@pytest.fixture
def setting_changes() -> dict[str, str]:
    # Nothing is handed over in these tests.
    return PRODUCTION | {"IDP_SMTP_URL": "smtps://mail.gov.example:465"}


@pytest.fixture
def told(services: Any, new_officer: Any) -> Callable[[], list[str]]:
    """Which letters an officer with a mailbox was written."""
    person = new_officer()
    services.accounts.set_contacts(person.account_id, email="x@staff.example.gov.cn", phone=None, actor="system")

    def read() -> list[str]:
        lines = services.notices.page(MessageFilter(), before=None, after=None, size=200)
        return [line.template for line in lines if line.masked_address.startswith("x")]

    return read


@pytest.mark.parametrize(
    "command",
    [
        ("session", "revoke", "--account", "somebody"),
        ("account", "lock", "somebody"),
        ("key", "rotate", "--emergency", "--alg", "ES256"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_what_takes_away_is_told(
    idp: Run, account_factory: Any, told: Callable[[], list[str]], command: tuple[str, ...]
):
    account_factory(username="somebody")
    assert idp(*command, "--reason", "stolen phone").status == 0
    assert told() == ["command_alarm"]


@pytest.mark.parametrize("command", [("account", "show", "somebody"), ("key", "rotate")], ids=lambda one: one[0])
def test_what_takes_nothing_away_is_not_told(
    idp: Run, account_factory: Any, told: Callable[[], list[str]], command: tuple[str, ...]
):
    account_factory(username="somebody")
    assert idp(*command).status == 0
    assert told() == []
