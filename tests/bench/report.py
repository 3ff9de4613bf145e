"""The tables a person reads at the end: each figure beside the peer's, beside its target, with a verdict."""

from collections.abc import Iterator

from tests.bench import targets
from tests.bench.load.measurement import Summary
from tests.bench.results import Results, WorkloadResult
from tests.bench.targets import Verdict

NEARLY_ALL_OF_A_CORE = 0.7
HEADINGS = ("", "workload", "conn", "ours/s", "peer/s", "ratio", "our CPU", "peer CPU", "ratio", "p50/p99 ms", "target")
WIDTHS = (3, 23, 4, 9, 9, 6, 15, 15, 6, 13, 18)


def report(results: Results) -> str:
    """Return the whole report as text."""
    lines = ["", row(HEADINGS) + "  verdict"]
    lines.extend(line for workload in results.workloads for line in workload_lines(workload))
    lines.append(
        "CPU: milliseconds per operation, server + database; its ratio is peer ÷ ours, above 1 ours is cheaper."
    )
    lines.append("")
    lines.extend(f"{text:66} {verdict.target:18} {verdict.word}" for text, verdict in other_lines(results))
    lines.extend(f"note: {note}" for note in results.notes)
    return "\n".join(lines)


def row(cells: tuple[str, ...]) -> str:
    """Return one line of the table: names to the left, figures to the right."""
    left = {1, 10}
    pairs = zip(cells, WIDTHS, strict=True)
    return " ".join(
        cell.ljust(width) if index in left else cell.rjust(width) for index, (cell, width) in enumerate(pairs)
    )


def workload_lines(result: WorkloadResult) -> Iterator[str]:
    """Return the line of a workload, and lines for what went wrong in it."""
    ours, peer = result.summary_of_ours(), result.summary_of_peer()
    if ours is not None:
        verdict = targets.judge(result.name, ours, peer, result.hash_ms)
        yield row(figures(result, ours, peer, verdict)) + "  " + verdict.word
    for name, summary in (("ours", ours), ("peer", peer)):
        if summary is not None and summary.failures:
            yield f"      {name}: {summary.failures}"
        if summary is not None and summary.waits:
            yield f"      {name}: asked to come back later {summary.waits} times (503), which was done"
        if summary is not None and summary.generator_share > NEARLY_ALL_OF_A_CORE:
            yield f"      {name}: the generator used {summary.generator_share:.0%} of its core: at least this rate"
    if result.failure is not None:
        yield f"{result.name:>3} {result.label}: not measured: {result.failure}"


def figures(result: WorkloadResult, ours: Summary, peer: Summary | None, verdict: Verdict) -> tuple[str, ...]:
    """Return the cells of a workload's line."""
    return (
        result.name,
        result.label,
        str(result.connections),
        f"{ours.rate:,.0f}",
        f"{peer.rate:,.0f}" if peer else "–",
        f"{ours.rate / peer.rate:.2f}" if peer else "–",
        cpu(ours),
        cpu(peer) if peer else "–",
        f"{peer.cpu_ms / ours.cpu_ms:.2f}" if peer and ours.cpu_ms else "–",
        f"{ours.p50_ms:.1f}/{ours.p99_ms:.1f}",
        verdict.target,
    )


def cpu(summary: Summary) -> str:
    """Return the CPU of the server and of the database."""
    digits = 3 if summary.cpu_ms < 10 else 1
    return f"{summary.server_cpu_ms:.{digits}f}+{summary.database_cpu_ms:.{digits}f}"


def other_lines(results: Results) -> Iterator[tuple[str, Verdict]]:
    """Return what is not a rate: start, memory, page, flood."""
    if results.cold_start_seconds is not None:
        seconds = results.cold_start_seconds
        yield f"first answer after {seconds:.2f} s", targets.at_most(seconds, targets.COLD_START_SECONDS, "s")
    yield from memory_lines(results)
    if results.page:
        kilobytes = sum(loaded.compressed for loaded in results.page) / 1024
        names = ", ".join(loaded.path for loaded in results.page)
        verdict = targets.at_most(kilobytes, targets.PAGE_KILOBYTES, "KB")
        yield f"first sign-in page {kilobytes:.1f} KB compressed", verdict
        yield (
            f"in {len(results.page)} requests ({names})",
            targets.at_most(len(results.page), targets.PAGE_REQUESTS, ""),
        )
    if results.flood is not None:
        flood = results.flood
        for each in flood.endured:
            text = (
                f"{each.endpoint} p99 at {each.pace}: {each.quiet_p99_ms} → {each.flooded_p99_ms} ms under the flood, "
                f"× {each.ratio}"
            )
            yield text, targets.at_most(each.ratio, targets.FLOOD_RATIO, "× quiet")


def memory_lines(results: Results) -> Iterator[tuple[str, Verdict]]:
    """Return what the server's memory was and became."""
    memory = results.memory
    for when, size, most in (
        ("idle", memory.idle, targets.IDLE_MEGABYTES),
        ("after the run", memory.at_the_end, targets.LOADED_MEGABYTES),
    ):
        if size.worker:
            text = f"memory of the worker {when} {size.worker:.0f} MB (with its supervisor {size.everything:.0f})"
            yield text, targets.at_most(size.worker, most, "MB")
    if memory.at_the_end.worker:
        verdict = targets.at_most(memory.growth, targets.FLAT_GROWTH_MEGABYTES, "MB (flat)")
        yield f"memory added by the last stretch of load: {memory.growth:+.1f} MB", verdict
