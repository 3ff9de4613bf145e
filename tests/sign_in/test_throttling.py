"""Throttling slows attackers down, cannot be parallelised and does not lock the owner out (rule S3, ASVS-6.3.1)."""

import threading

import pytest

from idp.factors.hashing_pool import Busy
from idp.foundation.throttle import Refused
from idp.sign_in.values import Continue, Finished, WrongPassword


@pytest.fixture
def person(account_factory):
    return account_factory()


def test_attacker_waits_after_three_wrong_passwords(new_visitor, person):
    attacker = new_visitor(network="198.51.100.0/24")
    assert attacker.fail(person.username, 3) == WrongPassword()
    refused = attacker.fail(person.username)
    assert isinstance(refused, Refused)
    assert not refused.is_lock
    # The right password is not looked at either.
    assert attacker.password(person.username, person.password) == refused


def test_tenth_failure_locks_the_place_for_a_quarter_of_an_hour(new_visitor, person, clock):
    attacker = new_visitor(network="198.51.100.0/24")
    attacker.fail_slowly(person.username, clock, 10)
    refused = attacker.fail(person.username)
    assert refused.is_lock
    assert (refused.until - clock.now()).total_seconds() == 900


def test_owner_elsewhere_does_not_notice(new_visitor, person, clock):
    """ASVS-6.1.1: no lock-out of victims."""
    new_visitor(network="198.51.100.0/24").fail_slowly(person.username, clock, 10)
    owner = new_visitor(network="203.0.113.0/24")
    assert isinstance(owner.password(person.username, person.password), Finished)


def test_another_browser_in_the_same_network_is_the_same_place(new_visitor, person):
    new_visitor(network="198.51.100.0/24").fail(person.username, 3)
    assert isinstance(new_visitor(network="198.51.100.0/24").fail(person.username), Refused)


def test_known_device_keeps_access_in_the_attackers_network(new_visitor, person, clock):
    owner = new_visitor(network="198.51.100.0/24")
    owner.sign_in(person, clock)
    owner.session_cookie = None
    new_visitor(network="198.51.100.0/24").fail_slowly(person.username, clock, 10)
    assert isinstance(owner.password(person.username, person.password), Finished)


def test_known_device_of_one_account_is_unknown_to_another(new_visitor, account_factory, person, clock):
    device = new_visitor(network="198.51.100.0/24")
    device.sign_in(account_factory(), clock)
    new_visitor(network="198.51.100.0/24").fail(person.username, 3)
    assert isinstance(device.fail(person.username), Refused)


def test_success_ends_the_slowing_down(visitor, person, clock):
    visitor.fail(person.username, 2)
    visitor.sign_in(person, clock)
    visitor.session_cookie = None
    assert visitor.fail(person.username, 3) == WrongPassword()


@pytest.mark.parametrize("setting_changes", [{"IDP_THROTTLE_ACCOUNT_AFTER": "10"}])
def test_after_many_failures_the_password_stops_working_but_for_known_devices(new_visitor, services, person, clock):
    """NIST-63B-3.2.2-throttle: at most a hundred in a row, here ten, whatever they come from."""
    owner = new_visitor()
    owner.sign_in(person, clock)
    owner.session_cookie = None
    for number in range(10):
        new_visitor(network=f"198.51.{number}.0/24").fail(person.username)
    stranger = new_visitor(network="192.0.2.0/24")
    assert stranger.password(person.username, person.password) == WrongPassword()
    assert services.audit.of_account(person.account_id)[0].reason == "stopped"
    assert isinstance(owner.password(person.username, person.password), Finished)
    # The owner has signed in: the failures were in a row no more.
    assert isinstance(stranger.password(person.username, person.password), Finished)


@pytest.mark.parametrize("setting_changes", [{"IDP_THROTTLE_NETWORK_AFTER": "5"}])
def test_network_is_slowed_down_over_all_accounts(new_visitor, account_factory):
    """ASVS-6.3.1: n accounts × 1 password from one address."""
    people = [account_factory() for _ in range(6)]
    attacker = new_visitor(network="8.8.8.0/24")
    outcomes = [attacker.fail(person.username) for person in people]
    assert outcomes[:5] == [WrongPassword()] * 5
    assert isinstance(outcomes[5], Refused)
    assert not outcomes[5].is_lock


@pytest.mark.parametrize("setting_changes", [{"IDP_THROTTLE_NETWORK_AFTER": "5"}])
def test_private_network_without_a_proxy_is_not_counted(new_visitor, account_factory):
    """Rule S3: it would be our own reverse proxy."""
    visitor = new_visitor(network="10.0.0.0/24")
    outcomes = [visitor.fail(account_factory().username) for _ in range(8)]
    assert outcomes == [WrongPassword()] * 8


def test_unknown_identifier_is_throttled_alike(new_visitor):
    attacker = new_visitor(network="198.51.100.0/24")
    assert attacker.fail("nobody-here", 3) == WrongPassword()
    assert isinstance(attacker.fail("nobody-here"), Refused)


def test_many_at_once_get_no_more_tries(new_visitor, person):
    """Rule S3: throttling cannot be parallelised."""
    visitors = [new_visitor(network="198.51.100.0/24") for _ in range(20)]
    outcomes = []
    barrier = threading.Barrier(20)

    def attack(visitor) -> None:
        barrier.wait()
        outcomes.append(visitor.fail(person.username))

    threads = [threading.Thread(target=attack, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 20
    assert sum(outcome == WrongPassword() for outcome in outcomes) <= 3
    assert all(isinstance(outcome, WrongPassword | Refused | Busy) for outcome in outcomes)


def test_codes_are_throttled_too(visitor, account_factory, clock):
    """ASVS-6.6.3: the sixth guess waits, the eleventh is locked out."""
    person = account_factory(with_totp=True)
    assert isinstance(visitor.password(person.username, person.password), Continue)
    for _ in range(5):
        assert not isinstance(visitor.code("totp", "000000"), Refused)
    assert isinstance(visitor.code("totp", "000000"), Refused)
    assert isinstance(visitor.code("totp", person.code(clock)), Refused)
