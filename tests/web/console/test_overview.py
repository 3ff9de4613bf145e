"""The overview: what waits for this officer, and charts of what their power may see."""

import re
from datetime import timedelta

import pytest

from idp.audit.tallies import REFUSED_CALL
from idp.factors.assurance import VerifiedFactor
from idp.interventions.charts import MeansCount
from idp.protocol.events import CallsCounted
from idp.sessions.values import Browser
from idp.sign_in.events import PasskeyNotAccepted
from idp.staff.powers import Power
from tests.support.statements import watched

HOUR = timedelta(hours=1)
WAITING = "Requests waiting for your approval"


def text_of(page):
    return " ".join(page.text.split())


@pytest.fixture
def enter(services, account_factory, clock, entropy):
    """Open a session by these means."""

    def open_one(*means):
        proved = [VerifiedFactor(one, clock.now()) for one in means]
        services.sessions.open(account_factory().account_id, proved, entropy.uuid7(), Browser("203.0.113.0/24"))

    return open_one


@pytest.fixture
def refuse(services):
    """Count requests of a client that were refused, as a process does each minute."""

    def count(client_id, number):
        services.audit.record(CallsCounted(client_id=client_id, call=REFUSED_CALL, count=number, minute="now"))

    return count


def test_a_request_waits_for_those_who_can_approve_it_and_for_nobody_else(
    services, new_officer, sign_in, officer, registration_factory
):
    registration_factory("tax")
    services.registry.suspend("tax", actor="system")
    approver, other = new_officer(), new_officer()
    services.changes.request("sessions.end", "x", {}, author=services.staff.officer(approver.account_id), reason="own")
    services.changes.request("client.resume", "tax", {}, author=officer(Power.SYSTEM), reason="two", approvals=2)
    assert f"{WAITING} 1" in text_of(sign_in(approver).get("/console")), "nobody approves their own"
    browser = sign_in(other)
    assert f"{WAITING} 2" in text_of(browser.get("/console"))
    (change,) = services.changes.open_requests(target="tax")
    services.changes.approve(change.id, change.digest, services.staff.officer(other.account_id))
    assert f"{WAITING} 1" in text_of(browser.get("/console")), "nobody approves twice"


def test_each_task_leads_to_a_list_of_as_many_as_it_counts(at_console, services, registration_factory):
    for name in ("tax", "welfare", "parks"):
        registration_factory(name)
    services.registry.rotate_secret("tax", actor="system")
    services.registry.rotate_secret("parks", actor="system")
    services.registry.suspend("parks", actor="system")
    browser = at_console(Power.SYSTEM)
    task = "Services with a secret, key or certificate that ends in 30 days"
    assert f"{task} 1" in text_of(browser.get("/console")), "what is stopped is not waited for"
    page = browser.follow_link(task)
    assert "/console/clients/tax" in page.source
    assert "/console/clients/welfare" not in page.source
    assert "/console/clients/parks" not in page.source


def test_sign_ins_are_counted_by_all_their_means_together(at_console, services, enter):
    for _ in range(3):
        enter("password", "totp")
    enter("passkey")
    found = services.charts.by_means(HOUR)
    assert found == [MeansCount(("password", "totp"), 3), MeansCount(("passkey",), 1)]
    services.sealer.run()
    assert services.charts.by_means(HOUR) == found
    # The officer signs in by a password and a code too.
    assert "Password, Authenticator app 4 Passkey 1" in text_of(at_console().get("/console"))


def test_passkeys_that_failed_go_downwards(at_console, services, enter):
    enter("passkey")
    enter("passkey")
    enter("password")
    services.audit.record(PasskeyNotAccepted(reason="wrong"))
    newest = services.charts.passkeys(HOUR)[-1]
    assert (newest.succeeded, newest.refused) == (2, 1)
    assert "2 sign-ins by passkey, 1 answers of passkeys refused: 66 % succeeded." in at_console().get("/console").text


def test_what_is_older_than_the_window_is_not_counted(at_console, services, enter, refuse, clock):
    enter("passkey")
    refuse("tax", 3)
    services.sealer.run()
    clock.advance(hours=2)
    assert services.charts.by_means(HOUR) == []
    assert services.charts.refused_by_client(HOUR) == {}
    assert services.charts.refused_by_client(timedelta(hours=6)) == {"tax": 3}
    page = at_console().get("/console", window="1h")
    assert "Nobody has used a passkey." in page.text
    assert "No request of a service was refused." in page.text
    assert 'value="6h" selected' in at_console().get("/console", window="' OR 1=1 --").source


def test_services_whose_requests_are_refused_stand_in_order_and_a_delegate_sees_one_agency(
    at_console, services, registration_factory, refuse
):
    for name in ("tax", "welfare"):
        registration_factory(name)
    refuse("tax", 2)
    refuse("welfare", 40)
    refuse("gone", 99)
    agency = services.registry.show("tax").agency
    assert agency != services.registry.show("welfare").agency
    told = text_of(at_console().get("/console")).split("refused most")[-1]
    assert told.index("welfare 40") < told.index("tax 2")
    assert "gone" not in told
    told = text_of(at_console(Power.DELEGATE, agency=agency).get("/console")).split("refused most")[-1]
    assert "tax 2" in told
    assert "welfare" not in told


@pytest.mark.parametrize(
    ("power", "people", "sites"),
    [
        (Power.SECURITY, True, True),
        (Power.AUDIT, True, True),
        (Power.SYSTEM, False, True),
        (Power.HELP_DESK, False, False),
    ],
)
def test_an_officer_sees_the_charts_that_their_power_opens(at_console, power, people, sites):
    page = at_console(power).get("/console")
    assert ("Sign-ins by outcome" in page.text, "Sign-ins by method" in page.text) == (people, people)
    assert ("requests are refused most" in page.text) == sites
    assert ("What the charts look at" in page.source) == (people or sites)


def test_chart_and_table_have_the_same_numbers(at_console, services, new_browser, account_factory):
    person, browser = account_factory(), new_browser(language="en")
    browser.get("/account")
    browser.sign_in(person.username, "wrong password")
    page = at_console(Power.AUDIT).get("/console")
    outcomes = services.hunts.sign_ins(HOUR)
    assert (outcomes[-1].succeeded, outcomes[-1].refused) == (1, 1)
    assert page.source.count('class="up"') == page.source.count('class="down"') == 1
    assert "Succeeded" in page.text


def test_each_chart_is_one_statement(services, enter):
    enter("passkey")
    services.sealer.run()
    for ask in (
        services.hunts.sign_ins,
        services.charts.by_means,
        services.charts.passkeys,
        services.charts.refused_by_client,
    ):
        with watched(services.database) as seen:
            ask(timedelta(days=1))
        assert seen.kinds == ["SELECT"], ask


def test_the_services_of_one_agency_are_looked_at(at_console, refuse, registration_factory):
    registration_factory("tax")
    registration_factory("welfare")
    refuse("tax", 3)
    refuse("welfare", 5)
    browser = at_console()
    assert {"tax 3", "welfare 5"} <= {f"{one} {number}" for one, number in refused_of(browser.get("/console"))}
    page = browser.get("/console?agency=tax-bureau")
    assert refused_of(page) == [("tax", "3")]
    assert 'value="tax-bureau" selected' in page.source
    assert len(refused_of(browser.get("/console?agency=nobody"))) == 2


def refused_of(page):
    return re.findall(r"<small>([a-z]+)</small></th>\s*<td>(\d+)</td>", page.source)
