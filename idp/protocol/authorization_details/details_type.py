"""The record of an authorization details type (RFC 9396 §2.1): what its objects may say, and when one lies within
another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from idp.registry.client import Client

Detail = dict[str, Any]


class Unacceptable(ValueError):
    """An object does not fit its type. The text is safe to show to the client's developer."""


@dataclass(frozen=True, slots=True)
class DetailsType:
    """A type. Its page is ``templates/consent/authorization_details/<name>.html``.

    ``parse`` returns an object in its one canonical form, or raises Unacceptable; ``is_within`` tells whether the first
    object allows nothing that the second does not; ``view`` gives the template what it shows.
    """

    name: str
    parse: Callable[[Mapping[str, Any], Client], Detail]
    is_within: Callable[[Detail, Detail], bool]
    view: Callable[[Detail], Mapping[str, Any]]


def only(given: Mapping[str, Any], *members: str) -> None:
    """Raise Unacceptable unless an object has all of these members and no others (RFC 9396 §5)."""
    missing = sorted(set(members) - given.keys())
    if not given.keys() <= set(members):
        raise Unacceptable(f"knows these members only: {', '.join(members)}")
    if missing:
        raise Unacceptable(f"lacks the member {missing[0]}")


def texts(given: Mapping[str, Any], member: str, most: int) -> list[str]:
    """Return a member that is a list of different texts, in order. Raises Unacceptable."""
    value = given[member]
    if not isinstance(value, list) or not 1 <= len(value) <= most or not all(isinstance(one, str) for one in value):
        raise Unacceptable(f"needs 1 to {most} texts in {member}")
    return sorted(set(value))
