"""Accounts by filter, for staff: masked, newest first, one statement a page, continued by the last id seen.

An account's id is a UUIDv7, so that a span of time is a span of ids. It is listed here because what a line says comes
from three packages: the account, its means of sign-in, its latest session.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    ScalarSelect,
    Subquery,
    and_,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from idp.accounts.claims import join_claims, profile_of
from idp.accounts.models import Account, NaturalPerson
from idp.factors.models import Authenticator
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import first_uuid7
from idp.foundation.keyset import PAGE, rows_of_page
from idp.keyring.service import Keyring
from idp.sessions.models import OPSession
from idp.sessions.rating import ANY_SIGN, RiskSign, shows

State = Literal["open", "locked", "restricted", "required", "closed"]
_IN_USE: Final = and_(
    Authenticator.account_id == Account.id, Authenticator.activated_at.is_not(None), Authenticator.disabled_at.is_(None)
)
_FACTORS: Final = (
    select(func.aggregate_strings(Authenticator.kind, " ")).where(_IN_USE).correlate(Account).scalar_subquery()
)
_LAST_SIGN_IN: Final = (
    select(OPSession.created_at)
    .where(OPSession.account_id == Account.id)
    .order_by(OPSession.id.desc())
    .limit(1)
    .correlate(Account)
    .scalar_subquery()
)
# Of signs that a page shows, and that a filter asks for.
RECENT_RISK: Final = timedelta(days=30)
LOOKED_AT: Final = 5_000
# Two conditions that follow from others, in the words of the indexes that serve them.
_NO_CITIZEN: Final = Account.kind != literal_column("'citizen'")
_NO_PASSWORD: Final = Authenticator.kind != literal_column("'password'")
_IS_ASKED: Final = or_(Account.reset_credential_until.is_not(None), Account.reprove_identity_until.is_not(None))


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """What accounts must have in common; None does not matter. ``sign`` is the name of a sign of risk, or ``any``, that
    one of the sessions of the last 30 days shows. Who has not signed in since a time was opened before it.

    The latter is looked for among ``LOOKED_AT`` accounts at a time: no index has it in the list's order, and else each
    sign-in would have to write to the account.
    """

    kind: str | None = None
    state: State | None = None
    ial: int | None = None
    factor: str | None = None
    agency: str | None = None
    created_since: datetime | None = None
    signed_in_since: datetime | None = None
    not_signed_in_since: datetime | None = None
    sign: str | None = None

    def condition(self, now: datetime) -> ColumnElement[bool]:
        """Return it as SQL over ``account`` and ``natural_person``, but for what their sessions have in common."""
        given = {name: getattr(self, name) for name in _CONDITIONS}
        parts = [_CONDITIONS[name](value, now) for name, value in given.items() if value is not None]
        return and_(true(), *parts)

    def of_sessions(self, now: datetime) -> list[ColumnElement[bool]]:
        """Return the conditions that one session of an account each has to meet. Its id tells when it began."""
        conditions = []
        if self.signed_in_since is not None:
            conditions.append(OPSession.id >= first_uuid7(self.signed_in_since))
        if self.sign is not None:
            conditions.append(_shows_lately(now) & shows(RiskSign.called(self.sign)))
        return conditions


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A line of the list. ``ial`` is the level on record; a state ``required`` may let it count for less."""

    id: UUID
    username: str = field(repr=False)
    kind: str
    agency: str | None
    masked_name: str | None
    masked_phone: str | None
    ial: int
    state: State
    factors: tuple[str, ...]
    last_sign_in: datetime | None
    signs: RiskSign
    created_at: datetime


