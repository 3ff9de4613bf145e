"""E-mail and postal addresses in their normal form. That they reach anybody is proven by sending to them. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

ADDRESS_MEMBERS: Final = ("formatted", "street_address", "locality", "region", "postal_code", "country")
"""Members of the address claim (OpenID Connect Core §5.1.1)."""

_LONGEST_EMAIL: Final = 254
_LONGEST_MEMBER: Final = 200
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")


def parse_email(text: str) -> str | None:
    """Return an e-mail address with its domain in lower case and ASCII (RFC 5321 §4.1.2), None if it is not one."""
    if len(text) > _LONGEST_EMAIL:
        return None
    local, at, domain = unicodedata.normalize("NFKC", text).strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    address = f"{local}@{domain}"
    fits = at and len(address) <= _LONGEST_EMAIL and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    return address if fits else None


def parse_address(given: Mapping[str, str]) -> dict[str, str] | None:
    """Return a postal address as an address claim, None if a member is unknown, too long or unprintable."""
    if not given or not set(given) <= set(ADDRESS_MEMBERS):
        return None
    tidy = {member: unicodedata.normalize("NFC", text).strip() for member, text in given.items()}
    if all(text and len(text) <= _LONGEST_MEMBER and _is_printable(text) for text in tidy.values()):
        return tidy
    return None


def _is_printable(text: str) -> bool:
    return all(sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"} for sign in text)
