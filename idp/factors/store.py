"""Every statement on authenticators, as SQLAlchemy Core. Private to the package, but for what the sign-in joins."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, case, delete, false, func, insert, null, select, update

from idp.accounts.models import Account
from idp.factors.models import Authenticator, Passkey, RecoveryCode
from idp.factors.password_hashing import Verifier
from idp.factors.values import AuthenticatorView, Enrolled, StoredPassword
from idp.foundation.columns import Instant
from idp.foundation.prepared_statement import PreparedStatement

_CODES_LEFT = (
    select(func.count())
    .where(RecoveryCode.authenticator_id == Authenticator.id, RecoveryCode.used_at.is_(None))
    .correlate(Authenticator)
    .scalar_subquery()
)


def _of_passkey(column: Any) -> Any:  # noqa: ANN401 - a column of Passkey, and an expression that is false elsewhere
    value = select(column).where(Passkey.authenticator_id == Authenticator.id).correlate(Authenticator)
    return case((Authenticator.kind == "passkey", value.scalar_subquery()), else_=false())


_ENROLLED = (
    Authenticator.id.label("authenticator_id"),
    Authenticator.kind.label("authenticator_kind"),
    Authenticator.label,
    Authenticator.created_at.label("enrolled_at"),
    Authenticator.last_used_at,
    Authenticator.disabled_at,
    Authenticator.verifier,
    Authenticator.verifier_mac,
    Authenticator.profile,
    Authenticator.key_id,
    case((Authenticator.kind == "recovery_code", _CODES_LEFT), else_=null()).label("codes_left"),
    _of_passkey(Passkey.is_attested).label("is_attested"),
    _of_passkey(Passkey.is_backed_up).label("is_backed_up"),
)

OF_ACCOUNT = (
    select(*_ENROLLED)
    .where(Authenticator.account_id == bindparam("account"), Authenticator.activated_at.is_not(None))
    .order_by(Authenticator.id)
)


@cache
def with_authenticators(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Have a SELECT of one account bring its authenticators too: a row for each, or one row where it has none."""
    is_theirs = and_(Authenticator.account_id == Account.id, Authenticator.activated_at.is_not(None))
    return statement.add_columns(*_ENROLLED).outerjoin(Authenticator, is_theirs).order_by(Authenticator.id)


@cache
def of_one_signing_in(statement: Select[*tuple[Any, ...]]) -> PreparedStatement:
    """Return the statement that finds an account and its authenticators, ready to be run by the thousand."""
    return PreparedStatement(with_authenticators(statement))


SECRETS_OF_ACCOUNT = PreparedStatement(
    select(Authenticator.id, Authenticator.secret, Authenticator.last_step, Authenticator.disabled_at)
    .where(
        Authenticator.account_id == bindparam("account"),
        Authenticator.kind == bindparam("kind"),
        Authenticator.activated_at.is_not(None),
    )
    .order_by(Authenticator.id)
)

PENDING = (
    select(Authenticator.id, Authenticator.secret, Authenticator.label, Authenticator.last_step)
    .where(
        Authenticator.account_id == bindparam("account"),
        Authenticator.kind == bindparam("kind"),
        Authenticator.activated_at.is_(None),
        Authenticator.created_at > bindparam("since"),
        Authenticator.label == bindparam("mark"),
    )
    .order_by(Authenticator.id.desc())
    .limit(1)
)

PROFILES = (
    select(Authenticator.profile, func.count())
    .where(Authenticator.profile.is_not(None))
    .group_by(Authenticator.profile)
    .order_by(Authenticator.profile)
)

INSERT = insert(Authenticator)
INSERT_CODES = insert(RecoveryCode)

CLAIM_STEP = PreparedStatement(
    update(Authenticator)
    .where(
        Authenticator.id == bindparam("authenticator"),
        Authenticator.last_step < bindparam("step"),
        Authenticator.disabled_at.is_(None),
    )
    .values(last_step=bindparam("step"), failures=0, last_used_at=bindparam("now"))
)

