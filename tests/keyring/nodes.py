"""A deployment whose keyring has not yet had its first run, and the nodes of it that a test opens."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from idp.audit.models import AuditEvent
from idp.audit.service import Audit
from idp.foundation.database import Database
from idp.foundation.entropy import SystemEntropy
from idp.foundation.settings import Settings
from idp.keyring.models import KeySetVersion, SigningKey
from idp.keyring.service import Keyring, KeyView
from tests.support.clock import FrozenClock

HOUR = 3600
DAY = 24 * HOUR


class Deployment:
    """One database, one folder of keys and one clock. Each node opens both as a process of its own would."""

    def __init__(self, url: str, keys: Path, clock: FrozenClock) -> None:
        self.url = url
        self.keys = keys
        self.clock = clock
        self._databases: list[Database] = []
        self.database = self._connect()
        # Making RSA keys takes most of a second: tests that are not about them have no such algorithm.
        with self.database.transaction() as connection:
            connection.execute(delete(SigningKey))
            connection.execute(delete(KeySetVersion))

    def node(self, *, algorithms: Sequence[str] = ("ES256",), is_production: bool = False, **changes: Any) -> Keyring:
        """Open the keyring as one more node."""
        settings = Settings(
            environment="production" if is_production else "development",
            issuer="https://id.gov.example" if is_production else "http://localhost:8000",
            database_url=self.url,
            keys_dir=self.keys,
            **changes,
        )
        database = self._connect()
        entropy = SystemEntropy(self.clock)
        audit = Audit(database, self.clock, entropy)
        return Keyring.open(settings, database, self.clock, entropy, audit, algorithms=algorithms)

    def recorded(self, action: str) -> list[dict[str, Any]]:
        """Return the details of the audit events of one action, oldest first."""
        statement = select(AuditEvent.detail).where(AuditEvent.action == action).order_by(AuditEvent.id)
        with self.database.read() as connection:
            return list(connection.scalars(statement))

    def close(self) -> None:
        for database in self._databases:
            with contextlib.suppress(Exception):
                database.dispose()

    def _connect(self) -> Database:
        database = Database(self.url)
        self._databases.append(database)
        return database


def states(node: Keyring, alg: str = "ES256") -> dict[str, KeyView]:
    """Return the keys of an algorithm by state; of several in one state the newest."""
    return {key.state: key for key in node.list_keys() if key.alg == alg}


def published(node: Keyring) -> list[str]:
    """Return the ids in the key set."""
    return [key["kid"] for key in node.jwks()["keys"]]


ROW = UUID("018f0000-0000-7000-8000-000000000001")
OTHER_ROW = UUID("018f0000-0000-7000-8000-000000000002")
