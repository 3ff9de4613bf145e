"""One whole bench run: seed, start both servers, take turns, probe, and stop what was started.

Slices of the two sides alternate (ours, peer, ours, peer …), because on a shared machine only neighbours in time
compare.
"""

import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.accounting import choose_cores, require_linux
from tests.bench.errors import BenchError, PeerUnavailable
from tests.bench.load import wrk
from tests.bench.load.people import Person, people
from tests.bench.load.subject import Subject
from tests.bench.load.workloads import MANY, Workload, workload
from tests.bench.probes.flood import endure_flood
from tests.bench.probes.page_weight import weigh_sign_in_page
from tests.bench.probes.password_hash import hash_cpu_milliseconds
from tests.bench.results import Memory, Results, WorkloadResult, describe_machine
from tests.bench.servers.cluster import Cluster, private_cluster
from tests.bench.servers.peer import install, running_peer
from tests.bench.servers.provider import ROOT, new_provider, running_provider
from tests.bench.sides import Side

# One core hashes about fifty passwords a second, and each visitor's one-time code is good for one sign-in in a slice.
VISITORS_PER_SECOND = 50
SETTLING_SECONDS = 2.0
SIGN_IN = "W8"
LAST_STRETCH = "W4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure, and for how long."""

    workloads: tuple[Workload, ...]
    seconds: float
    warm_seconds: float
    repeats: int
    with_peer: bool
    with_probes: bool
    threads: int | None
    most_minutes: float

    @property
    def visitors(self) -> int:
        """Return how many people must be able to sign in once."""
        if all(each.name != SIGN_IN for each in self.workloads):
            return 0
        return math.ceil((self.warm_seconds + self.repeats * self.seconds) * VISITORS_PER_SECOND)


class Bench:
    """Runs a plan. `say` receives progress lines."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
        require_linux()
        self._plan = plan
        self._folder = folder
        self._say = say
        self._cores = choose_cores()
        self._deadline = time.monotonic() + plan.most_minutes * 60
        self.results = Results(machine=describe_machine(ROOT))

    def run(self) -> Results:
        """Run everything and return what was found."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(on_core(self._cores.load))
            peer_folder = self._install_peer()
            cluster = stack.enter_context(private_cluster(self._cores.server))
            ours = self._start_ours(stack, cluster)
            peer = self._start_peer(stack, cluster, peer_folder)
            self._note_conditions(ours)
            for each in self._plan.workloads:
                self._run_workload(each, cluster, ours, peer)
            if self._plan.with_probes:
                self._probe(ours)
            self._last_stretch(ours, self.results.memory)
            if peer is not None:
                self.results.peer_memory.at_the_end = peer.memory()
        return self.results

    def _install_peer(self) -> Path | None:
        if not self._plan.with_peer:
            return None
        self._say("installing the peer (npm) …")
        folder = self._folder / "node"
        try:
            install(folder)
        except PeerUnavailable as reason:
            self.results.notes.append(f"the peer was not measured: {reason}")
            self._say(self.results.notes[-1])
            return None
        return folder

    def _start_ours(self, stack: ExitStack, cluster: Cluster) -> Side:
        everyone = people(MANY + self._plan.visitors)
        self._say(f"seeding {len(everyone)} accounts …")
        provider = new_provider(cluster, emptied(self._folder / "provider"), self._cores.server, self._plan.threads)
        provider.seed(everyone)
        if self._plan.with_probes:
            self._say("timing the cold start …")
            self.results.cold_start_seconds = provider.cold_start_seconds()
        side = self._side(stack, stack.enter_context(running_provider(provider)), everyone)
        self.results.memory.idle = side.memory()
        return side

    def _start_peer(self, stack: ExitStack, cluster: Cluster, folder: Path | None) -> Side | None:
        if folder is None:
            return None
        everyone = people(MANY + self._plan.visitors, with_authenticator=False)
        side = self._side(stack, stack.enter_context(running_peer(cluster, folder, self._cores.server)), everyone)
        self.results.peer_memory.idle = side.memory()
        return side

    def _side(self, stack: ExitStack, subject: Subject, everyone: list[Person]) -> Side:
        time.sleep(SETTLING_SECONDS)
        side = Side(subject, self._cores, everyone[:MANY], everyone[MANY:], self._say)
        stack.callback(side.close)
        return side

    def _note_conditions(self, ours: Side) -> None:
        notes = self.results.notes
        notes.append(f"our ID token is signed with {ours.verify()} and verifies")
        if self._cores.server == self._cores.load:
            notes.append("server and load share the only core of this machine: rates are low, ratios still compare")
        if not wrk.is_available():
            notes.append("wrk is not installed: the Python generator bounds W1 and W2")

    def _run_workload(self, each: Workload, cluster: Cluster, ours: Side, peer: Side | None) -> None:
        result = WorkloadResult(each.name, each.label, each.connections)
        self.results.workloads.append(result)
        if time.monotonic() > self._deadline:
            result.failure = f"the run had used its {self._plan.most_minutes:g} minutes"
            return
        hashes = [hash_cpu_milliseconds(self._cores)] if each.name == SIGN_IN else []
        sides = [(ours, result.ours)] + ([(peer, result.peer)] if peer else [])
        try:
            for turn in range(self._plan.repeats + 1):
                for side, slices in sides:
                    side.prepare(each)
                    cluster.settle()
                    measured = side.run(each, self._plan.seconds if turn else self._plan.warm_seconds)
                    if turn:
                        slices.append(measured)
                        self._say(
                            f"{each.name} {side.subject.name:13} {measured.rate:9,.1f}/s {measured.cpu_ms:7.3f} ms"
                        )
        except BenchError as failure:
            result.failure = str(failure)
            self._say(f"{each.name} failed: {failure}")
        if hashes:
            hashes.append(hash_cpu_milliseconds(self._cores))
            result.hash_ms = round(sum(hashes) / len(hashes), 2)
        self.results.memory.after[each.name] = ours.memory()
        if peer is not None:
            self.results.peer_memory.after[each.name] = peer.memory()

    def _probe(self, ours: Side) -> None:
        self._say("weighing the first sign-in page …")
        self.results.page = weigh_sign_in_page(ours.subject)
        self._say("flooding the sign-in page with wrong passwords …")
        try:
            self.results.flood = endure_flood(ours, self._plan.seconds)
        except BenchError as failure:
            self.results.notes.append(f"the flood was not measured: {failure}")

    def _last_stretch(self, ours: Side, memory: Memory) -> None:
        """Load the server once more, to see whether its memory still grows."""
        last = workload(LAST_STRETCH)
        memory.before_last = ours.memory()
        try:
            ours.prepare(last)
            ours.run(last, 2 * self._plan.seconds)
        except BenchError as failure:
            self.results.notes.append(f"the last stretch failed: {failure}")
        memory.at_the_end = ours.memory()


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this process, the generator, on a core."""
    home = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, home)


def emptied(folder: Path) -> Path:
    """Return the folder without what an earlier run left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