ACTIVATE = (
    update(Authenticator)
    .where(Authenticator.id == bindparam("authenticator"), Authenticator.activated_at.is_(None))
    .values(
        activated_at=bindparam("now"),
        last_used_at=bindparam("now"),
        last_step=bindparam("step"),
        label=bindparam("name"),
    )
)

CLAIM_CODE = (
    update(RecoveryCode)
    .where(
        RecoveryCode.digest == bindparam("code"),
        RecoveryCode.used_at.is_(None),
        RecoveryCode.authenticator_id.in_(
            select(Authenticator.id).where(
                Authenticator.account_id == bindparam("account"), Authenticator.disabled_at.is_(None)
            )
        ),
    )
    .values(used_at=bindparam("now"))
    .returning(RecoveryCode.authenticator_id)
)

USED = PreparedStatement(
    update(Authenticator)
    .where(Authenticator.id == bindparam("authenticator"))
    .values(last_used_at=bindparam("now"), failures=0)
)

UNDER_KEY = (
    select(func.count())
    .select_from(Authenticator)
    .where(Authenticator.key_id == bindparam("kid"), Authenticator.disabled_at.is_(None))
)

# The old verifier in the condition: a password that was changed meanwhile is not overwritten by the hash of the old
# one.
RENEW = (
    update(Authenticator)
    .where(Authenticator.id == bindparam("authenticator"), Authenticator.verifier == bindparam("old"))
    .values(
        verifier=bindparam("phc"),
        verifier_mac=null(),
        profile=bindparam("new_profile"),
        key_id=bindparam("kid"),
        last_used_at=bindparam("now"),
    )
)

ADD_FAILURE = (
    update(Authenticator)
    .where(
        Authenticator.account_id == bindparam("account"),
        Authenticator.kind == bindparam("of_kind"),
        Authenticator.activated_at.is_not(None),
    )
    .values(
        failures=Authenticator.failures + 1,
        disabled_at=case(
            (
                Authenticator.failures + 1 >= bindparam("most"),
                func.coalesce(Authenticator.disabled_at, bindparam("now", type_=Instant)),
            ),
            else_=Authenticator.disabled_at,
        ),
    )
    .returning(Authenticator.id, Authenticator.failures)
)


def delete_codes(authenticators: Sequence[UUID]) -> Any:  # noqa: ANN401 - a DELETE statement
    """Delete the recovery codes of authenticators."""
    return delete(RecoveryCode).where(RecoveryCode.authenticator_id.in_(authenticators))


def ids_of(account_id: UUID, kind: str, *, pending: bool = False) -> Any:  # noqa: ANN401 - a SELECT statement
    """Select the ids of an account's authenticators of one kind; with ``pending`` only those never activated."""
    statement = select(Authenticator.id).where(Authenticator.account_id == account_id, Authenticator.kind == kind)
    return statement.where(Authenticator.activated_at.is_(None)) if pending else statement


def delete_authenticators(ids: Sequence[UUID], account_id: UUID) -> Any:  # noqa: ANN401 - a DELETE statement
    """Delete authenticators, if they are this account's."""
    return delete(Authenticator).where(Authenticator.id.in_(ids), Authenticator.account_id == account_id)


def enrolled_of(account_id: UUID, rows: Sequence[Any]) -> Enrolled:
    """Return what an account has enrolled, from the rows of ``OF_ACCOUNT`` or of a SELECT ``with_authenticators``."""
    rows = [row for row in rows if row.authenticator_id is not None]
    password = next((row for row in rows if row.authenticator_kind == "password" and row.disabled_at is None), None)
    return Enrolled(
        account_id,
        None if password is None else StoredPassword(password.authenticator_id, _verifier(password)),
        tuple(
            AuthenticatorView(
                row.authenticator_id,
                row.authenticator_kind,
                row.label,
                row.enrolled_at,
                row.last_used_at,
                row.disabled_at is not None,
                row.codes_left,
                is_attested=row.is_attested,
                is_backed_up=row.is_backed_up,
            )
            for row in rows
        ),
    )


def _verifier(row: Row[*tuple[Any, ...]]) -> Verifier:
    return Verifier(row.verifier, row.profile, row.key_id, row.verifier_mac)
