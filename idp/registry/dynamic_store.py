"""Statements on clients that registered themselves."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from idp.foundation.database import Database
from idp.registry.registration_models import DynamicClient


class DynamicStore:
    """Reads and writes rows; joins the transaction under way."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def row(self, client_id: str) -> Row[Any] | None:
        statement = select(
            DynamicClient.token_digest, DynamicClient.created_at, DynamicClient.deleted_at, DynamicClient.verified_at
        ).where(DynamicClient.client_id == client_id)
        with self._database.read() as connection:
            return cast("Row[Any] | None", connection.execute(statement).one_or_none())

    def is_unverified(self, client_id: str) -> bool:
        row = self.row(client_id)
        return row is not None and row.verified_at is None

    def insert(self, client_id: str, digest: bytes, permission_id: UUID, now: datetime) -> None:
        values = {
            "client_id": client_id,
            "token_digest": digest,
            "initial_access_token_id": permission_id,
            "created_at": now,
        }
        with self._database.transaction() as connection:
            connection.execute(insert(DynamicClient).values(**values))

    def set_verified(self, client_id: str, at: datetime | None) -> None:
        self._update(client_id, verified_at=at)

    def forget(self, client_id: str, now: datetime) -> None:
        self._update(client_id, token_digest=None, deleted_at=now)

    def _update(self, client_id: str, **values: Any) -> None:
        with self._database.transaction() as connection:
            connection.execute(update(DynamicClient).where(DynamicClient.client_id == client_id).values(**values))
