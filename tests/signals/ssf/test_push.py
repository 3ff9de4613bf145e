"""What a receiver is brought when something happens, and what becomes of it when it does not take it (RFC 8935)."""

from typing import Any

import pytest

from idp.foundation.outbox import MOST_ATTEMPTS
from idp.sessions.values import Selector
from tests.signals.ssf.conftest import (
    DISABLED,
    ENABLED,
    SESSION_REVOKED,
    parts,
)


@pytest.fixture
def person(account_factory):
    return account_factory()


def end_all(services: Any, person: Any, reason: str = "revoked") -> None:
    services.sessions.terminate(Selector(account_id=person.account_id), reason=reason, actor="command:officer")


def test_ended_account_is_told_as_the_specification_asks(tax, receiver, person, sign_in, services, deliver):
    """CAEP-session-revoked, SSF-4.1-set-profile, RFC8417, RFC8935-push, CAEP-INTEROP-alg."""
    sub = sign_in(person, tax)["sub"]
    tax.subscribe(receiver)
    end_all(services, person)
    assert deliver() == ["delivered"]
    header, claims = parts(receiver.tokens[0])
    now = int(services.clock.now().timestamp())
    assert header["typ"] == "secevent+jwt"
    assert header["alg"] in {"RS256", "ES256"}
    assert set(claims) == {"iss", "aud", "iat", "jti", "txn", "sub_id", "events"}
    assert (claims["iss"], claims["aud"], claims["iat"]) == (services.settings.issuer, "tax", now)
    assert claims["sub_id"] == {"format": "iss_sub", "iss": services.settings.issuer, "sub": sub}
    assert claims["events"] == {
        SESSION_REVOKED: {
            "event_timestamp": now,
            "initiating_entity": "admin",
            "reason_admin": {"en": "revoked"},
        }
    }
    assert services.keyring.verify(receiver.tokens[0], typ="secevent+jwt") == claims
    assert receiver.headers[0]["Content-Type"] == "application/secevent+jwt"
    assert receiver.headers[0]["Accept"] == "application/json"


def test_events_are_signed_as_the_receiver_can_verify(new_department, receiver, person, sign_in, services, deliver):
    """CAEP-INTEROP-alg: RS256 for who has it, and for all whose ID tokens use neither."""
    for name, given, used in (("rs", "RS256", "RS256"), ("es", "ES256", "ES256"), ("ed", "EdDSA", "RS256")):
        department = new_department(name, id_token_signed_response_alg=given)
        sign_in(person, department)
        department.subscribe(receiver)
        services.transmitter.streams.verify(services.transmitter.streams.list()[-1][0], None)
        department.call("POST", "/ssf/verify", {"stream_id": department.stream_id})
        deliver()
        assert parts(receiver.tokens[-1])[0]["alg"] == used


def test_receivers_authorization_header_is_sent_and_not_kept_in_clear(
    tax, receiver, person, sign_in, services, deliver
):
    """RFC8935-push: the header is the receiver's secret."""
    sign_in(person, tax)
    delivery = {"method": "urn:ietf:rfc:8935", "endpoint_url": receiver.url, "authorization_header": "Bearer s3cr3t"}
    shown = tax.subscribe(receiver, delivery=delivery)
    end_all(services, person)
    deliver()
    assert receiver.headers[0]["Authorization"] == "Bearer s3cr3t"
    with services.database.read() as connection:
        stored = connection.exec_driver_sql("SELECT push_authorization FROM stream").scalar()
    assert b"s3cr3t" not in bytes(stored)
    assert "s3cr3t" not in str(shown)
    assert "s3cr3t" not in tax.call("GET", f"/ssf/stream?stream_id={tax.stream_id}").text


def test_each_department_hears_of_the_person_it_knows(new_department, new_receiver, person, sign_in, services, deliver):
    """Rule P6: pairwise subs, nothing that correlates, and silence where the person has never been."""
    departments = {name: new_department(name) for name in ("tax", "welfare", "forestry")}
    receivers = {name: new_receiver() for name in departments}
    subs = {name: sign_in(person, departments[name])["sub"] for name in ("tax", "welfare")}
    for name, department in departments.items():
        department.subscribe(receivers[name])
    end_all(services, person)
    assert deliver() == ["delivered", "delivered"]
    assert receivers["forestry"].tokens == []
    tax, welfare = receivers["tax"].claims[0], receivers["welfare"].claims[0]
    assert (tax["sub_id"]["sub"], welfare["sub_id"]["sub"]) == (subs["tax"], subs["welfare"])
    assert not {tax[name] for name in ("jti", "txn")} & {welfare[name] for name in ("jti", "txn")}


def test_rolled_back_change_is_never_told(tax, receiver, person, sign_in, services, deliver):
    """The event commits with what it tells, or not at all."""
    sign_in(person, tax)
    tax.subscribe(receiver)

    def lock_and_fail() -> None:
        with services.database.transaction():
            services.accounts.lock(person.account_id, "x", "command:officer")
            raise LookupError

    with pytest.raises(LookupError):
        lock_and_fail()
    assert deliver() == []


