"""One page of a list in the console: what it shows, and the addresses of the pages beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from flask import request

from idp.foundation.keyset import PAGE
from idp.web.console.filters import address


class _Line(Protocol):
    @property
    def id(self) -> UUID: ...


L = TypeVar("L", bound=_Line)
L_co = TypeVar("L_co", bound=_Line, covariant=True)


class Find(Protocol[L_co]):
    """Finds the lines before an id, or those nearest after one, latest first."""

    def __call__(self, *, before: UUID | None, after: UUID | None, size: int) -> Sequence[L_co]: ...


class Horizon(Protocol):
    """Returns the last id that was looked at for a page, None if there is nothing beyond it."""

    def __call__(self, *, before: UUID | None, after: UUID | None) -> UUID | None: ...


@dataclass(frozen=True, slots=True)
class Page(Generic[L]):
    """``newer`` and ``older`` are addresses, None where there is nothing."""

    lines: Sequence[L]
    newer: str | None = None
    older: str | None = None


def current_page(find: Find[L], path: str, given: Mapping[str, str]) -> Page[L]:
    """Return the page that the address asks for; one line more than it shows is read, to know whether it goes on."""
    before, after = cursors()
    lines = find(before=before, after=after, size=PAGE + 1)
    goes_on = len(lines) > PAGE
    lines = lines[-PAGE:] if after else lines[:PAGE]
    has_newer, has_older = (goes_on, True) if after else (before is not None, goes_on)
    return Page(
        lines,
        address(path, given, after=str(lines[0].id)) if lines and has_newer else None,
        address(path, given, before=str(lines[-1].id)) if lines and has_older else None,
    )


def further(page: Page[L], horizon: Horizon, path: str, given: Mapping[str, str]) -> str | None:
    """Return where to go on from a page that is not full although not everything was looked at."""
    before, after = cursors()
    if page.newer if after else page.older:
        return None
    reached = horizon(before=before, after=after)
    return None if reached is None else address(path, given, **{"after" if after else "before": str(reached)})


def cursors() -> tuple[UUID | None, UUID | None]:
    """Return the ids that the address goes on from: before the one, or after the other."""
    return _cursor("before"), _cursor("after")


def _cursor(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None
