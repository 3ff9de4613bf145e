"""Signing in with a passkey: alone, after the password, for a stronger sign-in, and when it must not work."""

import pytest

from idp.audit.searching import EventFilter
from idp.factors.assurance import ACR_AAL2, ACR_AAL3, acr_of
from idp.factors.passkey.values import PasskeyRefused
from idp.sign_in.journey import Step
from idp.sign_in.values import Continue, Finished
from tests.support.software_authenticator import MODEL, Device, Maker


@pytest.fixture(scope="module")
def maker():
    return Maker(MODEL)


@pytest.fixture
def setting_changes(maker):
    return {"IDP_ATTESTATION_ROOTS": maker.pem.decode(), "IDP_ATTESTATION_AAGUIDS": str(MODEL)}


@pytest.fixture
def enrol(services, issuer):
    """Give a person a passkey on a new device, and return the device."""

    def make(person, maker=None):
        device = Device(issuer, maker=maker)
        options = services.factors.begin_passkey("b", person.account_id, "x", needs_attestation=maker is not None)
        services.factors.add_passkey(
            "b", person.account_id, device.make(options), "", needs_attestation=maker is not None, actor="system"
        )
        return device

    return make


@pytest.fixture
def answer(services):
    """Answer with a device from a visitor's browser, and keep the cookies."""

    def send(visitor, device, interaction=None):
        response = device.use(services.sign_in.ask_passkey(visitor.visit))
        interaction = interaction or visitor.interaction()
        return visitor.keep(services.sign_in.submit_passkey(visitor.visit, interaction, response))

    return send


def kinds_of(session):
    return sorted(factor.kind for factor in session.factors)


def test_passkey_alone_is_a_whole_sign_in(visitor, account_factory, enrol, answer, clock):
    person = account_factory()
    assert isinstance(answer(visitor, enrol(person), visitor.interaction(acr=ACR_AAL2)), Finished)
    assert visitor.session.account_id == person.account_id
    assert kinds_of(visitor.session) == ["passkey"]
    assert acr_of(visitor.session.factors, clock.now()) == ACR_AAL2


def test_passkey_is_the_second_factor_after_the_password(visitor, account_factory, enrol, answer):
    person = account_factory()
    device = enrol(person)
    interaction = visitor.interaction()
    assert visitor.password(person.username, person.password, interaction) == Continue(Step.SECOND_FACTOR)
    assert visitor.situation(interaction).second_factors == ("passkey",)
    assert isinstance(answer(visitor, device, interaction), Finished)
    assert kinds_of(visitor.session) == ["passkey", "password"]


def test_passkey_of_somebody_else_begins_that_persons_sign_in(visitor, account_factory, enrol, answer):
    """Nothing of the first person's sign-in is left over."""
    first, second = account_factory(), account_factory()
    enrol(first)
    device = enrol(second)
    interaction = visitor.interaction()
    assert visitor.password(first.username, first.password, interaction) == Continue(Step.SECOND_FACTOR)
    assert isinstance(answer(visitor, device, interaction), Finished)
    assert visitor.session.account_id == second.account_id
    assert kinds_of(visitor.session) == ["passkey"]
    assert visitor.situation().step is Step.DONE


def test_answer_made_in_another_browser_signs_nobody_in(new_visitor, services, account_factory, enrol):
    """Rule S2: what an attacker has the victim's device sign is worth nothing in the attacker's browser."""
    device = enrol(account_factory())
    victim, attacker = new_visitor(), new_visitor()
    response = device.use(services.sign_in.ask_passkey(victim.visit))
    outcome = services.sign_in.submit_passkey(attacker.visit, attacker.interaction(), response)
    assert outcome == PasskeyRefused("expired")


def test_locked_account_is_refused_like_a_wrong_passkey(visitor, services, account_factory, enrol, answer):
    """Rule S4."""
    person = account_factory()
    device = enrol(person)
    services.accounts.lock(person.account_id, reason="test", actor="system")
    assert answer(visitor, device) == PasskeyRefused("not_admitted", person.account_id)
    assert visitor.session is None


def test_refusal_is_recorded(visitor, services, account_factory, enrol):
    person = account_factory()
    device = enrol(person)
    options = services.sign_in.ask_passkey(visitor.visit)
    services.sign_in.submit_passkey(visitor.visit, visitor.interaction(), device.use(options, signature=b"x"))
    record = services.audit.of_account(person.account_id, limit=1)[0]
    assert (record.action, record.reason) == ("sign_in.passkey_refused", "wrong")


