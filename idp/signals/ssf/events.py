"""Audit events of streams: who receives signals, and when that changed."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Event


@dataclass(frozen=True, kw_only=True)
class StreamCreated(Event):
    """A client began to receive security events."""

    action: ClassVar[str] = "stream.created"

    method: str


@dataclass(frozen=True, kw_only=True)
class StreamChanged(Event):
    """A client changed what it receives, or where."""

    action: ClassVar[str] = "stream.changed"

    method: str


@dataclass(frozen=True, kw_only=True)
class StreamStatusChanged(Event):
    """A stream was enabled, paused or disabled: by its receiver, by staff, or because its receiver does not answer."""

    action: ClassVar[str] = "stream.status_changed"

    status: str


@dataclass(frozen=True, kw_only=True)
class StreamDeleted(Event):
    """A client receives no security events any more; what waited for it is gone."""

    action: ClassVar[str] = "stream.deleted"


@dataclass(frozen=True, kw_only=True)
class StreamSubjectChanged(Event):
    """A receiver asked not to hear of an account, or to hear of it again."""

    action: ClassVar[str] = "stream.subject_changed"

    is_included: bool
