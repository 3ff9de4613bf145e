"""The personal values of events: kept encrypted beside the record, each under a commitment in the leaf (rule A6).

One ciphertext an event holds its values with their salts; it decrypts beside that event only. Who has the keys is
handed in, because the keyring itself records events. The network is found again by a keyed digest that goes with it.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import orjson

from idp.audit.leaf import SALT, commitment
from idp.foundation.entropy import Entropy
from idp.foundation.errors import IDPError

COLUMN: Final = "audit_detail.opening"
NETWORK: Final = "network"
REGION: Final = "region"
OPERATOR: Final = "operator"
# What a search for a network may be made of: a wider one than a /16 or /40 is no place that anybody comes from.
MOST_NETWORKS: Final = 256
_MOST_REMEMBERED: Final = 1024
_INDEX_BYTES: Final = 16
_KEPT_PREFIX: Final = {4: 24, 6: 48}


class Cipher(Protocol):
    """Who has the keys: the keyring."""

    def encrypt(self, column: str, row: UUID, plaintext: bytes) -> bytes:
        """Return the ciphertext of a value, which decrypts in this column and row only."""

    def decrypt(self, column: str, row: UUID, ciphertext: bytes) -> bytes:
        """Return the value. Raises an IDPError for what was changed, moved, or lost its key."""

    def index(self, kind: str, value: str) -> bytes:
        """Return the blind index of a value."""


class Opening(NamedTuple):
    """What opens a commitment."""

    salt: bytes
    value: str


Openings = Mapping[str, Opening]


class Whereabouts(NamedTuple):
    """The region of a network and who runs it, each as it is looked for; empty for what is not known."""

    region: str
    operator: str


Places = Callable[[str], Whereabouts | None]


class Details:
    """Closes and opens the personal values of events."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._given: Cipher | None = None
        self._places: Places = lambda _network: None
        self._indexes: dict[tuple[str, str], bytes] = {}

    def use(self, cipher: Cipher) -> None:
        """Take the keys. Until then no event with a personal value can be recorded or read."""
        self._given = cipher

    def place_by(self, places: Places) -> None:
        """Take who tells where a network is: the table of networks, which lies above this package."""
        self._places = places

    @property
    def _cipher(self) -> Cipher:
        if self._given is None:
            raise RuntimeError("an event with personal values needs keys: wiring hands them to the audit record")
        return self._given

    def openings(self, values: Mapping[str, str]) -> dict[str, Opening]:
        """Return openings with fresh salts for these values."""
        return {place: Opening(self._entropy.token_bytes(SALT), value) for place, value in values.items()}

    def row(self, event_id: UUID, openings: Openings) -> dict[str, Any]:
        """Return the row that keeps them."""
        plaintext = orjson.dumps({place: (one.salt.hex(), one.value) for place, one in openings.items()})
        network = openings.get(NETWORK)
        place = None if network is None else self._places(network.value)
        return {
            "event_id": event_id,
            "opening": self._cipher.encrypt(COLUMN, event_id, plaintext),
            "network_index": None if network is None else self.index(network.value),
            "region_index": self.index(place.region, REGION) if place and place.region else None,
            "operator_index": self.index(place.operator, OPERATOR) if place and place.operator else None,
        }

    def opened(self, event_id: UUID, ciphertext: bytes | None) -> dict[str, Opening]:
        """Return the openings that are kept; none if they were erased. Raises IDPError if they cannot be read."""
        if ciphertext is None:
            return {}
        kept = orjson.loads(self._cipher.decrypt(COLUMN, event_id, ciphertext))
        return {place: Opening(bytes.fromhex(salt), value) for place, (salt, value) in kept.items()}

    def readable(self, event_id: UUID, ciphertext: bytes | None) -> dict[str, Opening]:
        """Return the same for people to look at: what cannot be read is as absent as what was erased."""
        try:
            return self.opened(event_id, ciphertext)
        except IDPError:
            return {}

    def index(self, value: str, kind: str = NETWORK) -> bytes:
        """Return by what the events from a network, region or operator are found. The servers of sites ask from the
        same ones all day.
        """
        found = self._indexes.get((kind, value))
        if found is None:
            if len(self._indexes) >= _MOST_REMEMBERED:
                self._indexes.clear()
            found = self._indexes[kind, value] = self._cipher.index(f"audit.{kind}", value)[:_INDEX_BYTES]
        return found

    def indexes_in(self, network: str) -> list[bytes]:
        """Return the same for every kept network that an address or network (CIDR) covers, or lies in.

        Raises ValueError for what is no address and for what is too wide.
        """
        return [self.index(one) for one in kept_networks(network)]


def kept_networks(text: str) -> Iterable[str]:
    """Return the networks, as they are kept (/24, /48), that an address or network covers or lies in."""
    network = ipaddress.ip_network(text, strict=False)
    kept = _KEPT_PREFIX[network.version]
    if network.prefixlen >= kept:
        return (str(network.supernet(new_prefix=kept)),)
    if 2 ** (kept - network.prefixlen) > MOST_NETWORKS:
        raise ValueError("too wide")
    return _texts(network.subnets(new_prefix=kept))


def _texts(networks: Iterator[Any]) -> list[str]:
    return [str(one) for one in networks]


def committed(openings: Openings) -> dict[str, str]:
    """Return the commitments, in hex, to all but the network, which has a member of its own in the leaf."""
    return {place: commitment(*one).hex() for place, one in openings.items() if place != NETWORK}
