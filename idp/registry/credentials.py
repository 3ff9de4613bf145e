"""When the credentials of clients end: secrets that were rotated away, certificates in their keys (RFC 7517 §4.7), and
keys that have been the same for too long.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final, Literal

from sqlalchemy import Row, distinct, func, select

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.settings import Settings
from idp.keyring.certificates import der_of_x5c, ends_at
from idp.registry.lint import EXPIRING, OLD_KEY
from idp.registry.models import ClientRow, ClientSecretRow, ClientVersion
from idp.registry.store import RegistryStore

Kind = Literal["secret", "certificate", "key"]
_PUBLISHED: Final = (ClientVersion.client_id == ClientRow.client_id) & (ClientVersion.status == "published")
_IN_FORCE: Final = ClientRow.state == "active"


@dataclass(frozen=True, slots=True)
class ExpiringCredential:
    """A credential that ends soon. ``id`` names it for ever, and tells nothing of it."""

    id: str
    kind: Kind
    client_id: str
    client_name: str
    client_name_en: str
    agency: str
    contacts: tuple[str, ...]
    ends_at: datetime


class Credentials:
    """Looks for credentials that end soon."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._environment = settings.environment
        self._store = RegistryStore(database)

    def expiring(self, within: timedelta = EXPIRING) -> list[ExpiringCredential]:
        """Return the credentials of clients in force that end within a time, the first to end first."""
        now = self._clock.now()
        found = [*self._secrets(now, now + within), *self._keys(now, now + within)]
        return sorted(found, key=lambda one: (one.ends_at, one.id))

    def count_clients(self, agency: str | None = None) -> int:
        """Return how many clients, of an agency, have a secret that ends in 30 days."""
        now = self._clock.now()
        statement = select(func.count(distinct(ClientSecretRow.client_id))).where(
            ClientSecretRow.expires_at > now, ClientSecretRow.expires_at <= now + EXPIRING
        )
        if agency is not None:
            statement = statement.join(ClientRow, ClientRow.client_id == ClientSecretRow.client_id).where(
                ClientRow.agency == agency
            )
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def _secrets(self, now: datetime, until: datetime) -> Iterator[ExpiringCredential]:
        statement = (
            select(ClientSecretRow.id, ClientSecretRow.expires_at, ClientRow.agency, ClientVersion.content)
            .join(ClientRow, ClientRow.client_id == ClientSecretRow.client_id)
            .join(ClientVersion, _PUBLISHED)
            .where(ClientSecretRow.expires_at > now, ClientSecretRow.expires_at <= until)
            .where(_IN_FORCE, ClientRow.environment == self._environment)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        for row in rows:
            yield _credential(row.content, row.agency, "secret", str(row.id), row.expires_at)

    def _keys(self, now: datetime, until: datetime) -> Iterator[ExpiringCredential]:
        for row in self._clients_with_keys():
            keys = row.content["jwks"].get("keys", ())
            for id_, end in _certificates(keys):
                if now < end <= until:
                    yield _credential(row.content, row.agency, "certificate", id_, end)
            since = self._unchanged_since(row.client_id)
            if now < since + OLD_KEY <= until:
                id_ = f"{row.client_id}:{since.isoformat()}"
                yield _credential(row.content, row.agency, "key", id_, since + OLD_KEY)

    def _clients_with_keys(self) -> list[Row[str, str, dict[str, Any]]]:
        statement = (
            select(ClientRow.client_id, ClientRow.agency, ClientVersion.content)
            .join(ClientVersion, _PUBLISHED)
            .where(_IN_FORCE, ClientRow.environment == self._environment)
        )
        with self._database.read() as connection:
            return [row for row in connection.execute(statement).all() if isinstance(row.content.get("jwks"), dict)]

    def _unchanged_since(self, client_id: str) -> datetime:
        """Return since when the keys have been what they are, as the page of the client has it."""
        versions = [version for version in self._store.versions(client_id) if version.published_at]
        same = takewhile(lambda version: version.content.get("jwks") == versions[0].content.get("jwks"), versions)
        earliest: datetime = min(version.created_at for version in same)
        return earliest


def _certificates(keys: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, datetime]]:
    for key in keys:
        der = der_of_x5c(key.get("x5c"))
        end = None if der is None else ends_at(der)
        if der is not None and end is not None:
            yield sha256(der).hex(), end


def _credential(content: Mapping[str, Any], agency: str, kind: Kind, id_: str, end: datetime) -> ExpiringCredential:
    name = str(content["client_name"])
    return ExpiringCredential(
        id=f"{kind}:{id_}",
        kind=kind,
        client_id=str(content["client_id"]),
        client_name=name,
        client_name_en=str(content.get("client_name#en") or name),
        agency=agency,
        contacts=tuple(content.get("contacts", ())),
        ends_at=end,
    )
