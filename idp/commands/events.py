"""What the command line adds to the audit record beside what the features write: who typed what, where (rule O2)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from idp.audit.events import Event
from idp.commands.deployment import actor
from idp.foundation.logging import get_logger

if TYPE_CHECKING:
    from idp.staff.values import Officer
    from idp.wiring import Services

Function = TypeVar("Function", bound=Callable[..., Any])
_log = get_logger(__name__)


def required_reason(words: str = "Why, for the audit record.") -> Callable[[Function], Function]:
    """Give a command the option --reason, which has to say something."""
    return click.option("--reason", required=True, callback=_said, help=words)


def _said(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("must say why.")
    return value


@dataclass(frozen=True, kw_only=True)
class CommandUsed(Event):
    """A command that changes something was used. ``arguments`` hold no secret and no personal number."""

    action: ClassVar[str] = "command_used"

    command: str
    host: str
    arguments: dict[str, str]
    officer: str | None = None


@dataclass(frozen=True, kw_only=True)
class CommandAlarm(CommandUsed):
    """A command took something away in production, unattended: right in an emergency, and for officers to look at."""

    action: ClassVar[str] = "command_alarm"


def note_use(
    services: Services,
    command: str,
    *,
    reason: str | None = None,
    officer: Officer | None = None,
    takes_away: bool = False,
    **arguments: object,
) -> None:
    """Record the use of a command, with the arguments that were given and the officer who signed in for it.

    What takes something away in production is an alarm: in the record, in the log, and by letter to the security
    officers.
    """
    is_alarm = takes_away and services.settings.environment == "production"
    if is_alarm:
        _log.warning("command_alarm", command=command)
    given = {name: str(value) for name, value in arguments.items() if value not in {None, "", False}}
    event = (CommandAlarm if is_alarm else CommandUsed)(
        actor=actor(),
        reason=None if reason is None else reason[:500],
        command=command,
        host=socket.gethostname(),
        arguments=given,
        officer=None if officer is None else officer.actor,
    )
    with services.database.transaction():
        services.audit.record(event)
        if is_alarm:
            services.alerting.command_alarm.sound(command)
