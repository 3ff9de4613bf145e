"""How a receiver manages its stream (SSF 1.0 §7 and §8)."""

from typing import Any

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser as From
from tests.signals.ssf.conftest import (
    DISABLED,
    ENABLED,
    POLL,
    PUSH,
    SESSION_REVOKED,
    STREAM_UPDATED,
    VERIFICATION,
    Department,
    parts,
)


@pytest.fixture
def person(account_factory):
    return account_factory()


def lock(services: Any, person: Any) -> None:
    services.accounts.lock(person.account_id, "x", "command:officer")


def test_transmitter_says_what_it_offers(client, issuer):
    """SSF-7-metadata."""
    response = client.get("/.well-known/ssf-configuration")
    assert response.status_code == 200
    assert response.get_json() == {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks.json",
        "delivery_methods_supported": [PUSH, POLL],
        "configuration_endpoint": f"{issuer}/ssf/stream",
        "status_endpoint": f"{issuer}/ssf/status",
        "add_subject_endpoint": f"{issuer}/ssf/subjects/add",
        "remove_subject_endpoint": f"{issuer}/ssf/subjects/remove",
        "verification_endpoint": f"{issuer}/ssf/verify",
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        "default_subjects": "ALL",
    }
    assert "ssf" not in client.get("/.well-known/openid-configuration").text


def test_stream_is_made_read_changed_and_deleted(tax, issuer):
    """SSF-8.1.1-stream-crud."""
    made = tax.subscribe(events_requested=[SESSION_REVOKED, "https://example.org/other"], description="Tax")
    assert made == {
        "stream_id": tax.stream_id,
        "iss": issuer,
        "aud": "tax",
        "events_supported": made["events_supported"],
        "events_requested": [SESSION_REVOKED, "https://example.org/other"],
        "events_delivered": [SESSION_REVOKED],
        "delivery": {"method": POLL, "endpoint_url": f"{issuer}/ssf/poll?stream_id={tax.stream_id}"},
        "min_verification_interval": 10,
        "inactivity_timeout": 30 * 86_400,
        "description": "Tax",
    }
    assert len(made["events_supported"]) == 8
    one = f"/ssf/stream?stream_id={tax.stream_id}"
    assert tax.call("GET", one).get_json() == made
    assert tax.call("GET", "/ssf/stream").get_json() == [made]
    changed = tax.call("PATCH", "/ssf/stream", {"stream_id": tax.stream_id, "events_requested": [DISABLED]})
    assert changed.status_code == 200
    assert changed.get_json() == made | {"events_requested": [DISABLED], "events_delivered": [DISABLED]}
    replaced = tax.call("PUT", "/ssf/stream", changed.get_json() | {"description": None})
    assert replaced.status_code == 200
    assert "description" not in replaced.get_json()
    bare = tax.call("PUT", "/ssf/stream", {"stream_id": tax.stream_id})
    assert bare.get_json()["events_requested"] == []
    assert tax.call("DELETE", one).status_code == 204
    assert tax.call("GET", one).status_code == 404
    assert tax.call("DELETE", one).status_code == 404
    assert tax.call("GET", "/ssf/stream").get_json() == []
    assert tax.subscribe()["stream_id"] != made["stream_id"]


def test_client_has_one_stream(tax):
    """SSF-8.1.1-stream-crud: a second one is a conflict."""
    tax.subscribe()
    assert tax.call("POST", "/ssf/stream", {"delivery": {"method": POLL}}).status_code == 409


