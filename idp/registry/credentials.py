"""When the credentials of clients end: secrets that were rotated away, certificates in their keys (RFC 7517 §4.7), and
keys that have been the same for too long.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, takewhile
from typing import Any, Final, Literal

from sqlalchemy import Row, Text, literal, select
from sqlalchemy.orm import aliased

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.settings import Settings
from idp.keyring.certificates import der_of_x5c, ends_at
from idp.registry.lint import EXPIRING, OLD_KEY
from idp.registry.models import ClientRow, ClientSecretRow, ClientVersion

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

    def expiring(self, within: timedelta = EXPIRING) -> list[ExpiringCredential]:
        """Return the credentials of clients in force that end within a time, the first to end first."""
        now = self._clock.now()
        found = [*self._secrets(now, now + within), *self._keys(now, now + within)]
        return sorted(found, key=lambda one: (one.ends_at, one.id))

    def ending(self) -> list[ExpiringCredential]:
        """Return of each client in force the credential that ends first, if it does in 30 days."""
        found: dict[str, ExpiringCredential] = {}
        for one in self.expiring():
            found.setdefault(one.client_id, one)
        return list(found.values())

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
        for client_id, versions in groupby(self._versions_with_keys(), lambda row: row.client_id):
            in_force, *earlier = versions
            if not isinstance(in_force.content.get("jwks"), dict):
                continue
            for id_, end in _certificates(in_force.content["jwks"].get("keys", ())):
                if now < end <= until:
                    yield _credential(in_force.content, in_force.agency, "certificate", id_, end)
            since = keys_since([in_force, *earlier])
            if since is not None and now < since + OLD_KEY <= until:
                id_ = f"{client_id}:{since.isoformat()}"
                yield _credential(in_force.content, in_force.agency, "key", id_, since + OLD_KEY)

    def _versions_with_keys(self) -> list[Row[Any]]:
        """Return every version that is or was in force of the clients that now have keys, newest first, by client."""
        now = aliased(ClientVersion)
        has_keys = now.content.op("->>", return_type=Text())(literal("jwks", Text())).is_not(None)
        statement = (
            select(ClientRow.client_id, ClientRow.agency, ClientVersion.content, ClientVersion.created_at)
            .join(ClientVersion, ClientVersion.client_id == ClientRow.client_id)
            .join(now, (now.client_id == ClientRow.client_id) & (now.status == "published"))
            .where(_IN_FORCE, ClientRow.environment == self._environment, has_keys)
            .where(ClientVersion.published_at.is_not(None), ClientVersion.number <= now.number)
            .order_by(ClientRow.client_id, ClientVersion.number.desc())
        )
        with self._database.read() as connection:
            return list(connection.execute(statement).all())


def keys_since(versions: Sequence[Row[Any]]) -> datetime | None:
    """Return since when the keys have been what they are in the newest of a client's versions, which comes first."""
    same = takewhile(lambda version: version.content.get("jwks") == versions[0].content.get("jwks"), versions)
    return min((version.created_at for version in same), default=None)


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
