"""Which counters a try is charged to (rule S3): the place it comes from, its network, and the account as a whole.

A place is a device known to the account, or else a network, together with the identifier: who fails there waits there,
and the owner elsewhere does not notice. After a hundred failures in a row the password stops working from unknown
devices.
"""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Self
from uuid import UUID

from idp.accounts.identifiers import Identifier
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.settings import Settings
from idp.foundation.throttle import Charged, Counter, Limit, Refused, Throttle
from idp.keyring.service import Keyring
from idp.sign_in.proof_of_work import Challenge, ProofsOfWork

MANY_FAILURES = 10
"""Who succeeds after more wrong passwords in a row has hardly mistyped them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many failures are borne, and where."""

    place: Limit
    network: Limit
    account: Limit
    code: Limit
    account_after: int
    counts_private_networks: bool

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits that a deployment chose."""
        lock = timedelta(seconds=settings.throttle_lock_seconds)
        return cls(
            place=Limit(settings.throttle_slow_after, settings.throttle_lock_after, lock),
            # Many people share a network: it is slowed down, never locked.
            network=Limit(
                settings.throttle_network_after,
                longest_delay=timedelta(seconds=30),
                remembers=timedelta(hours=1),
                is_shared=True,
            ),
            account=Limit(remembers=timedelta(days=365)),
            code=Limit(5, 10, lock, remembers=timedelta(hours=1)),
            account_after=settings.throttle_account_after,
            # Without a trusted proxy, a private address is our own reverse proxy: everybody in one network.
            counts_private_networks=bool(settings.proxy_networks),
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a try comes from: ``device_id`` is set when this browser has signed the account in before."""

    network: str
    device_id: UUID | None = None

    @property
    def name(self) -> str:
        return f"device:{self.device_id}" if self.device_id else f"network:{self.network}"


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was charged and may be made. ``is_stopped``: from here the password has stopped working;
    ``follows_failures``: many before it, from wherever they came, were wrong.
    """

    counters: tuple[Counter, ...]
    is_stopped: bool = False
    follows_failures: bool = False


class Tries:
    """Charges tries, and takes back what succeeded."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        throttle: Throttle,
        keyring: Keyring,
        *,
        proofs: ProofsOfWork,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._throttle = throttle
        self._proofs = proofs
        self._keyring = keyring
        self._limits = limits

    def digest_of(self, identifier: Identifier) -> bytes:
        """Return the keyed digest that stands for an identifier, whether or not an account has it."""
        return self._keyring.index("identifier", f"{identifier.kind}:{identifier.value}")

    def charge_password(
        self, identifier: bytes, account_id: UUID, origin: Origin, *, presession: str, proof: str
    ) -> Try | Refused:
        """Charge a password to the account, to the place it comes from and to its network. A proof of work spares a
        wait, but never a lock.
        """
        counters = [
            self._counter(f"account:{account_id}", self._limits.account),
            self._counter(f"password:{identifier.hex()}:{origin.name}", self._limits.place),
        ]
        if origin.device_id is None and self._counts(origin.network):
            counters.append(self._counter(f"network:{origin.network}", self._limits.network))
        charged = self._throttle.charge(counters)
        if isinstance(charged, Refused) and proof and not charged.is_lock:
            with self._database.transaction():
                if self._proofs.spend(proof, identifier, presession, charged.until - self._clock.now()):
                    self._throttle.lift(counters)
                    charged = self._throttle.charge(counters)
        if not isinstance(charged, Charged):
            return charged
        is_stopped = origin.device_id is None and charged.failures[0] > self._limits.account_after
        return Try(tuple(counters), is_stopped, charged.failures[0] > MANY_FAILURES)

    def work_for(self, identifier: bytes, presession: str, refused: Refused) -> Challenge | None:
        """Return the work that would spare a wait; None for a lock, and where waiting is quicker."""
        if refused.is_lock:
            return None
        return self._proofs.ask(identifier, presession, refused.until - self._clock.now())

    def charge_code(self, account_id: UUID, origin: Origin) -> Try | Refused:
        """Charge a second factor to the place it comes from."""
        counters = (self._counter(f"code:{account_id}:{origin.name}", self._limits.code),)
        charged = self._throttle.charge(counters)
        return Try(counters) if isinstance(charged, Charged) else charged

    def is_to_be_recorded(self, network: str) -> bool:
        """Tell whether one more refused passkey of nobody is written down. It was no try at anything, so that nobody
        has to wait for it; but whoever sends them by the thousand must not fill the record.
        """
        counter = self._counter(f"passkey:{network}", self._limits.network)
        return not self._counts(network) or isinstance(self._throttle.charge((counter,)), Charged)

    def succeeded(self, made: Try) -> None:
        """Forget the failures that led to this success, in the present transaction."""
        self._throttle.succeeded(made.counters)

    def _counts(self, network: str) -> bool:
        return bool(network) and (self._limits.counts_private_networks or not ip_network(network).is_private)

    def _counter(self, name: str, limit: Limit) -> Counter:
        return Counter(self._keyring.index("throttle", name), limit)
