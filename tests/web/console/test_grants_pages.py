"""What services hold in people's names, in the console: found by filters, revoked with a reason."""

import pytest
from sqlalchemy import select

from idp.protocol.artefacts.refresh_family import RefreshFamilyRow
from idp.staff.powers import Power
from tests.interventions.conftest import setting_changes
from tests.protocol.conftest import bank, citizen, new_signing_party, tax, visitor, visitor_of, welfare

__all__ = ["bank", "citizen", "new_signing_party", "setting_changes", "tax", "visitor", "visitor_of", "welfare"]

OFFLINE = "openid profile offline_access"
PATH = "/console/grants"


@pytest.fixture
def grant_of(services):
    """Return the latest grant of a service."""
    from idp.consents.grant_filter import GrantFilter

    return lambda client_id: services.protocol.grant_list.page(GrantFilter(client_id=client_id, state="all"))[0]


def test_a_line_says_who_allowed_what_until_when_and_when_it_was_refreshed(at_console, tax, visitor, clock, grant_of):
    token = visitor.tokens(tax, scope=OFFLINE)["refresh_token"]
    assert grant_of("tax").refreshed_at is None
    clock.advance(3600)
    assert tax.refresh(token).status_code == 200
    line = grant_of("tax")
    assert (line.refreshed_at, line.is_offline) == (clock.now(), True)
    assert (line.until - clock.now()).days == 14
    page = at_console().get(PATH)
    assert "offline_access openid profile" in page.text
    assert "Also after signing out" in page.text
    assert "In force" in page.text


def test_a_refresh_token_that_does_not_rotate_says_its_last_use_too(bank, visitor, clock, services, grant_of):
    """A sender-constrained client keeps its token: the statement that counts its use notes the time."""
    token = visitor.tokens(bank, scope=OFFLINE)["refresh_token"]
    assert grant_of("bank").refreshed_at is None
    clock.advance(7200)
    assert bank.refresh(token).status_code == 200
    with services.database.read() as connection:
        assert connection.scalar(select(RefreshFamilyRow.generation)) == 0
    assert grant_of("bank").refreshed_at == clock.now()


def test_a_grant_of_a_session_ends_with_it_and_says_why(tax, visitor, grant_of, clock):
    visitor.tokens(tax, scope="openid profile")
    line = grant_of("tax")
    assert (line.is_offline, line.ended_at) == (False, None)
    clock.advance(days=1)
    assert grant_of("tax").end_reason == "expired"


@pytest.mark.parametrize(
    ("given", "is_there"),
    [
        ({"client": "tax"}, True),
        ({"client": "welfare"}, False),
        ({"client": "tax", "scope": "profile"}, True),
        ({"client": "tax", "scope": "phone"}, False),
        ({"client": "tax", "scope": "pro%"}, False),
        ({"client": "tax", "scope": 'profile", "openid'}, False),
        ({"use": "offline"}, True),
        ({"use": "session"}, False),
        ({"age": "1h"}, True),
        ({"age": "older"}, False),
        ({"state": "all"}, True),
    ],
)
@pytest.mark.usefixtures("welfare")
def test_a_list_is_filtered_by_its_address(at_console, tax, visitor, given, is_there):
    visitor.tokens(tax, scope=OFFLINE)
    page = at_console().get(PATH, **given)
    assert page.status == 200
    assert ("offline_access openid profile" in page.text) is is_there


def test_the_grants_of_a_person_are_found_by_name(at_console, tax, visitor, visitor_of, citizen, account_factory):
    visitor.tokens(tax, scope=OFFLINE)
    other = account_factory()
    visitor_of(other).tokens(tax, scope=OFFLINE)
    text = at_console().get(PATH, account=citizen.username, scope="profile").text
    assert citizen.username in text
    assert other.username not in text


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [("account", "nobody-here", "account"), ("scope", "phone", "scope"), ("use", "x", None), ("age", "x", None)],
)
def test_a_filter_that_makes_no_sense_is_said_and_lists_nothing(at_console, tax, visitor, name, value, field):
    visitor.tokens(tax, scope=OFFLINE)
    page = at_console().get(PATH, **{name: value})
    assert page.status == 400
    assert "offline_access" not in page.text
    assert field is None or page.has(f"{field}-problem")


def test_pages_go_on_and_come_back(at_console, tax, visitor_of, account_factory):
    people = [account_factory() for _ in range(3)]
    for _ in range(17):
        for person in people:
            visitor_of(person).tokens(tax, scope=OFFLINE)
    browser = at_console()
    first = browser.get(PATH, client="tax")
    assert first.source.count("offline_access openid profile") == 50
    assert browser.follow_link("Older").source.count("offline_access openid profile") == 1
    assert browser.follow_link("Newer").source.count("offline_access openid profile") == 50


def test_a_scope_is_sought_further_where_not_all_was_looked_at(
    at_console, tax, visitor_of, account_factory, monkeypatch
):
    monkeypatch.setattr("idp.protocol.grant_list.LOOKED_AT", 2)
    visitor_of(account_factory()).tokens(tax, scope="openid phone offline_access")
    for _ in range(3):
        visitor_of(account_factory()).tokens(tax, scope=OFFLINE)
    browser = at_console()
    page = browser.get(PATH, client="tax", scope="phone")
    assert "offline_access openid phone" not in page.text
    assert "offline_access openid phone" in browser.follow_link("Look further").text
    assert "Look further" in browser.page.text, "the window was full"
    assert "Look further" not in browser.follow_link("Look further").text


