"""Notices and the worker: none is lost, departments never wait for mail, and who hangs is left alone (rule P12)."""

import signal
import time

import pytest

from idp.foundation.lease import LEASE
from idp.foundation.outbox import NewMessage
from idp.notices.values import MessageFilter
from tests.signals.conftest import new_department
from tests.support.clock import RunningClock
from tests.support.workers import wait_for, working

__all__ = ["new_department"]


@pytest.fixture
def setting_changes(setting_changes):
    """Patience for longer than a department may have to wait."""
    return setting_changes | {"IDP_SMTP_TIMEOUT_SECONDS": "20"}


@pytest.fixture
def clock():
    """The machine's time: workers run in it."""
    return RunningClock()


def states(services):
    return {one.state for one in services.notices.page(MessageFilter(), before=None, after=None, size=50)}


def test_a_notice_is_handed_over_by_the_worker(services, write, mail_server):
    with working(services):
        write("a@example.gov.cn")
        wait_for(lambda: states(services) == {"delivered"})
    assert mail_server.recipients == ["a@example.gov.cn"]


def test_a_server_that_hangs_delays_no_department_and_gets_few_connections(
    services, write, mail_server, new_department
):
    mail_server.hangs_at = {"BANNER"}
    department = new_department()
    for number in range(12):
        write(f"m{number}@example.gov.cn")
    with working(services):
        wait_for(lambda: mail_server.connections >= 2)
        started = time.monotonic()
        for number in range(10):
            payload = {"client_id": "tax", "sid": f"s{number}", "sub": "u"}
            services.outbox.enqueue(NewMessage("backchannel_logout", "tax", payload))
        wait_for(lambda: len(department.tokens) == 10)
        assert time.monotonic() - started < 12
        assert mail_server.most_at_once == 2, "a quarter of eight threads"
        mail_server.hangs_at = set()
        mail_server.release.set()
        wait_for(lambda: states(services) == {"delivered"}, 30)
    assert len({letter["Message-ID"] for letter in mail_server.letters}) == 12


def test_a_mailbox_that_is_full_delays_no_other(services, write, mail_server):
    mail_server.refused_recipients = {"full@example.gov.cn": "452 4.2.2 full"}
    write("full@example.gov.cn", "a@example.gov.cn")
    with working(services):
        wait_for(lambda: states(services) == {"retrying", "delivered"})


@pytest.mark.server
def test_a_worker_killed_in_the_middle_loses_none(services, write, mail_server, idp_command, clock):
    """At least once: the letter under way may arrive twice, and is known by its Message-ID."""
    mail_server.hangs_at = {"DATA"}
    for number in range(6):
        write(f"m{number}@example.gov.cn")
    first = idp_command.start("worker")
    try:
        wait_for(lambda: "DATA" in mail_server.commands, 60)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(10)
    finally:
        first.stop()
    mail_server.hangs_at = set()
    clock.advance(LEASE.total_seconds() + 1)
    with working(services):
        wait_for(lambda: states(services) == {"delivered"}, 60)
    assert {f"m{number}@example.gov.cn" for number in range(6)} == set(mail_server.recipients)
    assert len({letter["Message-ID"] for letter in mail_server.letters}) == 6
