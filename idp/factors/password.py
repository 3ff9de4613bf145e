"""Passwords of accounts: set, compared, renewed when the cost or the pepper has changed, adopted from other systems.

Which passwords may be chosen is in ``password_rules``, how they are hashed in ``password_hashing``. A comparison
happens in a place of the pool and costs one hash, also for an account without a password (rule S4).
"""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from idp.factors import store
from idp.factors.factor import Factor
from idp.factors.hashing_pool import Place
from idp.factors.password_hashing import PasswordHashing, Verifier
from idp.factors.population import Population
from idp.factors.values import Enrolled
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy

KIND: Final = "password"


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """The result of one comparison; ``renewal`` is the verifier to store in place of an outdated one."""

    is_right: bool
    renewal: Verifier | None = field(default=None, repr=False)


class Passwords:
    """The passwords of accounts."""

    def __init__(
        self, database: Database, clock: Clock, entropy: Entropy, hashing: PasswordHashing, population: Population
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._hashing = hashing
        self._population = population

    def check(self, place: Place, enrolled: Enrolled, identifier: bytes, password: str) -> PasswordCheck:
        """Compare, with one hash in any case; a second one only to renew what was right. Writes nothing."""
        stored = enrolled.password
        profile = self._population.profile_for(identifier)
        if stored is None:
            verifier = self._hashing.fictitious(profile)
            place.run(lambda: self._hashing.compare(verifier, enrolled.account_id, enrolled.account_id, password))
            return PasswordCheck(is_right=False)
        comparison = place.run(
            lambda: self._hashing.compare(stored.verifier, stored.authenticator_id, enrolled.account_id, password)
        )
        if comparison.is_right and comparison.is_outdated:
            return PasswordCheck(
                is_right=True, renewal=place.run(lambda: self._hashing.make(enrolled.account_id, password))
            )
        return PasswordCheck(comparison.is_right)

    def used(self, enrolled: Enrolled, check: PasswordCheck) -> None:
        """Note that a right password was used, and store its renewal."""
        stored = enrolled.password
        if stored is None:
            return
        values: dict[str, Any] = {"authenticator": stored.authenticator_id, "now": self._clock.now()}
        with self._database.transaction() as connection:
            if check.renewal is None:
                store.USED.count(connection, values)
                return
            renewal = {"phc": check.renewal.phc, "new_profile": check.renewal.profile, "kid": check.renewal.key_id}
            connection.execute(store.RENEW, values | renewal | {"old": stored.verifier.phc})

    def count_under(self, key_id: str) -> int:
        """Return how many passwords in use have their pepper under a master key: each until its owner signs in."""
        with self._database.read() as connection:
            return connection.scalar(store.UNDER_KEY, {"kid": key_id}) or 0

    def make(self, account_id: UUID, password: str) -> Verifier:
        """Return the verifier of a new password; the work of one hash, best done outside a transaction."""
        return self._hashing.make(account_id, password)

    def replace(self, account_id: UUID, verifier: Verifier, *, source: str) -> None:
        """Store a password in place of any earlier one."""
        identifier = self._entropy.uuid7()
        with self._database.transaction() as connection:
            old = list(connection.scalars(store.ids_of(account_id, KIND)))
            if old:
                connection.execute(store.delete_authenticators(old, account_id))
            connection.execute(store.INSERT, self._row(identifier, account_id, verifier, source))

    def imported_row(self, account_id: UUID, phc: str) -> dict[str, Any]:
        """Return the row of a hash made elsewhere, for imports that insert many at once. Raises HashRefused."""
        identifier = self._entropy.uuid7()
        return self._row(identifier, account_id, self._hashing.adopt(identifier, account_id, phc), "import")

    def _row(self, identifier: UUID, account_id: UUID, verifier: Verifier, source: str) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "id": identifier,
            "account_id": account_id,
            "kind": KIND,
            "source": source,
            "verifier": verifier.phc,
            "verifier_mac": verifier.mac,
            "profile": verifier.profile,
            "key_id": verifier.key_id,
            "created_at": now,
            "activated_at": now,
        }


# Tries are bounded by sign_in, for each device and network, so that a stranger cannot lock the owner out (rule S3).
FACTOR = Factor(
    kind=KIND,
    amr=("pwd",),
    proves=frozenset({"knowledge"}),
)
