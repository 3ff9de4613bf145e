"""Owners hear of sign-ins that may be somebody else's, and a flood of them is no flood of letters (NIST-63B-4.6)."""

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser
from tests.sign_in.visitor import Visitor
from tests.support.racing import together

ADDRESS = "zhang@example.cn"
TOLD = ("new_device", "z***@example.cn", None)


@pytest.fixture
def owner(account_factory):
    return account_factory(email=ADDRESS, preferred_language="en")


@pytest.fixture
def sign_in(services, owner, clock):
    """Sign in from a browser; another one each time, unless it is given."""

    def make(visitor=None):
        visitor = visitor or Visitor(services)
        # Each sign-in is for a site that wants a new one.
        visitor.sign_in(owner, clock, visitor.interaction(fresh=True))
        return visitor

    return make


def of_kind(letters, name):
    return [one for one in letters() if one[0] == name]


def test_a_sign_in_from_a_new_device_is_told_and_the_next_from_there_is_not(sign_in, letters):
    visitor = sign_in()
    assert of_kind(letters, "new_device") == [TOLD]
    sign_in(visitor)
    assert of_kind(letters, "new_device") == [TOLD]
    sign_in()
    assert of_kind(letters, "new_device") == [TOLD, TOLD]


def test_a_browser_that_another_person_uses_is_new_to_this_one(services, sign_in, account_factory, clock, letters):
    visitor = Visitor(services)
    visitor.sign_in(account_factory(), clock)
    visitor.session_cookie = None
    sign_in(visitor)
    assert of_kind(letters, "new_device") == [TOLD]


def test_wrong_passwords_write_nothing(services, owner, letters):
    Visitor(services).fail(owner.username, 2)
    assert of_kind(letters, "new_device") == []


def test_a_flood_of_sign_ins_is_three_letters_a_day_and_the_third_says_so(sign_in, letters, attempts, clock):
    for _ in range(20):
        sign_in()
    assert len(of_kind(letters, "new_device")) == 3
    told = [text for text in attempts() if "new device" in text]
    assert sum("Any more within a day are listed under your activity only" in text for text in told) == 1
    clock.advance(hours=23)
    sign_in()
    assert len(of_kind(letters, "new_device")) == 3
    clock.advance(hours=2)
    sign_in()
    assert len(of_kind(letters, "new_device")) == 4


def test_many_at_once_are_three_letters_too(services, owner, letters, clock):
    def sign_in():
        proved = [VerifiedFactor("password", clock.now())]
        return services.sessions.open(owner.account_id, proved, services.entropy.uuid7(), Browser(is_new=True))

    assert all(together([sign_in] * 8))
    assert len(of_kind(letters, "new_device")) == 3


def test_one_persons_flood_keeps_no_letter_from_another(services, sign_in, account_factory, clock, letters):
    for _ in range(5):
        sign_in()
    other = account_factory(email="other@example.cn")
    Visitor(services).sign_in(other, clock)
    assert ("new_device", "o***@example.cn", None) in letters()


def test_a_recovery_code_is_told_each_time_and_as_nothing_else(services, account_factory, letters, attempts):
    person = account_factory(email=ADDRESS, preferred_language="en", with_totp=True, with_recovery_codes=True)
    for code in person.recovery_codes[:5]:
        visitor = Visitor(services)
        visitor.password(person.username, person.password)
        visitor.code("recovery_code", code)
        assert visitor.session is not None
    assert of_kind(letters, "recovery") == [("recovery", "z***@example.cn", None)] * 5
    assert of_kind(letters, "new_device") == []
    assert not any(code in text for text in attempts() for code in person.recovery_codes)


def test_a_recovery_code_in_a_live_session_is_told(services, account_factory, letters, clock):
    person = account_factory(email=ADDRESS, with_totp=True, with_recovery_codes=True)
    visitor = Visitor(services)
    visitor.sign_in(person, clock)
    again = visitor.interaction(fresh=True)
    visitor.password(person.username, person.password, again)
    visitor.code("recovery_code", person.recovery_codes[0], again)
    assert len(of_kind(letters, "recovery")) == 1


def test_the_letters_hold_nothing_personal_and_are_in_the_owners_language(
    services, sign_in, attempts, account_factory, clock, owner
):
    sign_in()
    Visitor(services).sign_in(account_factory(email="wang@example.cn", preferred_language="zh-Hans"), clock)
    texts = [text for text in attempts() if text.startswith(("A new device", "您的账号在新设备上登录"))]
    assert len(texts) == 2
    assert all("/account/activity" in text for text in texts)
    for hidden in (owner.name, owner.username, owner.phone, owner.id_number, "203.0.113", "zhang"):
        assert not any(hidden in text for text in texts), hidden
