"""The normal form of what is listed, and what is too wide for one officer's word. Pure.

An IPv4 address within IPv6 (::ffff:192.0.2.1) is the IPv4 address, whichever way it was written or came in (RFC 4291
§2.5.5.2): a block must not be passed by writing an address otherwise, nor be wider than it looks.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Final
from uuid import UUID

from idp.blocks.values import DEVICE, KINDS, MAIL_DOMAIN, NETWORK, OPERATOR
from idp.foundation.errors import UserError
from idp.foundation.translation import marked

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

WIDEST_ALONE: Final = {4: 16, 6: 32}
"""The shortest prefix that one officer may list alone; and what one lists alone within a day adds up to no more."""

_LARGEST_ASN: Final = 2**32 - 1
_LONGEST_DOMAIN: Final = 253
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])")
# A top-level domain, or what looks like the second level of a country's registry: com.cn, bj.cn, co.uk.
_REGISTRY: Final = re.compile(r"[^.]+|[a-z]{2,3}\.[a-z]{2}")
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_NO_KIND: Final = marked("Choose one of the values offered.")
_NO_NETWORK: Final = marked("Write an address, or a network such as 203.0.113.0/24 or 2001:db8::/32.")
_BITS_SET: Final = marked("This is no network: it would have to begin at its first address. Did you mean %(network)s?")
_NO_OPERATOR: Final = marked("Write the number of an autonomous system, such as AS4134.")
_NO_DEVICE: Final = marked("Write the id of a device, as the page of an account lists them.")
_NO_DOMAIN: Final = marked("Write the domain of e-mail addresses, such as example.com, without what stands before @.")


def parse_value(kind: str, text: str) -> str:
    """Return a value in its normal form. Raises UserError."""
    if kind not in KINDS:
        raise UserError(_NO_KIND, field="kind")
    return _PARSERS[kind](text.strip())


@lru_cache(maxsize=4096)
def parse_address(text: str) -> IPAddress | None:
    """Return the address that a request came from, None for what is none."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, ipaddress.IPv6Address) else parsed


def is_wide(kind: str, value: str) -> bool:
    """Tell whether so many people may be behind a value that a second officer has to agree."""
    if kind == NETWORK:
        network = ipaddress.ip_network(value)
        return network.prefixlen < WIDEST_ALONE[network.version]
    return kind == OPERATOR or (kind == MAIL_DOMAIN and _REGISTRY.fullmatch(value) is not None)


def share_of_day(value: str) -> float:
    """Return how much of what one officer may list alone within a day a network takes: 1 is all of it."""
    network = ipaddress.ip_network(value)
    return float(2.0 ** (WIDEST_ALONE[network.version] - network.prefixlen))


def _network(text: str) -> str:
    try:
        address, slash, prefix = text.partition("/")
        network = ipaddress.ip_network(text, strict=False)
        exact = ipaddress.ip_address(address) == network.network_address
    except ValueError:
        raise UserError(_NO_NETWORK, field="value") from None
    if "%" in text or (slash and not prefix.isdigit()):
        # A mask such as /255.255.0.0, or its inverse, is too easily read for something else; a zone is this machine's.
        raise UserError(_NO_NETWORK, field="value")
    shown = str(_unmapped(network))
    if not exact:
        raise UserError(_BITS_SET, field="value", network=shown)
    return shown


def _unmapped(network: IPNetwork) -> IPNetwork:
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        first = int(network.network_address) & 0xFFFF_FFFF
        return ipaddress.IPv4Network((first, network.prefixlen - _MAPPED.prefixlen))
    return network


def _operator(text: str) -> str:
    digits = text.upper().removeprefix("AS")
    if not (digits.isascii() and digits.isdigit()) or not 0 < int(digits[:11]) <= _LARGEST_ASN:
        raise UserError(_NO_OPERATOR, field="value")
    return f"AS{int(digits)}"


def _device(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise UserError(_NO_DEVICE, field="value") from None


def _mail_domain(text: str) -> str:
    try:
        domain = text.removeprefix("@").rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        domain = ""
    if len(domain) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(domain):
        raise UserError(_NO_DOMAIN, field="value")
    return domain


_PARSERS: Final = {NETWORK: _network, OPERATOR: _operator, DEVICE: _device, MAIL_DOMAIN: _mail_domain}
