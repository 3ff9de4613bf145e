"""Signing keys made once a worker and given to each test, because two RSA keys of 3072 bit take a second to make.

A test gets copies: files in its own folder and rows in its own database, as if its deployment had just been started for
the first time. Tests about first runs and rotation do not ask for this; they take ``settings`` and open a keyring
themselves.
"""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, insert, select

from idp.audit.service import Audit
from idp.foundation.database import Base, Database
from idp.foundation.settings import Settings, load_settings
from idp.keyring.files import MARKER
from idp.keyring.models import KeySetVersion, SigningKey
from idp.keyring.service import Keyring
from tests.support.clock import START, FrozenClock
from tests.support.databases import SQLiteDatabases
from tests.support.deployment import ISSUER, environment
from tests.support.entropy import FixedEntropy

_TABLES: tuple[Table, ...] = tuple(Base.metadata.tables[model.__tablename__] for model in (SigningKey, KeySetVersion))


class PreparedKeys:
    """The keys of a deployment that was started at ``START``; made when the first test asks."""

    def __init__(self, folder: Path, databases: SQLiteDatabases) -> None:
        self._files = folder / "keys"
        self._database = folder / "keys.db"
        self._databases = databases
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def give(self, settings: Settings, clock: FrozenClock) -> None:
        """Put copies into a deployment that has no keys yet, with their times moved to this clock's present."""
        if settings.keys_dir.exists():
            return
        if not self._rows:
            self._make()
        shutil.copytree(self._files, settings.keys_dir)
        settings.keys_dir.chmod(0o700)
        if not settings.is_development:
            (settings.keys_dir / MARKER).unlink()
        self._insert(settings, clock.now() - START)

    def _make(self) -> None:
        self._databases.copy_to(self._database)
        url = f"sqlite:///{self._database}"
        settings = load_settings(environment(url, self._files, ISSUER, {}))
        clock = FrozenClock(START)
        entropy = FixedEntropy(clock, seed="keys")
        database = Database(url)
        Keyring.open(settings, database, clock, entropy, Audit(database, clock, entropy))
        with database.read() as connection:
            for table in _TABLES:
                self._rows[table.name] = [dict(row) for row in connection.execute(select(table)).mappings()]
        database.dispose()

    def _insert(self, settings: Settings, shift: timedelta) -> None:
        database = Database(settings.database_url)
        with database.transaction() as connection:
            for table in _TABLES:
                connection.execute(delete(table))
                if self._rows[table.name]:
                    connection.execute(insert(table), [_moved(row, shift) for row in self._rows[table.name]])
        database.dispose()


def _moved(row: dict[str, Any], shift: timedelta) -> dict[str, Any]:
    return {name: value + shift if isinstance(value, datetime) else value for name, value in row.items()}
