"""The one door to the authenticators of accounts: what is enrolled, whether a proof is right, enrolling and removing.

Which factor is needed, how often one may try and what happens next is decided by ``sign_in`` and ``enrolment``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from idp.accounts.identifiers import Identifier
from idp.accounts.service import Accounts
from idp.accounts.views import SignInAccount
from idp.audit.service import Audit
from idp.factors import recovery_code, store, totp
from idp.factors.events import (
    AuthenticatorAdded,
    AuthenticatorRemoved,
    FactorsChanged,
    Kinds,
    PasskeyCloneSuspected,
    PasswordSet,
)
from idp.factors.factor import Accepted, CodeOutcome, WrongCode
from idp.factors.hashing_pool import Busy, HashingPool, Occupancy, Place
from idp.factors.passkey.attestation import AttestationPolicy
from idp.factors.passkey.service import Passkeys
from idp.factors.passkey.values import PasskeyRefused, RelyingParty, VerifiedPasskey
from idp.factors.password import PasswordCheck, Passwords
from idp.factors.password_hashing import Cost, PasswordHashing, Verifier
from idp.factors.password_rules import PasswordContext, problem_with
from idp.factors.phc import HashRefused, parse
from idp.factors.population import Population
from idp.factors.recovery_code import RecoveryCodes
from idp.factors.totp import TOTP, PendingTOTP
from idp.factors.values import Enrolled
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring

_SYSTEM = "system"
_NO_CONTEXT = PasswordContext()


class Factors:
    """The authenticators of accounts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        keyring: Keyring,
        *,
        accounts: Accounts,
        settings: Settings,
        pool: HashingPool,
    ) -> None:
        self._database = database
        self._audit = audit
        self._accounts = accounts
        self._pool = pool
        hashing = PasswordHashing(keyring, entropy, Cost.of(settings))
        population = Population(database, clock, usual=hashing.profile)
        self._passwords = Passwords(database, clock, entropy, hashing, population)
        self._passkeys = Passkeys(
            database,
            clock,
            entropy,
            keyring,
            party=RelyingParty(settings.issuer, settings.operator_name, settings.console_origin),
            policy=AttestationPolicy.of(settings),
        )
        self._totp = TOTP(database, clock, entropy, keyring)
        self._recovery_codes = RecoveryCodes(database, clock, entropy, keyring)

    def passwords_under(self, key_id: str) -> int:
        """Return how many passwords in use have their pepper under a master key."""
        return self._passwords.count_under(key_id)

    def enrolled(self, account_id: UUID) -> Enrolled:
        """Return the authenticators of an account; one SELECT, also for an account that does not exist."""
        with self._database.read() as connection:
            rows = connection.execute(store.OF_ACCOUNT, {"account": account_id}).all()
        return store.enrolled_of(account_id, rows)

    def find_for_sign_in(self, identifier: Identifier) -> tuple[SignInAccount | None, Enrolled | None]:
        """Return the account that signs in with an identifier, and what it has enrolled.

        One SELECT, the same for a known and an unknown one (rule S4).
        """
        statement, values = self._accounts.question_for(identifier)
        with self._database.read() as connection:
            rows = store.of_one_signing_in(statement).rows(connection, values)
        if not rows:
            return None, None
        account = self._accounts.sign_in_account(rows[0])
        return account, store.enrolled_of(account.id, rows)

    # Passwords

    def reserve(self, identifier: bytes) -> Place | Busy:
        """Reserve a place to hash for one identifier (or account), before anything is looked up."""
        return self._pool.reserve(identifier)

    def hashing(self) -> Occupancy:
        """Return how busy password hashing is in this process."""
        return self._pool.occupancy()

    def check_password(self, place: Place, enrolled: Enrolled, identifier: bytes, password: str) -> PasswordCheck:
        """Compare a password, with the work of one hash in any case. ``identifier`` is a digest. Writes nothing."""
        return self._passwords.check(place, enrolled, identifier, password)

    def password_used(self, enrolled: Enrolled, check: PasswordCheck) -> None:
        """Note the use of a right password, and store its renewal if its hash is outdated."""
        self._passwords.used(enrolled, check)

    def set_password(
        self,
        account_id: UUID,
        password: str,
        *,
        has_second_factor: bool,
        context: PasswordContext = _NO_CONTEXT,
        actor: str = _SYSTEM,
    ) -> None:
        """Set the password of an account. Raises UserError if it may not be chosen. Attempts under way end."""
        verifier = self.prepare_password(account_id, password, has_second_factor=has_second_factor, context=context)
        self.store_password(account_id, verifier, actor=actor)

    def prepare_password(
        self, account_id: UUID, password: str, *, has_second_factor: bool, context: PasswordContext = _NO_CONTEXT
    ) -> Verifier:
        """Return what to store of a new password: the slow part, to be done outside a transaction. Raises UserError."""
        problem = problem_with(password, has_second_factor=has_second_factor, context=context)
        if problem is not None:
            raise UserError(problem.message, field="password", **problem.values)
        return self._pool.run(lambda: self._passwords.make(account_id, password))

    def store_password(self, account_id: UUID, verifier: Verifier, *, actor: str) -> None:
        """Store a prepared password in place of any earlier one."""
        with self._database.transaction(), self._noting(account_id) as note:
            self._passwords.replace(account_id, verifier, source=_source_of(actor))
            self._accounts.note_credentials_changed(account_id)
            note(PasswordSet, actor=actor)

    def password_context(self, account_id: UUID) -> PasswordContext:
        """Return what others may know of the person, so that it does not become the password."""
        account, profile = self._accounts.get(account_id), self._accounts.profile(account_id)
        if account is None or profile is None:
            return PasswordContext()
        words = [account.username, profile.text("legal_name"), (profile.text("email") or "").partition("@")[0]]
        numbers = [profile.text("phone"), profile.text("id_number")]
        return PasswordContext(tuple(filter(None, words)), tuple(filter(None, numbers)))

    def check_imported(self, phc: str) -> str | None:
        """Return why a hash made elsewhere is not taken, in translatable words: for ``Accounts.import_lines``."""
        try:
            parse(phc)
        except HashRefused as refusal:
            return refusal.message
        return None

    def store_imported(self, connection: Connection, hashes: list[tuple[UUID, str]]) -> None:
        """Insert the hashes of new accounts in one statement: for ``Accounts.import_lines``."""
        rows = [self._passwords.imported_row(account_id, phc) for account_id, phc in hashes]
        if rows:
            connection.execute(store.INSERT, rows)

    # Second factors

    def verify_code(self, kind: str, account_id: UUID, code: str) -> CodeOutcome:
        """Accept a code of a second factor once; a wrong one is counted. Joins the present transaction."""
        if kind == totp.KIND:
            return self._totp.verify(account_id, code)
        if kind == recovery_code.KIND:
            return self._recovery_codes.verify(account_id, code)
        return WrongCode()

    def begin_totp(self, account_id: UUID, account_name: str, browser: str = "") -> PendingTOTP:
        """Make a secret for a new authenticator app; it waits 15 min for its first code, from the same ``browser``."""
        return self._totp.begin(account_id, account_name, browser)

    def pending_totp(self, account_id: UUID, account_name: str, browser: str = "") -> PendingTOTP | None:
        """Return the secret that is waiting for its first code."""
        return self._totp.pending(account_id, account_name, browser)

    def confirm_totp(
        self, account_id: UUID, code: str, *, label: str = "", actor: str, browser: str = ""
    ) -> CodeOutcome | None:
        """Enrol the waiting authenticator app with its first code. None when none is waiting any more."""
        with self._database.transaction(), self._noting(account_id) as note:
            outcome = self._totp.confirm(account_id, code, label, browser)
            if isinstance(outcome, Accepted):
                self._accounts.note_credentials_changed(account_id)
                note(AuthenticatorAdded, actor=actor, kind=totp.KIND)
        return outcome

    def add_totp(self, account_id: UUID, key: str, *, label: str = "", actor: str = _SYSTEM) -> None:
        """Enrol an authenticator app whose base32 secret is known, for commands. Raises UserError."""
        with self._database.transaction(), self._noting(account_id) as note:
            self._totp.add(account_id, key, label)
            self._accounts.note_credentials_changed(account_id)
            note(AuthenticatorAdded, actor=actor, kind=totp.KIND)

    def make_recovery_codes(self, account_id: UUID, *, actor: str) -> tuple[str, ...]:
        """Make ten new recovery codes, ending the old ones. They are never shown again."""
        with self._database.transaction(), self._noting(account_id) as note:
            codes = self._recovery_codes.make(account_id)
            note(AuthenticatorAdded, actor=actor, kind=recovery_code.KIND)
        return codes

    # Passkeys. ``browser`` is what their challenges are bound to: a pre-session, or a session.

    def begin_passkey(self, browser: str, account_id: UUID, account_name: str, *, needs_attestation: bool) -> str:
        """Return what a browser is asked to make a passkey with, as JSON. Stores nothing."""
        return self._passkeys.creation_options(browser, account_id, account_name, needs_attestation=needs_attestation)

    def add_passkey(
        self, browser: str, account_id: UUID, response: str, label: str, *, needs_attestation: bool, actor: str
    ) -> VerifiedPasskey | PasskeyRefused:
        """Enrol the passkey that a browser has made, which was proved thereby."""
        with self._database.transaction(), self._noting(account_id) as note:
            outcome = self._passkeys.enrol(browser, account_id, response, label, needs_attestation=needs_attestation)
            if isinstance(outcome, VerifiedPasskey):
                self._accounts.note_credentials_changed(account_id)
                note(AuthenticatorAdded, actor=actor, kind=outcome.kind)
        return outcome

    def ask_passkey(self, browser: str) -> str:
        """Return what a browser is asked for any passkey of this site, as JSON: the same whoever asks (rule S4)."""
        return self._passkeys.request_options(browser)

    def verify_passkey(self, browser: str, response: str) -> VerifiedPasskey | PasskeyRefused:
        """Accept the answer of a passkey once, and tell whose it was. Joins the present transaction."""
        with self._database.transaction():
            outcome = self._passkeys.verify(browser, response)
            if isinstance(outcome, PasskeyRefused) and outcome.reason == "cloned":
                self._audit.record(PasskeyCloneSuspected(account_id=outcome.account_id))
        return outcome

    def remove(self, account_id: UUID, authenticator_id: UUID, *, actor: str) -> str | None:
        """Remove a second factor of this account, and return its kind; None if it is not there, or is a password."""
        view = next((view for view in self.enrolled(account_id).authenticators if view.id == authenticator_id), None)
        if view is None or view.kind == "password":
            return None
        with self._database.transaction() as connection, self._noting(account_id) as note:
            connection.execute(store.delete_codes([view.id]))
            if connection.execute(store.delete_authenticators([view.id], account_id)).rowcount != 1:
                return None
            self._accounts.note_credentials_changed(account_id)
            note(AuthenticatorRemoved, actor=actor, kind=f"attested_{view.kind}" if view.is_attested else view.kind)
        return view.kind

    @contextmanager
    def _noting(self, account_id: UUID) -> Iterator[Callable[..., None]]:
        """Yield how the change that is made in this block is recorded, with what was enrolled before it and after."""
        before = self._kinds(account_id)

        def note(event: type[FactorsChanged], **values: Any) -> None:
            self._audit.record(event(account_id=account_id, before=before, after=self._kinds(account_id), **values))

        yield note

    def _kinds(self, account_id: UUID) -> Kinds:
        return Kinds(kinds=tuple(sorted(view.kind for view in self.enrolled(account_id).authenticators)))


def _source_of(actor: str) -> str:
    """Return who set a credential, without who exactly: person, command or system."""
    kind = actor.partition(":")[0]
    return "person" if kind == "account" else kind
