"""Sessions and events by region and operator, through the table of networks that operators load."""

import pytest

from idp.audit.searching import EventFilter
from idp.factors.assurance import VerifiedFactor
from idp.foundation.logging import RequestContext, request_context
from idp.sessions.filters import SessionFilter
from idp.sessions.values import Browser
from idp.sign_in.events import CodeRefused
from idp.staff.powers import Power
from tests.support.statements import watched

HEAD = "network,country,region,latitude,longitude,operator,asn\n"
WUHAN, LISBON, XIAN, NOWHERE = "203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24", "100.64.1.0/24"
TABLE = (
    f"{WUHAN},CN,Hubei,30.6,114.3,China Telecom,4134\n",
    f"{LISBON},PT,Lisbon,38.7,-9.1,MEO,3243\n",
    f"{XIAN},CN,Shaanxi,34.3,108.9,China Telecom,4809\n",
)
ALL = {"state": "all"}


def load(services, *lines):
    services.networks.load(iter((HEAD, *lines)), "table.csv", on_bad_line=print)


@pytest.fixture
def table(services):
    load(services, *TABLE)


@pytest.fixture
def sessions(services, account_factory, clock, entropy):
    """A session from each network, by the network."""
    person = account_factory()
    opened = {}
    for network in (WUHAN, LISBON, XIAN, NOWHERE):
        proved = [VerifiedFactor("password", clock.now())]
        opened[network] = services.sessions.open(
            person.account_id, proved, entropy.uuid7(), Browser(network)
        ).session_id
    return opened


def refuse_from(services, network, **values):
    token = request_context.set(RequestContext("ref", network, ""))
    services.audit.record(CodeRefused(kind="totp", **values))
    request_context.reset(token)


@pytest.fixture
def refusals(services):
    """A wrong code from each network; its reason is the network, so that a page tells which it was."""
    for network in (WUHAN, LISBON, XIAN, NOWHERE):
        refuse_from(services, network, reason=f"from {network}")


WANTED = [
    ({"region": "Hubei"}, {WUHAN}),
    ({"region": "hubei"}, {WUHAN}),
    ({"region": "CN Shaanxi"}, {XIAN}),
    ({"operator": "China Telecom"}, {WUHAN, XIAN}),
    ({"operator": "AS4134"}, {WUHAN}),
    ({"operator": "3243"}, {LISBON}),
    ({"operator": "china telecom", "region": "Shaanxi"}, {XIAN}),
    ({"region": "' OR 1=1 --"}, set()),
    ({"operator": "%"}, set()),
    ({"region": "_ubei"}, set()),
]


@pytest.mark.usefixtures("table", "refusals")
@pytest.mark.parametrize(("given", "found"), WANTED)
def test_sessions_and_events_are_found_by_where_they_came_from(at_console, sessions, given, found):
    browser = at_console()
    page = browser.get("/console/sessions", **given, state="all")
    assert page.status == 200
    assert {network for network, one in sessions.items() if f"/console/sessions/{one}" in page.source} == found
    page = browser.get("/console/events", **given, action="sign_in.code_refused")
    assert page.status == 200
    assert {network for network in sessions if f"from {network}" in page.text} == found


@pytest.mark.usefixtures("table", "sessions")
def test_the_place_of_a_line_leads_to_the_list_by_it_and_a_chip_takes_it_away(at_console):
    browser = at_console()
    browser.get("/console/sessions", network=LISBON)
    page = browser.follow_link("Lisbon, PT")
    assert LISBON in page.text
    assert WUHAN not in page.text
    assert WUHAN in browser.follow_link("Region: PT Lisbon").text
    browser.get("/console/sessions", network=LISBON)
    assert WUHAN not in browser.follow_link("MEO, AS3243").text


def test_without_a_table_the_pages_say_so_and_find_nothing(at_console, sessions):
    browser = at_console()
    for path in ("/console/sessions", "/console/events"):
        page = browser.get(path)
        assert "idp network load" in page.text
        assert not page.has("region")
        page = browser.get(path, region="Hubei")
        assert page.status == 400
        assert "idp network load" in page.text
        assert not any(str(one) in page.source for one in sessions.values())


def test_what_came_before_the_table_has_no_place_and_what_came_under_another_keeps_it(
    at_console, services, account_factory, clock, entropy
):
    """The place is that of the time, because networks are handed on: it is not rewritten by the next table."""
    person = account_factory()

    def enter():
        proved = [VerifiedFactor("password", clock.now())]
        return services.sessions.open(person.account_id, proved, entropy.uuid7(), Browser(WUHAN)).session_id

    def found(**given):
        source = at_console().get("/console/sessions", **given, **ALL).source
        return [one for one in opened if f"/console/sessions/{one}" in source]

    opened = [enter()]
    load(services, *TABLE)
    clock.advance(minutes=2)
    opened.append(enter())
    load(services, f"{WUHAN},CN,Sichuan,30.6,104.1,,\n")
    clock.advance(minutes=2)
    opened.append(enter())
    assert found(region="CN Hubei") == [opened[1]]
    assert found(region="Sichuan") == [opened[2]]


@pytest.mark.usefixtures("table")
def test_all_sessions_of_a_region_are_ended_by_the_filter_and_no_others(at_console, services, sessions):
    browser = at_console()
    browser.get("/console/sessions/end", operator="China Telecom")
    page = browser.submit(reason="reported as stolen")
    assert page.path.startswith("/console/sessions/endings/")
    assert services.mass_endings.run() == 2
    ended = {line.id for line in services.session_search.page(SessionFilter(state="ended"))}
    assert ended == {sessions[WUHAN], sessions[XIAN]}


@pytest.mark.usefixtures("table")
def test_erased_values_are_no_longer_found_by_place(services, account_factory):
    person = account_factory()
    refuse_from(services, WUHAN, account_id=person.account_id, reason="wrong")
    chosen = EventFilter(action="sign_in.code_refused", regions=("CN Hubei",))
    assert len(services.event_search.page(chosen)) == 1
    services.erasure.erase(person.account_id, actor="command:somebody", reason="asked for")
    assert services.event_search.page(chosen) == []


@pytest.mark.usefixtures("table", "refusals")
def test_a_copy_of_events_does_not_write_down_where_somebody_was(at_console, services):
    browser = at_console(Power.AUDIT)
    browser.get("/console/events/export", region="Hubei", operator="AS4134")
    answer = browser.submit(form="jsonl", reason="asked for by the court")
    assert WUHAN in answer.text
    assert LISBON not in answer.text
    record = next(one for one in services.audit.export() if one.action == "audit.exported")
    assert (record.detail["chosen"]["regions"], record.detail["chosen"]["operators"]) == ("****", "****")


@pytest.mark.usefixtures("table", "sessions", "refusals")
def test_each_list_is_one_statement(services):
    for ask in (
        lambda: services.session_search.page(SessionFilter(regions=("CN Hubei",), operators=("AS4134",))),
        lambda: services.event_search.page(EventFilter(regions=("CN Hubei",), operators=("AS4134",))),
    ):
        # Where the live sessions begin is looked up once an hour.
        ask()
        with watched(services.database) as seen:
            ask()
        assert seen.kinds == ["SELECT"]
