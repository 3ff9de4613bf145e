"""Adding and removing one's own passkeys: after a recent sign-in, never the last way in, two for staff."""

import pytest

from idp.enrolment.values import Added, Changed, Kept, NothingPending, StepUpNeeded
from idp.factors.assurance import ACR_AAL2, ACR_AAL3, acr_of
from idp.factors.passkey.values import PasskeyRefused
from idp.sessions.values import Selector
from tests.support.software_authenticator import MODEL, Device, Maker


@pytest.fixture(scope="module")
def maker():
    return Maker(MODEL)


@pytest.fixture
def setting_changes(maker):
    return {"IDP_ATTESTATION_ROOTS": maker.pem.decode(), "IDP_ATTESTATION_AAGUIDS": str(MODEL)}


@pytest.fixture
def add(services, issuer):
    """Add a passkey on a new device; return the session as it is then, or why not."""

    def make(session, maker=None, label="手机"):
        options = services.enrolment.begin_passkey(session, "zhang")
        if not isinstance(options, str):
            return options
        outcome = services.enrolment.add_passkey(session, Device(issuer, maker=maker).make(options), label)
        return services.sessions.load(outcome.session_cookie) if isinstance(outcome, Added) else outcome

    return make


def passkeys(services, session):
    return services.enrolment.methods(session).passkeys


def test_added_passkey_raises_the_session(services, account_factory, session_of, add, clock):
    session = session_of(account_factory())
    raised = add(session)
    assert raised.id == session.id
    assert acr_of(raised.factors, clock.now()) == ACR_AAL2
    assert [view.label for view in passkeys(services, raised)] == ["手机"]


def test_adding_wants_all_that_can_be_proved_not_long_ago(account_factory, session_of, add, clock, maker):
    """NIST-63B-4.1-bind: at the highest level that the account can reach."""
    person = account_factory(with_totp=True)
    assert add(session_of(person)) == StepUpNeeded(ACR_AAL2)
    session = session_of(person, "password", "totp")
    clock.advance(minutes=21)
    assert add(session) == StepUpNeeded(ACR_AAL2)

    officer = account_factory(kind="staff")
    assert add(session_of(officer, "password", "totp"), maker).account_id == officer.account_id
    assert add(session_of(officer, "password", "totp"), maker) == StepUpNeeded(ACR_AAL3)
    assert add(session_of(officer, "attested_passkey"), maker).account_id == officer.account_id


def test_citizens_enrol_any_device_and_staff_listed_ones(services, account_factory, session_of, add):
    """Rule A2."""
    assert add(session_of(account_factory(kind="enterprise"))).account_kind == "enterprise"
    staff = session_of(account_factory(kind="staff"), "password", "totp")
    assert add(staff) == PasskeyRefused("not_attested")
    assert add(staff, Maker(MODEL)) == PasskeyRefused("wrong")
    assert not passkeys(services, staff)


def test_question_made_for_one_session_is_not_answered_in_another(services, account_factory, session_of, issuer):
    first, second = session_of(account_factory()), session_of(account_factory())
    answer = Device(issuer).make(services.enrolment.begin_passkey(first, "zhang"))
    assert services.enrolment.add_passkey(second, answer, "") == PasskeyRefused("expired")


def test_passkey_made_in_a_session_that_has_ended_is_not_kept(services, account_factory, session_of, issuer):
    session = session_of(account_factory())
    answer = Device(issuer).make(services.enrolment.begin_passkey(session, "zhang"))
    services.sessions.terminate(Selector(session_id=session.id), reason="staff", actor="system")
    assert services.enrolment.add_passkey(session, answer, "") == NothingPending()
    assert not passkeys(services, session)


def test_there_is_room_for_ten(account_factory, session_of, add):
    session = session_of(account_factory())
    for _ in range(10):
        session = add(session)
    assert add(session) == Kept()


def test_citizen_removes_the_last_passkey_because_the_password_is_left(services, account_factory, session_of, add):
    session = add(session_of(account_factory()))
    services.enrolment.make_recovery_codes(session)
    assert services.enrolment.remove(session, passkeys(services, session)[0].id) == Changed()
    # Codes that stood in for it go along.
    assert not services.factors.enrolled(session.account_id).has_second_factor


def test_recovery_codes_stay_as_long_as_something_is_left_to_stand_in_for(services, account_factory, session_of, add):
    session = add(session_of(account_factory(with_totp=True, with_recovery_codes=True), "password", "totp"))
    assert services.enrolment.remove(session, services.enrolment.methods(session).apps[0].id) == Changed()
    assert services.factors.enrolled(session.account_id).codes_left == 10


def test_staff_keep_two_passkeys(services, account_factory, session_of, add, maker):
    """Rule A2: whoever loses one is not locked out."""
    session = add(session_of(account_factory(kind="staff"), "password", "totp"), maker)
    session = add(session, maker)
    assert services.enrolment.remove(session, passkeys(services, session)[0].id) == Kept()
    session = add(session, maker)
    assert services.enrolment.remove(session, passkeys(services, session)[0].id) == Changed()
    assert len(passkeys(services, session)) == 2
    # The app may go now: there is something else.
    assert services.enrolment.remove(session, services.enrolment.methods(session).apps[0].id) == Changed()


def test_passkey_of_another_account_is_not_removed(services, account_factory, session_of, add):
    """ASVS-8.2.2."""
    mine, theirs = add(session_of(account_factory())), add(session_of(account_factory()))
    assert services.enrolment.remove(mine, passkeys(services, theirs)[0].id) == Kept()
    assert len(passkeys(services, theirs)) == 1


def test_every_change_is_recorded(services, account_factory, session_of, add):
    """NIST-63B-4.1-bind."""
    session = add(session_of(account_factory()))
    services.enrolment.remove(session, passkeys(services, session)[0].id)
    records = services.audit.of_account(session.account_id)
    told = [(one.action, one.detail.get("kind")) for one in records if one.action.startswith("authenticator.")]
    assert ("authenticator.added", "passkey") in told
    assert ("authenticator.removed", "passkey") in told
