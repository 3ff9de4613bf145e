"""Audit events of interventions."""

from dataclasses import dataclass
from typing import Any, ClassVar

from idp.audit.events import Event


@dataclass(frozen=True, kw_only=True)
class MassEndingStarted(Event):
    """All sessions of a filter are being ended, at most ``most``; each batch is an event of its own."""

    action: ClassVar[str] = "sessions.mass_ending_started"

    ending: str
    chosen: dict[str, Any]
    most: int


@dataclass(frozen=True, kw_only=True)
class MassEndingFinished(Event):
    action: ClassVar[str] = "sessions.mass_ending_finished"

    ending: str
    sessions: int
