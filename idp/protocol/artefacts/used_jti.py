"""Ids of assertions and proofs that were used, so that each is accepted once (RFC 7523 §3 item 7, RFC 9449 §11.1).
Survives a restart, shared by all nodes.

PostgreSQL writes its log in order, so that what a request then stores for good takes its spent ids with it to the disk:
nobody has to wait for them alone (decision 0014).
"""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Digest, Instant, plain
from idp.foundation.database import Base, Database
from idp.foundation.digests import sha256
from idp.foundation.prepared_statement import PreparedStatement


class UsedJTI(Base):
    """A spent id, as the digest of who issued it and the id."""

    __tablename__ = "used_jti"
    __table_args__ = (Index("ix_used_jti_expiry", "expires_at"),)

    digest: Mapped[bytes] = plain(Digest, primary_key=True)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)


class UsedJTIs:
    """The replay store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._spend = PreparedStatement(database.insert_new(UsedJTI).returning(UsedJTI.digest))

    def spend(self, issuer: str, jti: str, expires_at: datetime) -> bool:
        """Spend an id, whatever becomes of its request; False if it was spent before."""
        values = {"digest": sha256(f"{issuer}\0{jti}"), "expires_at": expires_at}
        with self._database.lossy() as connection:
            return len(self._spend.rows(connection, values)) == 1
