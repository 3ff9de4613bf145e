"""Understanding the lines of a table of networks: CSV (RFC 4180) whose first line names the columns. Pure."""

import csv
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from idp.networks.errors import NetworkLineRefused, NetworkLoadRefused
from idp.networks.ranges import IPV6, LONGEST_IPV6_PREFIX, Place, Range, numbers_of

COLUMNS: Final = ("network", "country", "region", "latitude", "longitude", "operator", "asn")
_LONGEST_LINE: Final = 4096
_LARGEST_ASN: Final = 2**32 - 1
_COUNTRY_LENGTH: Final = 2


def lines_of(texts: Iterable[str]) -> Iterator[tuple[int, Range | NetworkLineRefused]]:
    """Yield each line's number with its range, or with what is wrong. Raises NetworkLoadRefused for the first line."""
    reader = csv.DictReader(_bounded(texts))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise NetworkLoadRefused(f"the first line must name the columns {', '.join(COLUMNS)}; {missing[0]} is missing")
    while True:
        try:
            row = next(reader)
            yield reader.line_num, _range_of(row)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, NetworkLineRefused(f"is not CSV: {error}")
        except NetworkLineRefused as error:
            yield reader.line_num, error


def _bounded(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        if "\0" in text or len(text) > _LONGEST_LINE:
            raise NetworkLoadRefused(f"the file is no text, or has a line of more than {_LONGEST_LINE} characters")
        yield text


def _range_of(row: Mapping[str | None, object]) -> Range:
    values = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    try:
        network = ipaddress.ip_network(values["network"])
    except ValueError:
        raise NetworkLineRefused("network must be a range such as 203.0.113.0/24, with no bits set after /") from None
    if network.version == IPV6 and network.prefixlen > LONGEST_IPV6_PREFIX:
        raise NetworkLineRefused(f"network must be at most /{LONGEST_IPV6_PREFIX}: nobody is placed more closely")
    return Range(*numbers_of(network), _place_of(values))


def _place_of(values: Mapping[str, str]) -> Place:
    country = values["country"].upper()
    if len(country) != _COUNTRY_LENGTH or not country.isascii() or not country.isalpha():
        raise NetworkLineRefused("country must be two letters (ISO 3166-1)")
    return Place(
        country,
        _text(values, "region", 80),
        _degrees(values, "latitude", 90),
        _degrees(values, "longitude", 180),
        _text(values, "operator", 120),
        _asn(values["asn"]),
    )


def _text(values: Mapping[str, str], name: str, longest: int) -> str:
    if len(values[name]) > longest or not values[name].isprintable():
        raise NetworkLineRefused(f"{name} must be at most {longest} printable characters")
    return values[name]


def _degrees(values: Mapping[str, str], name: str, most: int) -> float:
    try:
        degrees = float(values[name])
    except ValueError:
        degrees = float("nan")
    if not -most <= degrees <= most:
        raise NetworkLineRefused(f"{name} must be degrees from -{most} to {most}")
    return degrees


def _asn(text: str) -> int | None:
    digits = text.upper().removeprefix("AS")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit()) or int(digits) > _LARGEST_ASN:
        raise NetworkLineRefused("asn must be the number of an autonomous system, or empty")
    return int(digits)
