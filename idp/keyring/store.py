"""Every statement on ``signing_key``. Changes are written under the lock of the one version row, which each of them
raises.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, inspect, select, text, update

from idp.foundation.database import Database
from idp.keyring.models import KeySetVersion, SigningKey
from idp.keyring.rotation import Key


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of ``signing_key``."""

    kid: str
    alg: str
    state: str
    public_jwk: dict[str, Any]
    created_at: datetime
    published_at: datetime
    activates_at: datetime | None
    retired_at: datetime | None
    revoked_at: datetime | None
    reason: str | None

    @property
    def facts(self) -> Key:
        """What rotation decides upon."""
        return Key(self.kid, self.alg, self.state, self.published_at, self.activates_at, self.retired_at)


_COLUMNS = (
    SigningKey.kid,
    SigningKey.alg,
    SigningKey.state,
    SigningKey.public_jwk,
    SigningKey.created_at,
    SigningKey.published_at,
    SigningKey.activates_at,
    SigningKey.retired_at,
    SigningKey.revoked_at,
    SigningKey.reason,
)
_VERSION = select(KeySetVersion.version).where(KeySetVersion.id == 1)


class KeyStore:
    """Reads and changes the rows of signing keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_migrated(self) -> bool:
        with self._database.read() as connection:
            return inspect(connection).has_table(KeySetVersion.__tablename__)

    def version(self) -> int | None:
        """Return the version of the key set, None before the first run."""
        with self._database.read() as connection:
            return connection.scalar(_VERSION)

    def all(self) -> Sequence[StoredKey]:
        """Return every key, oldest first."""
        statement = select(*_COLUMNS).order_by(SigningKey.alg, SigningKey.created_at, SigningKey.kid)
        with self._database.read() as connection:
            return [StoredKey(*row) for row in connection.execute(statement)]

    def lock(self, connection: Connection) -> None:
        """Wait until no other transaction changes keys, and raise the version, which others see with our commit."""
        connection.execute(text("INSERT INTO key_set_version (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING"))
        connection.execute(update(KeySetVersion).where(KeySetVersion.id == 1).values(version=KeySetVersion.version + 1))

    def add(self, connection: Connection, jwk: dict[str, Any], now: datetime, activates_at: datetime | None) -> None:
        state = "active" if activates_at is not None and activates_at <= now else "pending"
        values = {"created_at": now, "published_at": now, "activates_at": activates_at}
        connection.execute(
            insert(SigningKey).values(kid=jwk["kid"], alg=jwk["alg"], state=state, public_jwk=jwk, **values)
        )

    def change(self, connection: Connection, kid: str, **values: object) -> None:
        connection.execute(update(SigningKey).where(SigningKey.kid == kid).values(**values))