BAD = [
    {"delivery": {"method": "urn:ietf:rfc:9999"}},
    {"delivery": {}},
    {"delivery": "push"},
    {"delivery": {"method": [PUSH]}},
    {"delivery": {"method": PUSH}},
    {"delivery": {"method": PUSH, "endpoint_url": 7}},
    {"delivery": {"method": PUSH, "endpoint_url": "http://tax.gov.example/events"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://10.0.0.1/events"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://169.254.169.254/"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://user:pw@tax.gov.example/"}},
    {"delivery": {"method": PUSH, "endpoint_url": "file:///etc/passwd"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://tax.gov.example/", "authorization_header": "a\r\nX: b"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://tax.gov.example/", "authorization_header": ["a"]}},
    {"events_requested": "all"},
    {"events_requested": [1]},
    {"events_requested": ["x"] * 51},
    {"events_requested": ["\0"]},
    {"description": "x" * 201},
    {"description": "a\u202eb"},
]


@pytest.mark.parametrize("body", BAD)
def test_bad_configuration_is_refused(tax, body):
    """SSF-8.1.1-stream-crud: 400, and nothing was made or changed."""
    assert tax.call("POST", "/ssf/stream", body).status_code == 400
    assert tax.call("GET", "/ssf/stream").get_json() == []
    made = tax.subscribe()
    assert tax.call("PATCH", "/ssf/stream", {"stream_id": tax.stream_id} | body).status_code == 400
    assert tax.call("GET", "/ssf/stream").get_json() == [made]


@pytest.mark.parametrize(
    "body", [{"aud": "welfare"}, {"iss": "https://x"}, {"events_delivered": []}, {"min_verification_interval": 0}]
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_what_the_transmitter_supplies_cannot_be_changed(tax, method, body):
    """SSF-8.1.1-stream-crud §8.1.1.3: it may be sent back only as it is."""
    made = tax.subscribe()
    assert tax.call(method, "/ssf/stream", {"stream_id": tax.stream_id} | body).status_code == 400
    assert tax.call("GET", "/ssf/stream").get_json() == [made]


CALLS = [
    ("GET", "/ssf/stream", None),
    ("POST", "/ssf/stream", {}),
    ("PATCH", "/ssf/stream", {"stream_id": "x"}),
    ("PUT", "/ssf/stream", {"stream_id": "x"}),
    ("DELETE", "/ssf/stream?stream_id=x", None),
    ("GET", "/ssf/status?stream_id=x", None),
    ("POST", "/ssf/status", {"stream_id": "x", "status": "paused"}),
    ("POST", "/ssf/subjects/add", {"stream_id": "x", "subject": {}}),
    ("POST", "/ssf/subjects/remove", {"stream_id": "x", "subject": {}}),
    ("POST", "/ssf/verify", {"stream_id": "x"}),
    ("POST", "/ssf/poll?stream_id=x", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_every_endpoint_asks_for_a_token_of_a_client(tax, clock, method, path, body):
    """SSF-8.1.1-stream-crud: 401 without a token or with a bad, expired or revoked one; 403 without the scope."""
    assert tax.call(method, path, body, "forged").status_code == 401
    plain = tax.http.open(path, method=method, json=body)
    assert plain.status_code == 401
    assert plain.headers["WWW-Authenticate"].startswith("Bearer")
    revoked = tax.access_token("ssf.manage ssf.read")
    tax.site.post("/revoke", token=revoked)
    assert tax.call(method, path, body, revoked).status_code == 401
    only_reads = tax.access_token("ssf.read")
    reads = method == "GET" or path.startswith("/ssf/poll")
    assert (tax.call(method, path, body, only_reads).status_code == 403) is not reads
    assert tax.call(method, path, body, tax.access_token("profile")).status_code == 403
    clock.advance(601)
    assert tax.call(method, path, body).status_code == 401


def test_token_in_the_address_opens_nothing(tax):
    """RFC6750-2-transport, CAEP interoperability profile §2.7.4."""
    for path in (f"/ssf/stream?access_token={tax.token}", f"/ssf/poll?stream_id=x&access_token={tax.token}"):
        answer = tax.http.open(path, method="GET" if "stream?" in path else "POST", json={})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_body_that_is_no_configuration_is_refused(tax, method, body):
    """SSF-8.1.1-stream-crud: 400 if the request cannot be parsed."""
    headers = {"Authorization": f"Bearer {tax.token}", "Content-Type": "application/json"}
    assert tax.http.open("/ssf/stream", method=method, data=body, headers=headers).status_code == 400
    assert tax.call("GET", "/ssf/stream").get_json() == []


def test_token_that_a_person_stands_behind_manages_nothing(tax, services, new_browser, person):
    now = services.clock.now()
    opened = services.sessions.open(
        person.account_id, [VerifiedFactor("password", now)], services.entropy.uuid7(), From()
    )
    browser = new_browser()
    browser.set_cookie("idp_session", opened.cookie)
    tax.site.authorize(browser, scope="openid ssf.manage ssf.read")
    page = browser.submit("consent-allow")
    token = tax.site.redeem(page.answer["code"]).get_json()["access_token"]
    assert tax.call("GET", "/ssf/stream", None, token).status_code == 401


@pytest.mark.parametrize(("method", "path", "body"), [call for call in CALLS if call[1] != "/ssf/stream" or call[2]])
def test_stream_of_another_client_is_not_there(tax, new_department, method, path, body):
    """SSF-8.1.1-stream-crud: 404, whether it exists or not."""
    welfare = new_department("welfare")
    welfare.subscribe()
    for stream_id in ("x", welfare.stream_id):
        named = path.replace("=x", f"={stream_id}")
        answer = tax.call(method, named, body and {**body, "stream_id": stream_id})
        assert answer.status_code == 404
    assert welfare.status()["status"] == "enabled"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"{}", b'{"stream_id": 7}'])
@pytest.mark.parametrize("path", ["/ssf/status", "/ssf/subjects/add", "/ssf/subjects/remove", "/ssf/verify"])
def test_body_that_names_no_stream_is_refused(tax, path, body):
    headers = {"Authorization": f"Bearer {tax.token}", "Content-Type": "application/json"}
    assert tax.http.post(path, data=body, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("path", "member"), [("/ssf/status", {"status": "paused", "reason": "\0"}), ("/ssf/verify", {"state": "a\0"})]
)
def test_nul_is_no_text_anywhere(tax, path, member):
    """ASVS 16.5.4: databases differ in what they make of it, so that nobody may send it."""
    tax.subscribe()
    assert tax.call("POST", path, {"stream_id": tax.stream_id} | member).status_code == 400


def test_paused_stream_keeps_its_events_and_disabled_one_does_not(tax, receiver, person, sign_in, services, deliver):
    """SSF-8.1.2-status."""
    sign_in(person, tax)
    tax.subscribe(receiver)
    answer = tax.call("POST", "/ssf/status", {"stream_id": tax.stream_id, "status": "paused", "reason": "upgrade"})
    assert answer.get_json() == {"stream_id": tax.stream_id, "status": "paused", "reason": "upgrade"}
    assert tax.status() == answer.get_json()
    lock(services, person)
    assert deliver() == []
    tax.set_status("enabled")
    assert deliver() == ["delivered"]
    tax.set_status("paused")
    services.accounts.unlock(person.account_id, "x", "command:officer")
    tax.set_status("disabled")
    lock(services, person)
    tax.set_status("enabled")
    assert deliver() == []
    services.accounts.unlock(person.account_id, "x", "command:officer")
    deliver()
    assert receiver.types == [DISABLED, ENABLED]


@pytest.mark.parametrize("status", ["broken", "", 7, None])
def test_unknown_status_is_refused(tax, status):
    """SSF-8.1.2-status."""
    tax.subscribe()
    assert tax.set_status(status).status_code == 400
    assert tax.status()["status"] == "enabled"


def test_verification_event_returns_its_state(tax, receiver, clock, deliver):
    """SSF-8.1.4-verification: about the stream itself; asked for too often, 429 says when."""
    tax.subscribe(receiver)
    body = {"stream_id": tax.stream_id, "state": "VGhpcyBpcyBh"}
    answer = tax.call("POST", "/ssf/verify", body)
    assert (answer.status_code, answer.data) == (204, b"")
    assert deliver() == ["delivered"]
    claims = parts(receiver.tokens[0])[1]
    assert claims["sub_id"] == {"format": "opaque", "id": tax.stream_id}
    assert claims["events"] == {VERIFICATION: {"state": "VGhpcyBpcyBh"}}
    again = tax.call("POST", "/ssf/verify", body)
    assert (again.status_code, again.headers["Retry-After"]) == (429, "10")
    clock.advance(10)
    assert tax.call("POST", "/ssf/verify", {"stream_id": tax.stream_id}).status_code == 204
    clock.advance(10)
    assert tax.call("POST", "/ssf/verify", body | {"state": 7}).status_code == 400
    tax.set_status("disabled")
    assert tax.call("POST", "/ssf/verify", body).status_code == 204
    tax.set_status("enabled")
    assert deliver() == [], "a disabled stream carries nothing, and keeps nothing for later"


@pytest.mark.parametrize("status", ["paused", "disabled"])
def test_what_others_do_to_a_stream_its_receiver_is_told(tax, receiver, services, person, sign_in, deliver, status):
    """SSF-8.1.2-status, SSF 1.0 §8.1.5: at once, although events wait; what the receiver does itself it knows."""
    sign_in(person, tax)
    tax.subscribe(receiver)
    tax.set_status("paused")
    tax.set_status("enabled")
    stream, _waiting = services.transmitter.streams.list()[0]
    services.transmitter.streams.set_status(stream, status, actor="command:officer", reason="maintenance")
    lock(services, person)
    assert deliver() == ["delivered"]
    assert receiver.claims[0]["events"] == {STREAM_UPDATED: {"status": status, "reason": "maintenance"}}
    assert receiver.claims[0]["sub_id"] == {"format": "opaque", "id": tax.stream_id}


def test_a_stream_that_nobody_polls_is_paused(tax, services, clock, person, sign_in):
    """SSF-8.1.1-stream-crud: inactivity_timeout; its events wait, and the receiver learns of it when it comes back."""
    sign_in(person, tax)
    timeout = tax.subscribe()["inactivity_timeout"]
    streams = services.transmitter.streams
    clock.advance(timeout - 60)
    tax.token = tax.access_token("ssf.manage ssf.read")
    tax.poll()
    clock.advance(timeout - 60)
    assert streams.pause_idle() == 0, "it was polled"
    clock.advance(61)
    lock(services, person)
    assert streams.pause_idle() == 1
    tax.token = tax.access_token("ssf.manage ssf.read")
    assert tax.status() == {"stream_id": tax.stream_id, "status": "paused", "reason": "nobody polled it"}
    tax.set_status("enabled")
    assert streams.pause_idle() == 0
    assert [next(iter(claims["events"])) for claims in tax.polled()] == [STREAM_UPDATED, DISABLED]


def test_what_waits_in_a_stream_that_stays_paused_does_not_wait_for_ever(tax, services, clock, person, sign_in):
    """ASVS 14.2.7: what is said of people is kept no longer than somebody may still come for it."""
    sign_in(person, tax)
    timeout = tax.subscribe()["inactivity_timeout"]
    streams = services.transmitter.streams
    tax.set_status("paused")
    lock(services, person)
    clock.advance(timeout - 60)
    tax.token = tax.access_token("ssf.manage ssf.read")
    assert tax.status()["status"] == "paused"
    clock.advance(timeout)
    assert streams.disable_forgotten() == 0, "somebody asked for it"
    assert [waiting for _stream, waiting in streams.list()] == [1]
    clock.advance(3601)
    assert streams.disable_forgotten() == 1
    assert [waiting for _stream, waiting in streams.list()] == [0]
    tax.token = tax.access_token("ssf.manage ssf.read")
    assert tax.status()["reason"] == "paused for thirty days"
    assert [next(iter(claims["events"])) for claims in tax.polled()] == [STREAM_UPDATED]
    assert streams.disable_forgotten() == 0


ASKED = [
    ("GET", "/ssf/stream?stream_id={}", None),
    ("GET", "/ssf/status?stream_id={}", None),
    ("PATCH", "/ssf/stream", {}),
    ("POST", "/ssf/subjects/add", {"subject": {"format": "opaque", "id": "x"}}),
    ("POST", "/ssf/verify", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_whoever_asks_something_of_a_stream_is_there(tax, services, clock, method, path, body):
    """SSF-8.1.1-stream-crud: inactivity_timeout counts anew with every call that names the stream, not polls alone."""
    timeout = tax.subscribe()["inactivity_timeout"]
    clock.advance(timeout - 60)
    tax.token = tax.access_token("ssf.manage ssf.read")
    answer = tax.call(method, path.format(tax.stream_id), body and body | {"stream_id": tax.stream_id})
    answer = answer if body != {} else tax.call(method, path, {"stream_id": tax.stream_id})
    assert answer.status_code in {200, 204}
    clock.advance(61)
    assert services.transmitter.streams.pause_idle() == 0


@pytest.mark.parametrize("status", ["paused", "disabled"])
def test_receiver_that_polls_is_told_as_well_and_of_nothing_else(tax, services, person, sign_in, status):
    """SSF-8.1.2-status, SSF 1.0 §8.1.5: that its stream was stopped it hears although the stream is stopped."""
    sign_in(person, tax)
    tax.subscribe()
    lock(services, person)
    stream, _waiting = services.transmitter.streams.list()[0]
    services.transmitter.streams.set_status(stream, status, actor="command:officer", reason="maintenance")
    assert [claims["events"] for claims in tax.polled()] == [
        {STREAM_UPDATED: {"status": status, "reason": "maintenance"}}
    ]
    assert tax.poll() == {"sets": {}}, "it was acknowledged"
    tax.set_status("enabled")
    kept = [DISABLED] if status == "paused" else []
    assert [next(iter(claims["events"])) for claims in tax.polled()] == kept


def test_changing_the_delivery_takes_along_what_waits(tax, receiver, person, sign_in, services, deliver):
    sign_in(person, tax)
    tax.subscribe()
    lock(services, person)
    assert deliver() == []
    delivery = {"method": PUSH, "endpoint_url": receiver.url}
    assert tax.call("PATCH", "/ssf/stream", {"stream_id": tax.stream_id, "delivery": delivery}).status_code == 200
    assert deliver() == ["delivered"]
    services.accounts.unlock(person.account_id, "x", "command:officer")
    tax.call("PATCH", "/ssf/stream", {"stream_id": tax.stream_id, "delivery": {"method": POLL}})
    assert deliver() == []
    assert [next(iter(claims["events"])) for claims in tax.polled()] == [ENABLED]


def test_deleted_stream_tells_nothing_more(tax: Department, receiver, person, sign_in, services, deliver):
    sign_in(person, tax)
    tax.subscribe(receiver)
    lock(services, person)
    tax.call("DELETE", f"/ssf/stream?stream_id={tax.stream_id}")
    assert deliver() == []
    assert receiver.tokens == []
