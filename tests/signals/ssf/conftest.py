"""A department with a stream: it manages it with an access token of its own, and receives on loopback."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser as From
from tests.signals.conftest import parts
from tests.support.relying_party import RelyingParty

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SESSION_REVOKED = CAEP + "session-revoked"
CREDENTIAL_CHANGE = CAEP + "credential-change"
DISABLED, ENABLED, PURGED = (RISC + name for name in ("account-disabled", "account-enabled", "account-purged"))
CHANGE_REQUIRED = f"{RISC}account-credential-change-required"
ASSURANCE_LEVEL_CHANGE = CAEP + "assurance-level-change"
TOKEN_CLAIMS_CHANGE = CAEP + "token-claims-change"
STREAM_UPDATED = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"
PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"
GRANTS = ["authorization_code", "refresh_token", "client_credentials"]


class Receiver:
    """A push receiver on loopback; keeps what it was sent, answers with ``status`` and ``body``, may hang."""

    def __init__(self) -> None:
        self.status = 202
        self.body = b""
        self.tokens: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.hangs = False
        self.release = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.tokens.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                receiver.headers.append(dict(self.headers))
                if receiver.hangs:
                    receiver.release.wait(20)
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/events"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def claims(self) -> list[dict[str, Any]]:
        return [parts(token)[1] for token in self.tokens]

    @property
    def types(self) -> list[str]:
        return [next(iter(claims["events"])) for claims in self.claims]

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()


class Department:
    """A client that manages its stream over HTTP."""

    def __init__(self, site: RelyingParty, app: Any, services: Any) -> None:
        self.site = site
        self._services = services
        self.http = app.test_client(use_cookies=False)
        self.token = self.access_token("ssf.manage ssf.read")
        self.stream_id = ""

    def access_token(self, scope: str) -> str:
        response = self.site.token(grant_type="client_credentials", scope=scope)
        assert response.status_code == 200, response.text
        token: str = response.get_json()["access_token"]
        return token

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return self.http.open(path, method=method, json=body, headers=headers)

    def subscribe(self, receiver: Receiver | None = None, **members: Any) -> dict[str, Any]:
        """Make the stream: pushed to a receiver, else polled."""
        delivery = {"method": POLL} if receiver is None else {"method": PUSH, "endpoint_url": receiver.url}
        everything = [SESSION_REVOKED, CREDENTIAL_CHANGE, DISABLED, ENABLED, PURGED]
        body = {"events_requested": everything, "delivery": delivery} | members
        response = self.call("POST", "/ssf/stream", body)
        assert response.status_code == 201, response.text
        configuration: dict[str, Any] = response.get_json()
        self.stream_id = configuration["stream_id"]
        return configuration

    def status(self) -> dict[str, str]:
        status: dict[str, str] = self.call("GET", f"/ssf/status?stream_id={self.stream_id}").get_json()
        return status

    def set_status(self, status: str) -> Any:
        return self.call("POST", "/ssf/status", {"stream_id": self.stream_id, "status": status})

    def poll(self, **body: Any) -> dict[str, Any]:
        response = self.call("POST", f"/ssf/poll?stream_id={self.stream_id}", {"returnImmediately": True} | body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.get_json()
        return answer

    def polled(self) -> list[dict[str, Any]]:
        """Fetch all that waits, acknowledge it, and return its claims."""
        sets = self.poll()["sets"]
        self.poll(ack=list(sets), maxEvents=0)
        return [parts(token)[1] for token in sets.values()]


@pytest.fixture
def new_department(
    app: Any, services: Any, new_relying_party: Callable[..., RelyingParty]
) -> Callable[..., Department]:
    def make(client_id: str = "tax", **changes: Any) -> Department:
        scope = {"scope": "openid profile offline_access ssf.manage ssf.read", "grant_types": GRANTS}
        # They are not told of logouts in the other way, so that only events leave.
        site = new_relying_party(client_id, **(scope | {"backchannel_logout_uri": None} | changes))
        return Department(site, app, services)

    return make


@pytest.fixture
def tax(new_department: Callable[..., Department]) -> Department:
    return new_department()


@pytest.fixture
def new_receiver() -> Iterator[Callable[[], Receiver]]:
    receivers: list[Receiver] = []

    def make() -> Receiver:
        receivers.append(Receiver())
        return receivers[-1]

    yield make
    for receiver in receivers:
        receiver.close()


@pytest.fixture
def receiver(new_receiver: Callable[[], Receiver]) -> Receiver:
    return new_receiver()


@pytest.fixture
def sign_in(services: Any, new_browser: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Sign a person in at a department in a browser of its own, and return the ID token's claims."""

    def visit(person: Any, department: Department) -> dict[str, Any]:
        opened = services.sessions.open(
            person.account_id,
            [VerifiedFactor("password", services.clock.now())],
            services.entropy.uuid7(),
            From(),
        )
        browser = new_browser()
        browser.set_cookie("idp_session", opened.cookie)
        page = department.site.authorize(browser, scope="openid")
        page = browser.submit("consent-allow") if page.has("consent-allow") else page
        tokens = department.site.redeem(page.answer["code"]).get_json()
        claims = parts(tokens["id_token"])[1]
        return claims | {"session_id": opened.session_id, "cookie": opened.cookie}

    return visit


@pytest.fixture
def deliver(services: Any) -> Callable[[], list[str]]:
    """Do what the worker does, lane by lane, until nothing is due; the results in order."""
    from idp.jobs.deliver import Deliverer

    def run() -> list[str]:
        results: list[str] = []

        def push(message: Any) -> Any:
            attempt = services.transmitter.push.attempt(message)
            results.append(attempt.result)
            return attempt

        deliverer = Deliverer(services.outbox, {"security_event": push}, threads=4)
        while deliverer.start_due_lanes():
            deliverer_done(deliverer)
        deliverer.stop()
        return results

    return run


def deliverer_done(deliverer: Any) -> None:
    pause = threading.Event()
    while not deliverer.is_idle():
        pause.wait(0.01)
