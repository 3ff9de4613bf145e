"""What machines that run the service can ask in public, and what only operators can (rule O4)."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from threading import Event
from typing import Any

import pytest
from flask.testing import FlaskClient

from idp.foundation.outbox import NewMessage
from idp.web.ops.admission import BodyAdmission, SignInAdmission, Turns
from tests.support.clock import RunningClock


@pytest.fixture
def clock() -> RunningClock:
    """The machine's time, because readiness compares it with the database's."""
    return RunningClock()


def test_process_says_that_it_lives(client: FlaskClient):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_public_readiness_is_one_word(client: FlaskClient, services: Any):
    services.signals.heartbeats.beat("here:1")
    assert client.get("/readyz").json == {"status": "ready"}


def test_degraded_node_stays_in_the_balancer(client: FlaskClient):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "degraded"})


@pytest.mark.only_on("postgresql")
def test_unready_node_leaves_the_balancer(client: FlaskClient, clock: RunningClock):
    clock.advance(5)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "unready"})


@pytest.mark.parametrize("path", ["/metrics", "/readyz/details"])
def test_metrics_and_details_are_not_public(client: FlaskClient, path: str):
    assert client.get(path).status_code == 404


def test_details_and_numbers_are_for_operators(settings: Any, services: Any):
    from idp.web.ops.server import Operations

    services.outbox.enqueue(NewMessage("k", "tax", {}))
    operations = Operations(settings, None)
    status, kind, body = operations.answer("/readyz")
    assert (int(status), kind) == (200, "application/json")
    assert [check["name"] for check in json.loads(body)["checks"]] == [
        "database",
        "migrations",
        "clock",
        "worker",
        "outbox",
    ]
    numbers = operations.answer("/metrics")[2].decode()
    assert "idp_outbox_waiting 1.0" in numbers
    assert 'idp_check{check="worker"} 0.5' in numbers
    assert operations.answer("/elsewhere")[0] == 404
    operations.close()


class Slow:
    """An application whose answers wait; counts how many are under way."""

    def __init__(self) -> None:
        self.inner: list[Any] = []

    def __call__(self, _environ: dict[str, Any], start_response: Any) -> list[bytes]:
        for call in self.inner:
            call()
        start_response("200 OK", [])
        return [b"in"]


def ask(application: Any, method: str, path: str) -> str:
    statuses: list[str] = []
    application({"REQUEST_METHOD": method, "PATH_INFO": path}, lambda status, _headers: statuses.append(status))
    return statuses[0]


def test_sign_in_takes_at_most_its_half_of_the_threads():
    """Rule S5: tokens and pages always find a thread."""
    slow = Slow()
    admission = SignInAdmission(slow, 1)
    answers: list[str] = []

    def meanwhile() -> None:
        slow.inner.clear()
        answers.extend(
            [
                ask(admission, "POST", "/login"),
                ask(admission, "POST", "/login/totp"),
                ask(admission, "POST", "/token"),
                ask(admission, "GET", "/login"),
            ]
        )

    slow.inner.append(meanwhile)
    answers.append(ask(admission, "POST", "/login"))
    assert answers == ["503 Service Unavailable", "503 Service Unavailable", "200 OK", "200 OK", "200 OK"]
    assert ask(admission, "POST", "/login") == "200 OK"


def test_bodies_that_never_end_leave_threads_to_the_others():
    """Rule S5: neither one address nor all together hold every thread."""
    admission, bodies = BodyAdmission(Slow(), 8, spare=2), [SlowBody() for _ in range(6)]
    peers = ["192.0.2.1"] * 4 + ["198.51.100.1", "198.51.100.2"]
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(post, admission, peer, body) for peer, body in zip(peers[:4], bodies[:4], strict=True)]
        assert all(body.is_read.wait(10) for body in bodies[:4])
        assert post(admission, "192.0.2.1", BytesIO(b"a=b")) == "503 Service Unavailable"
        assert post(admission, "192.0.2.2", BytesIO(b"a=b")) == "200 OK"
        asked += [threads.submit(post, admission, peer, body) for peer, body in zip(peers[4:], bodies[4:], strict=True)]
        assert all(body.is_read.wait(10) for body in bodies)
        assert post(admission, "192.0.2.2", BytesIO(b"a=b")) == "503 Service Unavailable"
        assert ask(admission, "GET", "/healthz") == "200 OK"
        for body in bodies:
            body.has_come.set()
        assert {one.result(10) for one in asked} == {"200 OK"}
    assert post(admission, "192.0.2.1", BytesIO(b"a=b")) == "200 OK"


def test_a_body_waits_for_those_that_came_in_the_same_moment():
    admission, bodies = BodyAdmission(Slow(), 2, patience_seconds=20), [SlowBody() for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(post, admission, "192.0.2.1", bodies[0])
        assert bodies[0].is_read.wait(10)
        second = threads.submit(post, admission, "192.0.2.1", bodies[1])
        assert not bodies[1].is_read.wait(0.05), "half of the threads of one address is one"
        for body in bodies:
            body.has_come.set()
        assert [first.result(20), second.result(20)] == ["200 OK", "200 OK"]


def test_requests_take_turns():
    slow, came = Slow(), Event()
    turns = Turns(slow, 1, moment_seconds=20)
    with ThreadPoolExecutor(1) as threads:
        waiting: list[Future[str]] = []

        def another_comes() -> None:
            slow.inner[:] = [came.set]
            waiting.append(threads.submit(ask, turns, "GET", "/userinfo"))
            assert not came.wait(0.05)

        slow.inner[:] = [another_comes]
        assert ask(turns, "POST", "/token") == "200 OK"
        assert came.wait(20)
        assert waiting[0].result(20) == "200 OK"


@pytest.mark.parametrize(("path", "moment_seconds"), [("/login", 20), ("/token", 0.01)])
def test_sign_ins_need_no_turn_and_nobody_waits_long_for_theirs(path: str, moment_seconds: float):
    slow = Slow()
    turns = Turns(slow, 1, moment_seconds=moment_seconds)
    answers: list[str] = []

    def meanwhile() -> None:
        slow.inner.clear()
        answers.append(ask(turns, "POST", path))

    slow.inner.append(meanwhile)
    assert ask(turns, "POST", "/token") == "200 OK"
    assert answers == ["200 OK"]


class SlowBody:
    """A body that comes when the test says so."""

    def __init__(self) -> None:
        self.is_read, self.has_come = Event(), Event()

    def read(self, _size: int) -> bytes:
        self.is_read.set()
        assert self.has_come.wait(20)
        return b"a=b"


def post(application: Any, peer: str, body: Any) -> str:
    statuses: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/token", "REMOTE_ADDR": peer, "CONTENT_LENGTH": "3"}
    application(environ | {"wsgi.input": body}, lambda status, _headers: statuses.append(status))
    return statuses[0]


def test_checkpoint_of_the_audit_record_is_public(client: FlaskClient, services: Any):
    """Rule A5: anybody may keep it."""
    assert client.get("/.well-known/audit-checkpoint").status_code == 404
    services.sealer.run()
    services.sealer.run()
    answer = client.get("/.well-known/audit-checkpoint")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.text == str(services.sealer.newest_checkpoint())
    assert answer.text.startswith("localhost:8000/audit\n")
