"""One side of the comparison: a running server with the virtual users that live there, able to run slices.

Virtual users keep their session and consent from one workload to the next, as people do; only the full sign-in
starts from an empty browser each time.
"""

from collections.abc import Callable, Sequence

from tests.bench.accounting import Cores, Megabytes, memory_of
from tests.bench.load import wrk
from tests.bench.load.engine import Engine
from tests.bench.load.flows import code_flow, verify_id_token
from tests.bench.load.measurement import Slice, Traffic, drive_with_python, measure
from tests.bench.load.people import Authenticators, Person, Rota
from tests.bench.load.subject import Subject, read_json
from tests.bench.load.virtual_user import Operation, Script, VirtualUser
from tests.bench.load.workloads import Setting, Workload, everyone_rested, full_sign_in

ACQUAINTING_CONNECTIONS = 4


class Side:
    """A server under measurement and its people: residents with live sessions, visitors who sign in anew."""

    def __init__(
        self,
        subject: Subject,
        cores: Cores,
        residents: Sequence[Person],
        visitors: Sequence[Person],
        say: Callable[[str], None],
    ) -> None:
        authenticators = Authenticators()
        self.subject = subject
        self.engine = Engine()
        self.setting = Setting(authenticators, Rota(visitors, authenticators))
        self.users = [VirtualUser(subject, person) for person in residents]
        self._cores = cores
        self._say = say
        # The peer's visitors have no authenticator, no stored consent and no imported hash: nothing happens only once.
        self._are_acquainted = not any(person.totp_secret for person in visitors)

    def close(self) -> None:
        """Close the connections."""
        self.engine.close()

    def memory(self) -> Megabytes:
        """Return the memory of the server."""
        return memory_of(self.subject.processes)

    def verify(self) -> str:
        """Sign one person in and check the ID token. Returns its algorithm."""
        found: list[str] = []
        key_set = read_json(self.subject.jwks_url)

        def script(user: VirtualUser) -> Script[None]:
            flow = yield from code_flow(user, self.setting.authenticators)
            found.append(verify_id_token(self.subject, flow, key_set))

        self.engine.each(self.users[:1], script)
        return found[0]

    def acquaint(self) -> None:
        """Sign every visitor in once, uncounted: first consent and rehashing an import are not what W8 measures."""
        users = [VirtualUser(self.subject, user.person) for user in self.users[:ACQUAINTING_CONNECTIONS]]
        total = len(self.setting.rota)
        self._say(f"signing {total} visitors in for the first time …")
        for done in range(0, total, len(users)):
            self.engine.together(users[: total - done], self.bound(full_sign_in))
        self.engine.each(users[:1], self.bound(everyone_rested))
        self._are_acquainted = True

    def prepare(self, workload: Workload) -> None:
        """Set up the users of a workload, one after the other."""
        if workload.name == "W8" and not self._are_acquainted:
            self.acquaint()
        for user in self.users:
            user.client_id = workload.client_id
        self.engine.each(self.users[: workload.connections], self.bound(workload.prepare))

    def run(self, workload: Workload, seconds: float) -> Slice:
        """Run one slice of a prepared workload."""
        users = self.users[: workload.connections]
        operate = self.bound(workload.operate)
        if workload.request is not None and wrk.is_available():
            self.engine.each(users[:1], operate)
            requests = [workload.request(user) for user in users]
            return measure(self.subject, self._cores, lambda: self._hand_over(requests, seconds))
        return measure(self.subject, self._cores, lambda: drive_with_python(self.engine, users, operate, seconds))

    def bound(self, operation: Callable[[VirtualUser, Setting], Script[None]]) -> Operation:
        """Return an operation that already knows this side's people."""
        return lambda user: operation(user, self.setting)

    def _hand_over(self, requests: Sequence[bytes], seconds: float) -> Traffic:
        return wrk.drive_with_wrk(self.subject.address, requests, len(requests), seconds)
