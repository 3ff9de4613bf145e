"""What a receiver is brought when something happens, and what becomes of it when it does not take it (RFC 8935)."""

from typing import Any

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.factors.events import AuthenticatorAdded, AuthenticatorRemoved
from idp.foundation.outbox import MOST_ATTEMPTS
from idp.sessions.values import Browser as From
from idp.sessions.values import Selector
from tests.signals.ssf.conftest import (
    ASSURANCE_LEVEL_CHANGE,
    CREDENTIAL_CHANGE,
    DISABLED,
    ENABLED,
    PURGED,
    SESSION_REVOKED,
    TOKEN_CLAIMS_CHANGE,
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


def test_one_ended_session_names_the_session(tax, receiver, person, sign_in, services, deliver):
    """CAEP-session-revoked: whoever is out of one browser only is still in with the other."""
    first, second = sign_in(person, tax), sign_in(person, tax)
    tax.subscribe(receiver)
    services.sessions.terminate(
        Selector(session_id=second["session_id"]), reason="logout", actor=f"account:{person.account_id}"
    )
    deliver()
    subject = receiver.claims[0]["sub_id"]
    assert subject["format"] == "complex"
    assert subject["user"]["sub"] == first["sub"]
    assert subject["session"] == {"format": "opaque", "id": second["sid"]}
    assert receiver.claims[0]["events"][SESSION_REVOKED]["initiating_entity"] == "user"


def test_locking_unlocking_and_closing_an_account_are_told(tax, receiver, person, sign_in, services, deliver):
    """RISC-account-disabled, RISC-account-enabled, RISC-account-purged, and no reason in the officer's own words."""
    sub = sign_in(person, tax)["sub"]
    tax.subscribe(receiver)
    for act, reason in (
        (services.accounts.lock, "hijacking"),
        (services.accounts.unlock, "spoke to Mrs Zhang"),
        (services.accounts.lock, "complaint of Mr Li"),
        (services.accounts.close, "died"),
    ):
        act(person.account_id, reason, "command:officer")
    deliver()
    assert receiver.types == [DISABLED, ENABLED, DISABLED, PURGED]
    assert [claims["events"] for claims in receiver.claims] == [
        {DISABLED: {"reason": "hijacking"}},
        {ENABLED: {}},
        {DISABLED: {}},
        {PURGED: {}},
    ]
    assert {claims["sub_id"]["sub"] for claims in receiver.claims} == {sub}


def test_changed_credentials_are_told(tax, receiver, account_factory, sign_in, services, deliver):
    """CAEP-credential-change: password, authenticator app, recovery codes; by the person or by staff."""
    person = account_factory(with_totp=True)
    sign_in(person, tax)
    tax.subscribe(receiver)
    actor = f"account:{person.account_id}"
    services.factors.set_password(
        person.account_id, "another-lantern-harbour-72", has_second_factor=True, actor="command:x"
    )
    services.factors.make_recovery_codes(person.account_id, actor=actor)
    enrolled = {view.kind: view.id for view in services.factors.enrolled(person.account_id).authenticators}
    services.factors.remove(person.account_id, enrolled["recovery_code"], actor=actor)
    services.factors.remove(person.account_id, enrolled["totp"], actor="command:officer")
    deliver()
    changes = [claims["events"][CREDENTIAL_CHANGE] for claims in receiver.claims]
    assert [(change["credential_type"], change["change_type"], change["initiating_entity"]) for change in changes] == [
        ("password", "update", "admin"),
        ("recovery-code", "create", "user"),
        ("recovery-code", "delete", "user"),
        ("app", "revoke", "admin"),
    ]
    assert all("event_timestamp" in change for change in changes)
    # CAEP interoperability profile §3.2: the reason is there, and says nothing about a person.
    assert [change["reason_admin"] for change in changes] == [
        {"en": "password: update"},
        {"en": "recovery-code: create"},
        {"en": "recovery-code: delete"},
        {"en": "app: revoke"},
    ]


@pytest.mark.parametrize(
    ("kind", "credential_type"), [("passkey", "fido2-platform"), ("attested_passkey", "fido2-roaming")]
)
def test_passkeys_are_called_as_the_specification_calls_them(
    tax, receiver, person, sign_in, services, deliver, kind, credential_type
):
    """CAEP-credential-change: the words of CAEP 1.0 §3.3.1."""
    sign_in(person, tax)
    tax.subscribe(receiver)
    with services.database.transaction():
        for event in (AuthenticatorAdded, AuthenticatorRemoved):
            actor = f"account:{person.account_id}"
            services.audit.record(event(actor=actor, account_id=person.account_id, kind=kind))
    deliver()
    changes = [claims["events"][CREDENTIAL_CHANGE] for claims in receiver.claims]
    assert [(change["credential_type"], change["change_type"]) for change in changes] == [
        (credential_type, "create"),
        (credential_type, "delete"),
    ]


def test_an_officer_at_the_console_is_an_admin(tax, receiver, account_factory, sign_in, services, deliver):
    """CAEP-session-revoked, CAEP-credential-change: officers act with accounts, and are not the user."""
    person = account_factory(with_totp=True)
    officer = f"account:{account_factory(kind='staff').account_id}"
    first, _second = sign_in(person, tax), sign_in(person, tax)
    tax.subscribe(receiver)
    services.sessions.terminate(Selector(session_id=first["session_id"]), reason="ended_by_staff", actor=officer)
    services.sessions.terminate(Selector(account_id=person.account_id), reason="ended_by_staff", actor=officer)
    totp = next(view for view in services.factors.enrolled(person.account_id).authenticators if view.kind == "totp")
    services.factors.remove(person.account_id, totp.id, actor=officer)
    deliver()
    events = [event for claims in receiver.claims for event in claims["events"].values()]
    assert [event["initiating_entity"] for event in events] == ["admin"] * 3
    assert events[2]["change_type"] == "revoke"


def test_who_signs_in_over_somebody_else_is_the_user(tax, receiver, account_factory, sign_in, services, deliver):
    """CAEP-session-revoked: the browser's session was replaced by who sat there, not by staff."""
    person, other = account_factory(), account_factory()
    here = sign_in(person, tax)
    tax.subscribe(receiver)
    services.sessions.open(
        other.account_id,
        [VerifiedFactor("password", services.clock.now())],
        services.entropy.uuid7(),
        From(),
        replacing=services.sessions.load(here["cookie"]),
    )
    deliver()
    assert [claims["events"][SESSION_REVOKED]["initiating_entity"] for claims in receiver.claims] == ["user"]


def test_changed_contacts_are_told_without_the_contacts(
    new_department, receiver, account_factory, sign_in, services, deliver
):
    """CAEP-token-claims-change: ``claims`` says since when; the values are at userinfo, for who may know them."""
    person = account_factory(kind="staff", email="old@example.cn")
    department = new_department(policy={"account_kinds": ["staff"]})
    sub = sign_in(person, department)["sub"]
    department.subscribe(receiver, events_requested=[TOKEN_CLAIMS_CHANGE])
    services.accounts.set_contacts(person.account_id, email="new@example.cn", phone=None, actor="client:personnel")
    deliver()
    (claims,) = receiver.claims
    now = int(services.clock.now().timestamp())
    assert claims["sub_id"]["sub"] == sub
    assert claims["events"] == {
        TOKEN_CLAIMS_CHANGE: {
            "event_timestamp": now,
            "initiating_entity": "policy",
            "claims": {"updated_at": now},
        }
    }
    assert "example.cn" not in str(claims["events"])


def test_a_session_that_proved_more_is_told_to_its_own_sites(
    new_department, new_receiver, account_factory, sign_in, services, deliver
):
    """CAEP-assurance-level-change: once, and only to the departments of this session."""
    person = account_factory(with_totp=True)
    tax, welfare = new_department("tax"), new_department("welfare")
    at_tax, at_welfare = new_receiver(), new_receiver()
    here = sign_in(person, tax)
    sign_in(person, welfare)
    tax.subscribe(at_tax, events_requested=[ASSURANCE_LEVEL_CHANGE])
    welfare.subscribe(at_welfare, events_requested=[ASSURANCE_LEVEL_CHANGE])
    for kind in ("password", "totp", "totp"):
        session = services.sessions.load(here["cookie"])
        proved = [VerifiedFactor(kind, services.clock.now())]
        opened = services.sessions.open(person.account_id, proved, services.entropy.uuid7(), From(), replacing=session)
        here["cookie"] = opened.cookie
    deliver()
    assert at_welfare.tokens == []
    (claims,) = at_tax.claims
    assert claims["sub_id"]["session"]["format"] == "opaque"
    event = claims["events"][ASSURANCE_LEVEL_CHANGE]
    assert event.pop("event_timestamp")
    assert event == {
        "initiating_entity": "user",
        "namespace": "NIST-AAL",
        "previous_level": "nist-aal1",
        "current_level": "nist-aal2",
        "change_direction": "increase",
    }


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
