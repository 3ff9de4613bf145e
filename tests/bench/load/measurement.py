"""One slice of a workload against one server, and what several slices amount to.

A slice reports its rate, latencies and CPU per operation, how much of its own core the generator used, and how fast the
machine was just before and after, because on a shared machine the last explains most of the rest.
"""

import gc
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.accounting import Cores, cpu_seconds
from tests.bench.errors import BenchError
from tests.bench.load.engine import Engine
from tests.bench.load.subject import Subject
from tests.bench.load.virtual_user import Operation, Script, VirtualUser

MOST_FAILURES = 20
FAILURE_SHARE = 0.05
CALIBRATION_ROUNDS = 300_000


@dataclass(slots=True)
class Recorder:
    """Latencies (seconds) and failures of the operations of one slice. `late` ones ended after its time."""

    latencies: list[float] = field(default_factory=list)
    late: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    is_stopped: bool = False

    def stop(self) -> None:
        """Let each virtual user end the operation it is in, as a late one."""
        self.is_stopped = True

    def succeeded(self, seconds: float) -> None:
        """Count an operation that took so long."""
        if self.is_stopped:
            self.late += 1
        else:
            self.latencies.append(seconds)

    def failed(self, failure: BenchError) -> None:
        """Count a failure. Raises it when there are too many for the slice to mean anything."""
        self.failures[str(failure)[:200]] += 1
        if self.failures.total() > MOST_FAILURES + FAILURE_SHARE * len(self.latencies):
            raise failure


def repeated(recorder: Recorder, operate: Operation) -> Operation:
    """Return the script that repeats an operation until the recorder is stopped."""

    def script(user: VirtualUser) -> Script[None]:
        while not recorder.is_stopped:
            started = time.perf_counter()
            try:
                yield from operate(user)
            except BenchError as failure:
                recorder.failed(failure)
                continue
            recorder.succeeded(time.perf_counter() - started)

    return script


@dataclass(frozen=True, slots=True)
class Slice:
    """One measured stretch of time. CPU is in ms per operation; `waits` are 503 answers that were waited out."""

    operations: int
    late: int
    seconds: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    database_cpu_ms: float
    generator_share: float
    speed: float
    failures: dict[str, int]
    waits: int = 0

    @property
    def rate(self) -> float:
        """Return operations per second."""
        return self.operations / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Return server and database together."""
        return self.server_cpu_ms + self.database_cpu_ms


@dataclass(frozen=True, slots=True)
class Summary:
    """The medians of several slices."""

    rate: float
    lowest_rate: float
    highest_rate: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    database_cpu_ms: float
    cpu_ms: float
    generator_share: float
    speed: float
    failures: dict[str, int]
    waits: int


def summarize(slices: Sequence[Slice]) -> Summary:
    """Return medians of the slices, their range of rates and all their failures."""

    def median(value: Callable[[Slice], float]) -> float:
        return round(statistics.median(map(value, slices)), 4)

    failures: Counter[str] = Counter()
    for each in slices:
        failures.update(each.failures)
    return Summary(
        rate=median(lambda each: each.rate),
        lowest_rate=round(min(each.rate for each in slices), 1),
        highest_rate=round(max(each.rate for each in slices), 1),
        p50_ms=median(lambda each: each.p50_ms),
        p99_ms=median(lambda each: each.p99_ms),
        server_cpu_ms=median(lambda each: each.server_cpu_ms),
        database_cpu_ms=median(lambda each: each.database_cpu_ms),
        cpu_ms=median(lambda each: each.cpu_ms),
        generator_share=max(each.generator_share for each in slices),
        speed=median(lambda each: each.speed),
        failures=dict(failures),
        waits=sum(each.waits for each in slices),
    )


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a driver of load saw: the Python engine and `wrk` both report in these terms.

    `late` operations began in the slice and ended after it: they are not part of the rate, but of the CPU.
    """

    operations: int
    late: int
    seconds: float
    p50_ms: float
    p99_ms: float
    generator_cpu_seconds: float
    failures: dict[str, int]
    waits: int = 0


def measure(subject: Subject, cores: Cores, drive: Callable[[], Traffic]) -> Slice:
    """Run one slice and put the traffic beside what it cost the server."""
    speed = machine_speed(cores)
    server, database = cpu_seconds(subject.processes), cpu_seconds(subject.database_processes)
    traffic = drive()
    server = cpu_seconds(subject.processes) - server
    database = cpu_seconds(subject.database_processes) - database
    if not traffic.operations:
        raise BenchError(f"nothing was completed: {traffic.failures}")
    worked = traffic.operations + traffic.late
    return Slice(
        operations=traffic.operations,
        late=traffic.late,
        seconds=traffic.seconds,
        p50_ms=traffic.p50_ms,
        p99_ms=traffic.p99_ms,
        server_cpu_ms=server * 1000 / worked,
        database_cpu_ms=database * 1000 / worked,
        generator_share=traffic.generator_cpu_seconds / traffic.seconds,
        speed=min(speed, machine_speed(cores)),
        failures=traffic.failures,
        waits=traffic.waits,
    )


def drive_with_python(
    engine: Engine,
    users: Sequence[VirtualUser],
    operate: Operation,
    seconds: float,
) -> Traffic:
    """Repeat an operation with every user for a time."""
    recorder = Recorder()
    waits = sum(user.waits for user in users)
    gc.collect()
    gc.disable()
    started, cpu = time.perf_counter(), time.process_time()
    ended: list[float] = []

    def stop() -> None:
        recorder.stop()
        ended.extend((time.perf_counter() - started, time.process_time() - cpu))

    try:
        engine.together(users, repeated(recorder, operate), until=started + seconds, then=stop)
    finally:
        gc.enable()
    latencies = sorted(recorder.latencies)
    return Traffic(
        operations=len(latencies),
        late=recorder.late,
        seconds=ended[0],
        p50_ms=percentile(latencies, 0.5) * 1000,
        p99_ms=percentile(latencies, 0.99) * 1000,
        generator_cpu_seconds=ended[1],
        failures=dict(recorder.failures),
        waits=sum(user.waits for user in users) - waits,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that `share` of an ordered sequence lies below; not a number when it is empty."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def machine_speed(cores: Cores) -> float:
    """Return the speed of the slower core just now: a fixed loop on each."""
    home = os.sched_getaffinity(0)
    slowest = 0.0
    for core in {cores.server, cores.load}:
        os.sched_setaffinity(0, {core})
        started, value = time.perf_counter(), 0
        for number in range(CALIBRATION_ROUNDS):
            value = (value * 31 + number) & 0xFFFF
        slowest = max(slowest, time.perf_counter() - started)
    os.sched_setaffinity(0, home)
    return round(CALIBRATION_ROUNDS / slowest / 10_000_000, 2)