class AccountList:
    """What staff see of many accounts."""

    def __init__(self, database: Database, clock: Clock, keyring: Keyring) -> None:
        self._database = database
        self._clock = clock
        self._keyring = keyring

    def page(
        self, chosen: AccountFilter, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE
    ) -> list[AccountLine]:
        """Return up to ``size`` accounts, newest first: those opened before one, or the nearest after one. Who has not
        signed in is sought among the next ``LOOKED_AT``.
        """
        now = self._clock.now()
        columns = (
            Account.id,
            Account.kind,
            Account.agency,
            Account.created_at,
            Account.locked_at,
            Account.closed_at,
            Account.restricted_until,
            Account.reset_credential_until,
            _FACTORS.label("factors"),
            _LAST_SIGN_IN.label("last_sign_in"),
            _signs(now).label("signs"),
        )
        statement = join_claims(select(*columns)).where(chosen.condition(now))
        for condition in chosen.of_sessions(now):
            theirs = _accounts_with(condition, before, after)
            statement = statement.join(theirs, theirs.c.account_id == Account.id)
        if chosen.not_signed_in_since is not None:
            looked = _window(chosen, now, before, after)
            statement = statement.join(looked, looked.c.id == Account.id).where(_is_unseen(chosen.not_signed_in_since))
        with self._database.searching() as connection:
            rows = rows_of_page(connection, statement, Account.id, before=before, after=after, size=size)
        return [self._line(row._mapping, now) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it

    def horizon(self, chosen: AccountFilter, *, before: UUID | None = None, after: UUID | None = None) -> UUID | None:
        """Return the last account that was looked at for a page of those who have not signed in; None if there is
        nothing beyond it.
        """
        looked = _window(chosen, self._clock.now(), before, after)
        with self._database.searching() as connection:
            return connection.scalar(select(looked.c.id).offset(LOOKED_AT - 1).limit(1))

    def _line(self, row: RowMapping, now: datetime) -> AccountLine:
        profile = profile_of(row, self._keyring, now)
        return AccountLine(
            row["id"],
            row["claim_username"],
            row["kind"],
            row["agency"],
            profile.masked("legal_name"),
            profile.masked("phone"),
            row["claim_ial"],
            _state_of(row, now),
            tuple(sorted(set((row["factors"] or "").split()))),
            row["last_sign_in"],
            RiskSign(row["signs"] or 0),
            row["created_at"],
        )


def _in_state(state: State, now: datetime) -> ColumnElement[bool]:
    closed, locked = Account.closed_at.is_not(None), Account.locked_at.is_not(None)
    restricted = Account.restricted_until > now
    asked = or_(Account.reset_credential_until > now, Account.reprove_identity_until > now)
    not_restricted = or_(Account.restricted_until.is_(None), Account.restricted_until <= now)
    conditions: dict[State, ColumnElement[bool]] = {
        "closed": closed,
        "locked": and_(locked, ~closed),
        "restricted": and_(restricted, ~locked, ~closed),
        "required": and_(_IS_ASKED, asked, not_restricted, ~locked, ~closed),
        "open": and_(~closed, ~locked, not_restricted, func.coalesce(asked, literal_column("false")).is_(False)),
    }
    return conditions[state]


def _accounts_with(condition: ColumnElement[bool], before: UUID | None, after: UUID | None) -> Subquery:
    """Select the accounts of sessions in the order of the list, so that PostgreSQL stops when the page is full: it does
    not know how rare a sign is.
    """
    key = OPSession.account_id
    accounts = select(key).where(condition).distinct()
    if after is not None:
        return accounts.where(key > after).order_by(key).subquery()
    if before is not None:
        accounts = accounts.where(key < before)
    return accounts.order_by(key.desc()).subquery()


def _window(chosen: AccountFilter, now: datetime, before: UUID | None, after: UUID | None) -> Subquery:
    """Select the accounts that are looked at, each with a step into the index of its sessions."""
    accounts = select(Account.id).join(NaturalPerson, NaturalPerson.id == Account.natural_person_id)
    accounts = accounts.where(chosen.condition(now))
    if chosen.not_signed_in_since is not None:
        accounts = accounts.where(Account.id < first_uuid7(chosen.not_signed_in_since))
    if after is not None:
        return accounts.where(Account.id > after).order_by(Account.id).limit(LOOKED_AT).subquery("looked")
    if before is not None:
        accounts = accounts.where(Account.id < before)
    return accounts.order_by(Account.id.desc()).limit(LOOKED_AT).subquery("looked")


def _is_unseen(since: datetime) -> ColumnElement[bool]:
    # By the latest session of each account, one step into an index. Asked whether any exists, PostgreSQL may rather
    # read all sessions since then, which are most.
    latest = select(OPSession.id).where(OPSession.account_id == Account.id).order_by(OPSession.id.desc()).limit(1)
    return func.coalesce(latest.correlate(Account).scalar_subquery() >= first_uuid7(since), false()).is_(False)


def _shows_lately(now: datetime) -> ColumnElement[bool]:
    return and_(shows(RiskSign.called(ANY_SIGN)), OPSession.id >= first_uuid7(now - RECENT_RISK))


def _signs(now: datetime) -> ScalarSelect[Any]:
    # What the sessions show together; SQLite has no bit_or.
    together = reduce(add, (func.max(OPSession.risk.bitwise_and(sign.value)) for sign in RiskSign))
    theirs = OPSession.account_id == Account.id
    return select(together).where(theirs, _shows_lately(now)).correlate(Account).scalar_subquery()


def _with_factor(kind: str) -> ColumnElement[bool]:
    known: list[Any] = [_IN_USE, Authenticator.kind == kind]
    return exists().where(*known, *([_NO_PASSWORD] if kind != "password" else []))


_CONDITIONS: Final[Mapping[str, Callable[[Any, datetime], ColumnElement[bool]]]] = {
    "kind": lambda kind, _now: and_(Account.kind == kind, *([_NO_CITIZEN] if kind != "citizen" else [])),
    "state": _in_state,
    "ial": lambda level, _now: NaturalPerson.ial == level,
    "factor": lambda kind, _now: _with_factor(kind),
    "agency": lambda agency, _now: Account.agency == agency,
    "created_since": lambda since, _now: Account.id >= first_uuid7(since),
}


def _state_of(row: RowMapping, now: datetime) -> State:
    """Return the first of the states that holds, as the filter has it."""
    if row["closed_at"] is not None:
        return "closed"
    if row["locked_at"] is not None:
        return "locked"
    if _is_later(row["restricted_until"], now):
        return "restricted"
    asked = row["reset_credential_until"], row["claim_reprove_identity_until"]
    return "required" if any(_is_later(until, now) for until in asked) else "open"


def _is_later(until: datetime | None, now: datetime) -> bool:
    return until is not None and until > now
