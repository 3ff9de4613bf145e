"""Pushed authorization requests (RFC 9126 §2.2 and §4): kept sealed under the digest of an unguessable reference.

A reference is bound to its client and may be opened for a short time. It is used up when the authorization is granted
or refused, by one conditional UPDATE, and not when a page is loaded: browsers reload (DEC-10).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Index, String, Text, bindparam, insert, select, update
from sqlalchemy.orm import Mapped

from idp.foundation.clock import Clock
from idp.foundation.columns import Digest, Instant, personal, plain, secret
from idp.foundation.conditional_write import ConditionalWrite, Rows
from idp.foundation.database import Base, Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.prepared_statement import PreparedStatement
from idp.keyring.errors import SealBroken
from idp.keyring.service import Keyring

REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"
_PURPOSE = "pushed_request"
_LONGEST = 200


class PushedRequestRow(Base):
    """A pushed request. The parameters are sealed: a login_hint is personal data."""

    __tablename__ = "pushed_request"
    __table_args__ = (Index("ix_pushed_request_expiry", "expires_at"),)

    digest: Mapped[bytes] = secret(Digest, primary_key=True)
    client_id: Mapped[str] = plain(String(255), nullable=False)
    parameters: Mapped[str] = personal(Text, nullable=False)
    open_until: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    used_at: Mapped[datetime | None] = plain(Instant)


_INSERT = PreparedStatement(insert(PushedRequestRow))
_FIND = PreparedStatement(
    select(PushedRequestRow.parameters).where(
        PushedRequestRow.digest == bindparam("reference"),
        PushedRequestRow.client_id == bindparam("client"),
        PushedRequestRow.used_at.is_(None),
        PushedRequestRow.open_until > bindparam("opened_at"),
    )
)
_CLAIM = (
    update(PushedRequestRow)
    .where(PushedRequestRow.digest == bindparam("reference"), PushedRequestRow.used_at.is_(None))
    .values(used_at=bindparam("now", type_=Instant))
)


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """A request that was found again."""

    digest: bytes = field(repr=False)
    parameters: dict[str, str] = field(repr=False)


class PushedRequests:
    """Keeps pushed requests from their push until their answer."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        keyring: Keyring,
        *,
        lifetime_seconds: int,
        interaction_seconds: int,
    ) -> None:
        self._database = database
        self._claim = ConditionalWrite(database, _CLAIM)
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self.lifetime_seconds = lifetime_seconds
        # Once opened, the request waits as long as its person may take on our pages: to sign in, and then to consent.
        self._kept = timedelta(seconds=lifetime_seconds + 2 * interaction_seconds)

    def push(self, client_id: str, parameters: dict[str, str]) -> str:
        """Store checked parameters and return their request_uri. One lost in a crash costs a retry."""
        reference, now = self._entropy.token(), self._clock.now()
        digest = sha256(reference)
        sealed = self._keyring.seal(
            _PURPOSE, orjson.dumps(parameters), context=_context(digest, client_id), lifetime=self._kept
        )
        values = {
            "digest": digest,
            "client_id": client_id,
            "parameters": sealed,
            "open_until": now + timedelta(seconds=self.lifetime_seconds),
            "expires_at": now + self._kept,
        }
        with self._database.lossy() as connection:
            _INSERT.rows(connection, values)
        return REQUEST_URI_PREFIX + reference

    def find(self, request_uri: str, client_id: str, opened_at: datetime) -> PushedRequest | None:
        """Return an unused request of this client that was first opened at that time, None if there is none."""
        if len(request_uri) > _LONGEST:
            return None
        digest = sha256(request_uri.removeprefix(REQUEST_URI_PREFIX))
        with self._database.read() as connection:
            rows = _FIND.rows(connection, {"reference": digest, "client": client_id, "opened_at": opened_at})
        if not rows:
            return None
        [(sealed,)] = rows
        try:
            parameters = self._keyring.unseal(_PURPOSE, sealed, context=_context(digest, client_id))
        except SealBroken:
            return None
        return PushedRequest(digest, orjson.loads(parameters))

    def claim(self, request: PushedRequest, rows: Rows) -> bool:
        """Use a request up and store the rows that follow from it; False, and nothing is stored, if it was used before.
        Commits by itself, unless a transaction is under way.
        """
        return self._claim.run({"reference": request.digest, "now": self._clock.now()}, rows)

    def give_back(self, request: PushedRequest) -> None:
        """Make a request usable again whose claimant could give no answer after all."""
        statement = update(PushedRequestRow).where(PushedRequestRow.digest == request.digest).values(used_at=None)
        with self._database.read() as connection:
            connection.execute(statement)


def _context(digest: bytes, client_id: str) -> bytes:
    return digest + client_id.encode()
