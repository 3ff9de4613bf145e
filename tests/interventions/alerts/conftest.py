"""Officers with mailboxes, and the letters that were written to them."""

import email
import email.policy

import pytest

from idp.notices.values import MessageFilter
from idp.staff.powers import Power
from tests.staff.conftest import new_officer, officer


@pytest.fixture
def setting_changes(setting_changes, tmp_path):
    return setting_changes | {"IDP_SMTP_URL": f"file://{tmp_path}/letters"}


@pytest.fixture
def letters(services):
    """Return the notices written until now: (template, masked address, client)."""

    def read():
        lines = services.notices.page(MessageFilter(), before=None, after=None, size=200)
        return sorted((line.template, line.masked_address, line.client_id) for line in lines)

    return read


@pytest.fixture
def attempts(services, tmp_path):
    """Hand everything over as a worker does; return the texts."""

    def run():
        for lane in services.outbox.waiting_lanes():
            while (message := services.outbox.claim(lane)) is not None:
                services.outbox.settle(message, services.notices.attempt(message).error)
        letters = sorted((tmp_path / "letters").glob("*.eml"))
        read = [email.message_from_bytes(one.read_bytes(), policy=email.policy.default) for one in letters]
        return [f"{one['Subject']}\n{one.get_content()}" for one in read]

    return run


@pytest.fixture
def mailbox(services, new_officer):
    """Make an officer of a power whose address begins with a letter: it stays readable under the mask."""

    def make(first, power=Power.SECURITY, **options):
        person = new_officer(power, **options)
        address = f"{first}@staff.example.gov.cn"
        services.accounts.set_contacts(person.account_id, email=address, phone=None, actor="system")
        return person

    return make


__all__ = ["new_officer", "officer"]
