"""The bench of the console: every list and search, timed at a real port, then looked at in PostgreSQL's own plans."""

import json
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.bench.accounting import choose_cores, require_linux
from tests.bench.console.browsing import Officer
from tests.bench.console.deployment import CONFIGURATION, Deployment
from tests.bench.console.lists import Case, Crowd
from tests.bench.console.officers import OFFICERS
from tests.bench.console.plans import Plan, writing_plans
from tests.bench.crowd.sizes import Sizes
from tests.bench.errors import BenchError
from tests.bench.load.engine import Engine
from tests.bench.load.people import Authenticators
from tests.bench.run import emptied, on_core
from tests.bench.servers.cluster import private_cluster
from tests.bench.servers.provider import DATABASE, new_provider

TARGET_MS: Final = 200.0
LEAST_SAMPLES: Final = 20
Say = Callable[[str], None]


@dataclass(slots=True)
class CaseResult:
    """What one case took; ``slowest`` is the look that took longest, ``faults`` what its plans should not do."""

    name: str
    milliseconds: list[float] = field(default_factory=list)
    statements: int = 0
    slowest: str = ""
    faults: list[str] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)

    @property
    def p95(self) -> float:
        """Return the 95th percentile."""
        return statistics.quantiles(self.milliseconds, n=20, method="inclusive")[-1]

    @property
    def is_good(self) -> bool:
        """Tell whether it is quick enough, by plans that stay so."""
        return self.p95 <= TARGET_MS and not self.faults


def run_lists(sizes: Sizes, folder: Path, say: Say, *, only: str = "") -> list[CaseResult]:
    """Make a crowd, time every case, then look at the plans of each."""
    require_linux()
    cores = choose_cores()
    with ExitStack() as stack:
        stack.enter_context(on_core(cores.load))
        cluster = stack.enter_context(private_cluster(cores.server, configuration=CONFIGURATION))
        deployment = Deployment(new_provider(cluster, emptied(folder / "console"), cores.server, None))
        deployment.prepare()
        say(f"making {sizes} …")
        say(f"made in {deployment.seed(sizes):.0f} s")
        return look_at_everything(deployment, sizes, say, only=only)


def look_at_everything(deployment: Deployment, sizes: Sizes, say: Say, *, only: str = "") -> list[CaseResult]:
    """Time the cases of a deployment that has its crowd, then look at the plans."""
    cluster = deployment.provider.cluster
    crowd = Crowd(sizes, lambda statement: cluster.execute(statement, DATABASE).splitlines())
    cases = [case for case in crowd.cases() if only in case.name]
    authenticators = Authenticators()
    results = time_cases(deployment, cases, authenticators, say)
    with writing_plans(cluster) as plans, deployment.console_server() as subject:
        officers = [Officer(subject, person, Engine(), authenticators) for person in OFFICERS]
        plans.taken()
        for case, result in zip(cases, results, strict=True):
            for look in case.looks:
                officers[case.by].see(look)
                note_plans(case, look.path, plans.taken(), result)
            if result.faults:
                say(f"{case.name}: {'; '.join(result.faults)}")
    return results


def time_cases(
    deployment: Deployment, cases: Sequence[Case], authenticators: Authenticators, say: Say
) -> list[CaseResult]:
    """Ask for every look of every case until there are samples enough."""
    results = []
    with deployment.console_server() as subject:
        officers = [Officer(subject, person, Engine(), authenticators) for person in OFFICERS]
        for case in cases:
            result = CaseResult(case.name)
            slowest = 0.0
            for _ in range(max(1, -(-LEAST_SAMPLES // len(case.looks)))):
                for look in case.looks:
                    took = officers[case.by].see(look).milliseconds
                    result.milliseconds.append(took)
                    if took > slowest:
                        slowest, result.slowest = took, look.path
            say(f"{case.name:45} {statistics.median(result.milliseconds):7.1f} {result.p95:7.1f} ms")
            results.append(result)
    return results


def note_plans(case: Case, path: str, plans: Sequence[Plan], result: CaseResult) -> None:
    """Note what the statements of one request did."""
    if not plans:
        raise BenchError("PostgreSQL wrote no plan down")
    result.statements = max(result.statements, len(plans))
    read_through = sorted(set().union(*(plan.read_through for plan in plans)))
    if read_through:
        result.faults.append(f"{path} reads {', '.join(read_through)} through")
    lists = sum(plan.is_list_of(case.table) for plan in plans) if case.table else 1
    if lists != 1:
        result.faults.append(f"{path} finds its lines by {lists} statements")
    result.plans += [plan.text for plan in plans if plan.read_through or (case.table and plan.is_list_of(case.table))]


def table_of(results: Sequence[CaseResult]) -> str:
    """Return the results as a person reads them."""
    lines = [f"{'':45} {'p50 ms':>8} {'p95 ms':>8} {'statements':>10}"]
    for one in results:
        verdict = "reached" if one.is_good else "; ".join(one.faults) or f"over {TARGET_MS:g} ms: {one.slowest}"
        p50 = statistics.median(one.milliseconds)
        lines.append(f"{one.name:45} {p50:8.1f} {one.p95:8.1f} {one.statements:10} {verdict}")
    everything = [each for one in results for each in one.milliseconds]
    lines.append(f"{'all together':45} {statistics.median(everything):8.1f} {percentile(everything):8.1f}")
    return "\n".join(lines)


def percentile(milliseconds: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(milliseconds, n=20, method="inclusive")[-1]


def write(results: Sequence[CaseResult], sizes: Sizes, folder: Path) -> Path:
    """Write everything down, the plans too."""
    cases: list[dict[str, Any]] = [
        {
            "name": one.name,
            "p95_ms": round(one.p95, 1),
            "milliseconds": [round(each, 1) for each in one.milliseconds],
            "statements": one.statements,
            "faults": one.faults,
            "plans": one.plans,
        }
        for one in results
    ]
    file = folder / "console.json"
    file.write_text(json.dumps({"sizes": str(sizes), "cases": cases}, ensure_ascii=False, indent=1))
    return file
