"""A real server, a process of its own, learns of the list within seconds: it follows the versions (decision 0019)."""

import time

import pytest

from tests.support.browser import Browser
from tests.support.remote import RemoteApplication

SECONDS = 3
"""A second until the version is read, and time for a busy machine."""


@pytest.mark.usefixtures("idp_server")
def test_a_served_node_stops_and_lets_in_within_seconds(services, block, account_factory, issuer, record_property):
    person = account_factory()

    def seconds_until(expected):
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            browser = Browser(RemoteApplication(issuer), issuer)
            browser.get("/login")
            if (browser.sign_in(person.username, person.password).status == 403) is expected:
                return time.monotonic() - began
            time.sleep(0.05)
        raise AssertionError

    seconds_until(expected=False)
    entry = block("127.0.0.1")
    stopped = seconds_until(expected=True)
    services.blocks.lift(entry.id, actor="system", reason="over")
    record_property("seconds", (stopped, seconds_until(expected=False)))
