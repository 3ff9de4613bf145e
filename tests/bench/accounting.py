"""What processes cost, read from /proc (Linux only): CPU time of whole process trees, memory as PSS, and the two cores.

PSS counts a page shared between processes once, so a forked worker is not charged twice for what it inherited.
"""

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.errors import BenchError

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PSS = re.compile(r"^Pss:\s+(\d+)", re.MULTILINE)


def require_linux() -> None:
    """Refuse to run where CPU and memory of a process cannot be read."""
    if not Path("/proc/self/smaps_rollup").exists():
        raise BenchError(f"the bench reads /proc and runs on Linux only, not on {sys.platform}")


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core serves and which makes the load. Both are the same where there is only one."""

    server: int
    load: int


def choose_cores() -> Cores:
    """Return the first two cores this process may use."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[0], usable[min(1, len(usable) - 1)])


def tree(roots: Iterable[int]) -> list[int]:
    """Return the process ids of these processes and all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat_fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting.extend(children.get(process, []))
    return found


def stat_fields(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name; none when the process is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def cpu_seconds(roots: Iterable[int]) -> float:
    """Return the CPU time used so far, of children that have ended too."""
    ticks = sum(sum(map(int, fields[11:15])) for process in tree(roots) if (fields := stat_fields(process)))
    return ticks / TICKS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Megabytes:
    """Memory of a server (PSS): of its largest worker process, and of all its processes together."""

    worker: float = 0.0
    everything: float = 0.0


def memory_of(roots: Iterable[int]) -> Megabytes:
    """Return the memory of a server. One that has no children is its own worker."""
    supervisors = set(roots)
    by_process = {process: pss_megabytes(process) for process in tree(supervisors)}
    workers = [size for process, size in by_process.items() if process not in supervisors]
    everything = sum(by_process.values())
    return Megabytes(round(max(workers, default=everything), 1), round(everything, 1))


def pss_megabytes(process: int) -> float:
    """Return the memory of one process, pages shared between processes counted once; 0 when it is gone."""
    try:
        found = PSS.search(Path(f"/proc/{process}/smaps_rollup").read_text())
    except OSError:
        return 0.0
    return int(found.group(1)) / 1024 if found else 0.0
