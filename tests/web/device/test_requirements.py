"""What officers ask of an account holds for devices too: an identity level, and a new credential before all else."""

from datetime import timedelta

import pytest

from idp.accounts.requirements import REPROVE_IDENTITY, RESET_CREDENTIAL
from idp.staff.powers import Power
from tests.protocol.conftest import refused
from tests.web.device.test_device_grant import ALLOW, allow, open_request

NEW = "velvet-orchard-sparrow-58"


@pytest.fixture
def proven(account_factory):
    return account_factory(ial=2, ial_source="population_register", with_totp=True)


@pytest.fixture
def pension(new_television):
    """A device of a site that needs level 2."""
    return new_television("pension-kiosk", policy={"min_ial": 2})


@pytest.fixture
def require(services, account_factory, clock):
    """Have an officer require something of an account, as the console does."""

    def place(person, kind):
        officer = account_factory(kind="staff", with_totp=True)
        services.staff.grant(officer.account_id, Power.SECURITY, actor="system", reason="test")
        services.requirement_interventions.require(
            person.account_id,
            kind,
            clock.now() + timedelta(days=1),
            factor=None,
            officer=services.staff.officer(officer.account_id),
            reason="leaked list",
        )

    return place


def test_who_is_not_proven_well_enough_is_refused_with_a_page_and_the_device_gets_nothing(pension, visitor):
    page = open_request(visitor.browser, pension.ask().get_json())
    assert page.status == 403
    assert "实名等级" in page.text
    assert not page.has(ALLOW)
    assert refused(pension.poll(), "authorization_pending")


def test_who_is_proven_well_enough_is_asked(pension, proven, visitor_of):
    assert allow(visitor_of(proven).browser, pension.ask().get_json()).path == "/device/done"
    assert pension.poll().status_code == 200


def test_a_doubt_between_the_page_and_the_answer_stops_the_answer(pension, proven, visitor_of, services, clock):
    """The page was shown while the identity was good; the session is still there."""
    browser = visitor_of(proven).browser
    assert open_request(browser, pension.ask().get_json()).has(ALLOW)
    until = clock.now() + timedelta(days=1)
    services.requirements.place(
        proven.account_id, REPROVE_IDENTITY, until, factor=None, reason="two people, one number", actor="system"
    )
    page = browser.submit(ALLOW)
    assert page.status == 403
    assert "实名等级" in page.text
    assert refused(pension.poll(), "authorization_pending")


@pytest.mark.parametrize("kind", [RESET_CREDENTIAL, REPROVE_IDENTITY])
def test_what_is_required_after_the_answer_leaves_the_device_without_tokens(pension, proven, visitor_of, require, kind):
    allow(visitor_of(proven).browser, pension.ask().get_json())
    require(proven, kind)
    assert pension.poll().status_code == 400
    assert "access_token" not in pension.poll().get_json()


@pytest.mark.parametrize("kind", [RESET_CREDENTIAL, REPROVE_IDENTITY])
def test_what_a_device_has_ends_with_the_requirement(pension, proven, visitor_of, require, kind):
    allow(visitor_of(proven).browser, pension.ask().get_json())
    tokens = pension.poll().get_json()
    require(proven, kind)
    assert pension.site.userinfo(tokens["access_token"]).status_code == 401
    assert "refresh_token" not in tokens or pension.site.refresh(tokens["refresh_token"]).status_code == 400


def test_a_forced_reset_comes_before_the_decision_about_a_device(
    television, proven, visitor_of, require, services, clock
):
    browser = visitor_of(proven).browser
    codes = television.ask().get_json()
    open_request(browser, codes)
    require(proven, RESET_CREDENTIAL)
    page = browser.submit(ALLOW)
    assert page.path == "/login"
    assert refused(television.poll(), "authorization_pending")
    clock.advance(30)
    page = browser.sign_in(proven.username, proven.password, proven.code(clock))
    assert page.path == "/login/renew"
    assert services.sessions.list(account_id=proven.account_id) == [], "nothing opens before the new password"
    assert browser.submit(new_password=NEW).path == "/device"
    browser.submit("device-submit", user_code=codes["user_code"])
    assert browser.submit(ALLOW).path == "/device/done"
    clock.advance(5)
    assert television.poll().status_code == 200
