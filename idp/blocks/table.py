"""The entries in force, ready to be asked: a network is found by one look a prefix length that occurs, everything else
by one look. Immutable; expiry is asked of each entry found, so that nobody has to rebuild anything when one is over.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from idp.blocks.rules import IPAddress
from idp.blocks.values import ALLOW, BLOCK, DEVICE, MAIL_DOMAIN, NETWORK, OPERATOR, Entry

_BITS: Final = {4: 32, 6: 128}

Entries = tuple[Entry, ...]


class Table:
    """The entries of one version of the list."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._networks: dict[int, dict[int, dict[int, Entries]]] = {4: {}, 6: {}}
        self._others: dict[tuple[str, str | bytes], Entries] = {}
        self._codes: dict[str, tuple[UUID, ...]] = {}
        blocking: set[str] = set()
        for entry in entries:
            self._add(entry)
            if entry.effect == BLOCK:
                blocking.add(entry.kind)
        self.stops_sign_ins = bool(blocking - {MAIL_DOMAIN})
        self.stops_mail = MAIL_DOMAIN in blocking
        self.knows_operators = any(kind == OPERATOR for kind, _ in self._others)

    def _add(self, entry: Entry) -> None:
        self._codes[entry.code] = (*self._codes.get(entry.code, ()), entry.id)
        if entry.kind == NETWORK:
            network = ipaddress.ip_network(entry.value)
            shift = _BITS[network.version] - network.prefixlen
            of_length = self._networks[network.version].setdefault(shift, {})
            number = int(network.network_address) >> shift
            of_length[number] = (*of_length.get(number, ()), entry)
        else:
            key = (entry.kind, entry.digest or b"") if entry.kind == DEVICE else (entry.kind, entry.value)
            self._others[key] = (*self._others.get(key, ()), entry)

    def blocking(
        self, address: IPAddress | None, device: bytes | None, now: datetime, operator_of: Callable[[str], str | None]
    ) -> Entry | None:
        """Return what stops a sign-in from an address and a device; None if nothing does, or something allows it.

        ``operator_of`` names who runs an address; it is asked only if an operator is listed.
        """
        return _decided(self._about_sign_in(address, device, operator_of), now)

    def blocking_mail(self, domain: str, now: datetime) -> Entry | None:
        """Return what stops an e-mail address of a domain: an entry for it, or for one that it lies in."""
        return _decided(self._about_domain(domain), now)

    def about(self, address: IPAddress, operator_of: Callable[[str], str | None]) -> Entries:
        """Return every entry that an address lies in, whatever it says, over or not."""
        return tuple(self._about_sign_in(address, None, operator_of))

    def about_domain(self, domain: str) -> Entries:
        """Return every entry that a domain lies in."""
        return tuple(self._about_domain(domain))

    def ids_of_code(self, text: str) -> tuple[UUID, ...]:
        """Return the entries that a person who is stopped may have read this code of."""
        return self._codes.get(text.replace(" ", "").upper(), ())

    def _about_sign_in(
        self, address: IPAddress | None, device: bytes | None, operator_of: Callable[[str], str | None]
    ) -> Iterator[Entry]:
        if device is not None:
            yield from self._others.get((DEVICE, device), ())
        if address is None:
            return
        number = int(address)
        for shift, of_length in self._networks[address.version].items():
            yield from of_length.get(number >> shift, ())
        if self.knows_operators and (operator := operator_of(str(address))) is not None:
            yield from self._others.get((OPERATOR, operator), ())

    def _about_domain(self, domain: str) -> Iterator[Entry]:
        labels = domain.split(".")
        for start in range(len(labels)):
            yield from self._others.get((MAIL_DOMAIN, ".".join(labels[start:])), ())


def _decided(found: Iterable[Entry], now: datetime) -> Entry | None:
    blocking = None
    for entry in found:
        if entry.holds(now):
            if entry.effect == ALLOW:
                return None
            blocking = blocking or entry
    return blocking
