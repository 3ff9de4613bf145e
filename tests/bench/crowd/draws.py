"""What is drawn for each row: the same for the same number in every run, without anything kept in memory.

Whatever belongs together finds itself by number: the events of a session name its account because both ask here.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from idp.foundation.entropy import uuid7_of
from tests.bench.crowd.sizes import SITES, Sizes

DAY_MS: Final = 86_400_000
OPENED_OVER_DAYS: Final = 1_000
SEEN_OVER_DAYS: Final = 30
LIVES_MS: Final = DAY_MS // 2
TODAY_SHARE: Final = 0.6
"""Of the sessions, how many began in the last twelve hours, and so can still be live."""

NETWORKS: Final = 60_000
KIOSK: Final = 7
"""The number of an account that is signed in all day, at a counter."""
KIOSK_SHARE: Final = 0.01


def bytes_of(*words: object) -> bytes:
    """Return 32 bytes that belong to these words."""
    return hashlib.blake2b(repr(words).encode(), digest_size=32).digest()


def shares_of(*words: object) -> list[float]:
    """Return eight numbers from 0 to 1 that belong to these words."""
    drawn = bytes_of(*words)
    return [int.from_bytes(drawn[place : place + 4], "big") / 2**32 for place in range(0, 32, 4)]


@dataclass(frozen=True, slots=True)
class Draws:
    """A crowd as it looks at a moment, in milliseconds since 1970."""

    sizes: Sizes
    now_ms: int

    def opened_ms(self, account: int) -> int:
        """Return when an account was opened."""
        span = OPENED_OVER_DAYS * DAY_MS
        return self.now_ms - SEEN_OVER_DAYS * DAY_MS - span + span * account // self.sizes.accounts

    def account_id(self, account: int) -> UUID:
        """Return the id of an account."""
        return uuid7_of(self.opened_ms(account), bytes_of("account", account)[:10])

    def device_id(self, account: int, place: int) -> UUID:
        """Return the id of one of the devices of an account."""
        return uuid7_of(self.opened_ms(account), bytes_of("device", account, place)[:10])

    def at_ms(self, share: float) -> int:
        """Return the moment at which this share of everything had happened: most of it on the last day."""
        today = self.now_ms - LIVES_MS
        if share >= 1 - TODAY_SHARE:
            return today + int((share - 1 + TODAY_SHARE) / TODAY_SHARE * LIVES_MS)
        return today - int((1 - share / (1 - TODAY_SHARE)) * (SEEN_OVER_DAYS * DAY_MS - LIVES_MS))

    def session_at(self, share: float) -> int:
        """Return the number of the session that began when this share of everything had happened."""
        return min(int(share * self.sizes.sessions), self.sizes.sessions - 1)

    def session_ms(self, session: int) -> int:
        """Return when a session began."""
        return self.at_ms(session / self.sizes.sessions)

    def session_id(self, session: int) -> UUID:
        """Return the id of a session."""
        return uuid7_of(self.session_ms(session), bytes_of("session", session)[:10])

    def account_of(self, session: int) -> int:
        """Return whose session it is."""
        who, kiosk, *_ = shares_of("whose", session)
        return KIOSK if kiosk < KIOSK_SHARE else int(who * self.sizes.accounts)


def network_of(share: float) -> str:
    """Return a network; few have many people behind them, many have few."""
    return _network(int(NETWORKS * share**3))


def _network(number: int) -> str:
    return f"{36 + number // 6_000}.{number // 200 % 30 + 96}.{number % 200}.0/24"


def place_of(network: str) -> tuple[str, str]:
    """Return the region and the operator of a network, as a table of networks has them."""
    first, second, third, _ = network.split(".")
    return f"CN Region {second}", f"AS{int(first) * 10 + int(third) % 7}"


def coordinates_of(network: str) -> str:
    """Return latitude and longitude of a network: its thirty regions lie in a grid over the country."""
    row, column = divmod(int(network.split(".")[1]) - 96, 6)
    return f"{20 + 6 * row},{80 + 9 * column}"


def network_table() -> Iterator[str]:
    """Yield the lines of that table."""
    yield "network,country,region,latitude,longitude,operator,asn\n"
    for number in range(NETWORKS):
        network = _network(number)
        region, operator = place_of(network)
        yield f"{network},CN,{region.removeprefix('CN ')},{coordinates_of(network)},Operator {operator},{operator}\n"


def site(number: int) -> str:
    """Return the client id of a site."""
    return f"bench-site-{number:03d}"


def site_of(share: float) -> str:
    """Return a site other than the first; few are for everybody, many for few."""
    return site(1 + int((SITES - 1) * share**4))
