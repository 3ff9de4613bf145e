"""What a served node does while PostgreSQL hangs: it says so, keeps nobody waiting, and goes on when it is over."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from idp.foundation.scheduling import usable_cores
from tests.support.browser import Browser
from tests.support.relay import Relay
from tests.support.remote import RemoteApplication
from tests.support.serving import BackgroundProcess, free_port
from tests.support.workers import wait_for

pytestmark = [pytest.mark.server, pytest.mark.only_on("postgresql")]
STATEMENT_SECONDS = 2
SILENT_WITHIN_SECONDS = 12
"""Two looks of three seconds, each with its margin and the pause between them; and time for a busy machine."""


@pytest.fixture
def relay(database_url: str) -> Iterator[Relay]:
    folder = database_url.partition("host=")[2]
    relay = Relay(f"{folder}/.s.PGSQL.5432")
    yield relay
    relay.close()


@pytest.fixture
def operations() -> str:
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def setting_changes(database_url: str, relay: Relay, operations: str) -> dict[str, str]:
    name = urlsplit(database_url).path
    return {
        "IDP_DATABASE_URL": f"postgresql://idp@127.0.0.1:{relay.port}{name}",
        "IDP_DATABASE_STATEMENT_SECONDS": str(STATEMENT_SECONDS),
        "IDP_OPS_BIND": operations,
    }


def wait_until_known(server: BackgroundProcess) -> None:
    """Wait until each worker process has found out, and a while longer."""
    wait_for(lambda: server.output().count('"is_silent":true') >= 2 * usable_cores(), 2 * SILENT_WITHIN_SECONDS)


def ask(url: str, form: bytes | None = None) -> tuple[int, str, float]:
    """Return status, whole answer with its headers, and the seconds it took."""
    began = time.monotonic()
    try:
        with urllib.request.urlopen(url, form, timeout=30) as answer:
            return answer.status, f"{answer.headers}{answer.read().decode()}", time.monotonic() - began
    except urllib.error.HTTPError as error:
        return error.code, f"{error.headers}{error.read().decode()}", time.monotonic() - began


def test_a_node_says_that_its_database_hangs_and_keeps_nobody_waiting(
    idp_server: BackgroundProcess, issuer: str, relay: Relay, operations: str
):
    pages = [f"{issuer}/login", f"{issuer}/healthz", f"{issuer}/readyz"]
    assert [ask(page)[0] for page in pages] == [200, 200, 200]
    relay.hang()
    with ThreadPoolExecutor(24) as people:
        first = list(people.map(ask, [f"{issuer}/login"] * 24))
    assert {status for status, _, _ in first} <= {200, 503}
    wait_until_known(idp_server)
    with ThreadPoolExecutor(24) as people:
        later = list(people.map(ask, pages * 8))
    assert max(seconds for _, _, seconds in later) < 2, "it is known by now"
    assert {status for status, _, _ in later} == {200, 503}
    assert all(status == 200 for status, _, _ in later[1::3]), "alive all the time"
    assert all(status == 503 for status, _, _ in later[2::3]), "and not ready"
    wait_for(lambda: ask(f"http://{operations}/readyz")[0] == 503)
    status, numbers, _ = ask(f"http://{operations}/metrics")
    assert (status, 'idp_check{check="database"} 0.0' in numbers) == (200, True)
    relay.flow()
    wait_for(lambda: ask(f"{issuer}/readyz")[0] == 200, 10)
    assert ask(f"{issuer}/login")[0] == 200
    assert "database_answers_again" in idp_server.output()


def test_what_a_person_and_a_program_are_told(idp_server: BackgroundProcess, issuer: str, relay: Relay):
    relay.hang()
    wait_until_known(idp_server)
    status, page, _ = ask(f"{issuer}/authorize?client_id=tax&response_type=code")
    assert (status, "retry-after: 60" in page.lower(), "Traceback" in page) == (503, True, False)
    status, answer, _ = ask(f"{issuer}/token", b"grant_type=client_credentials&client_id=tax&client_secret=x")
    assert (status, "retry-after: 2" in answer.lower(), "temporarily_unavailable" in answer) == (503, True, True)


def test_every_line_of_the_log_is_json_whatever_happens(idp_server: BackgroundProcess, issuer: str, relay: Relay):
    relay.hang()
    assert ask(f"{issuer}/authorize?client_id=tax&response_type=code")[0] == 503
    lines = idp_server.output().splitlines()
    events = [json.loads(line)["event"] for line in lines if line]
    assert {"serving", "database_does_not_answer", "unhandled_error"} <= set(events)


def test_lists_are_followed_although_a_connection_hangs(
    services: Any,
    account_factory: Any,
    idp_server: BackgroundProcess,
    issuer: str,
    relay: Relay,
):
    """Decision 0019: who is blocked meanwhile is stopped as soon as the database answers."""
    person = account_factory()
    assert Browser(RemoteApplication(issuer), issuer).get("/login").status == 200
    relay.hang()
    wait_for(lambda: "lists_not_followed" in idp_server.output(), SILENT_WITHIN_SECONDS)
    relay.flow()
    draft = services.block_changes.draft("block", "network", "127.0.0.1", 1)
    services.blocks.add(draft, actor="system", reason="drill")

    def is_stopped() -> bool:
        browser = Browser(RemoteApplication(issuer), issuer)
        if browser.get("/login").status != 200:
            return False
        return browser.sign_in(person.username, person.password).status == 403

    wait_for(is_stopped, SILENT_WITHIN_SECONDS)
