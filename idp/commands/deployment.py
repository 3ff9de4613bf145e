"""What every command needs of the deployment: its settings, its services, who is asking, and how to refuse.

Services are built when a command first asks for them and closed at its end.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from idp.commands.loading import loading
from idp.foundation.logging import configure_logging
from idp.foundation.settings import Settings, load_settings

if TYPE_CHECKING:
    from idp.foundation.time_limits import TimeLimits
    from idp.staff.values import Officer
    from idp.wiring import Services

_LARGEST_SECRET_FILE = 64 * 1024


class Refused(click.ClickException):
    """The action was not done. Ends with status 1."""


def refuse(message: str) -> NoReturn:
    """End the command with one line and status 1."""
    raise Refused(message)


def read_settings() -> Settings:
    """Return the settings of the environment. Raises ConfigurationError in words."""
    return load_settings(os.environ)


@contextmanager
def open_services(limits: TimeLimits | None = None) -> Iterator[Services]:
    """Build the services of this deployment for one command, whose statements take their time without limits."""
    settings = read_settings()
    with loading():
        from idp.wiring import build_services  # noqa: PLC0415 - the whole house takes half a second to import
    configure_logging()
    services = build_services(settings, limits=limits)
    try:
        yield services
    finally:
        services.database.dispose()


def actor(officer: Officer | None = None) -> str:
    """Return who is asking, for the audit record: the officer who signed in for it, else the user of the system, by the
    system's word: a name in the environment is whatever one likes.
    """
    if officer is not None:
        return officer.actor
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return f"command:{user}"[:120]


def read_secret_file(path: Path, what: str) -> str:
    """Return the one line of a file; - is standard input."""
    if str(path) == "-":
        return read_stdin(what)
    try:
        with path.open("rb") as file:
            return _line(file.read(_LARGEST_SECRET_FILE + 1), what)
    except OSError as error:
        refuse(f"{path}: cannot be read as {what} ({error.strerror})")


def read_stdin(what: str) -> str:
    """Return the one line of standard input; a person at a terminal is asked without echo."""
    if sys.stdin.isatty():
        return _line(str(click.prompt(what, hide_input=True, err=True)).encode(errors="surrogateescape"), what)
    return _line(sys.stdin.buffer.read(_LARGEST_SECRET_FILE + 1), what)


def _line(data: bytes, what: str) -> str:
    """Return the text of one line; of a file without an end no more is read than tells that it is none."""
    if len(data) > _LARGEST_SECRET_FILE:
        refuse(f"{what} must be one line of at most {_LARGEST_SECRET_FILE // 1024} KiB")
    try:
        value = data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        refuse(f"{what} must be UTF-8")
    if not value or "\n" in value:
        refuse(f"{what} must be one line")
    return value
