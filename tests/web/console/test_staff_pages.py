"""Making and ending officers in the console: nobody does it alone (rule A1)."""

import re

import pytest

from idp.staff.powers import Power


@pytest.fixture
def colleague(account_factory):
    return account_factory(kind="staff", with_totp=True)


def ask_for(browser, person, power="help_desk", **fields):
    browser.get("/console/staff/new")
    return browser.submit(username=person.username, power=power, agency="", reason="new colleague", **fields)


def test_a_second_officer_makes_an_officer(at_console, colleague, services):
    author, approver = at_console(), at_console()
    asked = ask_for(author, colleague)
    assert "Another officer has to approve" in asked.text
    assert services.staff.officer(colleague.account_id) is None
    approver.get("/console/requests")
    page = approver.get(asked.path)
    assert "new colleague" in page.text
    assert "Help desk" in page.text, "what is given is said in words"
    approver.submit("approve")
    assert services.staff.officer(colleague.account_id).power is Power.HELP_DESK


def test_the_author_has_no_button_to_approve_and_a_forged_one_does_nothing(at_console, colleague, services):
    author = at_console()
    page = ask_for(author, colleague)
    token = re.search(r'name="csrf_token" value="([^"]+)', page.source)[1]
    (change,) = services.changes.open_requests()
    forged = author.post(page.path, {"csrf_token": token, "digest": change.digest, "answer": "approve"})
    assert forged.status == 400
    assert services.staff.officer(colleague.account_id) is None


