"""Networks as numbers, and looking one up among a million in memory. Pure.

An IPv4 address is its number; an IPv6 address is its first half, moved so that it fits a signed BIGINT: nobody is
placed by the second half. Ranges that lie within others are cut out of them once, so that a look-up is one bisection.
"""

import ipaddress
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPV4, IPV6 = 4, 6
LONGEST_IPV6_PREFIX: Final = 64
_HALF: Final = 64
_MIDDLE: Final = 1 << 63
_LARGEST: Final = _MIDDLE - 1
_NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a network is and who runs it. Texts are empty, and ``asn`` None, where the table does not say."""

    country: str
    region: str
    latitude: float
    longitude: float
    operator: str
    asn: int | None

    @property
    def region_key(self) -> str:
        """How sessions and events name the region: after its country, because two countries may have one of a name."""
        return f"{self.country} {self.region}".strip()

    @property
    def operator_key(self) -> str:
        """How they name who runs it: by its number, else by its name; empty where the table does not say."""
        return f"AS{self.asn}" if self.asn else self.operator

    @property
    def region_text(self) -> str:
        """How people read the region."""
        return ", ".join(filter(None, (self.region, self.country)))

    @property
    def operator_text(self) -> str:
        """How people read who runs it."""
        return ", ".join(filter(None, (self.operator, f"AS{self.asn}" if self.asn else "")))

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.region_text, self.operator_text)))


@dataclass(frozen=True, slots=True)
class Range:
    """A network of the table as numbers, with its place."""

    family: int
    first: int
    last: int
    place: Place


def numbers_of(network: IPNetwork) -> tuple[int, int, int]:
    """Return family, first and last number of a network."""
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.version == IPV4:
        return IPV4, first, last
    return IPV6, (first >> _HALF) - _MIDDLE, (last >> _HALF) - _MIDDLE


# The same network is asked for several times in a request.
@lru_cache(maxsize=4096)
def _numbers_named(text: str) -> tuple[int, int, int] | None:
    """Return the same of a network as it is written; None for what is none."""
    try:
        return numbers_of(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return None


class Table:
    """The ranges of one load, ready to be asked."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        """Take ranges by family and first number, the larger of two with the same first."""
        self._places: list[Place] = []
        self._known: dict[Place, int] = {}
        self._starts = {IPV4: array("q"), IPV6: array("q")}
        self._found = {IPV4: array("l"), IPV6: array("l")}
        self._open: list[tuple[int, int, int]] = []
        self._regions: dict[str, set[str]] = {}
        self._operators: dict[str, set[str]] = {}
        for one in ranges:
            self._close(one.family, one.first)
            self._mark(one.family, one.first, self._number_of(one.place))
            self._open.append((one.family, one.last, self._number_of(one.place)))
        self._close(0, 0)
        self._known.clear()

    @property
    def is_empty(self) -> bool:
        """Tell whether the table knows no place at all."""
        return not self._places

    def place_of(self, network: str) -> Place | None:
        """Return the place of a network, by its first address; None where the table has a gap."""
        numbers = None if self.is_empty else _numbers_named(network)
        if numbers is None:
            return None
        family, first, _ = numbers
        at = bisect_right(self._starts[family], first) - 1
        number = self._found[family][at] if at >= 0 else _NOWHERE
        return None if number == _NOWHERE else self._places[number]

    def regions_called(self, text: str) -> frozenset[str]:
        """Return the keys of the regions of this name, with or without their country; case does not matter."""
        return frozenset(self._regions.get(text.casefold(), ()))

    def operators_called(self, text: str) -> frozenset[str]:
        """Return the keys of those who run networks under this name, or this number, with or without AS before it."""
        return frozenset(self._operators.get(text.casefold(), ()))

    def _number_of(self, place: Place) -> int:
        if place not in self._known:
            self._known[place] = len(self._places)
            self._places.append(place)
            for name in (place.region, place.region_key):
                self._regions.setdefault(name.casefold(), set()).add(place.region_key)
            for name in (place.operator, place.operator_key, str(place.asn or "")):
                self._operators.setdefault(name.casefold(), set()).add(place.operator_key)
        return self._known[place]

    def _close(self, family: int, before: int) -> None:
        """End the open ranges that do not hold a number: after each, the one around it goes on."""
        while self._open and (self._open[-1][0] != family or self._open[-1][1] < before):
            ended_family, last, _ = self._open.pop()
            around = self._open[-1] if self._open and self._open[-1][0] == ended_family else None
            if last < _LARGEST:
                self._mark(ended_family, last + 1, around[2] if around else _NOWHERE)

    def _mark(self, family: int, start: int, number: int) -> None:
        starts, found = self._starts[family], self._found[family]
        if starts and starts[-1] == start:
            found[-1] = number
        else:
            starts.append(start)
            found.append(number)
