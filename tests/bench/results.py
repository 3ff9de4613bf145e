"""Everything one bench run found, and its form as JSON for later comparison."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.accounting import Megabytes
from tests.bench.load.measurement import Slice, Summary, summarize
from tests.bench.probes.flood import FloodResult
from tests.bench.probes.page_weight import Loaded

NONE = Megabytes()


@dataclass(slots=True)
class WorkloadResult:
    """One workload: the slices of each side, and what a password hash cost around them (sign-in only)."""

    name: str
    label: str
    connections: int
    ours: list[Slice] = field(default_factory=list)
    peer: list[Slice] = field(default_factory=list)
    hash_ms: float | None = None
    failure: str | None = None

    def summary_of_ours(self) -> Summary | None:
        """Return the medians of our side."""
        return summarize(self.ours) if self.ours else None

    def summary_of_peer(self) -> Summary | None:
        """Return the medians of the peer."""
        return summarize(self.peer) if self.peer else None


@dataclass(slots=True)
class Memory:
    """Memory of the server: idle, after each workload, and around the last stretch of load."""

    idle: Megabytes = NONE
    after: dict[str, Megabytes] = field(default_factory=dict)
    before_last: Megabytes = NONE
    at_the_end: Megabytes = NONE

    @property
    def growth(self) -> float:
        """Return what the last stretch of load added to a worker."""
        return round(self.at_the_end.worker - self.before_last.worker, 1)


@dataclass(slots=True)
class Results:
    """A whole run. Parts that were not asked for, or not reached, are None or empty."""

    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    machine: dict[str, str] = field(default_factory=dict)
    workloads: list[WorkloadResult] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    peer_memory: Memory = field(default_factory=Memory)
    cold_start_seconds: float | None = None
    page: list[Loaded] = field(default_factory=list)
    flood: FloodResult | None = None
    notes: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write the results as JSON, once under their time and once as the latest."""
        document = asdict(self)
        for workload, written in zip(self.workloads, document["workloads"], strict=True):
            for side, summary in (("ours", workload.summary_of_ours()), ("peer", workload.summary_of_peer())):
                written[f"{side}_summary"] = asdict(summary) if summary else None
        text = json.dumps(document, ensure_ascii=False, indent=1)
        file = folder / f"results-{self.started_at.replace(':', '').replace('+0000', 'Z')}.json"
        file.write_text(text)
        (folder / "latest.json").write_text(text)
        return file


def describe_machine(root: Path) -> dict[str, str]:
    """Return what the figures depend on."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=False
    )
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "revision": revision.stdout.strip() or "uncommitted",
    }
