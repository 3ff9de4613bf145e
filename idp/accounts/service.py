"""The use cases of accounts: open, find, show, lock, unlock, close, import.

What hangs on an account elsewhere (sessions, grants, authenticators) is ended by the layers above in the same
transaction: ``lock`` and ``close`` tell whether there was anything to end.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import store
from idp.accounts.claims import UNPROVEN, Profile, profile_of
from idp.accounts.contacts import parse_email
from idp.accounts.draft import BAD_EMAIL, NewAccount, check, check_contacts
from idp.accounts.errors import AccountHeld, AccountRefused, AccountTaken, AccountUnknown, Problem
from idp.accounts.events import (
    AccountClosed,
    AccountLocked,
    AccountState,
    AccountStateChanged,
    AccountUnlocked,
    Contacts,
    ContactsChanged,
)
from idp.accounts.identifiers import Identifier, parse_identifier
from idp.accounts.importing.service import Importer, ImportOutcome, OnProgress, OnReject
from idp.accounts.models import Account, AccountLookup, Membership
from idp.accounts.opening import UNWANTED_EMAIL, Opening, Request
from idp.accounts.tails import phone_tail
from idp.accounts.views import AccountView, Mailbox, MembershipView, SignInAccount, account_view
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.masked import Masked
from idp.keyring.service import Keyring

ACCESS_ENDED: Final = "access ended by the agency"
_ATTEMPTS: Final = 3


class Accounts:
    """The accounts of one deployment, whose ``environment`` no account of another one enters (rule O1)."""

    def __init__(
        self, database: Database, clock: Clock, entropy: Entropy, audit: Audit, keyring: Keyring, *, environment: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._keyring = keyring
        self._environment = environment
        self._opening = Opening(keyring, audit, clock, entropy, environment=environment)
        self._importer = Importer(database, clock, entropy, audit, self._opening, environment=environment)

    def refuse_mail_by(self, refuses: Callable[[str], bool]) -> None:
        """Take who tells which e-mail addresses are not to be taken anew: the block list, which lies above."""
        self._opening.refuses_mail = refuses

    def create(self, new: NewAccount, *, actor: str = "system") -> UUID:
        """Open an account and return its id. Raises AccountRefused with every fault; then nothing is written."""
        draft = check(new, environment=self._environment, today=self._clock.now().date())
        with self._database.transaction() as connection:
            return self._open(connection, Request(draft=draft, actor=actor))

    def _open(self, connection: Connection, request: Request) -> UUID:
        for attempt in range(_ATTEMPTS):
            try:
                with connection.begin_nested():
                    outcome = self._opening.open(connection, [request])[0]
                break
            except IntegrityError:
                # Another transaction took a value between our question and our INSERT; asked again, it shows.
                if attempt == _ATTEMPTS - 1:
                    raise
        if isinstance(outcome, Problem):
            raise (AccountRefused if outcome is UNWANTED_EMAIL else AccountTaken)([outcome])
        return outcome

    def find_for_sign_in(self, identifier: Identifier | str) -> SignInAccount | None:
        """Return the account that signs in with this username, phone number or ID number, as typed or already parsed.

        One SELECT, the same for a known and an unknown one (rule S4). Locked and closed accounts are found too.
        """
        if isinstance(identifier, str):
            identifier = parse_identifier(identifier)
        statement, values = self.question_for(identifier)
        with self._database.read() as connection:
            row = connection.execute(statement, values).one_or_none()
        return None if row is None else self.sign_in_account(row)

    def get_for_sign_in(self, account_id: UUID) -> SignInAccount | None:
        """Return the account whose passkey was verified. A locked or closed one is found too."""
        with self._database.read() as connection:
            row = connection.execute(store.BY_ID, {"account": account_id}).one_or_none()
        return None if row is None else self.sign_in_account(row)

    def question_for(self, identifier: Identifier) -> tuple[Select[*tuple[Any, ...]], dict[str, Any]]:
        """Return the SELECT that finds the account of an identifier, one of two, for whoever joins more to it."""
        if identifier.kind == "username":
            return store.BY_USERNAME, {"username": identifier.value}
        digest = self._keyring.index(identifier.kind, identifier.value)
        return store.BY_LOOKUP, {"kind": identifier.kind, "digest": digest}

    def sign_in_account(self, row: Any) -> SignInAccount:  # noqa: ANN401 - SQLAlchemy's row or a named tuple
        """Return the account of a row of ``question_for``."""
        is_ours = row.environment == self._environment and not (
            row.is_demonstration and self._environment == "production"
        )
        now = self._clock.now()
        is_out = row.restricted_until is not None and row.restricted_until > now
        return SignInAccount(
            id=row.id,
            kind=row.kind,
            username=row.username,
            is_locked=row.locked_at is not None,
            is_admitted=is_ours and row.locked_at is None and row.closed_at is None and not is_out,
            preferred_language=row.preferred_language,
            environment=row.environment,
            is_demonstration=row.is_demonstration,
            credentials_changed_at=row.credentials_changed_at,
            must_renew=row.reset_credential_until is not None and row.reset_credential_until > now,
        )

    def get(self, account_id: UUID) -> AccountView | None:
        """Return an account with every personal value masked."""
        with self._database.read() as connection:
            row = connection.execute(store.VIEW, {"account": account_id}).mappings().one_or_none()
        return None if row is None else account_view(row, profile_of(row, self._keyring, self._clock.now()))

    def hold(self, account_id: UUID) -> None:
        """Have whoever else holds this account wait until the transaction under way ends."""
        with self._database.transaction() as connection:
            connection.execute(select(Account.id).where(Account.id == account_id).with_for_update())

    def mailbox(self, account_id: UUID) -> Mailbox | None:
        """Return where the holder of an account gets notices; None if it is locked or closed, or has no address."""
        with self._database.read() as connection:
            row = connection.execute(store.VIEW, {"account": account_id}).mappings().one_or_none()
        if row is None or row["locked_at"] is not None or row["closed_at"] is not None:
            return None
        address = profile_of(row, self._keyring, self._clock.now()).text("email")
        return None if address is None else Mailbox(Masked(address), row["preferred_language"])

    def profile(self, account_id: UUID, *, organization_id: UUID | None = None) -> Profile | None:
        """Return the source of an account's claims, ``organization`` among them if the account may act for it now."""
        statement, values = store.PROFILE, {"account": account_id}
        if organization_id is not None:
            statement, values = store.PROFILE_ACTING, {"account": account_id, "organization": organization_id}
        with self._database.read() as connection:
            row = connection.execute(statement, values).mappings().one_or_none()
        return None if row is None else profile_of(row, self._keyring, self._clock.now())

    def identity_level(self, account_id: UUID) -> int:
        """Return how well the identity behind an account is proven at this moment."""
        profile = self.profile(account_id)
        return UNPROVEN if profile is None else profile.ial()

    def memberships(self, account_id: UUID) -> tuple[MembershipView, ...]:
        """Return the organizations that an account may act for now, in the order in which it came to them."""
        with self._database.read() as connection:
            return tuple(MembershipView(*row) for row in connection.execute(store.MEMBERSHIPS, {"account": account_id}))

    def count(self) -> int:
        """Return how many accounts there are."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(Account)) or 0

    def lock(self, account_id: UUID, reason: str, actor: str) -> bool:
        """Let nobody sign in to an account any more. Return False if it was locked already.

        The caller ends its sessions in the same transaction. Raises AccountUnknown, also for a closed account.
        """
        values = {"locked_at": self._clock.now(), "lock_reason": reason[:500]}
        # Staff may lock what its agency has locked already, for a reason of their own.
        is_open = Account.locked_at.is_(None) | (Account.lock_reason == ACCESS_ENDED)
        return self._change_state(account_id, is_open, values, AccountLocked, actor=actor, reason=reason)

    def unlock(self, account_id: UUID, reason: str, actor: str) -> bool:
        """Let an account sign in again, unless its agency ended the access. Return False if it was not locked. Raises
        AccountUnknown.
        """
        has_access = Account.access_ended_at.is_(None)
        values = {
            "locked_at": case((has_access, None), else_=Account.locked_at),
            "lock_reason": case((has_access, None), else_=ACCESS_ENDED),
        }
        is_locked = Account.locked_at.is_not(None) & (has_access | (Account.lock_reason != ACCESS_ENDED))
        return self._change_state(account_id, is_locked, values, AccountUnlocked, actor=actor, reason=reason)

    def end_access(self, account_id: UUID, actor: str) -> bool:
        """Lock a staff account for its agency. Return False if that was done already.

        The caller ends its sessions in the same transaction.
        """
        statement = store.update_live(account_id).where(Account.access_ended_at.is_(None))
        with self._database.transaction() as connection:
            if connection.execute(statement.values(access_ended_at=self._clock.now())).rowcount == 0:
                return False
            self.lock(account_id, ACCESS_ENDED, actor)
        return True

    def restore_access(self, account_id: UUID, actor: str) -> None:
        """Take back ``end_access``. What somebody else locked stays locked."""
        is_ours = select(Account.lock_reason == ACCESS_ENDED).where(Account.id == account_id)
        with self._database.transaction() as connection:
            connection.execute(store.update_live(account_id).values(access_ended_at=None))
            if connection.scalar(is_ours):
                self.unlock(account_id, "access restored by the agency", actor)

    def set_contacts(self, account_id: UUID, *, email: str | None, phone: str | None, actor: str) -> None:
        """Replace the contacts of an account that does not sign in with them; both are unverified. Raises
        AccountRefused, AccountUnknown.
        """
        self._replace_contacts(account_id, check_contacts(email, phone), Account.kind != "citizen", actor)

    def set_email(self, account_id: UUID, email: str, *, actor: str, reason: str) -> None:
        """Replace the e-mail address of a staff account; it is unverified. Raises AccountRefused, AccountUnknown."""
        address = parse_email(email)
        if address is None:
            raise AccountRefused([Problem("email", BAD_EMAIL)])
        self._replace_contacts(account_id, {"email": address}, Account.kind == "staff", actor, reason)

    def _replace_contacts(
        self,
        account_id: UUID,
        contacts: Mapping[str, str | None],
        whose: ColumnElement[bool],
        actor: str,
        reason: str | None = None,
    ) -> None:
        columns: dict[str, Any] = {f"{kind}_verified": False for kind in contacts}
        for kind, value in contacts.items():
            columns[kind] = value and self._keyring.encrypt(f"account.{kind}", account_id, value.encode())
        if "phone" in contacts:
            columns["phone_tail_digest"] = phone_tail(contacts["phone"], self._keyring)
        with self._database.transaction() as connection:
            # The account's row first: of two who replace them at once, the second finds what the first wrote.
            if not self._change(account_id, whose, {}):
                raise AccountUnknown
            phone, email = _numbers(self.profile(account_id))
            if (new := contacts.get("email")) and new != email and self._opening.refuses_mail(new):
                raise AccountRefused([UNWANTED_EMAIL])
            self._change(account_id, whose, columns)
            after = {"phone": phone, "email": email, **contacts}
            self._audit.record(
                ContactsChanged(
                    account_id=account_id,
                    actor=actor,
                    reason=reason,
                    before=_contacts(phone, email),
                    after=_contacts(after["phone"], after["email"]),
                )
            )
            connection.execute(store.FORGET_CONTACTS, {"account": account_id, "kinds": list(contacts)})
            rows = [
                {"account_id": account_id, "kind": kind, "digest": self._keyring.index(kind, value.casefold())}
                for kind, value in contacts.items()
                if value
            ]
            if rows:
                connection.execute(insert(AccountLookup).values(signs_in=False), rows)

    def end_membership(self, membership_id: UUID) -> bool:
        """End a membership. Return False if it had ended already. The caller ends the sessions that act by it."""
        statement = update(Membership).where(Membership.id == membership_id, Membership.ended_at.is_(None))
        with self._database.transaction() as connection:
            return connection.execute(statement.values(ended_at=self._clock.now())).rowcount == 1

    def resume_membership(self, membership_id: UUID) -> bool:
        """Let an ended membership go on. Return False if the account has a newer one in the same organization."""
        statement = update(Membership).where(Membership.id == membership_id)
        with self._database.transaction() as connection:
            try:
                with connection.begin_nested():
                    connection.execute(statement.values(ended_at=None))
            except IntegrityError:
                return False
        return True

    def close(self, account_id: UUID, reason: str, actor: str) -> None:
        """Close an account for ever; its numbers may then open another one. Raises AccountUnknown, AccountHeld."""
        values = {"closed_at": self._clock.now(), "phone_tail_digest": None}
        with self._database.transaction() as connection:
            if not self._change_state(
                account_id, Account.held_at.is_(None), values, AccountClosed, actor=actor, reason=reason
            ):
                raise AccountHeld
            connection.execute(store.FORGET_LOOKUPS, {"account": account_id})

    def note_credentials_changed(self, account_id: UUID) -> None:
        """Record that a means of sign-in was added, changed or removed just now. Raises AccountUnknown."""
        with self._database.transaction() as connection:
            now = self._clock.now()
            if connection.execute(store.update_live(account_id).values(credentials_changed_at=now)).rowcount == 0:
                raise AccountUnknown

    def _change_state(
        self,
        account_id: UUID,
        condition: Any,  # noqa: ANN401 - of SQL
        values: dict[str, Any],
        event: type[AccountStateChanged],
        *,
        actor: str,
        reason: str,
    ) -> bool:
        with self._database.transaction():
            before = self._state(account_id)
            if not self._change(account_id, condition, values):
                return False
            after = self._state(account_id)
            self._audit.record(
                event(account_id=account_id, actor=actor, reason=reason[:500], before=before, after=after)
            )
        return True

    def _state(self, account_id: UUID) -> AccountState:
        statement = select(Account.locked_at, Account.closed_at, Account.lock_reason).where(Account.id == account_id)
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise AccountUnknown
        if row.closed_at is not None:
            return AccountState(state="closed")
        locked = "access_ended" if row.lock_reason == ACCESS_ENDED else "locked"
        return AccountState(state="open" if row.locked_at is None else locked)

    def _change(self, account_id: UUID, condition: Any, values: dict[str, Any]) -> bool:  # noqa: ANN401 - of SQL
        statement = store.update_live(account_id).where(condition).values(**values, updated_at=self._clock.now())
        with self._database.transaction() as connection:
            if connection.execute(statement).rowcount == 1:
                return True
            known = select(Account.id).where(Account.id == account_id, Account.closed_at.is_(None))
            if connection.execute(known).one_or_none() is None:
                raise AccountUnknown
            return False

    def import_lines(
        self,
        file: Path,
        *,
        store_password: Callable[[Connection, list[tuple[UUID, str]]], None],
        check_password_hash: Callable[[str], str | None],
        on_reject: OnReject = lambda _reject: None,
        on_progress: OnProgress = lambda _progress: None,
        actor: str = "system",
        barred: Collection[str] = (),
    ) -> ImportOutcome:
        """Import a file of JSON lines; see ``importing``. Lines of the kinds in ``barred`` are bad lines. Call it
        outside any transaction. Raises ImportRefused.
        """
        return self._importer.run(
            file,
            store_password=store_password,
            check_password_hash=check_password_hash,
            on_reject=on_reject,
            on_progress=on_progress,
            actor=actor,
            barred=barred,
        )


def _numbers(profile: Profile | None) -> tuple[str | None, str | None]:
    return (None, None) if profile is None else (profile.text("phone"), profile.text("email"))


def _contacts(phone: str | None, email: str | None) -> Contacts:
    return Contacts(phone=Masked(phone) if phone else None, email=Masked(email) if email else None)
