"""The shape of every audit event: who did what to which account, client or session, and why (GB/T 22239 8.1.4.3, ASVS
16.2.1). What changes something also says what was there before and what is there after.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final
from uuid import UUID

from idp.foundation.masked import Masked

SIDES: Final = ("before", "after")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event. A subclass names its ``action`` and adds its own fields, which become the JSON ``detail``.

    ``actor`` is ``account:<id>``, ``client:<id>``, ``command:<operating system user>`` or ``system``. One with a field
    ``network`` of its own says there, in the leaf itself, where a site's server called from, which is nobody's personal
    value; every other request's network is one.
    """

    action: ClassVar[str]

    actor: str = "system"
    account_id: UUID | None = None
    client_id: str | None = None
    session_id: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What holds of something at one time: texts, whole numbers, booleans, lists of them, never a secret.

    A ``Masked`` value is personal: the leaf holds a commitment to it, and the value is kept encrypted, to be erased
    without touching the leaf (rule A6).
    """


@dataclass(frozen=True, kw_only=True)
class Changed(Event):
    """Base of the events that change something. A subclass says by which facts of its feature; None: it was not there
    before, or is not there after.
    """

    before: Facts | None
    after: Facts | None


def own_members(event: Event) -> tuple[dict[str, Any], dict[str, str]]:
    """Return an event's own members as JSON without what is None, and its personal values by their place in it."""
    detail: dict[str, Any] = {}
    personal: dict[str, str] = {}
    for name in _own_fields(type(event)):
        value = getattr(event, name)
        if isinstance(value, Facts):
            value, hidden = _facts(value)
            personal |= {f"{name}.{place}": text for place, text in hidden.items()}
        if value is not None:
            detail[name] = value
    return detail, personal


def _facts(facts: Facts) -> tuple[dict[str, Any], dict[str, str]]:
    shown: dict[str, Any] = {}
    hidden: dict[str, str] = {}
    for name, value in _leaves(facts):
        if isinstance(value, Masked):
            hidden[name] = value.reveal()
        else:
            shown[name] = value
    return shown, hidden


def _leaves(facts: Facts) -> Iterator[tuple[str, Any]]:
    """Yield the facts one by one; a mapping's members are facts of their own."""
    for field in fields(facts):
        value = getattr(facts, field.name)
        yield from value.items() if isinstance(value, Mapping) else ((field.name, value),)


_COMMON = frozenset(field.name for field in fields(Event))
_OWN_FIELDS: dict[type[Event], tuple[str, ...]] = {}


def _own_fields(kind: type[Event]) -> tuple[str, ...]:
    if kind not in _OWN_FIELDS:
        _OWN_FIELDS[kind] = tuple(field.name for field in fields(kind) if field.name not in _COMMON)
    return _OWN_FIELDS[kind]


@dataclass(frozen=True, kw_only=True)
class CheckpointKeyChanged(Event):
    """Checkpoints are signed with another key from now on. Both keys sign the change; the first one has no former."""

    action: ClassVar[str] = "audit.checkpoint_key_changed"

    key: str
    former: str | None
    signature: str
    former_signature: str | None


@dataclass(frozen=True, kw_only=True)
class PersonalValuesErased(Event):
    """The personal values in the events about and by an account were erased; the leaves stay as they were (rule A6).

    ``reason`` is the legal ground.
    """

    action: ClassVar[str] = "audit.erased"

    events: int
