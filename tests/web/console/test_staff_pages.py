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