def test_a_refusal_needs_a_reason(at_console, colleague, services):
    author, other = at_console(), at_console()
    path = ask_for(author, colleague).path
    form = next(form for form in other.get(path).forms if form.button("reject"))
    assert form.default_button() is form.button("reject"), "the Enter key in the reason never approves"
    assert other.submit("reject", reason="no").status == 400
    other.submit("reject", reason="not needed any more")
    assert services.changes.open_requests() == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "nobody-there"}, "username"),
        ({"power": "emperor"}, "power"),
        ({"power": None}, "power"),
        ({"power": "delegate"}, "agency"),
        ({"reason": "x"}, "reason"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(at_console, colleague, services, fields, field):
    browser = at_console()
    browser.get("/console/staff/new")
    right = {"username": colleague.username, "power": "audit", "agency": "", "reason": "new colleague"}
    page = browser.submit(**(right | fields))
    assert page.status == 400
    assert page.has(f"{field}-problem")
    assert services.changes.open_requests() == []


def test_an_officer_ends_the_power_of_another_and_with_it_their_sessions(at_console, new_officer, sign_in, services):
    person = new_officer(Power.AUDIT)
    victim, officer = sign_in(person), at_console()
    held = services.staff.officer(person.account_id)
    page = officer.get(f"/console/staff/{held.person_id}/end")
    assert person.username in page.text
    assert officer.submit(reason="x").status == 400
    officer.submit(reason="has left the office")
    assert services.staff.officer(person.account_id) is None
    assert victim.get("/console").path == "/login"


def test_nobody_ends_their_own_power(new_officer, sign_in, services):
    person = new_officer()
    browser = sign_in(person)
    held = services.staff.officer(person.account_id)
    browser.get(f"/console/staff/{held.person_id}/end")
    assert browser.submit(reason="I am tired").status == 400
    assert services.staff.officer(person.account_id) is not None


def email_of(services, person):
    return services.accounts.mailbox(person.account_id).address.reveal()


def test_an_officer_changes_the_email_address_of_another(at_console, new_officer, services):
    person, officer = new_officer(Power.AUDIT, email="old@staff.example.gov.cn"), at_console()
    held = services.staff.officer(person.account_id)
    page = officer.get("/console/staff")
    assert f"/console/staff/{held.person_id}/email" in page.source
    page = officer.get(f"/console/staff/{held.person_id}/email")
    assert "o***@staff.example.gov.cn" in page.text
    page = officer.submit(email="new", reason="moved to another office")
    assert page.status == 400
    assert page.has("email-problem")
    assert officer.submit(email="new@staff.example.gov.cn", reason="x").has("reason-problem")
    assert email_of(services, person) == "old@staff.example.gov.cn"
    assert officer.submit(email="new@staff.example.gov.cn", reason="moved to another office").path == "/console/staff"
    assert email_of(services, person) == "new@staff.example.gov.cn"
    change = services.audit.of_account(person.account_id)[0]
    assert (change.action, change.reason) == ("account.contacts", "moved to another office")
    masked = [change.detail[side]["email"] for side in ("before", "after")]
    assert masked == ["o***@staff.example.gov.cn", "n***@staff.example.gov.cn"], (
        "what was there stands beside the record"
    )


def test_nobody_changes_their_own_email_address(new_officer, sign_in, services):
    person = new_officer(email="old@staff.example.gov.cn")
    browser = sign_in(person)
    held = services.staff.officer(person.account_id)
    assert f"{held.person_id}/email" not in browser.get("/console/staff").source
    browser.get(f"/console/staff/{held.person_id}/email")
    page = browser.submit(email="new@staff.example.gov.cn", reason="moved to another office")
    assert page.status == 400
    assert "another officer does" in page.text
    assert email_of(services, person) == "old@staff.example.gov.cn"


@pytest.mark.parametrize("power", [Power.SYSTEM, Power.AUDIT, Power.HELP_DESK, Power.CUSTODIAN])
def test_only_security_officers_change_email_addresses(at_console, new_officer, services, power):
    held = services.staff.officer(new_officer(Power.AUDIT).account_id)
    assert at_console(power).get(f"/console/staff/{held.person_id}/email").status == 403


def test_who_has_no_power_any_more_has_no_such_page(at_console, new_officer, services):
    held = services.staff.officer(new_officer(Power.AUDIT).account_id)
    browser = at_console()
    browser.get(f"/console/staff/{held.person_id}/email")
    services.staff.end(held.person_id, actor="system", reason="left")
    assert browser.submit(email="new@staff.example.gov.cn", reason="moved to another office").status == 404


def test_the_first_officers_come_with_a_code_from_the_terminal(sign_in, colleague, services, idp_command):
    shown = idp_command.run("staff", "bootstrap").stdout.split()
    assert len(shown) == 2
    browser = sign_in(colleague)
    browser.get("/console/bootstrap")
    assert browser.submit(code="wrong").status == 400
    assert browser.submit(code=shown[0]).path == "/console"
    assert services.staff.officer(colleague.account_id).power is Power.SECURITY
    assert idp_command.run("staff", "bootstrap").returncode == 1


class TestReviews:
    @pytest.fixture
    def helper(self, new_officer, services):
        person = new_officer(Power.HELP_DESK)
        return next(one for one in services.staff.holders() if one.account_id == person.account_id)

    def test_a_power_is_reviewed_every_90_days_by_another_officer(self, sign_in, new_officer, helper, clock):
        security = new_officer()
        clock.advance(days=89)
        assert "To review" not in sign_in(security).get("/console/staff").text
        clock.advance(days=1)
        browser = sign_in(security)
        assert "Powers of officers to review 1" in browser.get("/console").text, "one's own is another's task"
        assert "To review" in browser.get("/console/staff").text
        page = browser.get(f"/console/staff/{helper.person_id}/review")
        assert "Help desk" in page.text
        assert "Find accounts, personal data masked" in page.text
        assert browser.submit(reason="").status == 400
        page = browser.submit(reason="still at the counter")
        assert page.path == "/console/staff"
        assert "Powers of officers to review 0" in browser.get("/console").text

    def test_nobody_reviews_their_own_power(self, sign_in, new_officer, services):
        security = new_officer()
        browser = sign_in(security)
        browser.get(f"/console/staff/{services.staff.officer(security.account_id).person_id}/review")
        page = browser.submit(reason="I am needed")
        assert page.status == 400
        assert "Nobody reviews their own power" in page.text

    def test_a_power_that_changed_meanwhile_is_looked_at_again(self, at_console, helper, services, clock):
        browser = at_console()
        browser.get(f"/console/staff/{helper.person_id}/review")
        clock.advance(1)
        services.staff.grant(helper.account_id, Power.AUDIT, actor="system", reason="another job")
        assert browser.submit(reason="still at the counter").status == 400
        reviewed = {one.person_id: one.reviewed_at for one in services.staff.holders()}
        assert reviewed[helper.person_id] is None
        assert browser.submit(reason="and as an auditor", granted="not a number").status == 400

    def test_a_power_given_anew_was_not_reviewed(self, at_console, helper, services, clock):
        browser = at_console()
        browser.get(f"/console/staff/{helper.person_id}/review")
        browser.submit(reason="still at the counter")
        clock.advance(1)
        services.staff.grant(helper.account_id, Power.AUDIT, actor="system", reason="another job")
        (now,) = [one for one in services.staff.holders() if one.person_id == helper.person_id]
        assert now.reviewed_at is None
        assert [one.action for one in services.audit.of_account(helper.account_id)].count("staff.power_reviewed") == 1

    def test_the_list_says_when_officers_were_here_and_how_they_sign_in(self, at_console, new_officer):
        new_officer(Power.CUSTODIAN)
        text = at_console().get("/console/staff").text
        assert "Password, Authenticator app" in text
        assert "Last in the console" in text

    def test_who_may_not_give_powers_reviews_none(self, at_console, helper):
        browser = at_console(Power.AUDIT)
        assert browser.get("/console/staff").status == 200
        assert browser.get(f"/console/staff/{helper.person_id}/review").status == 403
