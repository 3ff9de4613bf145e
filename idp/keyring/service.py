"""``Keyring``, the one door to every key: it puts the parts together and keeps no decision of its own.

Signing and verifying read one snapshot without a lock; all that changes keys goes through the database, so that every
node sees it within half a second (rules 6, 8 and 9, P7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from idp.audit.events import Event
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import unb64url
from idp.foundation.entropy import Entropy
from idp.foundation.errors import ConfigurationError
from idp.foundation.settings import Settings
from idp.keyring import rotation
from idp.keyring.envelope import Envelope
from idp.keyring.errors import KeyUnknown
from idp.keyring.files import KeyFolder
from idp.keyring.key_set import JWKSet, KeySet, KeySetCache, PublishedKeys
from idp.keyring.mac import Mac, Macs
from idp.keyring.master_change import MasterChange
from idp.keyring.masters import MasterKeys
from idp.keyring.reencryption import EncryptedColumn, KeyIdColumn, Progress, Reencrypted, Reencryption
from idp.keyring.rotation import Key, Policy
from idp.keyring.rotator import Decision, Rotator
from idp.keyring.seal import Seals
from idp.keyring.signers import ALGORITHMS, Signer
from idp.keyring.signing_files import SigningFiles
from idp.keyring.siv import DeterministicSeals
from idp.keyring.store import KeyStore
from idp.keyring.tokens import Tokens

_BATCH = 500
_WORKER_LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KeyView:
    """A signing key as people see it; ``state`` is what holds now."""

    kid: str
    alg: str
    state: str
    created_at: datetime
    published_at: datetime
    activates_at: datetime | None
    retired_at: datetime | None
    revoked_at: datetime | None
    reason: str | None


class Keyring:
    """Seals, encrypts, signs and verifies. Thread-safe; one for each process."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        *,
        algorithms: Sequence[str] = ALGORITHMS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._algorithms = tuple(algorithms)
        self._policy = Policy(
            pending=timedelta(seconds=settings.pending_key_seconds),
            signing=timedelta(days=settings.key_rotation_days),
            retained=timedelta(days=settings.retained_key_days),
        )
        self._folder = KeyFolder(settings.keys_dir, is_development=settings.is_development)
        self._masters = MasterKeys(self._folder, entropy)
        self._envelope = Envelope(self._masters, entropy)
        self._seals = Seals(self._masters, clock, entropy)
        self._deterministic_seals = DeterministicSeals(self._masters)
        self._macs = Macs(self._masters)
        self._source = SigningFiles(self._folder, self._masters, self._envelope)
        self._store = KeyStore(database)
        self._keys = KeySetCache(self._store, self._masters.reload)
        self._tokens = Tokens(self._keys, self._source, clock)
        self._rotator = Rotator(database, clock, audit, self._store, self._source)
        self._master_change = MasterChange(
            database,
            audit,
            masters=self._masters,
            files=self._source,
            reencryption=Reencryption(database, self._envelope),
            store=self._store,
        )

    @classmethod
    def open(
        cls,
        settings: Settings,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        *,
        algorithms: Sequence[str] = ALGORITHMS,
    ) -> "Keyring":
        """Open the keyring of a deployment, and make its keys at the first run. Raises ConfigurationError."""
        keyring = cls(settings, database, clock, entropy, audit, algorithms=algorithms)
        keyring._begin()
        return keyring

    def _begin(self) -> None:
        if not self._store.is_migrated():
            raise ConfigurationError("The database has no tables yet. Run: idp db upgrade")
        stored = self._store.all()
        # Before anything is made there: a name that was mistyped, or a disk that is not mounted, must not look like it.
        if stored and not self._masters.exist:
            raise ConfigurationError(
                f"IDP_KEYS_DIR: {self._folder.path} has no keys, but the database was used with some. New ones could "
                "not read what those encrypted. Restore the folder from its backup, or name the right one."
            )
        self._folder.prepare()
        self._masters.open()
        signing = {key.alg for key in stored if key.state == "active"}
        if not signing.issuperset(self._algorithms):
            self.tick()

    # Sealed values, encrypted columns and keyed digests

    def seal(self, purpose: str, data: bytes, *, context: bytes, lifetime: timedelta) -> str:
        """Return the data encrypted for a way through the browser, bound to purpose and context until it expires."""
        self._fresh()
        return self._seals.seal(purpose, data, context, lifetime)

    def unseal(self, purpose: str, token: str, *, context: bytes) -> bytes:
        """Return sealed data. Raises SealBroken, also when it has expired."""
        return self._seals.unseal(purpose, token, context)

    def seal_deterministically(self, purpose: str, data: bytes, *, context: bytes) -> bytes:
        """Return the data encrypted for others to keep; the same data in the same context come out alike."""
        self._fresh()
        return self._deterministic_seals.seal(purpose, data, context)

    def unseal_deterministic(self, purpose: str, sealed: bytes, *, context: bytes) -> bytes:
        """Return the data of a deterministic seal. Raises SealBroken. It never expires but with its master key."""
        self._fresh()
        return self._deterministic_seals.unseal(purpose, sealed, context)

    def index(self, kind: str, value: str) -> bytes:
        """Return the 32-byte blind index of a value, which is stable for ever. The caller normalises the value."""
        return self._macs.index(kind, value)

    def mac(self, purpose: str, *parts: bytes, kid: str | None = None) -> Mac:
        """Return the MAC of the parts under a master key, the current one by default. Raises KeyUnknown."""
        self._fresh()
        return self._macs.mac(purpose, parts, kid)

    def encrypt(self, column: str, row: UUID, plaintext: bytes) -> bytes:
        """Return the ciphertext of a value, which decrypts in this column and row only."""
        self._fresh()
        return self._envelope.encrypt(column, row.bytes, plaintext)

    def decrypt(self, column: str, row: UUID, ciphertext: bytes) -> bytes:
        """Return the value. Raises CiphertextBroken."""
        return self._envelope.decrypt(column, row.bytes, ciphertext)

    # Tokens

    def sign(self, claims: Mapping[str, Any], *, typ: str, alg: str = "ES256") -> str:
        """Return a compact JWS by the key whose turn it is. ``typ`` is a word of our code. Raises KeyUnknown."""
        return self._tokens.sign(claims, typ, alg)

    def signer(self, alg: str) -> Signer:
        """Return the signer whose turn it is. Ask at each use, because turns pass. Raises KeyUnknown."""
        return self._tokens.signer(alg)

    def verify(self, token: str, *, typ: str) -> dict[str, Any]:
        """Return the claims of a token of ours. Raises TokenInvalid. Looks at no claim, not even exp and aud."""
        return self._tokens.verify(token, typ)

    def jwks(self) -> JWKSet:
        """Return the public keys: waiting, signing and retained."""
        return self._fresh().jwks

    def published_jwks_bytes(self) -> PublishedKeys:
        """Return the same as prepared bytes, with their entity tag."""
        return self._fresh().published

    def algorithms(self) -> tuple[str, ...]:
        """Return the algorithms that this provider signs with."""
        return self._algorithms

    # Checkpoints of the audit record (rule A5). Their keys are never in the key set.

    def make_checkpoint_key(self) -> tuple[str, bytes]:
        """Make an Ed25519 key for checkpoints. Return its id and its public half."""
        self._fresh()
        jwk = self._source.make("EdDSA")
        return jwk["kid"], unb64url(jwk["x"])

    def sign_checkpoint(self, kid: str, data: bytes) -> bytes:
        """Return the signature by a checkpoint key. Raises KeyUnknown if its private half is not here."""
        signer = self._source.load(kid, "EdDSA")
        if signer is None:
            raise KeyUnknown(f"the checkpoint key signing/{kid}.pem is missing on this node; copy it from another")
        return signer.sign(data)

    # Rotation

    def tick(self) -> tuple[Event, ...]:
        """Do what the schedule asks for now, and return what was recorded. Any node may, at any time."""
        return self._carry_out(lambda keys, now: rotation.scheduled_changes(keys, self._algorithms, now, self._policy))

    def rotate(
        self,
        *,
        emergency: bool = False,
        alg: str | None = None,
        actor: str = "system",
        reason: str | None = None,
    ) -> tuple[Event, ...]:
        """Replace the keys of one algorithm, or of all.

        Normally the waiting key gets its turn as soon as it has been published long enough. In an emergency it signs at
        once, and what the present key signed is refused on every node within half a second. Raises KeyUnknown.
        """
        if alg is not None and alg not in self._algorithms:
            raise KeyUnknown(f"{alg} is not an algorithm of this provider; it has {', '.join(self._algorithms)}")
        chosen = self._algorithms if alg is None else (alg,)

        def decide(keys: Sequence[Key], now: datetime) -> list[rotation.Change]:
            if emergency:
                return rotation.emergency_changes(keys, chosen, now, reason or "emergency rotation")
            return rotation.requested_changes(keys, chosen, now, self._policy)

        return self._carry_out(decide, actor=actor, reason=reason)

    def list_keys(self) -> tuple[KeyView, ...]:
        """Return every signing key there ever was, by algorithm and age."""
        stored, now = self._store.all(), self._clock.now()
        facts = [key.facts for key in stored]
        return tuple(
            KeyView(
                kid=key.kid,
                alg=key.alg,
                state=rotation.state_at(key.facts, facts, now),
                created_at=key.created_at,
                published_at=key.published_at,
                activates_at=key.activates_at,
                retired_at=key.retired_at,
                revoked_at=key.revoked_at,
                reason=key.reason,
            )
            for key in stored
        )

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the keys, in sentences for the operator."""
        needed = [key for key in self.list_keys() if key.state in {"pending", "active"}]
        missing = [self._tokens.problem(key.kid, key.alg) for key in needed]
        return tuple(problem for problem in (*missing, self._delay()) if problem is not None)

    def cannot_sign(self) -> tuple[str, ...]:
        """Return the algorithms whose present key this node does not have: every token by them would fail."""
        return tuple(alg for alg in self._algorithms if not self._tokens.can_sign(alg))

    def _delay(self) -> str | None:
        """Return the sentence for an operator whose schedule was not carried out for an hour, None if it was."""
        facts, then = [key.facts for key in self._store.all()], self._clock.now() - _WORKER_LATE
        if not rotation.scheduled_changes(facts, self._algorithms, then, self._policy):
            return None
        return "Signing keys are not rotated in time. Is idp worker running?"

    def _carry_out(self, decide: Decision, *, actor: str = "system", reason: str | None = None) -> tuple[Event, ...]:
        events = self._rotator.carry_out(decide, actor=actor, reason=reason)
        if events:
            self._database.after_commit(self._keys.forget)
        return events

    # Master keys

    def new_master_key(self, *, actor: str = "system") -> str:
        """Make a master key and use it from now on; former ones still open what they closed. Return its id."""
        kid = self._master_change.make(actor)
        self._keys.forget()
        return kid

    def master_keys(self) -> tuple[str, ...]:
        """Return the ids of all master keys, the current one first."""
        self._fresh()
        current = self._masters.current
        return (current, *(kid for kid in self._masters.kids() if kid != current))

    def reencrypt(
        self,
        columns: Sequence[EncryptedColumn],
        *,
        batch: int = _BATCH,
        progress: Progress = lambda _done, _total: None,
        actor: str = "system",
    ) -> tuple[Reencrypted, ...]:
        """Bring private keys and columns under the current master key. May be stopped and started again."""
        return self._master_change.reencrypt(columns, batch, progress, actor)

    def remove_master_key(
        self,
        kid: str,
        columns: Sequence[EncryptedColumn],
        *,
        named_in: Sequence[KeyIdColumn] = (),
        actor: str = "system",
    ) -> None:
        """Destroy a former master key under which nothing of these columns stands, and no private key.

        Sealed values and MACs that no column names become worthless with it: wait for the longest lifetime of a refresh
        token after the change. Raises KeyUnknown, ConfigurationError.
        """
        self._master_change.remove(kid, columns, named_in, actor)
        self._keys.forget()

    def _fresh(self) -> KeySet:
        """Return the key set. Whatever uses the current master key asks first, so that it is never a removed one."""
        return self._keys.at(self._clock.now())
