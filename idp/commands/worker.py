"""``idp worker``: the process that delivers signals, rotates keys, purges and seals. Any number may run."""

import os
import signal
import threading
from importlib import import_module
from types import FrameType

import click

from idp.commands.deployment import open_services
from idp.commands.loading import loading
from idp.foundation import tracing
from idp.foundation.time_limits import WORK


@click.command("worker")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Deliver signals and notices, rotate keys, purge, seal the audit record. Runs until it is told to end.

    SIGTERM and SIGINT end it in good order: what is under way is finished, nothing new is begun.
    """
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    # Named by text, as a server names its application: commands and jobs do not know each other.
    with loading():
        worker = import_module("idp.jobs.worker")
    with open_services(WORK) as services:
        tracing.start(os.environ, "idp-worker", services.database.engines)
        worker.Worker(services).run(stop)
