"""The bench of mass endings: an officer ends every live session of the commonest site while people go on signing in.

Sign-ins run at full speed in slices before, during and after it. The provider has the first core, the worker and the
load generator the second, PostgreSQL both.
"""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.accounting import choose_cores, cpu_seconds, require_linux
from tests.bench.console.deployment import CONFIGURATION, Deployment
from tests.bench.console.officers import OFFICERS
from tests.bench.crowd.draws import site
from tests.bench.crowd.sizes import Sizes
from tests.bench.errors import BenchError
from tests.bench.load.measurement import Slice, summarize
from tests.bench.load.people import people
from tests.bench.load.workloads import FEW, workload
from tests.bench.run import SETTLING_SECONDS, VISITORS_PER_SECOND, emptied, on_core
from tests.bench.servers.cluster import private_cluster
from tests.bench.servers.processes import ManagedProcess, run_to_end
from tests.bench.servers.provider import DATABASE, new_provider, running_provider
from tests.bench.servers.seeding import write_accounts, write_registrations
from tests.bench.sides import Side

TARGET_SECONDS: Final = 60.0
TARGET_SHARE: Final = 0.9
TARGET_SESSIONS: Final = 100_000
CROWD: Final = Sizes(200_000, 300_000, 200_000)
"""Enough for more than 100,000 live sessions at the commonest site."""
SLICE_SECONDS: Final = 4.0
MOST_SLICES: Final = 60
# A one-time code is good for one sign-in in half a minute.
_VISITORS: Final = VISITORS_PER_SECOND * 30
# The officers are the first of all people.
_EVERYONE: Final = people(len(OFFICERS) + FEW + _VISITORS)[len(OFFICERS) :]
_SIGN_IN: Final = workload("W8")
# Of the sessions chosen none is live; as many ended as were counted; each site's part has a message, and one only.
_FAULTS: Final = """
WITH ended AS (SELECT id FROM op_session WHERE end_reason = 'ended_by_staff'),
parts AS (SELECT sid FROM client_session WHERE op_session_id IN (SELECT id FROM ended) AND ended_at IS NULL),
told AS (SELECT payload ->> 'sid' AS sid FROM outbox_message WHERE about IN (SELECT id FROM ended))
SELECT (SELECT count(*) FROM op_session s WHERE s.ended_at IS NULL AND s.expires_at > e.finished_at
        AND s.created_at <= e.began_until
        AND EXISTS (SELECT FROM client_session c WHERE c.op_session_id = s.id AND c.client_id = '{site}'))
    + abs((SELECT count(*) FROM ended) - e.ended)
    + abs((SELECT count(*) FROM told) - (SELECT count(*) FROM parts))
    + abs((SELECT count(DISTINCT sid) FROM told) - (SELECT count(*) FROM parts))
FROM mass_ending e
"""


