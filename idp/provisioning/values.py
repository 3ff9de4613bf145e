"""Requests to the SCIM service and its answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SCIMRequest:
    """A request below the root of the service; ``path`` begins with a slash."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SCIMAnswer:
    """An answer: status, body bytes and headers."""

    status: int
    body: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...]
