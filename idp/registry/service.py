"""The use cases of the registry but for publishing: look up, list, show, suspend, resume, rotate a secret.

``get`` is on the path of every request and answers from the cache; every change bumps the cache counter in its own
transaction, so that all nodes see it within half a second. Applying and approving registrations are in ``publication``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.masked import Masked
from idp.foundation.settings import Settings
from idp.foundation.translation import DEFAULT_LOCALE, said
from idp.registry.cache import VersionedCache
from idp.registry.client import Client
from idp.registry.credentials import keys_since
from idp.registry.events import ClientResumed, ClientSecretIssued, ClientSuspended, LiveSecrets
from idp.registry.facts import state_of
from idp.registry.lint import lint
from idp.registry.members import CLIENT_ID, SECRET_METHODS, with_defaults
from idp.registry.models import OPEN
from idp.registry.publication import Publication
from idp.registry.risks import risks
from idp.registry.rules import Problem
from idp.registry.store import RegistryStore
from idp.registry.views import (
    Applied,
    Approval,
    ClientDetail,
    ClientGlance,
    ClientSummary,
    Comparison,
    Refused,
    SecretIssued,
    SecretSummary,
    StateChanged,
    VersionSummary,
    differences,
)

SECRET_OVERLAP = timedelta(days=7)


class Registry:
    """The register of clients."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._environment = settings.environment
        self._store = RegistryStore(database)
        self._cache: VersionedCache[Client] = VersionedCache(self._store.cache_version)
        self._resources: VersionedCache[Client] = VersionedCache(self._store.cache_version)
        self._publication = Publication(database, self._store, clock, entropy, audit, settings)

    def get(self, client_id: str) -> Client | None:
        """Return the client in force; None if nothing is published, or it is made for another environment.

        A suspended client is returned, as such. Raises RegistryUnavailable when neither database nor cache can be
        trusted.
        """
        return self._cache.get(client_id, self._load)

    def serving(self, resource: str) -> Client | None:
        """Return the client that serves a resource (RFC 8707), None if nobody here does."""
        return self._resources.get(resource, self._load_serving)

    def _load_serving(self, resource: str) -> Client | None:
        client_id = self._store.resource_holder(resource)
        client = None if client_id is None else self._load(client_id)
        return client if client is not None and resource in client.resource_identifiers else None

    def _load(self, client_id: str) -> Client | None:
        if not CLIENT_ID.match(client_id):
            return None
        client = self._store.published(client_id, self._clock.now())
        if client is None or client.environment != self._environment:
            return None
        return None if client.is_demonstration and self._environment != "development" else client

    def apply(
        self, registration: Mapping[str, Any], *, actor: str, substitutions: Mapping[str, str] | None = None
    ) -> Applied | Refused:
        """Bring the register to what a file says: published at once in development, elsewhere a draft. Idempotent."""
        outcome = self._publication.apply(registration, actor=actor, substitutions=substitutions or {})
        self.forget_cached()
        return outcome

    def propose(self, registration: Mapping[str, Any], *, actor: str) -> Applied | Refused:
        """Write a draft that waits for review, in every environment."""
        return self._publication.propose(registration, actor=actor)

    def approve(self, client_id: str, *, actor: str, approval: Approval | None = None) -> StateChanged | Refused:
        """Put the open draft of a client into force, unless another version was published since it was written.

        With an ``approval``, only if the draft is what the officers looked at. In production there is no other way:
        the database refuses it.
        """
        outcome = self._publication.approve(client_id, actor=actor, approval=approval)
        self.forget_cached()
        return outcome

    def suspend(self, client_id: str, *, actor: str, reason: str | None = None) -> StateChanged | Refused:
        """Stop a client: no sign-in, no token, and nothing issued until now is accepted.

        The caller ends its sessions.
        """
        now = self._clock.now()
        with self._database.transaction():
            row = self._store.client_row(client_id, lock=True)
            if row is None:
                return _unknown(client_id)
            self._store.update_client(client_id, state="suspended", not_before=now)
            self._store.bump_cache_version()
            before, after = state_of(row), state_of(row, "suspended", now)
            self._audit.record(
                ClientSuspended(actor=actor, client_id=client_id, reason=reason, before=before, after=after)
            )
        self.forget_cached()
        return StateChanged(client_id, "suspended", row.published_version)

    def resume(self, client_id: str, *, actor: str, reason: str | None = None) -> StateChanged | Refused:
        """Let a suspended client work again. What was issued before the suspension stays void."""
        with self._database.transaction():
            row = self._store.client_row(client_id, lock=True)
            if row is None:
                return _unknown(client_id)
            if row.state == "suspended":
                self._store.update_client(client_id, state="active")
                self._store.bump_cache_version()
                before, after = state_of(row), state_of(row, "active")
                self._audit.record(
                    ClientResumed(actor=actor, client_id=client_id, reason=reason, before=before, after=after)
                )
        self.forget_cached()
        return StateChanged(client_id, "active", row.published_version)

    def rotate_secret(
        self, client_id: str, *, actor: str, overlap: timedelta = SECRET_OVERLAP
    ) -> SecretIssued | Refused:
        """Issue a new secret. The newest old one is accepted until the overlap ends, all older ones end now."""
        now = self._clock.now()
        secret = Masked(self._entropy.token())
        with self._database.transaction():
            if self._store.client_row(client_id, lock=True) is None:
                return _unknown(client_id)
            if not self._uses_secret(client_id):
                return Refused(
                    (Problem("", said("%(client_id)s does not authenticate with a secret", client_id=client_id)),)
                )
            before = LiveSecrets(live=len(self._store.live_secrets(client_id, now)))
            kept = self._store.end_secrets(client_id, keep=1, keep_until=now + overlap)
            self._store.insert_secret(self._entropy.uuid7(), client_id, sha256(secret.reveal()), now)
            self._store.bump_cache_version()
            ends = now + overlap if kept else None
            after = LiveSecrets(live=len(self._store.live_secrets(client_id, now)))
            self._audit.record(
                ClientSecretIssued(
                    actor=actor,
                    client_id=client_id,
                    old_secret_ends=ends.isoformat() if ends else None,
                    before=before,
                    after=after,
                )
            )
        self.forget_cached()
        return SecretIssued(client_id, secret, ends)

    def forget_cached(self) -> None:
        """Let this process see at once what it has just changed."""
        self._cache.forget()
        self._resources.forget()

    def _uses_secret(self, client_id: str) -> bool:
        current = [row for row in self._store.versions(client_id) if row.status != "archived"]
        return any(row.content["token_endpoint_auth_method"] in SECRET_METHODS for row in current)

    def list(self) -> tuple[ClientSummary, ...]:
        """Return every client, by id, with the version in force and the open draft."""
        return tuple(
            _summary(list(rows))
            for _, rows in groupby(self._store.client_rows(self._clock.now()), lambda row: row.client_id)
        )

    def glance(self, client_ids: Iterable[str] | None = None) -> dict[str, ClientGlance]:
        """Return whose these clients are and what they are called, all of them for None: as in the version in force,
        else in the draft.
        """
        wanted = None if client_ids is None else frozenset(client_ids)
        if wanted is not None and not wanted:
            return {}
        shown = (_shown(list(rows)) for _, rows in groupby(self._store.name_rows(wanted), lambda row: row.client_id))
        return {
            row.client_id: ClientGlance(
                row.client_id, row.client_name, row.client_name_en or row.client_name, row.agency
            )
            for row in shown
        }

    def names(self, client_ids: Iterable[str] | None = None, locale: str = DEFAULT_LOCALE) -> dict[str, str]:
        """Return what these clients are called in a language, all of them for None."""
        return {one.client_id: one.name_in(locale) for one in self.glance(client_ids).values()}

    def show(self, client_id: str) -> ClientDetail | None:
        """Return all that may be shown of a client."""
        row = self._store.client_row(client_id) if CLIENT_ID.match(client_id) else None
        if row is None:
            return None
        versions = self._store.versions(client_id)
        content = next((version.content for version in versions if version.status == "published"), None)
        draft = next((version.content for version in versions if version.status in OPEN), None)
        now = self._clock.now()
        secrets = tuple(
            SecretSummary(one.created_at, one.expires_at) for one in self._store.secret_rows(client_id, now)
        )
        return ClientDetail(
            client_id=row.client_id,
            agency=row.agency,
            environment=row.environment,
            state=row.state,
            not_before=row.not_before,
            is_demonstration=row.is_demonstration,
            created_at=row.created_at,
            published_version=row.published_version,
            content=content,
            draft=draft,
            pending_changes=differences(content, draft) if draft is not None else (),
            versions=tuple(map(_version, versions)),
            live_secrets=len(secrets),
            secrets=secrets,
            findings=lint(
                content or draft or {},
                now,
                secret_ends=[one.expires_at for one in secrets],
                keys_since=keys_since([version for version in versions if version.published_at]),
            ),
        )

    def compare(self, client_id: str, number: int) -> Comparison | None:
        """Return a version beside the one in force; the one in force, beside the one that it was written upon."""
        contents = {version.number: version for version in self._store.versions(client_id)}
        version = contents.get(number)
        if version is None:
            return None
        published = next((one.number for one in contents.values() if one.status == "published"), None)
        other = contents.get(version.base_version if published in {None, number} else published)
        return Comparison(
            _version(version),
            version.content,
            other and other.number,
            differences(other and with_defaults(other.content), with_defaults(version.content)),
        )

    def risks_of(self, wanted: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
        """Return what is risky in these versions beside those in force, by client; one query."""
        rows = self._store.contents(wanted) if wanted else ()
        in_force = {row.client_id: with_defaults(row.content) for row in rows if row.status == "published"}
        return {
            row.client_id: risks(in_force.get(row.client_id), with_defaults(row.content))
            for row in rows
            if row.number == wanted[row.client_id]
        }


def _unknown(client_id: str) -> Refused:
    return Refused((Problem("", said("there is no client %(client_id)s", client_id=repr(client_id))),))


def _version(row: Row[Any]) -> VersionSummary:
    return VersionSummary(
        row.number,
        row.status,
        row.base_version,
        row.author,
        row.created_at,
        row.published_at,
        row.content_digest.hex(),
        row.change_request_id,
    )


def _summary(rows: Iterable[Row[Any]]) -> ClientSummary:
    """Summarise the published version and the draft of one client."""
    rows = list(rows)
    draft = next((row for row in rows if row.status in OPEN), None)
    shown = _shown(rows)
    return ClientSummary(
        client_id=shown.client_id,
        client_name=shown.content["client_name"],
        client_name_en=shown.content.get("client_name#en") or shown.content["client_name"],
        agency=shown.agency,
        environment=shown.environment,
        state=shown.state,
        profile=shown.content["policy"]["profile"],
        published_version=shown.published_version,
        draft_version=None if draft is None else draft.number,
        is_demonstration=shown.is_demonstration,
        created_at=shown.created_at,
        ends_at=shown.ends_at,
    )


def _shown(rows: Sequence[Row[Any]]) -> Row[Any]:
    """Return the version of a client that speaks for it: the published one, else the latest draft."""
    return next((row for row in rows if row.status == "published"), rows[-1])
