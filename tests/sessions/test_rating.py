"""What staff are told of a session beside its facts: what its factors prove, the signs of risk, and its device."""

from itertools import chain, combinations

import pytest

from idp.factors import FACTORS
from idp.factors.assurance import ACR_AAL1, ACR_AAL2, ACR_VALUES, VerifiedFactor, acr_proved_by
from idp.sessions.filters import SessionFilter
from idp.sessions.rating import ANY_SIGN, NO_SIGN, SIGN_NAMES, RiskSign
from idp.sessions.values import Browser
from idp.sign_in.throttling import MANY_FAILURES
from tests.sign_in.visitor import Visitor


@pytest.fixture
def found(services):
    """Return the ids of the sessions, live or ended, that a filter chooses."""
    return lambda **chosen: {line.id for line in services.session_search.page(SessionFilter(state="all", **chosen))}


@pytest.fixture
def person(account_factory):
    return account_factory()


@pytest.fixture
def enter(services, clock, person):
    """Sign somebody in anew, from a new browser unless one is given; return the browser and what staff see of it."""

    def make(visitor=None, who=None):
        visitor = visitor or Visitor(services)
        visitor.sign_in(who or person, clock, visitor.interaction(fresh=True))
        clock.advance(1)
        return visitor, services.session_search.find(visitor.session.id)

    return make


def test_the_level_that_is_sought_is_what_the_factors_prove(services, person, clock, entropy, found):
    """Whatever the factors: the words of the index say the same as the rule (NIST-63B-4 §2.1 to 2.3)."""
    kinds = [factor.kind for factor in FACTORS]
    expected = {acr: set() for acr in ACR_VALUES}
    for chosen in chain.from_iterable(combinations(kinds, count) for count in range(1, len(kinds) + 1)):
        factors = [VerifiedFactor(kind, clock.now()) for kind in chosen]
        opened = services.sessions.open(person.account_id, factors, entropy.uuid7(), Browser())
        expected[acr_proved_by(factors)].add(opened.session_id)
        clock.advance(1)
    assert {acr: found(acr=acr) for acr in ACR_VALUES} == expected


def test_a_raised_session_has_the_level_of_all_its_factors(services, enter, found, clock, person):
    visitor, line = enter()
    assert line.acr == ACR_AAL1
    services.sessions.open(
        person.account_id,
        [VerifiedFactor("totp", clock.now())],
        line.id,
        Browser(),
        replacing=visitor.session,
    )
    assert services.session_search.find(line.id).acr == ACR_AAL2
    assert found(acr=ACR_AAL2) == {line.id}
    assert found(acr=ACR_AAL1) == set()


def test_a_new_device_is_a_sign_only_of_who_has_signed_in_before(enter, account_factory):
    visitor, first = enter()
    _, again = enter(visitor)
    _, elsewhere = enter()
    _, somebody_else = enter(visitor, account_factory())
    assert [one.signs for one in (first, again, elsewhere, somebody_else)] == [
        NO_SIGN,
        NO_SIGN,
        RiskSign.NEW_DEVICE,
        NO_SIGN,
    ]


def test_a_device_finds_everybody_who_signed_in_there_and_nobody_else(enter, account_factory, found):
    visitor, mine = enter()
    _, theirs = enter(visitor, account_factory())
    _, elsewhere = enter()
    assert mine.device_id != theirs.device_id, "each has a device of their own"
    assert found(device_id=mine.device_id) == found(device_id=theirs.device_id) == {mine.id, theirs.id}
    assert found(device_id=elsewhere.device_id) == {elsewhere.id}
    assert found(device_id=mine.id) == set()


def test_the_right_password_after_many_wrong_ones_is_a_sign_also_through_the_second_factor(
    services, enter, clock, account_factory
):
    few, many = account_factory(), account_factory(with_totp=True)
    elsewhere = Visitor(services, network="198.51.100.0/24")
    elsewhere.fail_slowly(few.username, clock, MANY_FAILURES - 1)
    assert enter(who=few)[1].signs == NO_SIGN
    elsewhere.fail_slowly(many.username, clock, MANY_FAILURES)
    assert enter(who=many)[1].signs == RiskSign.AFTER_FAILURES
    assert enter(who=many)[1].signs == RiskSign.NEW_DEVICE, "what succeeded is forgotten"


def test_a_recovery_code_is_a_sign_of_the_session_it_opens_or_raises(services, enter, account_factory):
    person = account_factory(with_totp=True, with_recovery_codes=True)
    for fresh in (False, True):
        visitor = Visitor(services)
        if fresh:
            enter(visitor, person)
        wanted = visitor.interaction(fresh=fresh)
        visitor.password(person.username, person.password, wanted)
        visitor.code("recovery_code", person.recovery_codes[fresh], wanted)
        signs = services.session_search.find(visitor.session.id).signs
        assert RiskSign.RECOVERY_CODE in signs
        assert (RiskSign.NEW_DEVICE in signs) is fresh, "and what was known before stays"


def test_each_sign_is_sought_by_itself_and_all_of_them_together(services, person, clock, entropy, found):
    expected = {}
    for sign in RiskSign:
        factors = [VerifiedFactor("password", clock.now())]
        opened = services.sessions.open(person.account_id, factors, entropy.uuid7(), Browser(), signs=sign)
        expected[sign.name.lower()] = {opened.session_id}
        clock.advance(1)
    services.sessions.open(person.account_id, factors, entropy.uuid7(), Browser())
    assert {name: found(sign=name) for name in SIGN_NAMES} == expected
    assert found(sign=ANY_SIGN) == set().union(*expected.values())


def test_what_a_filter_finds_is_what_a_mass_ending_ends(services, enter, clock):
    _, kept = enter()
    _, stolen = enter()
    for chosen in (
        SessionFilter(device_id=stolen.device_id),
        SessionFilter(sign="new_device", acr=ACR_AAL1),
    ):
        again = SessionFilter.unpacked(chosen.packed())
        assert again == chosen
        assert services.session_search.estimate(again).sessions == 1
    services.sessions.end_batch(again, began_until=clock.now(), most=10, reason="ended_by_staff", actor="system")
    assert services.session_search.find(stolen.id).ended_at is not None
    assert services.session_search.find(kept.id).ended_at is None
