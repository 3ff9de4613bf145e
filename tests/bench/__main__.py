"""The command line of the bench: `make bench`, or `python -m tests.bench --help`."""

import click

from tests.bench.console.endings_bench import CROWD, EndingBench, report_of, write_result
from tests.bench.console.lists_bench import run_lists, table_of, write
from tests.bench.crowd.sizes import FULL, SMALL, Sizes
from tests.bench.errors import BenchError
from tests.bench.load.workloads import WORKLOADS, workload
from tests.bench.report import report
from tests.bench.run import Bench, Plan
from tests.bench.servers.processes import end_in_order_on_sigterm
from tests.bench.servers.provider import ROOT

FOLDER = ROOT / "var" / "bench"
WARM_SECONDS = 1.5
QUICK_SECONDS, QUICK_WARM_SECONDS = 2.0, 1.0


def say(line: str) -> None:
    """Print a progress line beside the report, not in it."""
    click.echo(f"  {line}", err=True)


@click.group(invoke_without_command=True)
@click.option("--workloads", default=",".join(each.name for each in WORKLOADS), show_default=True, help="Which to run.")
@click.option("--seconds", default=4.0, show_default=True, help="Length of a slice.")
@click.option("--repeats", default=3, show_default=True, help="Slices of each side; the median counts.")
@click.option("--quick", is_flag=True, help="One slice of two seconds each: a look, not a result.")
@click.option("--no-peer", is_flag=True, help="Measure our side alone.")
@click.option("--no-probes", is_flag=True, help="Leave out cold start, page weight and flood.")
@click.option("--threads", type=int, help="Request threads of our server; its own default otherwise.")
@click.option("--most-minutes", default=14.0, show_default=True, help="Start no further workload after this long.")
@click.pass_context
def main(
    context: click.Context,
    /,
    *,
    workloads: str,
    seconds: float,
    repeats: int,
    quick: bool,
    no_peer: bool,
    no_probes: bool,
    threads: int | None,
    most_minutes: float,
) -> None:
    """Compare the provider with npm's oidc-provider on PostgreSQL: rates, CPU, memory, start, page weight, flood."""
    end_in_order_on_sigterm()
    if context.invoked_subcommand is not None:
        return
    try:
        plan = Plan(
            workloads=tuple(workload(name) for name in workloads.split(",")),
            seconds=QUICK_SECONDS if quick else seconds,
            warm_seconds=QUICK_WARM_SECONDS if quick else WARM_SECONDS,
            repeats=1 if quick else repeats,
            with_peer=not no_peer,
            with_probes=not no_probes,
            threads=threads,
            most_minutes=most_minutes,
        )
        bench = Bench(plan, FOLDER, say)
        results = bench.run()
    except BenchError as failure:
        raise click.ClickException(str(failure)) from failure
    click.echo(report(results))
    click.echo(f"\nwritten to {results.write(FOLDER)}")


@main.command()
@click.option("--accounts", default=SMALL.accounts, show_default=True, help="How many accounts.")
@click.option("--sessions", default=SMALL.sessions, show_default=True, help="How many sessions.")
@click.option("--events", default=SMALL.events, show_default=True, help="How many audit events.")
@click.option("--full", is_flag=True, help=f"The whole country: {FULL}.")
@click.option("--only", default="", help="Only the cases whose name has this in it.")
def console(*, accounts: int, sessions: int, events: int, full: bool, only: str) -> None:
    """Time every list and search of the console over a crowd on PostgreSQL, and read the plans it really used."""
    sizes = FULL if full else Sizes(accounts, sessions, events)
    try:
        results = run_lists(sizes, FOLDER, say, only=only)
    except BenchError as failure:
        raise click.ClickException(str(failure)) from failure
    click.echo(table_of(results))
    click.echo(f"\nwritten to {write(results, sizes, FOLDER)}")


@main.command()
@click.option("--accounts", default=CROWD.accounts, show_default=True, help="How many accounts.")
@click.option("--sessions", default=CROWD.sessions, show_default=True, help="How many sessions; a third is ended.")
def endings(*, accounts: int, sessions: int) -> None:
    """Time the end of 100,000 sessions by a filter on PostgreSQL, and how many people can sign in meanwhile."""
    sizes = Sizes(accounts, sessions, CROWD.events)
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        result = EndingBench(sizes, FOLDER, say).run()
    except BenchError as failure:
        raise click.ClickException(str(failure)) from failure
    click.echo(report_of(result))
    click.echo(f"\nwritten to {write_result(result, sizes, FOLDER)}")


if __name__ == "__main__":
    main()
