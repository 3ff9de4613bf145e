"""What officers do to one account: keep it out until a time, let it in again, reset a factor, look at one value.

Each is one transaction with its typed event. Nobody acts on an account of their own, and the factors of an officer are
reset by who may also end their power: the help desk could else make itself an officer (rule A1). A password is never
chosen here: a lost factor is removed, and its owner enrols another.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import select

from idp.accounts.errors import AccountUnknown
from idp.accounts.models import Account
from idp.accounts.restrictions import Restrictions
from idp.accounts.service import Accounts
from idp.audit.service import Audit
from idp.factors.service import Factors
from idp.factors.values import AuthenticatorView
from idp.foundation.database import Database
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.events import FactorReset, ValueRevealed
from idp.sessions.service import Sessions
from idp.sessions.values import Selector
from idp.staff.powers import Permission
from idp.staff.service import Staff
from idp.staff.values import Officer

VALUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "legal_name": marked("Name"),
        "id_number": marked("ID number"),
        "phone": marked("Phone number"),
        "email": marked("E-mail address"),
        "address": marked("Address"),
    }
)
"""The personal values that can be revealed, one at a time."""

_OWN: Final = marked("Nobody does this to their own account: another officer does.")
_OFFICER: Final = marked("This account belongs to an officer. A security officer resets its factors.")
_NO_OFFICER: Final = marked("This account belongs to nobody with a power.")
_NOT_OFFICERS: Final = marked("A break-glass keeps no officer out: they could no longer end it.")
_GONE: Final = marked("This factor is not there any more, or it is a password.")


class AccountInterventions:
    """Interventions on accounts."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        *,
        accounts: Accounts,
        restrictions: Restrictions,
        factors: Factors,
        sessions: Sessions,
        staff: Staff,
    ) -> None:
        self._database = database
        self._audit = audit
        self._accounts = accounts
        self._restrictions = restrictions
        self._factors = factors
        self._sessions = sessions
        self._staff = staff

    def restrict(self, account_id: UUID, kind: str, until: datetime, *, officer: Officer, reason: str) -> None:
        """Keep an account out until a time and end all it has open. Raises UserError."""
        not_own(self._database, account_id, officer)
        if officer.in_emergency and self._staff.officer(account_id) is not None:
            raise UserError(_NOT_OFFICERS)
        with self._database.transaction():
            self._restrictions.place(account_id, kind, until, reason=reason, actor=officer.actor)
            self._end_all(account_id, "restricted", officer)

    def lift(self, account_id: UUID, kind: str, *, officer: Officer, reason: str) -> bool:
        """Let an account in again; tells whether the flag was there. Raises UserError."""
        not_own(self._database, account_id, officer)
        return self._restrictions.lift(account_id, kind, reason=reason, actor=officer.actor)

    def reset_factor(
        self, account_id: UUID, authenticator_id: UUID, *, officer: Officer, case_number: str, reason: str
    ) -> None:
        """Remove a lost second factor and end all sessions. Raises UserError.

        Recovery codes go with the last factor they stand in for: they would be asked for at every sign-in.
        """
        not_own(self._database, account_id, officer)
        if not officer.may(Permission.CHANGE_STAFF) and self._staff.officer(account_id) is not None:
            raise UserError(_OFFICER)
        with self._database.transaction():
            kind = self._factors.remove(account_id, authenticator_id, actor=officer.actor)
            if kind is None:
                raise UserError(_GONE)
            left = self._factors.enrolled(account_id).authenticators
            if not any(view.kind not in {"password", "recovery_code"} for view in left):
                self._remove_codes(account_id, left, officer)
            self._audit.record(
                FactorReset(
                    account_id=account_id, actor=officer.actor, reason=reason, kind=kind, case_number=case_number
                )
            )
            self._end_all(account_id, "factor_reset", officer)

    def change_email(self, account_id: UUID, email: str, *, officer: Officer, reason: str) -> None:
        """Replace the e-mail address at which another officer gets notices; both addresses are told. Raises
        UserError.
        """
        not_own(self._database, account_id, officer)
        if self._staff.officer(account_id) is None:
            raise UserError(_NO_OFFICER)
        self._accounts.set_email(account_id, email, actor=officer.actor, reason=reason)

    def reveal(self, account_id: UUID, name: str, *, officer: Officer, reason: str) -> str | None:
        """Return one personal value, None if there is none. The owner sees on their own page that it was looked at."""
        with self._database.transaction():
            profile = self._accounts.profile(account_id)
            if profile is None:
                raise AccountUnknown
            value = profile.text(name)
            event = ValueRevealed(account_id=account_id, actor=officer.actor, reason=reason, value_name=name)
            self._audit.record(event)
        return value

    def _remove_codes(self, account_id: UUID, left: tuple[AuthenticatorView, ...], officer: Officer) -> None:
        for view in left:
            if view.kind == "recovery_code":
                self._factors.remove(account_id, view.id, actor=officer.actor)

    def _end_all(self, account_id: UUID, reason: str, officer: Officer) -> None:
        self._sessions.terminate(Selector(account_id=account_id), reason=reason, actor=officer.actor)


def not_own(database: Database, account_id: UUID, officer: Officer) -> None:
    """Raise UserError if the account is one of the officer's own: whoever has two accounts is still one human."""
    owner = select(Account.natural_person_id).where(Account.id == account_id)
    with database.read() as connection:
        if connection.scalar(owner) == officer.person_id:
            raise UserError(_OWN)
