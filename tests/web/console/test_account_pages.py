"""Finding a person from one box, and what officers do to an account; nobody looks unseen (GB/T 22239, PIPL)."""

import json
from datetime import timedelta

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.foundation.digests import unb64url
from idp.sessions.values import Browser
from idp.staff.powers import Power
from tests.factories import numbers
from tests.protocol.conftest import citizen, tax, visitor, visitor_of

__all__ = ["citizen", "tax", "visitor", "visitor_of"]


@pytest.fixture
def person(account_factory):
    return account_factory(kind="citizen", email="zhang@example.cn", with_totp=True, with_recovery_codes=True)


@pytest.fixture
def session_of(services, clock, entropy):
    """Open a session of a person; None when they are kept out."""

    def open_one(person):
        factors = [VerifiedFactor("password", clock.now())]
        opened = services.sessions.open(person.account_id, factors, entropy.uuid7(), Browser("203.0.113.0/24"))
        return opened and opened.session_id

    return open_one


def search(browser, text):
    browser.get("/console")
    return browser.submit(q=text)


def account_path(person):
    return f"/console/accounts/{person.account_id}"


@pytest.mark.parametrize("what", ["username", "phone", "email", "id_number", "account_id"])
def test_one_box_leads_from_what_people_say_to_the_account(at_console, person, what):
    typed = {"email": "Zhang@example.cn"}.get(what) or str(getattr(person, what))
    page = search(at_console(Power.HELP_DESK), typed)
    assert page.url.endswith(account_path(person)), "nothing personal stands in the address"
    assert person.username in page.text


@pytest.mark.parametrize("kind", ["phone", "email", "id_number"])
def test_whose_a_number_is_is_not_asked_unseen(at_console, account_factory, services, kind):
    """Found or not: who tries numbers one by one learns who is here. What was typed is nowhere."""
    here = account_factory(kind="citizen", email="zhang@example.cn")
    nobody = {"phone": numbers.phone(), "email": "nobody@example.cn", "id_number": numbers.id_number()}
    browser = at_console(Power.HELP_DESK)
    for typed in ({"email": "zhang@example.cn"}.get(kind) or getattr(here, kind), nobody[kind]):
        search(browser, typed)
    asked = [one for one in services.audit.export() if one.action == "account.searched"]
    assert [one.detail for one in asked] == [{"by": kind, "found": 1}, {"by": kind, "found": 0}]
    assert {one.actor.partition(":")[0] for one in asked} == {"account"}


def test_a_session_is_found_by_its_id(at_console, person, session_of):
    session_id = session_of(person)
    assert search(at_console(), str(session_id)).path == f"/console/sessions/{session_id}"


def test_what_stands_in_a_token_leads_to_the_account_and_the_session(at_console, visitor, tax):
    claims = json.loads(unb64url(visitor.tokens(tax)["id_token"].split(".")[1]))
    assert search(at_console(), claims["sub"]).path == f"/console/accounts/{visitor.account_id}"
    assert search(at_console(), claims["sid"]).path == f"/console/sessions/{visitor.session_id}"


def test_all_accounts_of_a_human_are_listed(at_console, person, account_factory):
    other = account_factory(kind="staff", id_number=person.id_number)
    page = search(at_console(), person.id_number)
    assert person.username in page.text
    assert other.username in page.text


@pytest.mark.parametrize("typed", ["", "nobody-here", "' OR 1=1 --", "x" * 43, "13800000000", "\u202e%_"])
@pytest.mark.usefixtures("person")
def test_what_is_not_there_is_said_at_the_box(at_console, typed):
    page = search(at_console(), typed)
    assert page.status == 404
    assert page.has("q-problem")


def test_a_power_without_accounts_finds_none(at_console, person):
    assert search(at_console(Power.SYSTEM), person.username).status == 404
    assert at_console(Power.AUDIT).get(account_path(person)).status == 403


def test_the_help_desk_sees_masks_and_may_neither_reveal_nor_block(at_console, person):
    browser = at_console(Power.HELP_DESK)
    page = browser.get(account_path(person))
    for value in (person.phone, person.id_number, person.name, "zhang@example.cn"):
        assert value not in page.source
    assert "What happened" not in page.text
    assert browser.get(account_path(person) + "/reveal").status == 403
    assert browser.get(account_path(person) + "/restrict").status == 403


