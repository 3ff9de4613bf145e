"""Audit events of streams: who receives signals, and when that changed."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Facts


@dataclass(frozen=True, kw_only=True)
class StreamSettings(Facts):
    """What a receiver gets, how and where; never with which authorization."""

    status: str
    method: str
    push_url: str | None
    has_push_authorization: bool
    events_requested: tuple[str, ...]
    description: str | None


@dataclass(frozen=True, kw_only=True)
class StreamEvent(Changed):
    before: StreamSettings | None
    after: StreamSettings | None


@dataclass(frozen=True, kw_only=True)
class StreamCreated(StreamEvent):
    """A client began to receive security events."""

    action: ClassVar[str] = "stream.created"

    method: str


@dataclass(frozen=True, kw_only=True)
class StreamChanged(StreamEvent):
    """A client changed what it receives, or where."""

    action: ClassVar[str] = "stream.changed"

    method: str


@dataclass(frozen=True, kw_only=True)
class StreamStatusChanged(StreamEvent):
    """A stream was enabled, paused or disabled: by its receiver, by staff, or because its receiver does not answer."""

    action: ClassVar[str] = "stream.status_changed"

    status: str


@dataclass(frozen=True, kw_only=True)
class StreamDeleted(StreamEvent):
    """A client receives no security events any more; what waited for it is gone."""

    action: ClassVar[str] = "stream.deleted"


@dataclass(frozen=True, kw_only=True)
class Hears(Facts):
    """Whether a receiver hears of the account."""

    is_included: bool


@dataclass(frozen=True, kw_only=True)
class StreamSubjectChanged(Changed):
    """A receiver asked not to hear of an account, or to hear of it again."""

    action: ClassVar[str] = "stream.subject_changed"

    is_included: bool
    before: Hears
    after: Hears
