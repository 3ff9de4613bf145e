"""What a request asks for in ``authorization_details`` (RFC 9396 §2, §5 and §6): read strictly, never wider than what
was granted, and given to the resource that it is meant for.

An object that names ``locations`` asks for tokens for these resources (§2.2), as the parameter ``resource`` would.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_details import TYPES_BY_NAME, Detail
from idp.protocol.authorization_details.details_type import Unacceptable
from idp.protocol.resources import Resources
from idp.registry.client import Client

PARAMETER = "authorization_details"
_LONGEST = 8000
_MOST = 10


def requested_details(text: str | None, client: Client, resources: Resources, now: datetime) -> list[Detail]:
    """Return the objects of a parameter, each once. Raises ProtocolError(invalid_authorization_details)."""
    details: list[Detail] = []
    for given in _objects(text) if text is not None else ():
        detail = _parsed(given, client)
        _check_locations(detail, client, resources, now)
        if detail not in details:
            details.append(detail)
    return details


def still_allowed(granted: Iterable[Detail] | None, client: Client) -> list[Detail]:
    """Return those granted objects that the client might ask for today; what staff have taken from it is gone."""
    return [detail for detail in granted or () if _is_acceptable(detail, client)]


def narrowed(granted: Sequence[Detail], asked: Sequence[Detail] | None) -> Sequence[Detail]:
    """Return what is asked of what was granted, or all of it. Raises ProtocolError for anything wider (§6.2)."""
    if asked is None:
        return granted
    if not all(any(_is_within(one, whole) for whole in granted) for one in asked):
        raise _invalid("were not granted like this")
    return asked


def for_audience(details: Iterable[Detail], audience: str) -> list[Detail]:
    """Return what concerns one audience (§9.1): that which names it, and that which names nobody."""
    return [detail for detail in details if audience in detail.get("locations", (audience,))]


def with_locations(resources: Iterable[str], details: Iterable[Detail]) -> tuple[str, ...]:
    """Return the resources that a request is for: those it names, and those that its details are about."""
    located = (location for detail in details for location in detail.get("locations", ()))
    return tuple(dict.fromkeys((*resources, *located)))


def _objects(text: str) -> list[Any]:
    try:
        value = orjson.loads(text) if len(text) <= _LONGEST else None
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST:
        raise _invalid(f"must be a JSON array of 1 to {_MOST} objects, of at most {_LONGEST} characters")
    return value


def _parsed(given: object, client: Client) -> Detail:
    kind = TYPES_BY_NAME.get(str(given.get("type"))) if isinstance(given, dict) else None
    if kind is None or not isinstance(given, dict):
        raise _invalid("hold an object without a type that is known here")
    if kind.name not in client.authorization_details_types:
        raise _invalid(f"hold the type {kind.name}, for which this client is not registered")
    try:
        return kind.parse(given, client)
    except Unacceptable as problem:
        raise _invalid(f"do not fit: the type {kind.name} {problem}") from None


def _is_acceptable(granted: Detail, client: Client) -> bool:
    try:
        return bool(_parsed(granted, client))
    except ProtocolError:
        return False


def _check_locations(detail: Detail, client: Client, resources: Resources, now: datetime) -> None:
    for location in detail.get("locations", ()):
        try:
            resources.server_of(location, client, now)
        except ProtocolError:
            raise _invalid("name a location that is not known here, or not to this client") from None


def _is_within(asked: Detail, granted: Detail) -> bool:
    return asked["type"] == granted["type"] and TYPES_BY_NAME[asked["type"]].is_within(asked, granted)


def _invalid(problem: str) -> ProtocolError:
    return ProtocolError("invalid_authorization_details", f"The authorization_details {problem}.")