def test_a_blocked_account_is_out_at_once_and_in_again_when_the_time_is_over(
    at_console, person, session_of, new_browser, services, clock
):
    session_of(person)
    officer = at_console()
    officer.get(account_path(person) + "/restrict")
    assert officer.submit(kind="block", hours="24", reason="x").status == 400
    page = officer.submit(kind="block", hours="24", reason="stolen phone")
    assert page.path == account_path(person)
    assert "stolen phone" in page.text
    assert services.sessions.list(account_id=person.account_id) == []
    assert session_of(person) is None
    browser = new_browser(language="en")
    browser.get("/account")
    assert browser.sign_in(person.username, person.password).has("password")
    clock.advance(hours=24)
    assert session_of(person) is not None


def test_flags_are_lifted_one_by_one(at_console, person, session_of, services, clock):
    officer = at_console()
    for kind, hours in (("block", "168"), ("suspend", "24")):
        officer.get(account_path(person) + "/restrict")
        officer.submit(kind=kind, hours=hours, reason="two reasons")
    officer.get(account_path(person) + "/lift/block")
    officer.submit(reason="was a mistake")
    assert [one.kind for one in services.restrictions.in_force(person.account_id)] == ["suspend"]
    assert session_of(person) is None
    clock.advance(hours=24)
    assert session_of(person) is not None


@pytest.mark.parametrize(("kind", "hours"), [("forever", "24"), ("block", "0"), ("block", "999999")])
def test_a_restriction_is_of_a_known_kind_and_has_an_end(at_console, person, services, kind, hours):
    officer = at_console()
    officer.get(account_path(person) + "/restrict")
    assert officer.submit(kind=kind, hours=hours, reason="stolen phone").status == 400
    assert services.restrictions.in_force(person.account_id) == ()


def test_what_is_missing_is_named_in_the_order_of_the_page(at_console, person):
    officer = at_console()
    officer.get(account_path(person) + "/restrict")
    text = officer.submit(reason="").text
    kind, length, reason = (
        text.index(words) for words in ("Choose the kind of restriction", "Choose for how long", "Write why")
    )
    assert kind < length < reason


def test_nobody_restricts_their_own_account(new_officer, sign_in, services):
    person = new_officer()
    browser = sign_in(person)
    browser.get(account_path(person) + "/restrict")
    assert browser.submit(kind="block", hours="24", reason="by mistake").status == 400
    assert services.restrictions.in_force(person.account_id) == ()


def app_of(services, person):
    return next(view for view in services.factors.enrolled(person.account_id).authenticators if view.kind == "totp")


def test_a_lost_factor_is_reset_with_a_case_number_and_all_sessions_end(at_console, person, session_of, services):
    session_of(person)
    desk = at_console(Power.HELP_DESK)
    desk.get(f"{account_path(person)}/factors/{app_of(services, person).id}/reset")
    assert desk.submit(case_number="", reason="lost phone").has("case_number-problem")
    desk.submit(case_number="C-17", reason="lost phone")
    kinds = [view.kind for view in services.factors.enrolled(person.account_id).authenticators]
    assert kinds == ["password"], "the codes go with the app they stand in for"
    assert services.sessions.list(account_id=person.account_id) == []
    reset = next(one for one in services.audit.export() if one.action == "authenticator.reset")
    assert reset.detail == {"kind": "totp", "case_number": "C-17"}


def test_the_help_desk_does_not_reset_the_factor_of_an_officer(at_console, new_officer, services):
    officer = new_officer()
    desk = at_console(Power.HELP_DESK)
    desk.get(f"{account_path(officer)}/factors/{app_of(services, officer).id}/reset")
    assert desk.submit(case_number="C-18", reason="says they lost it").status == 400
    assert app_of(services, officer)


def test_a_password_is_never_reset_by_staff(at_console, person, services):
    password = services.factors.enrolled(person.account_id).password
    page = at_console().get(f"{account_path(person)}/factors/{password.authenticator_id}/reset")
    assert page.status == 404


def test_one_value_is_revealed_with_a_reason_and_its_owner_sees_that(at_console, person, services, new_browser, clock):
    officer = at_console()
    officer.get(account_path(person) + "/reveal")
    assert officer.submit(value="phone", reason="").status == 400
    assert officer.submit(value="password", reason="curious").status == 400
    page = officer.submit(value="phone", reason="call back, case C-19")
    assert person.phone in page.source
    assert person.id_number not in page.source
    assert person.phone not in officer.get(account_path(person) + "/reveal").source
    (event,) = [one for one in services.audit.export() if one.action == "account.value_revealed"]
    assert (event.reason, event.detail) == ("call back, case C-19", {"value_name": "phone"})
    citizen = new_browser(language="en")
    citizen.get("/account")
    citizen.sign_in(person.username, person.password, person.code(clock))
    assert "Personal information viewed by staff" in citizen.get("/account/activity").text


