"""How tokens fare while somebody floods the sign-in page with wrong passwords (rule S5).

The attacker is the strongest kind: every attempt names another account and comes from another network, so that only
the bound on hashing itself protects the rest. The same probes are timed before and during the flood, at a steady pace
(does a server with room keep answering?) and as fast as they go (what is left of a busy one?).
"""

import itertools
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from tests.bench.errors import BenchError
from tests.bench.load.engine import Engine
from tests.bench.load.flows import SCOPE, authorization_url, new_request, origin
from tests.bench.load.forms import FormReader, submission
from tests.bench.load.measurement import percentile
from tests.bench.load.people import Person, address_of_network
from tests.bench.load.subject import CLIENT_ID, Subject
from tests.bench.load.virtual_user import BROWSER, Operation, Page, Script, VirtualUser
from tests.bench.load.workloads import client_credentials_request, userinfo_request, workload
from tests.bench.sides import Side

PROBES = 8
FLOODERS = 16
PACED_PER_SECOND = 200
# The slowest hundredth of a few hundred answers is three or four of them: several turns count together.
TURNS = 3
FIRST_FLOODING_NETWORK = 10_000
LONGEST_START_SECONDS = 20.0
_FORK: Final = multiprocessing.get_context("fork")
REQUESTS = {"/token": client_credentials_request, "/userinfo": userinfo_request}


@dataclass(slots=True)
class Latencies:
    """Seconds by endpoint, and how many probes were not answered with success."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in REQUESTS})
    refused: int = 0

    def milliseconds(self, name: str, share: float) -> float:
        """Return a percentile of one endpoint."""
        return round(percentile(sorted(self.seconds[name]), share) * 1000, 2)


@dataclass(frozen=True, slots=True)
class Endured:
    """One endpoint, quiet and under the flood."""

    endpoint: str
    pace: str
    quiet_p50_ms: float
    quiet_p99_ms: float
    flooded_p50_ms: float
    flooded_p99_ms: float

    @property
    def ratio(self) -> float:
        """Return how many times longer the slowest hundredth takes under the flood."""
        return round(self.flooded_p99_ms / self.quiet_p99_ms, 2)


@dataclass(frozen=True, slots=True)
class FloodResult:
    """What happened to the probes, and to the flood itself."""

    endured: tuple[Endured, ...]
    attempts_per_second: float
    statuses: dict[int, int]
    refused_probes: int


class Flood:
    """Sends wrong passwords, from a process of its own, as long as the ``with`` block lasts.

    An attacker's computer is not the one that the probes are timed with: what it costs to send a flood must not be
    taken for what it costs to be answered.
    """

    def __init__(self, subject: Subject, number: int) -> None:
        self.statuses: Counter[int] = Counter()
        self._subject = subject
        self._numbers = itertools.count(FIRST_FLOODING_NETWORK * (number + 1))
        self._has_begun, self._is_over = _FORK.Event(), _FORK.Event()
        self._counted, counting = _FORK.Pipe(duplex=False)
        self._process = _FORK.Process(target=self._send, args=(counting,), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        if not self._has_begun.wait(LONGEST_START_SECONDS):
            raise BenchError("the flood did not begin")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._counted.poll(LONGEST_START_SECONDS):
            self.statuses.update(self._counted.recv())
        self._process.join(LONGEST_START_SECONDS)
        self._process.kill()

    def _send(self, counting: Connection) -> None:
        # On the core that the load has, behind the probes.
        os.nice(10)
        engine = Engine()
        engine.together([VirtualUser(self._subject, self._next_person()) for _ in range(FLOODERS)], self._script)
        counting.send(self.statuses)

    def _script(self, user: VirtualUser) -> Script[None]:
        """Open the sign-in page once and post to it for ever."""
        asked = new_request(user.subject, CLIENT_ID, SCOPE)
        page = yield from user.browse("GET", authorization_url(user.subject, asked.parameters))
        while not self._is_over.is_set():
            user.person = self._next_person()
            yield from self._attempt(user, page)
            self._has_begun.set()

    def _attempt(self, user: VirtualUser, page: object) -> Script[None]:
        if not isinstance(page, Page):
            raise BenchError("a stranger was sent back to the client without signing in")
        reader = FormReader()
        reader.feed(page.response.body.decode("utf-8", "replace"))
        form = next((form for form in reader.forms if "password" in form.fields), None)
        if form is None:
            raise BenchError(f"the sign-in page has no sign-in form: {page.response.text()}")
        form.fields.update(username=user.person.username, password=user.person.password)
        wish = submission(form, page.url)
        headers = (*BROWSER, f"Origin: {origin(page.url)}", f"Referer: {page.url}")
        request = user.build(wish.method, wish.url, wish.body, headers, with_cookies=True)
        response = yield from user.ask(request)
        self.statuses[response.status] += 1

    def _next_person(self) -> Person:
        number = next(self._numbers)
        return Person(number, f"nobody-{number:06d}", "wrong-lantern-harbour-27", None, address_of_network(number))


def probing(latencies: Latencies, until: float, pause_seconds: float) -> Operation:
    """Return the script that asks for tokens and claims in turn, with a pause between requests where asked."""

    def script(user: VirtualUser) -> Script[None]:
        for name in itertools.cycle(REQUESTS):
            started = time.perf_counter()
            if started >= until:
                return
            response = yield from user.ask(REQUESTS[name](user))
            latencies.seconds[name].append(time.perf_counter() - started)
            latencies.refused += response.status != 200
            if pause_seconds:
                yield max(time.perf_counter(), started + pause_seconds)

    return script


def run_probes(side: Side, seconds: float, pause_seconds: float, latencies: Latencies) -> None:
    """Time the probes for a while."""
    until = time.perf_counter() + seconds
    side.engine.together(side.users[:PROBES], probing(latencies, until, pause_seconds), until=until)


def endure_flood(side: Side, seconds: float) -> FloodResult:
    """Time the probes quietly and under the flood, in turns, at a steady pace and then at full speed."""
    side.prepare(workload("W6"))
    endured: list[Endured] = []
    statuses: Counter[int] = Counter()
    refused, numbers = 0, itertools.count()
    for pace, pause_seconds in (("steady", PROBES / PACED_PER_SECOND), ("full speed", 0.0)):
        quiet, flooded = Latencies(), Latencies()
        run_probes(side, 0.5, pause_seconds, Latencies())
        for _ in range(TURNS):
            run_probes(side, seconds, pause_seconds, quiet)
            with Flood(side.subject, next(numbers)) as flood:
                run_probes(side, seconds, pause_seconds, flooded)
            statuses.update(flood.statuses)
        refused += quiet.refused + flooded.refused
        endured.extend(compare(pace, quiet, flooded))
    return FloodResult(tuple(endured), round(statuses.total() / (2 * TURNS * seconds), 1), dict(statuses), refused)


def compare(pace: str, quiet: Latencies, flooded: Latencies) -> Sequence[Endured]:
    """Put both runs side by side, endpoint by endpoint."""
    return [
        Endured(
            endpoint=name,
            pace=pace,
            quiet_p50_ms=quiet.milliseconds(name, 0.5),
            quiet_p99_ms=quiet.milliseconds(name, 0.99),
            flooded_p50_ms=flooded.milliseconds(name, 0.5),
            flooded_p99_ms=flooded.milliseconds(name, 0.99),
        )
        for name in REQUESTS
    ]