def test_one_is_revoked_with_a_reason_and_its_tokens_are_refused(at_console, tax, visitor, services, grant_of):
    token = visitor.tokens(tax, scope=OFFLINE)["refresh_token"]
    browser = at_console()
    browser.get(f"{PATH}/{grant_of('tax').id}")
    assert browser.submit("revoke-grant", reason="").status == 400
    assert tax.refresh(token).status_code == 200
    page = browser.submit("revoke-grant", reason="reported as stolen")
    assert "Ended by staff" in page.text
    assert tax.refresh(token).status_code == 400
    reasons = [record.reason for record in services.audit.export() if record.action == "console.acted"]
    assert reasons == ["reported as stolen"]
    assert services.consents.list(visitor.account_id), "the consent is in force"
    assert services.sessions.list(account_id=visitor.account_id), "and the person signed in"


def test_a_consent_is_withdrawn_with_all_that_rests_on_it(at_console, tax, visitor, services, grant_of):
    tokens = [visitor.tokens(tax, scope=scope)["refresh_token"] for scope in (OFFLINE, "openid profile")]
    browser = at_console()
    browser.get(f"{PATH}/{grant_of('tax').id}")
    page = browser.submit("revoke-all", reason="the person asked for it")
    assert "consent withdrawn" in page.text
    assert [tax.refresh(token).status_code for token in tokens] == [400, 400]
    assert services.consents.list(visitor.account_id) == []
    assert not page.has("revoke-grant")


def test_what_a_statute_provides_is_ended_and_stays_provided(
    at_console, new_relying_party, visitor, services, grant_of
):
    policy = {"consent": "statutory", "legal_basis": "Tax Collection Law Art. 30"}
    site = new_relying_party(
        "customs",
        grant_types=["authorization_code", "refresh_token"],
        scope="openid profile offline_access",
        policy=policy,
    )
    token = visitor.tokens(site)["refresh_token"]
    browser = at_console()
    page = browser.get(f"{PATH}/{grant_of('customs').id}")
    assert "by law" in page.text
    assert "Withdraw the consent" not in page.text
    browser.submit("revoke-all", reason="tokens in a log file")
    assert site.refresh(token).status_code == 400
    (kept,) = services.consents.list(visitor.account_id)
    assert kept.is_statutory


def test_many_are_counted_first_and_a_second_officer_is_waited_for(
    at_console, tax, welfare, visitor_of, account_factory, services
):
    people = [visitor_of(account_factory()) for _ in range(4)]
    tokens = [person.tokens(tax, scope=OFFLINE)["refresh_token"] for person in people]
    spared = people[0].tokens(welfare, scope="openid profile")["refresh_token"]
    author, approver = at_console(), at_console()
    page = author.get(f"{PATH}/end", client="tax", use="offline")
    assert "Grants 4" in page.text
    asked = author.submit(reason="a leaked table of tokens")
    assert asked.path.startswith("/console/requests/")
    assert services.mass_endings.run() == 0
    assert "Revoke many grants" in approver.get(asked.path).text
    approver.submit("approve")
    assert services.mass_endings.run() == 4
    assert {tax.refresh(token).status_code for token in tokens} == {400}
    assert welfare.refresh(spared).status_code == 200
    assert len(services.sessions.list()) >= 4, "nobody is signed out"


def test_a_few_go_at_once_and_the_page_shows_how_far_it_has_come(
    at_console, tax, visitor_of, account_factory, services
):
    tokens = {}
    for scope in (OFFLINE, "openid phone offline_access"):
        tokens[scope] = visitor_of(account_factory()).tokens(tax, scope=scope)["refresh_token"]
    browser = at_console()
    browser.get(f"{PATH}/end", client="tax", scope="phone")
    page = browser.submit(reason="phone numbers leaked")
    assert page.path.startswith(f"{PATH}/endings/")
    assert browser.get(page.path.replace(PATH, "/console/sessions")).status == 404, "of grants, not of sessions"
    assert "0 / 1" in page.text
    later = visitor_of(account_factory()).tokens(tax, scope="openid phone offline_access")["refresh_token"]
    services.mass_endings.run()
    assert "1 / 1" in browser.get(page.path).text
    assert [tax.refresh(token).status_code for token in tokens.values()] == [200, 400]
    assert tax.refresh(later).status_code == 200, "what is issued after the decision is spared"


@pytest.mark.parametrize("given", [{}, {"use": "offline"}, {"client": "tax", "state": "all"}])
def test_a_filter_of_no_service_or_of_what_has_ended_is_refused(at_console, tax, visitor, given):
    token = visitor.tokens(tax, scope=OFFLINE)["refresh_token"]
    assert at_console().get(f"{PATH}/end", **given).status == 400
    assert tax.refresh(token).status_code == 200


def test_the_ending_of_sessions_is_no_revocation_of_grants(at_console, services, officer):
    from idp.sessions.filters import SessionFilter

    ending = services.mass_endings.decide(SessionFilter(network="203.0."), officer(), "drill", services.changes)
    assert at_console().get(f"{PATH}/endings/{ending}").status == 404


def test_the_help_desk_looks_and_revokes_nothing(at_console, tax, visitor, grant_of):
    visitor.tokens(tax, scope=OFFLINE)
    browser = at_console(Power.HELP_DESK)
    page = browser.get(f"{PATH}/{grant_of('tax').id}")
    assert page.status == 200
    assert all(form.method != "post" for form in page.forms)
    assert browser.get(f"{PATH}/end", client="tax").status == 403
    assert browser.get(f"{PATH}/0197f000-0000-7000-8000-000000000000").status == 404
