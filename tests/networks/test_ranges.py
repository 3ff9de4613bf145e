"""Looking a network up: the innermost range that holds it, whatever lies within what."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from idp.networks.ranges import Place, Range, Table, numbers_of


def place(name):
    return Place("CN", name, 30.0, 114.0, "", None)


def table_of(*networks):
    ranges = [Range(*numbers_of(ipaddress.ip_network(text)), place(text)) for text in networks]
    return Table(sorted(ranges, key=lambda one: (one.family, one.first, -one.last)))


def found(table, text):
    there = table.place_of(text)
    return there and there.region


def test_the_innermost_range_answers_and_after_it_the_one_around_it():
    table = table_of("10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "192.0.2.0/24", "2001:db8::/32", "2001:db8:1::/48")
    assert found(table, "10.0.0.0/24") == "10.0.0.0/8"
    assert found(table, "10.1.1.0/24") == "10.1.1.0/24"
    assert found(table, "10.1.2.0/24") == "10.1.0.0/16"
    assert found(table, "10.2.0.0/24") == "10.0.0.0/8"
    assert found(table, "11.0.0.0/24") is None
    assert found(table, "192.0.2.9") == "192.0.2.0/24"
    assert found(table, "9.255.255.0/24") is None
    assert found(table, "2001:db8:1::/48") == "2001:db8:1::/48"
    assert found(table, "2001:db8:2::/48") == "2001:db8::/32"
    assert found(table, "2001:db9::/48") is None


def test_the_ends_of_the_address_space_are_places_too():
    table = table_of("0.0.0.0/8", "255.0.0.0/8", "::/16", "ff00::/8")
    assert found(table, "0.0.0.0/24") == "0.0.0.0/8"
    assert found(table, "255.255.255.0/24") == "255.0.0.0/8"
    assert found(table, "::/48") == "::/16"
    assert found(table, "ffff:ffff:ffff::/48") == "ff00::/8"


def test_what_is_no_network_is_nowhere():
    assert table_of("0.0.0.0/0").place_of("unknown") is None
    assert Table().place_of("10.0.0.0/24") is None


networks = st.builds(
    lambda address, prefix: ipaddress.ip_network((address << 16, prefix), strict=False),
    st.integers(0, 2**8 - 1),
    st.integers(8, 28),
)


@given(st.sets(networks, max_size=12), st.integers(0, 2**24))
def test_bisection_finds_what_a_search_through_all_finds(known, address):
    table = table_of(*map(str, known))
    at = ipaddress.ip_address(address)
    around = [network for network in known if at in network]
    expected = str(max(around, key=lambda network: network.prefixlen)) if around else None
    assert found(table, str(at)) == expected
