"""Audit events of the block list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Event, Facts
from idp.foundation.masked import Masked


@dataclass(frozen=True, kw_only=True)
class Listed(Facts):
    """What an entry says. ``named`` is its ``value``; a network may be one person's, and is kept beside the leaf (rule
    A6) as ``listed_network``.
    """

    effect: str
    kind: str
    named: Mapping[str, str | Masked]
    until: str


@dataclass(frozen=True, kw_only=True)
class BlockAdded(Changed):
    action: ClassVar[str] = "block.added"

    entry: str
    before: None = None
    after: Listed


@dataclass(frozen=True, kw_only=True)
class BlockLifted(Changed):
    action: ClassVar[str] = "block.lifted"

    entry: str
    before: Listed
    after: None = None


@dataclass(frozen=True, kw_only=True)
class BlocksRefused(Event):
    """What entries of a kind stopped in a minute, in one process: how often, and the entries that did most of it."""

    action: ClassVar[str] = "block.refused"

    kind: str
    count: int
    minute: str
    entries: tuple[str, ...]
