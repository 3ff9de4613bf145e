"""Notices on the test's own deployment, and a mail server that behaves as it is told."""

import pytest

from idp.foundation.masked import Masked
from idp.notices.values import FACTOR_CHANGED, Letter, Recipient
from tests.support.mail_server import HOST, MailServer, make_context

LETTER = {"change": "added", "kind": "totp", "at": "2026-03-02T01:00:00+00:00"}


@pytest.fixture
def certificate(tmp_path):
    """The context of the server, and the file of its authority."""
    return make_context(tmp_path / "mail")


@pytest.fixture
def mail_server(certificate):
    """A server that offers STARTTLS."""
    server = MailServer(certificate[0])
    yield server
    server.close()


@pytest.fixture
def setting_changes(mail_server, certificate):
    return {
        "IDP_SMTP_URL": f"smtp://{HOST}:{mail_server.port}",
        "IDP_SMTP_TIMEOUT_SECONDS": "2",
        "IDP_OUTBOUND_CA_FILE": str(certificate[1]),
        "IDP_CONSOLE_ORIGIN": "http://localhost:8004",
        "IDP_OFFICER_ACR": "urn:idp:acr:aal2",
    }


@pytest.fixture
def write(services):
    """Write notices to addresses; a letter each."""

    def send(*addresses, locale="zh-Hans", template=FACTOR_CHANGED, details=LETTER):
        letters = [Letter(Recipient(Masked(address), locale), details) for address in addresses]
        return services.notices.send(template, letters)

    return send


@pytest.fixture
def attempt(services):
    """Make one attempt at each lane that is due, as a worker does; return how each ended."""

    def once():
        attempts = []
        for lane in services.outbox.waiting_lanes():
            message = services.outbox.claim(lane)
            attempts.append(services.notices.attempt(message))
            services.outbox.settle(message, attempts[-1].error)
        return attempts

    return once
