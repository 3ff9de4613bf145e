"""The canned hunts: each finds what it is named after, and nothing else (console.md §2)."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from idp.audit.searching import actions
from idp.factors.assurance import VerifiedFactor
from idp.factors.events import AuthenticatorAdded, Kinds
from idp.foundation.translation import SHANGHAI
from idp.interventions import hunts
from idp.interventions.events import FactorReset
from idp.interventions.hunts import REFUSALS
from idp.sessions.events import SessionOpened, SessionRaised
from idp.sessions.filters import SessionFilter
from idp.sessions.values import Browser
from idp.staff.powers import Power
from idp.web.console.charts import DAYS, HOURS, heat_of

HOUR = timedelta(hours=1)
NONE = Kinds(kinds=())
EVENTS = {
    "code": lambda account_id: SessionOpened(account_id=account_id, factors=("password", "recovery_code")),
    "password": lambda account_id: SessionOpened(account_id=account_id, factors=("password",)),
    "raised": lambda account_id: SessionRaised(
        account_id=account_id, factors=("recovery_code",), factors_before=("password",)
    ),
    "reset": lambda account_id: FactorReset(account_id=account_id, kind="totp", case_number="1"),
    "added": lambda account_id: AuthenticatorAdded(account_id=account_id, kind="totp", before=NONE, after=NONE),
}


@pytest.fixture
def enter(services, clock, entropy):
    """Open a session from a network with a factor."""

    def open_one(person, network="203.0.113.0/24", factor="password"):
        proved = [VerifiedFactor(factor, clock.now())]
        services.sessions.open(person.account_id, proved, entropy.uuid7(), Browser(network))

    return open_one


def test_one_network_with_many_accounts_is_found(at_console, account_factory, enter):
    for _ in range(3):
        enter(account_factory())
    lonely = account_factory()
    for _ in range(4):
        enter(lonely, "198.51.100.0/24")
    page = at_console().get("/console/hunts", least="3")
    assert "203.0.113.0/24" in page.text
    assert "198.51.100.0/24" not in page.text


def test_networks_are_found_exactly_though_busy_ones_are_looked_at_first(services, account_factory, enter, monkeypatch):
    """One account may make more sessions somewhere than many accounts do elsewhere."""
    kiosk = account_factory()
    for _ in range(6):
        enter(kiosk, "198.51.100.0/24")
    for _ in range(3):
        enter(account_factory())
    for _ in range(2):
        enter(account_factory(), "192.0.2.0/24")
    exact = [("203.0.113.0/24", 3, 3), ("192.0.2.0/24", 2, 2)]
    for looked_at in (0, 1, 2, 200):
        monkeypatch.setattr(hunts, "_LOOKED_AT", looked_at)
        for most in (50, 2, 1):
            monkeypatch.setattr(hunts, "_MOST", most)
            found = services.hunts.crowded_networks(HOUR, least=2)
            assert [(one.network, one.accounts, one.sessions) for one in found] == exact[:most]


@pytest.mark.parametrize("seed", range(3))
def test_a_crowd_drawn_at_random_is_counted_as_if_by_hand(services, account_factory, enter, clock, monkeypatch, seed):
    draw = Random(seed)
    monkeypatch.setattr(hunts, "_MOST", 4)
    monkeypatch.setattr(hunts, "_LOOKED_AT", 6)
    people = [account_factory() for _ in range(6)]
    came = []
    for number in range(120):
        if number == 20:
            clock.advance(hours=2)
        # Some networks are one person's, and the busiest.
        network = min(draw.randrange(12), draw.randrange(12))
        person = people[network % 6 if network % 3 == 0 else draw.randrange(6)]
        enter(person, f"10.0.{network}.0/24")
        came.append((number >= 20, f"10.0.{network}.0/24", person.account_id))
    recent = [(network, account) for is_recent, network, account in came if is_recent]
    for least in (1, 2, 3, 6):
        counted = [
            (network, len({one for place, one in recent if place == network}), sessions)
            for network, sessions in Counter(network for network, _ in recent).items()
        ]
        fullest = sorted((one for one in counted if one[1] >= least), key=lambda one: (-one[1], one[0]))
        found = services.hunts.crowded_networks(HOUR, least=least)
        assert [(one.network, one.accounts, one.sessions) for one in found] == fullest[:4]


@pytest.mark.parametrize("seed", range(3))
def test_new_factors_drawn_at_random_are_told_as_if_by_hand(services, account_factory, clock, monkeypatch, seed):
    """The latest recovery in the day before a factor was added is told; recoveries of others and later ones do not."""
    draw = Random(seed)
    monkeypatch.setattr(hunts, "_MOST", 7)
    people = [account_factory().account_id for _ in range(3)]
    recovered, expected = [], []
    for _ in range(90):
        clock.advance(minutes=draw.randrange(150))
        account_id, now = draw.choice(people), clock.now()
        what = draw.choice(("code", "raised", "reset", "password", "added", "added", "added"))
        services.audit.record(EVENTS[what](account_id))
        if what in {"code", "raised", "reset"}:
            recovered.append((account_id, now))
        elif what == "added":
            lately = [at for one, at in recovered if one == account_id and now - at <= 24 * HOUR]
            expected += [(now, account_id, max(lately))] if lately else []
    for window in (HOUR, 6 * HOUR, 24 * HOUR, 24 * 7 * HOUR):
        inside = [
            one for one in expected if one[0] >= clock.now() - window and one[2] >= clock.now() - window - 24 * HOUR
        ]
        found = services.hunts.new_factors_after_recovery(window)
        assert [(one.at, one.account_id, one.recovered_at) for one in found] == inside[::-1][:7]


def test_a_new_factor_after_a_recovery_is_found_and_one_without_is_not(
    at_console, account_factory, enter, services, clock
):
    careful, recovered = account_factory(with_recovery_codes=True), account_factory(with_recovery_codes=True)
    clock.advance(days=2)
    enter(careful)
    enter(recovered, factor="recovery_code")
    clock.advance(minutes=5)
    for person in (careful, recovered):
        services.factors.add_totp(person.account_id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    (found,) = services.hunts.new_factors_after_recovery(HOUR)
    assert found.account_id == recovered.account_id
    page = at_console().get("/console/hunts", window="1h")
    assert recovered.username in page.text
    assert careful.username not in page.text


def test_officers_who_do_not_come_are_found(new_officer, sign_in, clock):
    away, present = new_officer(Power.AUDIT), new_officer()
    clock.advance(days=91)
    page = sign_in(present).get("/console/hunts")
    assert away.username in page.text
    assert present.username not in page.text.split("Dormant officers")[1]


@pytest.mark.parametrize("least", ["", "0", "-1", "x", "9" * 30, "٣"])
def test_a_threshold_that_makes_no_sense_is_the_usual_one(at_console, least):
    assert at_console().get("/console/hunts", least=least, window="x").status == 200


def test_the_help_desk_does_not_hunt(at_console):
    assert at_console(Power.HELP_DESK).get("/console/hunts").status == 403


def test_the_outcomes_counted_are_actions_that_exist():
    assert set(REFUSALS) <= set(actions())


HEAD = "network,country,region,latitude,longitude,operator,asn\n"
WUHAN, LISBON, NEAR = "203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"
TABLE = (
    HEAD,
    f"{WUHAN},CN,Hubei,30.6,114.3,China Telecom,4134\n",
    f"{LISBON},PT,Lisbon,38.7,-9.1,,\n",
    f"{NEAR},CN,Hubei,31.0,114.5,,\n",
)


@pytest.fixture
def table(services):
    return services.networks.load(iter(TABLE), "table.csv", on_bad_line=print)


def journeys(services, speed=900, window=HOUR):
    """Have the worker judge what has happened; return from where to where the journeys went."""
    services.sealer.run()
    services.travel_judge.run()
    return [(one.before.network, one.after.network) for one in services.travels.page(speed, window)]


@pytest.mark.usefixtures("table")
def test_an_account_at_two_places_faster_than_anybody_travels_is_found(
    at_console, account_factory, enter, services, clock
):
    thief, traveller, neighbour = account_factory(), account_factory(), account_factory()
    enter(traveller, WUHAN)
    clock.advance(hours=23, minutes=30)
    enter(traveller, LISBON)
    for network in (WUHAN, NEAR, WUHAN):
        enter(neighbour, network)
    enter(thief, WUHAN)
    clock.advance(minutes=20)
    enter(thief, LISBON)
    assert journeys(services) == [(WUHAN, LISBON)]
    (found,) = services.travels.page(900, HOUR)
    assert found.account_id == thief.account_id
    assert 10_000 < found.kilometres < 11_500
    assert found.speed == pytest.approx(3 * found.kilometres, rel=0.01)
    page = at_console().get("/console/hunts", window="1h")
    assert thief.username in page.text
    assert "Lisbon, PT" in page.text
    assert traveller.username not in page.text.split("Impossible travel")[1].split("One network")[0]
    assert len(journeys(services, speed=400)) == 2, "a slower threshold finds the traveller too"


@pytest.mark.usefixtures("table")
def test_a_sign_in_before_the_window_counts_as_where_somebody_was(account_factory, enter, services, clock):
    person = account_factory()
    enter(person, WUHAN)
    clock.advance(hours=2)
    enter(person, LISBON)
    assert journeys(services) == [(WUHAN, LISBON)]


@pytest.mark.usefixtures("table")
def test_two_sign_ins_at_the_same_moment_are_a_journey_too(account_factory, enter, services):
    person = account_factory()
    enter(person, WUHAN)
    enter(person, LISBON)
    assert len(journeys(services)) == 1


def test_without_a_table_the_page_says_how_to_load_one(at_console, account_factory, enter, services):
    person = account_factory()
    enter(person, WUHAN)
    enter(person, LISBON)
    assert journeys(services) == []
    assert "idp network load" in at_console().get("/console/hunts").text


@pytest.fixture
def travel_often(services, account_factory, enter, clock):
    """Let an account be at two places in turns, every minute; the worker has judged it."""

    def go(times):
        person = account_factory()
        for number in range(times + 1):
            enter(person, (WUHAN, LISBON)[number % 2])
            clock.advance(minutes=1)
        assert journeys(services, window=24 * HOUR)
        return person

    return go


@pytest.mark.usefixtures("table")
def test_journeys_go_on_from_the_hunts_to_a_page_of_their_own(at_console, travel_often):
    person = travel_often(60)
    browser = at_console()
    first = browser.get("/console/hunts", window="6h", speed="1000")
    older = browser.follow_link("Older")
    assert (older.status, older.path) == (200, "/console/hunts/travels")
    assert [page.text.count(person.username) for page in (first, older)] == [50, 10]
    assert 'value="1000"' in older.source
    assert "Older" not in older.text
    newer = browser.follow_link("Newer")
    assert newer.text.count(person.username) == 50


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "given", [{"window": "x"}, {"speed": "-1"}, {"before": "x"}, {"after": "0"}, {"speed": "9" * 9}]
)
def test_an_address_of_journeys_that_makes_no_sense_shows_the_usual_ones(at_console, travel_often, given):
    person = travel_often(1)
    assert person.username in at_console().get("/console/hunts/travels", **given).text


@pytest.mark.usefixtures("table")
def test_the_list_says_which_journeys_an_earlier_table_judged(at_console, travel_often, services, clock):
    travel_often(1)
    browser = at_console()
    assert "by an earlier table" not in browser.get("/console/hunts").text
    clock.advance(seconds=1)
    services.networks.load(iter(TABLE[:2]), "later.csv", on_bad_line=print)
    page = browser.get("/console/hunts")
    assert "by an earlier table" in page.text
    assert f"unknown · {LISBON}" in page.text, "the place is that of today's table"


@pytest.mark.usefixtures("table")
def test_the_list_says_that_the_worker_is_behind(at_console, travel_often, enter, account_factory, clock, services):
    travel_often(1)
    browser = at_console()
    journeys(services)
    assert "are missing" not in browser.get("/console/hunts/travels").text
    enter(account_factory(), WUHAN)
    clock.advance(seconds=61)
    for path in ("/console/hunts", "/console/hunts/travels"):
        assert "The latest sign-ins are missing." in browser.get(path).text


def test_who_may_not_hunt_sees_no_journeys(at_console):
    assert at_console(Power.HELP_DESK).get("/console/hunts/travels").status == 403


@pytest.mark.usefixtures("table")
def test_sessions_and_events_say_where_their_network_is(at_console, account_factory, enter, services):
    person = account_factory()
    enter(person, WUHAN)
    browser = at_console()
    page = browser.get("/console/sessions", account=person.username)
    assert "Hubei, CN" in page.text
    assert "China Telecom, AS4134" in page.text
    (line,) = services.session_search.page(SessionFilter(person.account_id))
    assert "Hubei, CN, China Telecom, AS4134" in browser.get(f"/console/sessions/{line.id}").text


def test_the_heat_map_has_the_hours_of_shanghai_and_the_same_numbers_in_its_table(
    at_console, account_factory, enter, services, clock
):
    person = account_factory()
    for _ in range(4):
        enter(person)
    clock.advance(hours=-2)
    enter(person)
    clock.advance(hours=2)
    today, *_, oldest = heat_of(services.hunts.sign_ins_by_hour(DAYS), clock.now())
    hour = clock.now().astimezone(SHANGHAI).hour
    assert (today.counts[hour], today.shades[hour]) == (4, 4)
    assert (today.counts[hour - 2], today.shades[hour - 2]) == (1, 1)
    assert today.counts[hour + 1 :] == (None,) * (HOURS - 1 - hour), "what is still to come is no zero"
    assert sum(oldest.counts) == 0
    page = at_console().get("/console/hunts")
    assert page.source.count('class="h4"') == 1
