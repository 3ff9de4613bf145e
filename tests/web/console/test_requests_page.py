"""The list of requests at the console: what waits, oldest first and page by page, and how others ended."""

import re
from uuid import UUID, uuid4

import pytest

from idp.foundation.keyset import PAGE
from idp.interventions.client_changes import RESUME
from idp.registry.members import METADATA, POLICY
from idp.registry.risks import RISKS
from idp.staff.granting import GRANT
from idp.staff.powers import Power
from tests.registry.conftest import tax


@pytest.fixture
def author(officer):
    return officer()


@pytest.fixture
def ask(services, clock, author):
    """Ask for so many changes, one a second; return their ids, oldest first."""

    def make(number=1, kind=GRANT):
        asked = []
        for _ in range(number):
            clock.advance(1)
            asked.append(
                services.changes.request(kind, str(uuid4()), {"power": "help_desk"}, author=author, reason="test")
            )
        return [str(one) for one in asked]

    return make


def listed(page):
    """Return the ids of the rows, from top to bottom."""
    return re.findall(r'href="/console/requests/([0-9a-f-]{36})"', page.source)


def test_what_waits_is_reached_page_by_page_oldest_first_and_back(at_console, ask):
    asked = ask(2 * PAGE + 1)
    browser = at_console()
    first = browser.get("/console/requests")
    assert listed(first) == asked[:PAGE]
    assert ">Older<" not in first.source
    assert listed(browser.follow_link("Newer")) == asked[PAGE : 2 * PAGE]
    last = browser.follow_link("Newer")
    assert listed(last) == asked[2 * PAGE :]
    assert ">Newer<" not in last.source
    assert listed(browser.follow_link("Older")) == asked[PAGE : 2 * PAGE]
    assert listed(browser.follow_link("Older")) == asked[:PAGE]


def test_what_ended_is_found_by_how_it_ended_latest_first(at_console, services, officer, author, ask, clock):
    expired, earlier, later, withdrawn = ask(4)
    approver = officer()
    for one in (earlier, later):
        services.changes.reject(UUID(one), approver, "not needed")
    services.changes.withdraw(UUID(withdrawn), author)
    clock.advance(8 * 86_400)
    (waiting,) = ask()
    browser = at_console()
    assert listed(browser.get("/console/requests")) == [waiting]
    assert listed(browser.get("/console/requests?state=rejected")) == [later, earlier]
    assert listed(browser.get("/console/requests?state=withdrawn")) == [withdrawn]
    assert listed(browser.get("/console/requests?state=expired")) == [expired]
    assert "No request matches" in browser.get("/console/requests?state=applied").text


def test_kind_narrows_the_list_and_stays_while_paging(at_console, ask):
    ask(1)
    resumed = ask(PAGE + 1, kind=RESUME)
    browser = at_console()
    page = browser.get(f"/console/requests?kind={RESUME}")
    assert listed(page) == resumed[:PAGE]
    assert "Change: Resume a service" in page.text
    assert listed(browser.follow_link("Newer")) == resumed[PAGE:]


@pytest.mark.parametrize("query", ["state=lost", "kind=coup"])
def test_what_is_not_offered_is_refused(at_console, ask, query):
    ask()
    page = at_console().get(f"/console/requests?{query}")
    assert page.status == 400
    assert "Choose one of the values offered." in page.text


def test_every_kind_of_change_has_a_word(at_console, services):
    offered = re.findall(
        r'<option value="([a-z]+\.[a-z_]+)">([^<]+)</option>', at_console().get("/console/requests").source
    )
    assert [kind for kind, _ in offered] == list(services.changes.kinds)
    assert all(kind != word for kind, word in offered)


class TestOfServices:
    @pytest.fixture
    def propose(self, services, author):
        """Ask for a registration to be put into force."""

        def make(client_id, **changes):
            given = tax(client_id=client_id, **changes)
            known = client_id if services.registry.show(client_id) else None
            return str(services.client_changes.propose(given, author, "wanted", services.changes, client_id=known))

        return make

    def test_the_list_says_what_is_risky_in_a_change(self, at_console, services, propose, officer):
        new = propose("tax")
        browser = at_console()
        assert "New service" in browser.get("/console/requests").text
        change = services.changes.get(UUID(new))
        for _ in range(change.approvals_needed):
            services.changes.approve(change.id, change.digest, officer())
        assert "New service" not in browser.get("/console/requests?state=applied").text
        propose("tax", redirect_uris=["https://elsewhere.example.gov.cn/callback"], scope="openid profile phone email")
        text = browser.get("/console/requests").text
        assert "Addresses What it may ask for" in text
        assert "Keys and authentication" not in text
        propose("tax", client_name="Another name")
        assert "Addresses" not in browser.get("/console/requests").text

    def test_agency_narrows_the_list(self, at_console, propose, ask):
        ask()
        mine = propose("tax")
        agency = "tax-bureau"
        browser = at_console()
        assert listed(browser.get(f"/console/requests?agency={agency}")) == [mine]
        assert browser.get("/console/requests?agency=nobody").status == 400


def test_every_member_that_is_risky_is_one_of_a_registration():
    names = set(METADATA) | {f"policy.{name}" for name in POLICY}
    assert {member for members in RISKS.values() for member in members} <= names


def test_who_approves_nothing_sees_no_list(at_console):
    assert at_console(Power.AUDIT).get("/console/requests").status == 403
