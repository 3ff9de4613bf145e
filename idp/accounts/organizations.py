"""Organizations that accounts act for: their codes and names, and the roles in which memberships join them. Pure.

A legal person is known by its unified social credit code (GB 32100), which is public; an agency by a slug of our own.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from idp.accounts.errors import Problem
from idp.accounts.identifiers import parse_uscc
from idp.foundation.translation import marked

DEFAULT_ROLE: Final = "agent"
"""经办人: whoever handles an organization's business, the weakest of roles."""

_LONGEST_NAME: Final = 200
_MOST_MEMBERSHIPS: Final = 100
_WORD: Final = re.compile(r"[a-z][a-z0-9_-]{0,38}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMembership:
    """What an account is to act for: an organization by its code, named where its name may not be known yet."""

    uscc: str
    role: str = DEFAULT_ROLE
    name: str | None = None
    name_en: str | None = None


def is_word(text: str) -> bool:
    """Tell whether a text can be a role or an agency's slug: 2 to 40 small letters, digits, hyphens, underscores."""
    return _WORD.fullmatch(text) is not None


def parse_organization_name(text: str) -> str | None:
    """Return an organization's name in NFC (rule A8), None if it has control or direction signs, or is too long."""
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    fits = 0 < len(name) <= _LONGEST_NAME and not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in name)
    return name if fits else None


def check_memberships(given: Sequence[NewMembership]) -> tuple[tuple[NewMembership, ...], list[Problem]]:
    """Return memberships in their normal form, and every fault in them."""
    if len(given) > _MOST_MEMBERSHIPS:
        return (), [
            Problem(
                "uscc",
                marked("An account can act for at most %(most)s organizations."),
                {"most": str(_MOST_MEMBERSHIPS)},
            )
        ]
    problems: list[Problem] = []
    found: dict[str, NewMembership] = {}
    for membership in given:
        code = parse_uscc(membership.uscc)
        if code is None:
            problems.append(
                Problem(
                    "uscc",
                    marked(
                        "Enter the 18 characters of the unified social credit code. The check character does not fit."
                    ),
                )
            )
        elif code in found:
            problems.append(Problem("uscc", marked("The organization is named twice.")))
        else:
            found[code] = _normal(membership, code, problems)
    return tuple(found.values()), problems


def _normal(membership: NewMembership, code: str, problems: list[Problem]) -> NewMembership:
    if not is_word(membership.role):
        problems.append(Problem("role", marked("Write a role in small letters, digits, hyphens and underscores.")))
    names = []
    for text in (membership.name, membership.name_en):
        name = parse_organization_name(text) if text else None
        if text and name is None:
            problems.append(
                Problem("organization_name", marked("Enter the organization's name, at most 200 characters."))
            )
        names.append(name)
    return NewMembership(uscc=code, role=membership.role, name=names[0], name_en=names[1])
