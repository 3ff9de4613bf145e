"""Every statement of the registry. What stands in the database was checked by ``rules`` before it was written."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Row, Text, delete, func, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.foundation.database import Database
from idp.foundation.logging import get_logger
from idp.registry.client import Client, ClientSecret, Standing, client_of
from idp.registry.digests import digest_of
from idp.registry.models import (
    OPEN,
    Agency,
    CacheVersion,
    ClientName,
    ClientResource,
    ClientRow,
    ClientSecretRow,
    ClientVersion,
)
from idp.registry.registration_models import DynamicClient

_ONLY_ROW = 1
_log = get_logger(__name__)


class RegistryStore:
    """Reads and writes rows; joins the transaction under way."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert

    # -- the cache counter

    def cache_version(self) -> int:
        with self._database.read() as connection:
            return connection.scalar(select(CacheVersion.value).where(CacheVersion.id == _ONLY_ROW)) or 0

    def bump_cache_version(self) -> None:
        statement = self._insert(CacheVersion).values(id=_ONLY_ROW, value=1)
        statement = statement.on_conflict_do_update(index_elements=["id"], set_={"value": CacheVersion.value + 1})
        with self._database.transaction() as connection:
            connection.execute(statement)

    # -- reading

    def published(self, client_id: str, now: datetime) -> Client | None:
        """Return the client in force, None if there is none, or if it is not what its digest says (rule A1).

        The database binds approvals to the digest, and only we can compare that with the content.
        """
        statement = (
            select(
                ClientRow.state,
                ClientRow.not_before,
                ClientRow.is_demonstration,
                ClientVersion.id,
                ClientVersion.number,
                ClientVersion.content,
                ClientVersion.content_digest,
                Agency.name,
                Agency.name_en,
                DynamicClient.created_at.label("registered_itself_at"),
                DynamicClient.verified_at,
            )
            .select_from(ClientRow)
            .join(ClientVersion, ClientVersion.client_id == ClientRow.client_id)
            .join(Agency, Agency.slug == ClientRow.agency)
            .outerjoin(DynamicClient, DynamicClient.client_id == ClientRow.client_id)
            .where(ClientRow.client_id == client_id, ClientVersion.status == "published")
        )
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        if digest_of(row.content) != row.content_digest:
            _log.error("registration_altered", client_id=client_id, version=row.number)
            return None
        standing = Standing(
            version_id=row.id,
            version=row.number,
            state=row.state,
            not_before=row.not_before,
            is_demonstration=row.is_demonstration,
            agency_name=row.name,
            agency_name_en=row.name_en,
            secrets=self.live_secrets(client_id, now),
            is_unverified=row.registered_itself_at is not None and row.verified_at is None,
        )
        return client_of(row.content, standing)

    def live_secrets(self, client_id: str, now: datetime) -> tuple[ClientSecret, ...]:
        """Return the secrets that are accepted, newest first."""
        return tuple(ClientSecret(row.digest, row.expires_at) for row in self.secret_rows(client_id, now))

    def client_row(self, client_id: str, *, lock: bool = False) -> Row[Any] | None:
        statement = select(
            ClientRow.client_id,
            ClientRow.agency,
            ClientRow.environment,
            ClientRow.state,
            ClientRow.not_before,
            ClientRow.published_version,
            ClientRow.is_demonstration,
            ClientRow.created_at,
        ).where(ClientRow.client_id == client_id)
        with self._database.read() as connection:
            row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
        return cast("Row[Any] | None", row)

    def secret_rows(self, client_id: str, now: datetime) -> Sequence[Row[Any]]:
        """Return (digest, created_at, expires_at) of each secret that is accepted, newest first."""
        statement = (
            select(ClientSecretRow.digest, ClientSecretRow.created_at, ClientSecretRow.expires_at)
            .where(ClientSecretRow.client_id == client_id)
            .where(or_(ClientSecretRow.expires_at.is_(None), ClientSecretRow.expires_at > now))
            .order_by(ClientSecretRow.id.desc())
        )
        with self._database.read() as connection:
            return cast("Sequence[Row[Any]]", connection.execute(statement).all())

    def client_rows(self, now: datetime) -> Sequence[Row[Any]]:
        """Return (client columns, status, number, content, ends_at) of every client's published version and open draft;
        ``ends_at`` is when the first of its live secrets ends.
        """
        mine = (ClientSecretRow.client_id == ClientRow.client_id) & (ClientSecretRow.expires_at > now)
        ends_at = select(func.min(ClientSecretRow.expires_at)).where(mine).scalar_subquery()
        statement = (
            select(
                ClientRow.client_id,
                ClientRow.agency,
                ClientRow.environment,
                ClientRow.state,
                ClientRow.published_version,
                ClientRow.is_demonstration,
                ClientRow.created_at,
                ClientVersion.status,
                ClientVersion.number,
                ClientVersion.content,
                ends_at.label("ends_at"),
            )
            .join(ClientVersion, ClientVersion.client_id == ClientRow.client_id)
            .where(ClientVersion.status.in_((*OPEN, "published")))
            .order_by(ClientRow.client_id, ClientVersion.number)
        )
        with self._database.read() as connection:
            return connection.execute(statement).all()

    def name_rows(self, client_ids: Collection[str] | None) -> Sequence[Row[Any]]:
        """Return (client_id, agency, status, client_name, client_name_en) of the published versions and open drafts of
        these clients, of all for None; of the contents, which may hold keys and logos, the database hands out the
        names alone.
        """

        def member(name: str) -> ColumnElement[Any]:
            return ClientVersion.content.op("->>", return_type=Text())(literal(name, Text()))

        statement = (
            select(
                ClientVersion.client_id,
                ClientRow.agency,
                ClientVersion.status,
                member("client_name").label("client_name"),
                member("client_name#en").label("client_name_en"),
            )
            .join(ClientRow, ClientRow.client_id == ClientVersion.client_id)
            .where(ClientVersion.status.in_((*OPEN, "published")))
            .order_by(ClientVersion.client_id, ClientVersion.number)
        )
        if client_ids is not None:
            statement = statement.where(ClientVersion.client_id.in_(client_ids))
        with self._database.read() as connection:
            return connection.execute(statement).all()

    def versions(self, client_id: str) -> Sequence[Row[Any]]:
        """Return every version of a client, newest first."""
        statement = (
            select(
                ClientVersion.id,
                ClientVersion.number,
                ClientVersion.status,
                ClientVersion.content,
                ClientVersion.content_digest,
                ClientVersion.base_version,
                ClientVersion.author,
                ClientVersion.created_at,
                ClientVersion.published_at,
                ClientVersion.change_request_id,
            )
            .where(ClientVersion.client_id == client_id)
            .order_by(ClientVersion.number.desc())
        )
        with self._database.read() as connection:
            return connection.execute(statement).all()

    def contents(self, wanted: Mapping[str, int]) -> Sequence[Row[Any]]:
        """Return these versions of clients, by number, and what is in force of each."""
        is_wanted = or_(ClientVersion.status == "published", ClientVersion.number.in_(wanted.values()))
        statement = select(
            ClientVersion.client_id, ClientVersion.number, ClientVersion.status, ClientVersion.content
        ).where(ClientVersion.client_id.in_(wanted), is_wanted)
        with self._database.read() as connection:
            return connection.execute(statement).all()

    # -- writing

    def insert_client(self, values: dict[str, Any]) -> None:
        self._execute(insert(ClientRow).values(**values))

    def update_client(self, client_id: str, **values: Any) -> None:
        self._execute(update(ClientRow).where(ClientRow.client_id == client_id).values(**values))

    def save_agency(self, slug: str, name: str | None, name_en: str | None, *, keep: bool = False) -> None:
        """Add an agency, or take over the names that are given, unless those that stand are to be kept."""
        given = {key: value for key, value in (("name", name), ("name_en", name_en)) if value is not None}
        statement = self._insert(Agency).values(slug=slug, name=name or slug, name_en=name_en or name or slug)
        if keep or not given:
            self._execute(statement.on_conflict_do_nothing())
        else:
            self._execute(statement.on_conflict_do_update(index_elements=["slug"], set_=given))

    def insert_version(self, values: dict[str, Any]) -> None:
        self._execute(insert(ClientVersion).values(**values))

    def submit_draft(self, client_id: str) -> None:
        """Let the draft of a client be in review."""
        drafts = (ClientVersion.client_id == client_id, ClientVersion.status == "draft")
        self._execute(update(ClientVersion).where(*drafts).values(status="in_review"))

    def publish_version(self, version_id: UUID, **values: Any) -> None:
        self._execute(update(ClientVersion).where(ClientVersion.id == version_id).values(status="published", **values))

    def archive(self, client_id: str, *statuses: str) -> None:
        self._execute(
            update(ClientVersion)
            .where(ClientVersion.client_id == client_id, ClientVersion.status.in_(statuses))
            .values(status="archived")
        )

    def name_holder(self, skeleton: str) -> str | None:
        """Return the client that holds a displayed name, by its skeleton."""
        with self._database.read() as connection:
            return connection.scalar(select(ClientName.client_id).where(ClientName.skeleton == skeleton))

    def hold_names(self, client_id: str, skeletons: set[str]) -> None:
        """Make these the names of a client. A name that another holds breaks the transaction (primary key)."""
        self._execute(
            delete(ClientName).where(ClientName.client_id == client_id, ClientName.skeleton.not_in(skeletons))
        )
        for skeleton in sorted(skeletons):
            if self.name_holder(skeleton) != client_id:
                self._execute(insert(ClientName).values(skeleton=skeleton, client_id=client_id))

    def resource_holder(self, uri: str) -> str | None:
        """Return the client that serves a resource."""
        with self._database.read() as connection:
            return connection.scalar(select(ClientResource.client_id).where(ClientResource.uri == uri))

    def hold_resources(self, client_id: str, resources: set[str]) -> None:
        """Make these the resources of a client. One that another serves breaks the transaction (primary key)."""
        gone = (ClientResource.client_id == client_id) & ClientResource.uri.not_in(resources)
        self._execute(delete(ClientResource).where(gone))
        for uri in sorted(resources):
            if self.resource_holder(uri) != client_id:
                self._execute(insert(ClientResource).values(uri=uri, client_id=client_id))

    def insert_secret(self, secret_id: UUID, client_id: str, digest: bytes, now: datetime) -> None:
        self._execute(insert(ClientSecretRow).values(id=secret_id, client_id=client_id, digest=digest, created_at=now))

    def end_secrets(self, client_id: str, *, keep: int, keep_until: datetime) -> int:
        """Let the newest ``keep`` secrets of a client end at a time and drop all older ones.

        Returns how many were kept.
        """
        with self._database.transaction() as connection:
            mine = select(ClientSecretRow.id).where(ClientSecretRow.client_id == client_id)
            kept = list(connection.scalars(mine.order_by(ClientSecretRow.id.desc()).limit(keep)))
            connection.execute(
                delete(ClientSecretRow).where(ClientSecretRow.client_id == client_id, ClientSecretRow.id.not_in(kept))
            )
            lasts_longer = or_(ClientSecretRow.expires_at.is_(None), ClientSecretRow.expires_at > keep_until)
            connection.execute(
                update(ClientSecretRow).where(ClientSecretRow.id.in_(kept), lasts_longer).values(expires_at=keep_until)
            )
            return len(kept)

    def _execute(self, statement: Any) -> CursorResult[Any]:  # noqa: ANN401 - any statement
        with self._database.transaction() as connection:
            return connection.execute(statement)
