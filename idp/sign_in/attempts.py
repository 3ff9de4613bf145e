"""Storing sign-ins under way. An attempt counts while it has not expired, its account may sign in, its credentials are
those that were verified, and it has not failed too often; whatever ends it, the person starts again with the password.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.accounts.models import Account
from idp.accounts.restrictions import is_unrestricted
from idp.factors.assurance import VerifiedFactor
from idp.factors.store import enrolled_of, with_authenticators
from idp.foundation.clock import Clock
from idp.foundation.columns import microseconds, moment_of
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.prepared_statement import PreparedStatement
from idp.sign_in.models import SignInAttempt
from idp.sign_in.values import Attempt, AttemptFactor

MOST_FAILURES = 10

_BY_DIGEST = PreparedStatement(
    with_authenticators(
        select(
            SignInAttempt.id,
            SignInAttempt.account_id,
            Account.kind,
            Account.username,
            SignInAttempt.factors,
            SignInAttempt.password_is_short,
            SignInAttempt.organization_id,
            SignInAttempt.remember,
            Account.reset_credential_until,
            SignInAttempt.follows_failures,
        )
        .join(Account, Account.id == SignInAttempt.account_id)
        .where(
            SignInAttempt.digest == bindparam("presession"),
            SignInAttempt.expires_at > bindparam("now"),
            SignInAttempt.failures < MOST_FAILURES,
            Account.credentials_changed_at <= SignInAttempt.updated_at,
            Account.locked_at.is_(None),
            Account.closed_at.is_(None),
            is_unrestricted(bindparam("now")),
        )
    )
)
_THIS = SignInAttempt.id == bindparam("attempt")
# Whose they are always goes with the factors: a passkey of somebody else takes over the attempt of a browser.
_CHANGED = (
    "account_id",
    "factors",
    "organization_id",
    "remember",
    "password_is_short",
    "follows_failures",
    "updated_at",
)
_CHANGE = PreparedStatement(update(SignInAttempt).where(_THIS).values({name: bindparam(name) for name in _CHANGED}))
_FAIL = update(SignInAttempt).where(_THIS).values(failures=SignInAttempt.failures + 1)
_FINISH = PreparedStatement(delete(SignInAttempt).where(_THIS))


def _replacing(dialect: Any) -> PreparedStatement:  # noqa: ANN401 - the two dialects' modules, which share no base
    statement = dialect.insert(SignInAttempt)
    changed = {column.name: statement.excluded[column.name] for column in SignInAttempt.__table__.columns}
    return PreparedStatement(statement.on_conflict_do_update(index_elements=[SignInAttempt.digest], set_=changed))


_REPLACE = {"sqlite": _replacing(sqlite), "postgresql": _replacing(postgresql)}


class Attempts:
    """The sign-ins under way."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, *, lifetime: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._lifetime = lifetime

    def of(self, presession: str) -> Attempt | None:
        """Return the attempt of a browser with what its account has enrolled, None if there is none that counts; one
        SELECT.
        """
        now = self._clock.now()
        values = {"presession": sha256(presession), "now": now}
        with self._database.read() as connection:
            rows = _BY_DIGEST.rows(connection, values)
        if not rows:
            return None
        row = rows[0]
        factors = tuple(
            AttemptFactor(VerifiedFactor(kind, moment_of(at)), UUID(hex=of)) for kind, at, of in row.factors
        )
        return Attempt(
            row.id,
            row.account_id,
            row.kind,
            row.username,
            factors,
            row.password_is_short,
            enrolled_of(row.account_id, rows),
            row.organization_id,
            row.remember,
            must_renew=row.reset_credential_until is not None and row.reset_credential_until > now,
            follows_failures=row.follows_failures,
        )

    def save(self, presession: str, attempt: Attempt) -> None:
        """Store an attempt. A new one takes the place of any other of this browser; its ten minutes begin now."""
        now = self._clock.now()
        values: dict[str, Any] = {
            "account_id": attempt.account_id,
            "factors": [
                [one.factor.kind, microseconds(one.factor.at), one.interaction_id.hex] for one in attempt.factors
            ],
            "organization_id": attempt.organization_id,
            "remember": attempt.remember,
            "password_is_short": attempt.password_is_short,
            "follows_failures": attempt.follows_failures,
            "updated_at": now,
        }
        with self._database.transaction() as connection:
            if attempt.id is not None:
                _CHANGE.count(connection, values | {"attempt": attempt.id})
                return
            values |= {"id": self._entropy.uuid7(), "digest": sha256(presession), "failures": 0}
            values |= {"created_at": now, "expires_at": now + self._lifetime}
            _REPLACE[self._database.dialect].rows(connection, values)

    def failed(self, attempt: Attempt) -> None:
        """Count a wrong code."""
        with self._database.transaction() as connection:
            connection.execute(_FAIL, {"attempt": attempt.id})

    def finish(self, attempt: Attempt) -> bool:
        """End an attempt, and tell whether it was this call that ended it: one attempt finishes once (rule S2)."""
        if attempt.id is None:
            return True
        with self._database.transaction() as connection:
            return _FINISH.count(connection, {"attempt": attempt.id}) == 1

    def purge(self, limit: int = 1000) -> int:
        """Delete up to ``limit`` attempts whose time is over, and return how many there were."""
        expired = select(SignInAttempt.id).where(SignInAttempt.expires_at <= self._clock.now()).limit(limit)
        with self._database.transaction() as connection:
            chosen = list(connection.scalars(expired))
            return connection.execute(delete(SignInAttempt).where(SignInAttempt.id.in_(chosen))).rowcount
