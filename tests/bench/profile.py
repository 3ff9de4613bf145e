"""Where the time goes: `python -m tests.bench.profile W4` samples our server with py-spy under one workload.

Prints the functions that were on a processor most often, by themselves and with what they called. py-spy is installed
on demand into the bench's git-ignored folder, because nothing else needs it.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import click

from tests.bench.accounting import choose_cores, require_linux
from tests.bench.errors import BenchError
from tests.bench.load.measurement import Slice
from tests.bench.load.people import people
from tests.bench.load.workloads import MANY, workload
from tests.bench.run import VISITORS_PER_SECOND, emptied, on_core
from tests.bench.servers.cluster import private_cluster
from tests.bench.servers.processes import end_in_order_on_sigterm, run_to_end
from tests.bench.servers.provider import DATABASE, ROOT, new_provider, running_provider
from tests.bench.sides import Side

FOLDER = ROOT / "var" / "bench"
SAMPLES_PER_SECOND = 250
WARM_SECONDS = 2.0
GRACE_SECONDS = 60
MOST_STATEMENTS, STATEMENT_WIDTH = 30, 150
LINE = re.compile(r":\d+\)$")


@dataclass(frozen=True, slots=True)
class Function:
    """A function and the share of samples it was in: by itself, and with what it called."""

    name: str
    own: float
    total: float


def install_py_spy() -> Path:
    """Return py-spy's program, installing it from PyPI where it is missing."""
    folder = FOLDER / "py-spy"
    program = folder / "bin" / "py-spy"
    if not program.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run_to_end([*pip, "--target", folder, "py-spy"], {}, directory=FOLDER)
    return program


def sample(name: str, seconds: float, threads: int | None, *, only: str | None) -> Path:
    """Run one workload against our server under py-spy. Returns the file of raw stacks."""
    chosen, cores, stacks = workload(name), choose_cores(), FOLDER / f"profile-{name.upper()}.txt"
    visitors = int((seconds + WARM_SECONDS + 2) * VISITORS_PER_SECOND) if chosen.name == "W8" else 0
    everyone = people(MANY + visitors)
    with ExitStack() as stack:
        stack.enter_context(on_core(cores.load))
        cluster = stack.enter_context(private_cluster(cores.server, counts_statements=True))
        provider = new_provider(cluster, emptied(FOLDER / "provider"), cores.server, threads)
        provider.seed(everyone)
        subject = stack.enter_context(running_provider(provider))
        side = Side(subject, cores, everyone[:MANY], everyone[MANY:], lambda line: click.echo(line, err=True))
        stack.callback(side.close)
        side.prepare(chosen)
        side.run(chosen, WARM_SECONDS)
        cluster.begin_counting()
        spy = start_py_spy(subject.processes[0], seconds, stacks, only=only)
        measured = side.run(chosen, seconds + 1)
        statements = cluster.counted(DATABASE)
        spy.wait(GRACE_SECONDS)
    if spy.returncode or not stacks.exists():
        raise BenchError(
            f"py-spy ended with status {spy.returncode}: it needs the right to trace (root, or ptrace_scope 0)"
        )
    click.echo(f"{chosen.name} under py-spy: {measured.rate:,.0f}/s, {measured.cpu_ms:.3f} ms an operation")
    report_statements(statements, measured)
    return stacks


def report_statements(statements: Sequence[tuple[int, float, str]], measured: Slice) -> None:
    """Print what the database was asked, by operation."""
    worked = measured.operations + measured.late
    click.echo("\ncalls    ms  statement, by operation; ms is PostgreSQL's own executing")
    for calls, milliseconds, text in statements[:MOST_STATEMENTS]:
        if calls >= worked / 10:
            click.echo(f"{calls / worked:5.2f} {milliseconds / worked:5.3f}  {text[:STATEMENT_WIDTH]}")


def start_py_spy(process: int, seconds: float, stacks: Path, *, only: str | None) -> "Popen[bytes]":
    """Start sampling a process and its children."""
    stacks.unlink(missing_ok=True)
    options = ["--pid", str(process), "--subprocesses", "--format", "raw", "--output", str(stacks)]
    options += ["--duration", str(int(seconds)), "--rate", str(SAMPLES_PER_SECOND), *([f"--{only}"] if only else [])]
    with (FOLDER / "py-spy.log").open("wb") as log:
        return Popen([install_py_spy(), "record", *options], stdout=log, stderr=log)


def rank(lines: Iterable[str]) -> list[Function]:
    """Return the functions of raw stacks (`outer;inner count`), the busiest by themselves first."""
    own, total = Counter[str](), Counter[str]()
    samples = 0
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = [LINE.sub(")", frame) for frame in stack.split(";") if not frame.startswith("process ")]
        if not frames:
            continue
        samples += int(count)
        own[frames[-1]] += int(count)
        for frame in set(frames):
            total[frame] += int(count)
    names = sorted(total, key=lambda name: (-own[name], -total[name]))
    return [Function(name, own[name] / samples, total[name] / samples) for name in names]


@click.command()
@click.argument("name", metavar="WORKLOAD")
@click.option("--seconds", default=8.0, show_default=True, help="How long to sample.")
@click.option("--top", default=30, show_default=True, help="How many functions to print.")
@click.option("--threads", type=int, help="Request threads of our server; its own default otherwise.")
@click.option(
    "--gil", "only", flag_value="gil", default=True, help="Count only who holds the interpreter lock. [default]"
)
@click.option("--wall", "only", flag_value="", help="Count waiting for the database and for each other too.")
@click.option("--native", "only", flag_value="native", help="Look into C and Rust too.")
def main(*, name: str, seconds: float, top: int, threads: int | None, only: str | None) -> None:
    """Sample our server under one workload (W1 to W9) and print where the time goes."""
    end_in_order_on_sigterm()
    try:
        require_linux()
        FOLDER.mkdir(parents=True, exist_ok=True)
        install_py_spy()
        stacks = sample(name, seconds, threads, only=only)
    except BenchError as failure:
        raise click.ClickException(str(failure)) from failure
    functions = rank(stacks.read_text().splitlines())
    for title, order in (("by itself", functions), ("with what it called", sorted(functions, key=lambda f: -f.total))):
        click.echo(f"\n  own  total  function, {title}")
        for each in order[:top]:
            click.echo(f"{each.own:5.1%} {each.total:6.1%}  {each.name}")
    click.echo(f"\nraw stacks in {stacks}")


if __name__ == "__main__":
    main()
