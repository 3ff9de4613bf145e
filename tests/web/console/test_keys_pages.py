"""The signing keys in the console: by the schedule at one officer's word, at once only with a second one's (P7)."""

import pytest

from idp.keyring.errors import TokenInvalid
from idp.staff.powers import Power


@pytest.fixture
def states(services):
    """Return the states of the keys of an algorithm by their ids."""
    return lambda alg="ES256": {key.kid: key.state for key in services.keyring.list_keys() if key.alg == alg}


def waiting(services, alg="ES256"):
    return next(key for key in services.keyring.list_keys() if key.alg == alg and key.state == "pending")


def test_the_keys_are_listed_with_their_states_and_without_secrets(at_console, services):
    page = at_console(Power.SYSTEM).get("/console/keys")
    assert {key.kid for key in services.keyring.list_keys()} <= set(page.text.split())
    assert "PRIVATE" not in page.source


def test_a_rotation_lets_the_waiting_key_sign_once_it_was_published_long_enough(at_console, services, clock):
    browser = at_console(Power.SYSTEM)
    browser.get("/console/keys")
    browser.follow_link("Replace keys by the schedule")
    assert browser.submit(reason="").status == 400
    page = browser.submit(reason="yearly change", alg="ES256")
    assert page.path == "/console/keys"
    key = waiting(services)
    assert key.activates_at is not None
    assert waiting(services, "RS256").activates_at is None
    clock.advance(days=2)
    assert {one.kid for one in services.keyring.list_keys() if one.alg == "ES256" and one.state == "active"} == {
        key.kid
    }
    acted = next(one for one in services.audit.export() if one.action == "console.acted")
    assert acted.reason == "yearly change"


def test_an_emergency_changes_nothing_until_a_security_officer_has_approved_it(at_console, services, states, clock):
    token = services.keyring.sign({"sub": "x"}, typ="JWT")
    before = states()
    system = at_console(Power.SYSTEM)
    system.get("/console/keys/emergency")
    page = system.submit(reason="case 2026-17")
    assert page.path == "/console/keys"
    assert "Waiting for approval" in page.text
    assert states() == before
    assert services.keyring.verify(token, typ="JWT")
    security = at_console(Power.SECURITY)
    (change,) = services.changes.open_requests()
    security.get(f"/console/requests/{change.id}")
    security.submit(answer="approve")
    after = states()
    old = next(kid for kid, state in before.items() if state == "active")
    assert after[old] == "revoked"
    assert after[next(kid for kid, state in before.items() if state == "pending")] == "active"
    assert list(after.values()).count("pending") == 1
    clock.advance(seconds=1)
    with pytest.raises(TokenInvalid):
        services.keyring.verify(token, typ="JWT")
    assert system.get("/console").path == security.get("/console").path == "/login", "every session has ended"


def test_the_author_takes_an_emergency_back_and_the_keys_stay(at_console, services, states):
    before, browser = states(), at_console(Power.SYSTEM)
    browser.get("/console/keys/emergency")
    browser.submit(reason="case 2026-17")
    page = browser.submit()
    assert "Waiting for approval" not in page.text
    assert services.changes.open_requests() == []
    assert states() == before


@pytest.mark.parametrize("path", ["/console/keys/rotate", "/console/keys/emergency"])
def test_an_algorithm_that_is_none_of_ours_is_refused_with_words(at_console, services, states, path):
    before, browser = states(), at_console(Power.SYSTEM)
    browser.get(path)
    page = browser.submit(reason="why not", alg="none")
    assert page.status == 400
    assert "does not sign with that algorithm" in page.text
    assert (states(), services.changes.open_requests()) == (before, [])


@pytest.mark.parametrize("power", [Power.AUDIT, Power.SECURITY])
@pytest.mark.parametrize("path", ["/console/keys/rotate", "/console/keys/emergency"])
def test_nobody_else_replaces_keys(at_console, power, path):
    assert at_console(power).get(path).status == 403


def test_replacing_keys_wants_a_sign_in_of_the_last_five_minutes(at_console, clock):
    browser = at_console(Power.SYSTEM)
    clock.advance(minutes=5, seconds=1)
    assert browser.get("/console/keys/emergency").path == "/login"