def test_interventions_want_a_sign_in_of_the_last_five_minutes(at_console, person, clock):
    officer = at_console()
    clock.advance(minutes=5, seconds=1)
    assert officer.get(account_path(person)).path == account_path(person)
    assert officer.get(account_path(person) + "/reveal").path == "/login"
    assert officer.get(account_path(person) + "/restrict").path == "/login"


def test_a_new_password_is_required_with_a_reason_and_shows_everywhere(at_console, person, session_of, services, clock):
    session_of(person)
    officer = at_console()
    officer.get(account_path(person) + "/require")
    assert officer.submit(kind="reset_credential", hours="24", reason="x").status == 400
    assert officer.submit(kind="make_officer", hours="24", reason="in a leaked list").status == 400
    page = officer.submit(kind="reset_credential", hours="24", reason="in a leaked list", factor="yes")
    assert page.path == account_path(person)
    assert "in a leaked list" in page.text
    assert "With a new authenticator app." in page.text
    assert services.sessions.list(account_id=person.account_id) == []
    assert session_of(person) is None
    placed = next(one for one in services.audit.of_account(person.account_id) if one.action == "account.require")
    until = (clock.now() + timedelta(hours=24)).isoformat()
    assert placed.detail == {"kind": "reset_credential", "after": {"until": until, "factor": "totp"}}
    assert placed.reason == "in a leaked list"
    officer.get(account_path(person) + "/waive/reset_credential")
    assert "in a leaked list" not in officer.submit(reason="was a mistake").document.text.split("What happened")[0]
    assert session_of(person) is not None


def test_an_account_with_nothing_but_a_password_is_better_blocked(at_console, person, account_factory):
    words = "block the account instead"
    officer = at_console()
    assert words in officer.get(account_path(account_factory()) + "/require").text
    assert words not in officer.get(account_path(person) + "/require").text


def test_the_help_desk_requires_nothing(at_console, person):
    desk = at_console(Power.HELP_DESK)
    assert desk.get(account_path(person) + "/require").status == 403
    assert desk.get(account_path(person) + "/waive/reset_credential").status == 403


def test_an_identity_in_doubt_shows_as_level_one(at_console, account_factory):
    person = account_factory(ial=2, ial_source="population_register")
    officer = at_console()
    officer.get(account_path(person) + "/require")
    page = officer.submit(kind="reprove_identity", hours="720", reason="two people")
    assert "1 National Population Register" in page.text


def test_the_ends_of_numbers_lead_to_a_list_of_masks(at_console, person, account_factory):
    desk = at_console(Power.HELP_DESK)
    other = account_factory(phone=f"139{'0' * 4}{person.phone[-4:]}")
    page = search(desk, person.phone[-4:])
    assert page.path == "/console/search", "nothing personal stands in the address"
    assert {person.username, other.username} <= {words for _, words in page.document.links}
    for value in (person.phone, person.id_number, person.name):
        assert value not in page.source
    page = search(desk, f"{person.id_number[-6:].lower()} {person.phone[-4:]}")
    assert other.username not in page.text
    assert person.username in page.text
    assert search(desk, "9876").status == 404


def test_a_duplicate_is_merged_by_two_officers_on_their_pages(at_console, person, account_factory, services):
    kept = account_factory(id_number=None, phone=None)
    author = at_console()
    author.get(account_path(kept) + "/merge")
    assert author.submit(other="nobody-here", reason="one person").has("other-problem")
    assert author.submit(other=account_factory().username, reason="x").status == 400
    page = author.submit(other=person.username, reason="one person, two accounts")
    assert page.path.startswith("/console/requests/")
    assert {f"Look at the account that goes: {person.username}"} <= {words for _, words in page.document.links}
    second = at_console()
    second.get(page.path)
    second.submit("approve")
    assert services.accounts.get(person.account_id).closed_at is not None
    assert services.accounts.find_for_sign_in(person.phone).id == kept.account_id


def test_the_help_desk_merges_nothing(at_console, person):
    assert at_console(Power.HELP_DESK).get(account_path(person) + "/merge").status == 403
