"""The table of networks: all of it or nothing, bad lines by their number, the old one until the new one is whole."""

import threading
import time

import pytest
from sqlalchemy import func, select

from idp.networks.errors import NetworkLoadRefused
from idp.networks.models import NetworkRange

HEAD = "network,country,region,latitude,longitude,operator,asn\n"
WUHAN = "203.0.113.0/24,CN,Hubei,30.6,114.3,China Telecom,AS4134\n"
GUANGZHOU = "198.51.100.0/24,cn,Guangdong,23.1,113.3,,\n"


@pytest.fixture
def networks(services):
    return services.networks


@pytest.fixture
def load(networks):
    def go(*lines, told=None, **options):
        told = [] if told is None else told
        return networks.load(
            iter(lines), "table.csv", on_bad_line=lambda number, text: told.append((number, text)), **options
        )

    return go


def rows(services):
    with services.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(NetworkRange))


def test_a_table_says_where_a_network_is(load, networks, clock):
    assert networks.status() is None
    assert networks.place_of("203.0.113.0/24") is None
    loaded = load(HEAD, WUHAN, GUANGZHOU)
    assert (loaded.ranges, loaded.loaded_at) == (2, clock.now())
    assert str(networks.place_of("203.0.113.0/24")) == "Hubei, CN, China Telecom, AS4134"
    assert str(networks.place_of("198.51.100.0/24")) == "Guangdong, CN"
    assert networks.place_of("192.0.2.0/24") is None
    assert networks.place_of(None) is None


def test_a_new_table_takes_the_place_of_the_old_one_and_leaves_nothing_of_it(load, networks, services):
    load(HEAD, WUHAN, GUANGZHOU)
    load(HEAD, "203.0.113.0/24,JP,Tokyo,35.7,139.7,,\n")
    assert networks.place_of("203.0.113.0/24").country == "JP"
    assert networks.place_of("198.51.100.0/24") is None
    assert rows(services) == 1


def test_another_node_sees_it_within_a_minute(load, services, clock):
    from idp.networks.service import Networks

    other = Networks(services.database, clock, services.entropy)
    assert other.place_of("203.0.113.0/24") is None
    load(HEAD, WUHAN)
    clock.advance(seconds=61)
    assert other.place_of("203.0.113.0/24").region == "Hubei"


def test_a_large_table_is_read_beside_the_requests(load, networks, monkeypatch):
    monkeypatch.setattr("idp.networks.service._READ_AT_ONCE", 1)
    load(HEAD, WUHAN, GUANGZHOU)
    for _ in range(200):
        if networks.place_of("203.0.113.0/24") is not None:
            break
        time.sleep(0.05)
    assert networks.place_of("203.0.113.0/24").region == "Hubei"


def test_bad_lines_are_told_by_number_and_nothing_changes_unless_they_are_to_be_skipped(load, networks, services):
    load(HEAD, GUANGZHOU)
    lines = [
        HEAD,
        WUHAN,
        "203.0.113.1/24,CN,x,0,0,,\n",
        "2001:db8::/65,CN,x,0,0,,\n",
        "192.0.2.0/24,CHN,x,0,0,,\n",
        "192.0.2.0/24,CN,x,91,0,,\n",
        "192.0.2.0/24,CN,x,nan,0,,\n",
        "192.0.2.0/24,CN,x,0,inf,,\n",
        "192.0.2.0/24,CN,x,0,0,,AS99999999999\n",
        "192.0.2.0/24,CN,\x1b[31m,0,0,,\n",
        WUHAN,
        "\n",
        "192.0.2.0/24\n",
    ]
    told = []
    with pytest.raises(NetworkLoadRefused, match="10 lines are wrong and 1 are right"):
        load(*lines, told=told)
    assert [number for number, _ in told] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 13]
    assert networks.place_of("198.51.100.0/24") is not None
    assert rows(services) == 1
    assert load(*lines, skip_bad_lines=True).ranges == 1
    assert networks.place_of("203.0.113.0/24").region == "Hubei"


@pytest.mark.parametrize("lines", [[], ["network,country\n", WUHAN], [HEAD], [HEAD, "\0"], [HEAD, "x" * 5000]])
def test_what_is_no_table_changes_nothing(load, networks, lines):
    load(HEAD, WUHAN)
    with pytest.raises(NetworkLoadRefused):
        load(*lines)
    assert networks.place_of("203.0.113.0/24").region == "Hubei"


def test_an_interrupted_load_changes_nothing_and_the_next_one_cleans_up(load, networks, services, monkeypatch):
    monkeypatch.setattr("idp.networks.service._BATCH", 1)
    load(HEAD, WUHAN)

    def lines():
        yield from (HEAD, GUANGZHOU, "192.0.2.0/24,CN,x,0,0,,\n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        networks.load(lines(), "x.csv", on_bad_line=print)
    assert rows(services) > 1
    assert networks.place_of("203.0.113.0/24").region == "Hubei"
    load(HEAD, WUHAN)
    assert rows(services) == 1


def test_two_loads_at_once_never_leave_half_a_table(networks, monkeypatch):
    monkeypatch.setattr("idp.networks.service._BATCH", 1)
    meeting = threading.Barrier(2, timeout=30)
    outcomes = []

    def lines(country):
        yield HEAD
        meeting.wait()
        for number in range(20):
            yield f"10.{number}.0.0/16,{country},x,0,0,,\n"

    def go(country):
        try:
            outcomes.append(networks.load(lines(country), f"{country}.csv", on_bad_line=print).ranges)
        except NetworkLoadRefused:
            outcomes.append(None)

    threads = [threading.Thread(target=go, args=(country,)) for country in ("CN", "JP")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    in_force = networks.status()
    assert set(outcomes) <= {20, None}
    if in_force is not None:
        found = {networks.place_of(f"10.{number}.0.0/24").country for number in range(20)}
        assert found == {in_force.file_name[:2]}
