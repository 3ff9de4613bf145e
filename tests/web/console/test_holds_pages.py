"""Legal holds in the console, and what the person held sees of it (A6; PIPL Art. 19, 44)."""

import pytest

from idp.staff.powers import Power


@pytest.fixture
def person(account_factory):
    return account_factory(with_totp=True)


@pytest.fixture
def activity(new_browser, person, clock):
    """Return what the person reads on their own page."""

    def read():
        clock.advance(30)
        browser = new_browser(language="en")
        browser.get("/account")
        browser.sign_in(person.username, person.password, person.code(clock))
        return browser.get("/account/activity").text

    return read


SEEN = "Personal information viewed by staff"


def hold(browser, account, reference="Order 7/2026"):
    browser.get("/console/holds/new")
    return browser.submit(account=str(account), reference=reference, reason="court order")


def reveal(browser, person):
    browser.get(f"/console/accounts/{person.account_id}/reveal")
    assert person.phone in browser.submit(value="phone", reason="call back, case C-19").source


def test_one_officer_places_a_hold_and_another_ends_it(at_console, person, services):
    page = hold(at_console(), person.account_id)
    assert page.path == "/console/holds"
    assert "Order 7/2026" in page.text
    assert person.username in page.text
    officer = at_console()
    assert "Order 7/2026" in officer.get(f"/console/accounts/{person.account_id}").text
    order = services.legal_holds.in_force()[0]
    officer.get(f"/console/holds/{order.id}/end")
    assert officer.submit(reason="x").status == 400
    page = officer.submit(reason="judgment given")
    assert "Order 7/2026" not in page.text
    assert officer.get(f"/console/holds/{order.id}/end").status == 404
    events = {one.action: one for one in services.audit.of_account(person.account_id)}
    assert events["account.hold_placed"].detail == {"after": {"reference": "Order 7/2026"}}
    assert events["account.hold_ended"].reason == "judgment given"


@pytest.mark.parametrize("account", ["nobody", "", "00000000-0000-7000-8000-000000000000", "phone"])
def test_a_hold_needs_an_account_that_is_known_by_its_id_or_username(at_console, person, services, account):
    page = hold(at_console(), person.phone if account == "phone" else account)
    assert (page.status, page.has("account-problem")) == (400, True)
    assert services.legal_holds.in_force() == ()


def test_a_hold_has_one_reference_number_and_is_not_placed_twice(at_console, person):
    browser = at_console()
    assert hold(browser, person.username, reference="").has("reference-problem")
    assert hold(browser, person.username).status == 200
    assert hold(browser, person.username).has("reference-problem")


@pytest.mark.parametrize("power", [Power.HELP_DESK, Power.SYSTEM])
def test_others_see_no_holds(at_console, person, power):
    hold(at_console(), person.account_id)
    browser = at_console(power)
    assert browser.get("/console/holds").status == 403
    assert browser.get("/console/holds/new").status == 403
    if power is Power.HELP_DESK:
        assert "Order 7/2026" not in browser.get(f"/console/accounts/{person.account_id}").text


def test_a_look_at_personal_data_is_told_when_the_hold_has_ended(
    at_console, person, activity, services, officer, clock
):
    hold(at_console(), person.account_id)
    clock.advance(60)
    reveal(at_console(), person)
    assert SEEN not in activity()
    clock.advance(days=400)
    assert SEEN not in activity()
    services.legal_holds.end(services.legal_holds.in_force()[0], officer=officer(), reason="judgment given")
    assert SEEN in activity(), "also what is older than the page otherwise shows"
    clock.advance(days=181)
    assert SEEN not in activity()


def test_who_places_a_hold_hides_nothing_of_their_own(at_console, person, activity):
    """Rule: no single member of staff reads a citizen's data unseen."""
    officer = at_console()
    hold(officer, person.account_id)
    reveal(officer, person)
    assert SEEN in activity()


def test_what_was_told_before_the_hold_stays_told(at_console, person, activity, clock):
    reveal(at_console(), person)
    clock.advance(60)
    hold(at_console(), person.account_id)
    assert SEEN in activity()
