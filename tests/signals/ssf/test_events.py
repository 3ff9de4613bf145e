"""What is said when something happens: the events of CAEP 1.0 and RISC 1.0, member by member."""

from datetime import timedelta

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.factors.events import AuthenticatorAdded, AuthenticatorRemoved
from idp.sessions.values import Browser as From
from idp.sessions.values import Selector
from idp.staff.powers import Power
from tests.signals.ssf.conftest import (
    ASSURANCE_LEVEL_CHANGE,
    CHANGE_REQUIRED,
    CREDENTIAL_CHANGE,
    DISABLED,
    ENABLED,
    PURGED,
    SESSION_REVOKED,
    TOKEN_CLAIMS_CHANGE,
)


@pytest.fixture
def person(account_factory):
    return account_factory()


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
            change = {"before": (), "after": ()}
            services.audit.record(event(actor=actor, account_id=person.account_id, kind=kind, **change))
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


@pytest.mark.parametrize(("kind", "is_told"), [("reset_credential", True), ("reprove_identity", False)])
def test_a_credential_that_an_officer_wants_changed_is_told_and_nothing_of_why(
    tax, receiver, person, account_factory, sign_in, services, clock, deliver, kind, is_told
):
    """RISC-account-credential-change-required; the sessions that end with it are told as ever."""
    officer = account_factory(kind="staff", with_totp=True)
    services.staff.grant(officer.account_id, Power.SECURITY, actor="system", reason="test")
    sub = sign_in(person, tax)["sub"]
    tax.subscribe(receiver, events_requested=[CHANGE_REQUIRED, SESSION_REVOKED])
    services.requirement_interventions.require(
        person.account_id,
        kind,
        clock.now() + timedelta(days=1),
        factor=None,
        officer=services.staff.officer(officer.account_id),
        reason="leaked list of Mr Li",
    )
    deliver()
    told = [claims for claims in receiver.claims if CHANGE_REQUIRED in claims["events"]]
    assert [(claims["sub_id"]["sub"], claims["events"]) for claims in told] == [(sub, {CHANGE_REQUIRED: {}})] * is_told
    assert any(SESSION_REVOKED in claims["events"] for claims in receiver.claims)
    assert "Mr Li" not in str(receiver.claims)


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