@dataclass(slots=True)
class EndingResult:
    """What one mass ending took. CPU is seconds of a core; that of PostgreSQL is without what its sign-ins cost."""

    sessions: int = 0
    seconds: float = 0.0
    worker_cpu: float = 0.0
    database_cpu: float = 0.0
    faults: int = 0
    before: list[Slice] = field(default_factory=list)
    during: list[Slice] = field(default_factory=list)
    after: list[Slice] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Return how much of their usual rate sign-ins kept."""
        usual = (summarize(self.before).rate + summarize(self.after).rate) / 2
        return summarize(self.during).rate / usual

    @property
    def seconds_per_target(self) -> float:
        """Return how long as many sessions as the target speaks of took."""
        return self.seconds * TARGET_SESSIONS / self.sessions


class EndingBench:
    """Makes the deployment and runs the ending. ``say`` receives progress lines."""

    def __init__(self, sizes: Sizes, folder: Path, say: Callable[[str], None]) -> None:
        require_linux()
        self._sizes = sizes
        self._folder = folder
        self._say = say
        self._cores = choose_cores()
        self.result = EndingResult()

    def run(self) -> EndingResult:
        """Run everything and return what was found."""
        cores = self._cores
        with ExitStack() as stack:
            stack.enter_context(on_core(cores.load))
            both = f"{cores.server},{cores.load}"
            cluster = stack.enter_context(private_cluster(both, configuration=CONFIGURATION))
            deployment = Deployment(new_provider(cluster, emptied(self._folder / "endings"), cores.server, None))
            self._prepare(deployment)
            subject = stack.enter_context(running_provider(deployment.provider))
            side = Side(subject, cores, _EVERYONE[:FEW], _EVERYONE[FEW:], self._say)
            stack.callback(side.close)
            worker = stack.enter_context(self._worker(deployment))
            side.prepare(_SIGN_IN)
            time.sleep(SETTLING_SECONDS)
            self._measure(deployment, side, worker)
        return self.result

    def _prepare(self, deployment: Deployment) -> None:
        deployment.prepare()
        provider = deployment.provider
        provider.idp("client", "apply", *write_registrations(provider.folder))
        provider.idp("account", "import", write_accounts(provider.folder / "accounts.jsonl", _EVERYONE))
        first, count = len(OFFICERS), len(OFFICERS) + len(_EVERYONE)
        enrol = deployment.command("tests.bench.servers.authenticators", str(count), "--but", str(first))
        run_to_end(enrol, deployment.environment(), directory=provider.folder)
        self._say(f"making {self._sizes} …")
        self._say(f"made in {deployment.seed(self._sizes):.0f} s")

    def _worker(self, deployment: Deployment) -> ManagedProcess:
        provider = deployment.provider
        log, environment = provider.folder / "worker.log", deployment.environment()
        return ManagedProcess(provider.command("worker"), log, core=self._cores.load, environment=environment)

    def _measure(self, deployment: Deployment, side: Side, worker: ManagedProcess) -> None:
        result, cluster = self.result, deployment.provider.cluster
        side.run(_SIGN_IN, SLICE_SECONDS)
        result.before = self._slices(side, "before", lambda done: done == 4)
        cluster.settle()
        usual_ms = summarize(result.before).database_cpu_ms
        used = cpu_seconds([worker.pid]), cpu_seconds([cluster.process])
        decide = deployment.command("tests.bench.console.deciding", site(0))
        run_to_end(decide, deployment.environment(), directory=deployment.provider.folder)
        result.during = self._slices(side, "during", lambda _done: self._is_finished(deployment))
        result.worker_cpu = cpu_seconds([worker.pid]) - used[0]
        signed_in = sum(one.operations + one.late for one in result.during)
        result.database_cpu = cpu_seconds([cluster.process]) - used[1] - signed_in * usual_ms / 1000
        result.after = self._slices(side, "after", lambda done: done == 4)
        ended, took = cluster.execute("SELECT ended, finished_at - created_at FROM mass_ending", DATABASE).split("|")
        result.sessions, result.seconds = int(ended), int(took) / 1e6
        result.faults = int(cluster.execute(_FAULTS.format(site=site(0)), DATABASE))

    def _slices(self, side: Side, when: str, is_over: Callable[[int], bool]) -> list[Slice]:
        slices: list[Slice] = []
        while not slices or not is_over(len(slices)):
            if len(slices) == MOST_SLICES:
                raise BenchError("the ending did not come to its end")
            slices.append(side.run(_SIGN_IN, SLICE_SECONDS))
            self._say(f"{when:7} {slices[-1].rate:6.1f} sign-ins/s")
        return slices

    def _is_finished(self, deployment: Deployment) -> bool:
        return bool(deployment.provider.cluster.execute("SELECT finished_at FROM mass_ending", DATABASE))


def report_of(result: EndingResult) -> str:
    """Return the result as a person reads it."""
    before, during, after = (summarize(each).rate for each in (result.before, result.during, result.after))
    in_time = "reached" if result.seconds_per_target <= TARGET_SECONDS else "missed"
    share = "reached" if result.share >= TARGET_SHARE else "missed"
    per_target = f"{TARGET_SESSIONS:,} in {result.seconds_per_target:.1f} s"
    kept = f"{result.share:.0%} kept (target {TARGET_SHARE:.0%}: {share})"
    return "\n".join(
        (
            f"{result.sessions:,} sessions ended in {result.seconds:.1f} s",
            f"{per_target} (target {TARGET_SECONDS:.0f} s: {in_time})",
            f"CPU of the worker {result.worker_cpu:.1f} s, of PostgreSQL {result.database_cpu:.1f} s",
            f"sign-ins/s before {before:.1f}, during {during:.1f}, after {after:.1f}: {kept}",
            f"sessions or messages lost, or there twice: {result.faults}",
        )
    )


def write_result(result: EndingResult, sizes: Sizes, folder: Path) -> Path:
    """Write everything down."""
    file = folder / "endings.json"
    file.write_text(json.dumps({"sizes": str(sizes)} | asdict(result), ensure_ascii=False, indent=1))
    return file