def test_only_events_asked_for_are_sent(tax, receiver, person, sign_in, services, deliver):
    sign_in(person, tax)
    tax.subscribe(receiver, events_requested=[DISABLED, "https://example.org/unknown"])
    services.accounts.lock(person.account_id, "x", "command:officer")
    end_all(services, person, "locked")
    deliver()
    assert receiver.types == [DISABLED]


def test_same_event_is_sent_again_until_it_is_taken(tax, receiver, person, sign_in, services, clock, deliver):
    """RFC8935-push: only 202 is a yes, and a repetition is the same token id, so that it is recognised."""
    sign_in(person, tax)
    tax.subscribe(receiver)
    end_all(services, person)
    for status in (500, 200, 204, 302, 400):
        receiver.status = status
        assert deliver() == ["retry"]
        assert str(status) in tax.status()["reason"]
        clock.advance(60)
    receiver.status = 202
    assert deliver() == ["delivered"]
    assert len({claims["jti"] for claims in receiver.claims}) == 1
    assert len({claims["iat"] for claims in receiver.claims}) == 1
    assert "reason" not in tax.status()


def test_events_keep_their_order_through_failures(tax, receiver, person, sign_in, services, clock, deliver):
    """Durable and ordered: nothing overtakes an event that was not taken yet, even within one millisecond."""
    sign_in(person, tax)
    tax.subscribe(receiver)
    receiver.status = 503
    for number in range(6):
        act = services.accounts.lock if number % 2 == 0 else services.accounts.unlock
        act(person.account_id, "x", "command:officer")
    assert deliver() == ["retry"]
    receiver.status = 202
    clock.advance(60)
    deliver()
    assert receiver.types[1:] == [DISABLED, ENABLED] * 3


def test_receiver_that_never_answers_pauses_its_stream_and_loses_nothing(
    tax, receiver, person, sign_in, services, clock, deliver
):
    """SSF-8.1.2-status: after twelve failures the stream says why, and what waits goes out when it is enabled."""
    sign_in(person, tax)
    tax.subscribe(receiver)
    receiver.status = 500
    services.accounts.lock(person.account_id, "x", "command:officer")
    results = []
    for _ in range(MOST_ATTEMPTS + 3):
        results += deliver()
        clock.advance(4000)
        tax.token = tax.access_token("ssf.manage")
    assert results == ["retry"] * (MOST_ATTEMPTS - 1) + ["held"]
    assert tax.status() == {
        "stream_id": tax.stream_id,
        "status": "paused",
        "reason": "the receiver answered 500",
    }
    services.accounts.unlock(person.account_id, "x", "command:officer")
    assert deliver() == []
    assert services.outbox.oldest_waiting_seconds() == 0
    receiver.status = 202
    tax.set_status("enabled")
    assert deliver() == ["delivered", "delivered"]
    assert receiver.types[-2:] == [DISABLED, ENABLED]


def test_receiver_that_hangs_delays_nobody_else(new_department, new_receiver, person, sign_in, services, deliver):
    """A lane each: the one that hangs holds up only itself, and its stream says so."""
    hanging, prompt = new_department("hanging"), new_department("prompt")
    slow, quick = new_receiver(), new_receiver()
    for department, receiver in ((hanging, slow), (prompt, quick)):
        sign_in(person, department)
        department.subscribe(receiver)
    slow.hangs = True
    for _ in range(3):
        services.accounts.lock(person.account_id, "x", "command:officer")
        services.accounts.unlock(person.account_id, "x", "command:officer")
    assert sorted(deliver()) == ["delivered"] * 6 + ["retry"]
    assert len(quick.tokens) == 6
    assert hanging.status()["reason"] == "127.0.0.1 did not answer in time"


@pytest.fixture
def setting_changes():
    return {"IDP_OUTBOUND_TIMEOUT_SECONDS": "1"}


def test_token_that_the_receiver_cannot_read_is_not_sent_for_ever(
    tax, receiver, person, sign_in, services, clock, deliver
):
    """RFC8935-push §2.4: the registered error is shown, nothing else of what the receiver says is kept."""
    sign_in(person, tax)
    tax.subscribe(receiver)
    services.accounts.lock(person.account_id, "x", "command:officer")
    receiver.status = 400
    for body, shown in (
        (b'{"err": "invalid_key", "description": "Zhang San"}', "the receiver answered 400 (invalid_key)"),
        (b'{"err": "<script>"}', "the receiver answered 400"),
        (b"no json", "the receiver answered 400"),
    ):
        receiver.body = body
        deliver()
        assert tax.status()["reason"] == shown
        clock.advance(60)


def test_suspended_department_gets_nothing_more(tax, receiver, person, sign_in, services, deliver):
    sign_in(person, tax)
    tax.subscribe(receiver)
    services.registry.suspend("tax", actor="command:officer")
    services.accounts.lock(person.account_id, "x", "command:officer")
    assert deliver() == []
    assert receiver.tokens == []
