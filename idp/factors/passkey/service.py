"""Enrolling passkeys and verifying their answers (Web Authentication Level 3 §7.1 and §7.2).

A challenge is spent before anything is verified. A counter that does not go up means that there may be a copy of the
key: the answer is refused, and the caller records it.
"""

from typing import Final
from uuid import UUID

from idp.factors import store as authenticators
from idp.factors.models import Passkey
from idp.factors.passkey import ATTESTED, FACTOR, KIND, LONGEST_LABEL, ceremony, store
from idp.factors.passkey.attestation import AttestationPolicy
from idp.factors.passkey.ceremony import Answer, Holder
from idp.factors.passkey.challenges import Challenges
from idp.factors.passkey.values import NewPasskey, PasskeyRefused, RelyingParty, VerifiedPasskey
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.keyring.service import Keyring

_USER_HANDLE: Final = "passkey_user"


class Passkeys:
    """The passkeys of accounts. ``browser`` is what a challenge is bound to: a pre-session, or a session."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        keyring: Keyring,
        *,
        party: RelyingParty,
        policy: AttestationPolicy,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._party = party
        self._policy = policy
        self._to_create = Challenges(database, clock, entropy, keyring, "create")
        self._to_get = Challenges(database, clock, entropy, keyring, "get")

    def creation_options(self, browser: str, account_id: UUID, account_name: str, *, needs_attestation: bool) -> str:
        """Return the question for a new passkey, for a device that has none of this account yet."""
        with self._database.read() as connection:
            known = connection.execute(store.CREDENTIALS_OF_ACCOUNT, {"account": account_id}).all()
        return ceremony.creation_options(
            self._party,
            self._to_create.make(browser),
            Holder(self._handle_of(account_id), account_name),
            [(row.credential_id, row.transports) for row in known],
            needs_attestation=needs_attestation,
        )

    def request_options(self, browser: str) -> str:
        """Return the question for any passkey of this site. Reads no database."""
        return ceremony.request_options(self._party, self._to_get.make(browser))

    def enrol(
        self, browser: str, account_id: UUID, response: str, label: str, *, needs_attestation: bool
    ) -> VerifiedPasskey | PasskeyRefused:
        """Store the passkey that a device has made. It was proved thereby."""
        answer = self._answer(self._to_create, browser, response)
        if isinstance(answer, PasskeyRefused):
            return answer
        with self._database.transaction():
            if not self._to_create.spend(answer.challenge):
                return PasskeyRefused("expired")
            made = ceremony.register(self._party, answer, self._policy)
            if isinstance(made, PasskeyRefused):
                return made
            if needs_attestation and not made.is_attested:
                return PasskeyRefused("not_attested")
            if not self._insert(account_id, made, label):
                return PasskeyRefused("taken")
        return VerifiedPasskey(account_id, _proof(is_attested=made.is_attested))

    def verify(self, browser: str, response: str) -> VerifiedPasskey | PasskeyRefused:
        """Accept an answer once, and tell whose passkey it was."""
        answer = self._answer(self._to_get, browser, response)
        if isinstance(answer, PasskeyRefused):
            return answer
        with self._database.transaction():
            if not self._to_get.spend(answer.challenge):
                return PasskeyRefused("expired")
            return self._verify(answer)

    def _verify(self, answer: Answer) -> VerifiedPasskey | PasskeyRefused:
        with self._database.transaction() as connection:
            row = connection.execute(store.BY_CREDENTIAL, {"credential": answer.credential_id}).one_or_none()
            if row is None or answer.user_handle != self._handle_of(row.account_id):
                return PasskeyRefused("unknown")
            use = ceremony.verify(self._party, answer, row.public_key)
            if isinstance(use, PasskeyRefused) or use.is_backup_eligible != row.is_backup_eligible:
                return PasskeyRefused("wrong", row.account_id)
            values = {"authenticator": row.id, "count": use.sign_count, "backed_up": use.is_backed_up}
            if connection.execute(store.CLAIM_COUNT, values).rowcount != 1:
                return PasskeyRefused("cloned", row.account_id)
            authenticators.USED.count(connection, {"authenticator": row.id, "now": self._clock.now()})
        return VerifiedPasskey(row.account_id, _proof(is_attested=row.is_attested))

    def _answer(self, challenges: Challenges, browser: str, response: str) -> Answer | PasskeyRefused:
        answer = ceremony.read(response)
        if answer is None:
            return PasskeyRefused("malformed")
        return answer if challenges.is_ours(browser, answer.challenge) else PasskeyRefused("expired")

    def _insert(self, account_id: UUID, made: NewPasskey, label: str) -> bool:
        """Insert a passkey; False if its credential id is known already, of whichever account."""
        now = self._clock.now()
        identifier = self._entropy.uuid7()
        authenticator = {
            "id": identifier,
            "account_id": account_id,
            "kind": KIND,
            "label": label[:LONGEST_LABEL],
            "created_at": now,
            "activated_at": now,
        }
        passkey = {
            "authenticator_id": identifier,
            "credential_id": made.credential_id,
            "public_key": made.public_key,
            "sign_count": made.sign_count,
            "aaguid": made.aaguid,
            "transports": list(made.transports),
            "is_attested": made.is_attested,
            "is_backup_eligible": made.is_backup_eligible,
            "is_backed_up": made.is_backed_up,
        }
        with self._database.transaction() as connection:
            connection.execute(authenticators.INSERT, authenticator)
            if self._database.insert_if_new(Passkey, passkey):
                return True
            connection.execute(authenticators.delete_authenticators([identifier], account_id))
        return False

    def _handle_of(self, account_id: UUID) -> bytes:
        """Return what a device knows the account by: a keyed digest, which tells nothing and needs no column."""
        return self._keyring.index(_USER_HANDLE, str(account_id))


def _proof(*, is_attested: bool) -> str:
    return ATTESTED.kind if is_attested else FACTOR.kind
