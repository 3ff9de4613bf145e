"""Authenticator codes: TOTP with HMAC-SHA-1, 6 digits, 30 s (RFC 6238, RFC 4226), which every authenticator app speaks.

The present step and the one before are accepted, each once: a step is claimed by one conditional UPDATE (rule S6). A
code of the next step is not accepted; it only tells that the telephone's clock is ahead. A new secret waits 15 min on
the server for its first code, from the browser that it was shown to: a pre-session, or a session.
"""

import base64
import hmac
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pyotp
from sqlalchemy import Row

from idp.factors import store
from idp.factors.factor import Accepted, CodeOutcome, Factor, WrongCode
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import b64url, sha256
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.keyring.service import Keyring

KIND: Final = "totp"
COLUMN: Final = "authenticator.secret"
STEP_SECONDS: Final = 30
PENDING_FOR: Final = timedelta(minutes=15)
LONGEST_LABEL: Final = 20
ISSUER_NAME: Final = "统一身份认证平台"
"""What the app calls us; the account's name stands beside it."""

MOST_FAILURES: Final = 100

_SECRET_BYTES = 20
_LEAST_SECRET_BYTES = 16
_DIGITS = re.compile("[0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PendingTOTP:
    """A secret that waits for its first code: the key to type, and the address to scan. Shown once."""

    key: str = field(repr=False)
    uri: str = field(repr=False)


class TOTP:
    """Enrols authenticator apps and verifies their codes."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, keyring: Keyring) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring

    def begin(self, account_id: UUID, account_name: str, browser: str = "") -> PendingTOTP:
        """Make a new secret that waits for its first code; any earlier one that still waits is gone."""
        secret = self._entropy.token_bytes(_SECRET_BYTES)
        with self._database.transaction() as connection:
            waiting = list(connection.scalars(store.ids_of(account_id, KIND, pending=True)))
            connection.execute(store.delete_authenticators(waiting, account_id))
            self._insert(account_id, secret, is_active=False, label=_mark_of(browser))
        return self._shown(secret, account_name)

    def pending(self, account_id: UUID, account_name: str, browser: str = "") -> PendingTOTP | None:
        """Return the secret that waits for its first code, to show it again beside a wrong code; None after 15 min."""
        row = self._pending_row(account_id, browser)
        return None if row is None else self._shown(self._secret_of(row), account_name)

    def confirm(self, account_id: UUID, code: str, label: str = "", browser: str = "") -> CodeOutcome | None:
        """Activate the waiting secret with its first code, which is thereby spent. None when no secret is waiting."""
        row = self._pending_row(account_id, browser)
        if row is None:
            return None
        step, outcome = self._matching_step(self._secret_of(row), code)
        if step is None:
            return outcome
        values = {"authenticator": row.id, "now": self._clock.now(), "step": step, "name": label[:LONGEST_LABEL]}
        with self._database.transaction() as connection:
            if connection.execute(store.ACTIVATE, values).rowcount != 1:
                return None
        return Accepted(row.id)

    def add(self, account_id: UUID, key: str, label: str = "") -> None:
        """Enrol a secret given as base32, for accounts that a command makes. Raises UserError for one that is too
        short.
        """
        text = "".join(key.split()).rstrip("=").upper()
        try:
            secret = base64.b32decode(text + "=" * (-len(text) % 8))
        except ValueError:
            secret = b""
        if len(secret) < _LEAST_SECRET_BYTES:
            raise UserError("The authenticator secret must be base32 of at least 16 bytes.", field="totp_secret")
        self._insert(account_id, secret, is_active=True, label=label[:LONGEST_LABEL], source="command")

    def verify(self, account_id: UUID, code: str) -> CodeOutcome:
        """Accept a code of one of the account's apps once. A failure is counted on all of them."""
        with self._database.transaction() as connection:
            rows = store.SECRETS_OF_ACCOUNT.rows(connection, {"account": account_id, "kind": KIND})
            outcomes = [self._try(row, code) for row in rows if row.disabled_at is None]
            accepted = next((outcome for outcome in outcomes if isinstance(outcome, Accepted)), None)
            if accepted is not None:
                return accepted
            most = {"account": account_id, "of_kind": KIND, "most": MOST_FAILURES, "now": self._clock.now()}
            connection.execute(store.ADD_FAILURE, most)
        if not outcomes:
            return WrongCode("disabled" if rows else "wrong")
        # With several apps, the one that comes closest says why.
        return next((outcome for outcome in outcomes if outcome != WrongCode()), WrongCode())

    def _try(self, row: Any, code: str) -> CodeOutcome:  # noqa: ANN401 - a row of SECRETS_OF_ACCOUNT
        step, outcome = self._matching_step(self._secret_of(row), code)
        if step is None:
            return outcome
        values = {"authenticator": row.id, "step": step, "now": self._clock.now()}
        with self._database.transaction() as connection:
            is_first = store.CLAIM_STEP.count(connection, values) == 1
        return Accepted(row.id) if is_first else WrongCode("used")

    def _matching_step(self, secret: bytes, code: str) -> tuple[int | None, WrongCode]:
        """Return the accepted step whose code this is, and else why there is none."""
        if not _DIGITS.fullmatch(code):
            return None, WrongCode()
        now = int(self._clock.now().timestamp()) // STEP_SECONDS
        generator = pyotp.TOTP(base64.b32encode(secret).decode("ascii"), interval=STEP_SECONDS)
        matches = [hmac.compare_digest(generator.generate_otp(now + offset), code) for offset in (0, -1, 1)]
        if matches[0] or matches[1]:
            return (now if matches[0] else now - 1), WrongCode()
        return None, WrongCode("clock" if matches[2] else "wrong")

    def _insert(
        self, account_id: UUID, secret: bytes, *, is_active: bool, label: str = "", source: str = "person"
    ) -> None:
        now = self._clock.now()
        identifier = self._entropy.uuid7()
        with self._database.transaction() as connection:
            connection.execute(
                store.INSERT,
                {
                    "id": identifier,
                    "account_id": account_id,
                    "kind": KIND,
                    "label": label,
                    "source": source,
                    "secret": self._keyring.encrypt(COLUMN, identifier, secret),
                    "created_at": now,
                    "activated_at": now if is_active else None,
                },
            )

    def _pending_row(self, account_id: UUID, browser: str) -> Row[*tuple[Any, ...]] | None:
        since = self._clock.now() - PENDING_FOR
        values = {"account": account_id, "kind": KIND, "since": since, "mark": _mark_of(browser)}
        with self._database.read() as connection:
            return connection.execute(store.PENDING, values).one_or_none()

    def _secret_of(self, row: Any) -> bytes:  # noqa: ANN401 - SQLAlchemy's row or a named tuple
        return self._keyring.decrypt(COLUMN, row.id, row.secret)

    def _shown(self, secret: bytes, account_name: str) -> PendingTOTP:
        key = base64.b32encode(secret).decode("ascii")
        uri = pyotp.TOTP(key).provisioning_uri(name=account_name, issuer_name=ISSUER_NAME)
        return PendingTOTP(key, uri)


def _mark_of(browser: str) -> str:
    """Return what stands in the place of a label until there is one: whose the waiting secret is."""
    return b64url(sha256(browser))[:LONGEST_LABEL]


FACTOR = Factor(
    kind=KIND,
    amr=("otp",),
    proves=frozenset({"possession"}),
)