def test_refusals_of_nobody_do_not_fill_the_record(new_visitor, services):
    """Rule A3 and GB/T 22239 8.1.4.3: what anybody can send without an account is recorded so often, and no more."""
    stranger = new_visitor(network="8.8.8.0/24")
    for _ in range(services.settings.throttle_network_after + 20):
        outcome = services.sign_in.submit_passkey(stranger.visit, stranger.interaction(), "{}")
        assert outcome == PasskeyRefused("malformed")
    found = services.event_search.page(EventFilter(action="sign_in.passkey_refused"), size=500)
    assert len(found) == services.settings.throttle_network_after


def test_ten_wrong_answers_end_the_attempt(visitor, services, account_factory, enrol):
    person = account_factory()
    device = enrol(person)
    interaction = visitor.interaction()
    visitor.password(person.username, person.password, interaction)
    for _ in range(10):
        options = services.sign_in.ask_passkey(visitor.visit)
        services.sign_in.submit_passkey(visitor.visit, interaction, device.use(options, signature=b"x"))
    assert visitor.situation(interaction).step is Step.PASSWORD


def test_fresh_sign_in_takes_an_answer_given_for_it(visitor, account_factory, enrol, answer, clock):
    """Rule S1: prompt=login and max_age are met by a passkey used now, not by the session's."""
    device = enrol(account_factory())
    answer(visitor, device)
    clock.advance(60)
    fresh = visitor.interaction(fresh=True)
    assert visitor.situation(fresh).step is Step.PASSWORD
    assert isinstance(answer(visitor, device, fresh), Finished)
    assert visitor.session.factors[0].at == clock.now()


def test_aal3_takes_an_attested_passkey_and_nothing_less(visitor, account_factory, enrol, answer, clock, maker):
    """NIST-63B-2.3-aal3."""
    person = account_factory(kind="staff")
    key = enrol(person, maker)
    strong = visitor.interaction(acr=ACR_AAL3)
    assert visitor.password(person.username, person.password, strong) == Continue(Step.SECOND_FACTOR)
    assert visitor.situation(strong).second_factors == ("passkey",)
    assert visitor.code("totp", person.code(clock), strong) == Continue(Step.SECOND_FACTOR)
    assert isinstance(answer(visitor, key, strong), Finished)
    assert acr_of(visitor.session.factors, clock.now()) == ACR_AAL3


def test_aal3_raises_a_session(visitor, account_factory, enrol, answer, clock, maker):
    person = account_factory(kind="staff")
    key = enrol(person, maker)
    visitor.sign_in(person, clock)
    before = visitor.session
    strong = visitor.interaction(acr=ACR_AAL3)
    assert visitor.situation(strong).step is Step.SECOND_FACTOR
    assert isinstance(answer(visitor, key, strong), Finished)
    assert visitor.session.id == before.id
    assert acr_of(visitor.session.factors, clock.now()) == ACR_AAL3


def test_aal3_is_out_of_reach_without_an_attested_passkey(visitor, account_factory, enrol, answer):
    person = account_factory()
    device = enrol(person)
    strong = visitor.interaction(acr=ACR_AAL3)
    assert answer(visitor, device, strong) == Continue(Step.UNREACHABLE)


def test_staff_sign_in_with_a_passkey_alone(visitor, account_factory, enrol, answer, maker):
    """Rule A2: it is two factors, so nothing else is asked."""
    person = account_factory(kind="staff", with_totp=False)
    assert isinstance(answer(visitor, enrol(person, maker)), Finished)


def test_passkey_of_somebody_else_never_counts_for_the_sign_in_it_replaces(
    visitor, services, account_factory, enrol, answer
):
    """Rules S1 and S2: whoever knows a password only gets past no second factor with a passkey of their own."""
    victim, attacker = account_factory(), account_factory(kind="enterprise")
    enrol(victim)
    device = enrol(attacker)
    interaction = visitor.interaction(kinds=("citizen",))
    assert visitor.password(victim.username, victim.password, interaction) == Continue(Step.SECOND_FACTOR)
    assert answer(visitor, device, interaction) == Continue(Step.NOT_ADMITTED)
    assert visitor.situation(interaction).step is Step.NOT_ADMITTED
    visitor.keep(services.sign_in.proceed(visitor.visit, interaction))
    assert visitor.session is None
