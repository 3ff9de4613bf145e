"""What the command line adds to the audit record beside what the features write: who typed what, where (rule O2)."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from idp.audit.events import Event
from idp.commands.deployment import actor

if TYPE_CHECKING:
    from idp.wiring import Services


@dataclass(frozen=True, kw_only=True)
class CommandUsed(Event):
    """A command that changes something was used. ``arguments`` hold no secret and no personal number."""

    action: ClassVar[str] = "command_used"

    command: str
    host: str
    arguments: dict[str, str]


def note_use(services: Services, command: str, *, reason: str | None = None, **arguments: object) -> None:
    """Record the use of a command, with the arguments that were given."""
    given = {name: str(value) for name, value in arguments.items() if value not in {None, "", False}}
    services.audit.record(
        CommandUsed(
            actor=actor(),
            reason=None if reason is None else reason[:500],
            command=command,
            host=socket.gethostname(),
            arguments=given,
        )
    )
