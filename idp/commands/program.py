"""The root of the command line: which groups there are, and what an error looks like."""

import errno
import importlib
import os
import sys
from contextlib import suppress
from typing import Final

import click

from idp.commands.loading import loading

# name: (module, what --help says); the module's ``COMMAND`` is the group or command.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "account": ("idp.commands.account", "Open, import, show, lock and unlock accounts."),
    "audit": ("idp.commands.audit", "Export the audit record, verify it, prove single events."),
    "block": ("idp.commands.block", "List, add and lift what is blocked and allowed."),
    "client": ("idp.commands.client", "Register client sites, approve and stop them."),
    "consent": ("idp.commands.consent", "List and withdraw consents."),
    "db": ("idp.commands.db", "Bring the database up to date, look for drift."),
    "doctor": ("idp.commands.doctor", "Check every setting and everything this service depends on."),
    "key": ("idp.commands.key", "List and rotate signing keys, re-encrypt columns."),
    "network": ("idp.commands.network", "Load the table that says where networks are."),
    "serve": ("idp.commands.serve", "Serve the provider."),
    "session": ("idp.commands.session", "List and end sessions, see what sites were told."),
    "staff": ("idp.commands.staff", "Make the first officers, list who has which power."),
    "stream": ("idp.commands.stream", "See who receives security events, pause and enable streams."),
    "worker": (
        "idp.commands.worker",
        "Deliver signals and notices, rotate keys, purge what has expired, seal the audit record.",
    ),
}
UNEXPECTED: Final = 70
_INTERRUPTED: Final = 130
_OUTPUT_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
_TRACEBACK: Final = "--traceback"


class LazyGroup(click.Group):
    """A group that knows its members by name and imports the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        with loading():
            command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).COMMAND
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="unified-identity-provider", prog_name="idp")
@click.option(_TRACEBACK, is_flag=True, expose_value=False, help="Show where an unexpected error came from.")
def idp() -> None:
    """Run and look after the Unified Identity Provider.

    Settings come from the environment; docs/settings.md lists them.
    """


def main() -> None:
    """Run the command line and end the process."""
    try:
        _must_be_text(sys.argv)
        # Outside its standalone mode click returns the status that a command asked to end with.
        status = idp.main(prog_name="idp", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _drop_output()
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    except Exception as error:
        line, status = explain(error)
        click.echo(line, err=True)
        if isinstance(error, OSError):
            _drop_output()
        if status == UNEXPECTED and _TRACEBACK in sys.argv:
            raise
        sys.exit(1 if status == UNEXPECTED else status)


def _must_be_text(arguments: list[str]) -> None:
    """Refuse what no database and no record could hold."""
    try:
        "".join(arguments).encode()
    except UnicodeEncodeError:
        raise click.UsageError("The arguments must be UTF-8.") from None


def _drop_output() -> None:
    """Let what could not be written go: Python would complain once more when it flushes."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def explain(error: Exception) -> tuple[str, int]:
    """Return the one line that says what went wrong, and the exit status."""
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "idp"
        return f"{where}: {_one_line(error.format_message())} Try: {where} --help", 2
    if isinstance(error, click.ClickException):
        return f"idp: {_one_line(error.format_message())}", error.exit_code
    if isinstance(error, OSError) and error.errno in _OUTPUT_FULL and error.filename is None:
        return f"idp: the answer could not be written: {error.strerror}", 1
    # Looked at by name: importing the trees of errors would cost every command its quick start.
    names = {kind.__name__ for kind in type(error).__mro__}
    if "IDPError" in names:
        return f"idp: {_one_line(str(error))}", 1
    if "SQLAlchemyError" in names:
        return f"idp: the database refused: {_one_line(str(getattr(error, 'orig', None) or error))}", 1
    hint = "" if _TRACEBACK in sys.argv else f" Run it again with {_TRACEBACK} and report this."
    return f"idp: unexpected error ({type(error).__name__}).{hint}", UNEXPECTED


def _one_line(text: str) -> str:
    return " ".join(text.split())
