"""Clients that register and manage themselves (RFC 7591, RFC 7592; rule P9).

They decide their metadata and nothing of our policy: agency and profile come from the initial access token, the
environment from the deployment, the sector from their addresses, everything else is the strictest default. Production
keeps what they send as a draft that works only once staff have approved it; development and the sandbox put it into
force, marked as unverified.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.masked import Masked
from idp.foundation.settings import Settings
from idp.registry.dynamic_store import DynamicStore
from idp.registry.events import ClientDeregistered, ClientRegistered
from idp.registry.facts import state_of
from idp.registry.initial_tokens import InitialTokens, Permission
from idp.registry.members import LEGACY, METADATA, SECRET_METHODS
from idp.registry.models import OPEN
from idp.registry.names import skeleton
from idp.registry.publication import Publication
from idp.registry.rules import Problem
from idp.registry.sectors import hosts_of, problem_of_document, sector_of
from idp.registry.service import Registry
from idp.registry.store import RegistryStore
from idp.registry.views import Applied, Refused

Fetch = Callable[[str], bytes | None]
_ID_BYTES: Final = 16
_OURS: Final = frozenset({"client_id", "client_secret"})
_PAGES: Final = ("client_uri", "policy_uri", "tos_uri")
_PERSONAL: Final = ("openid", "profile", "email", "phone", "address")
_OFFERED: Final = frozenset({*_PERSONAL, "offline_access", "organization", "assurance"})


class _UsedUp(Exception):
    """Roll back: another registration had the last use of the initial access token."""


@dataclass(frozen=True, slots=True)
class Managed:
    """A client as its registration access token shows it. ``secret`` is there only when it was just made."""

    client_id: str
    metadata: dict[str, Any]
    created_at: datetime
    is_suspended: bool = False
    secret: Masked | None = None
    token: Masked | None = field(default=None, repr=False)


class DynamicRegistration:
    """Registers, shows, changes and forgets clients at their own word."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        *,
        registry: Registry,
        initial_tokens: InitialTokens,
        fetch: Fetch,
    ) -> None:
        self._environment = settings.environment
        self._publishes = settings.environment != "production"
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._registry = registry
        self._initial_tokens = initial_tokens
        self._fetch = fetch
        self._store = RegistryStore(database)
        self._dynamic = DynamicStore(database)
        self._publication = Publication(
            database, self._store, clock, entropy, audit, settings, publishes=self._publishes
        )

    def permission(self, token: str) -> Permission | None:
        """Return what an initial access token allows."""
        return self._initial_tokens.find(token)

    def register(self, permission: Permission, metadata: Mapping[str, Any]) -> Managed | Refused | None:
        """Register a client; None when the initial access token was used up meanwhile. What is refused costs no use."""
        client_id = f"dyn-{self._entropy.token(_ID_BYTES)}"
        registration = self._registration(client_id, _policy_of(permission), metadata)
        if isinstance(registration, Refused):
            return registration
        token = Masked(self._entropy.token())
        try:
            with self._database.transaction():
                applied = self._publication.apply(registration, actor=f"client:{client_id}", substitutions={})
                if isinstance(applied, Refused):
                    return applied
                self._spend(permission)
                self._dynamic.insert(client_id, sha256(token.reveal()), permission.id, self._clock.now())
                self._audit.record(
                    ClientRegistered(
                        actor=f"client:{client_id}",
                        client_id=client_id,
                        version=applied.version,
                        status=applied.status,
                        initial_token=str(permission.id),
                    )
                )
        except _UsedUp:
            return None
        self._registry.forget_cached()
        return self._managed(client_id, applied, token)

    def _spend(self, permission: Permission) -> None:
        if not self._initial_tokens.spend(permission):
            raise _UsedUp

    def find(self, client_id: str, token: str) -> Managed | None:
        """Return the client whose registration access token this is; None if it is another's, or gone."""
        row = self._dynamic.row(client_id)
        known = b"" if row is None or row.token_digest is None else row.token_digest
        if not hmac.compare_digest(sha256(token), known):
            return None
        return self._managed(client_id, None, Masked(token))

    def update(self, managed: Managed, metadata: Mapping[str, Any]) -> Managed | Refused | None:
        """Replace the metadata of a client (RFC 7592 §2.2). It can neither enlarge its rights nor change its sector."""
        client_id, before = managed.client_id, self._current(managed.client_id)
        secret_problem = self._secret_problem(client_id, metadata)
        if secret_problem is not None:
            return Refused((secret_problem,))
        registration = self._registration(
            client_id, before["policy"], metadata, assigned=frozenset(before["scope"].split())
        )
        if isinstance(registration, Refused):
            return registration
        if self._publishes and not set(registration["scope"].split()) <= set(before["scope"].split()):
            return Refused((Problem("scope", "cannot be enlarged by an update (RFC 7592 §2.2)"),))
        if registration["policy"]["sector"] != before["policy"]["sector"]:
            return Refused((Problem("redirect_uris", "would change the sector, and with it every sub; register anew"),))
        # What staff have decided since stays as it is.
        registration["policy"] = before["policy"]
        with self._database.transaction():
            applied = self._publication.apply(registration, actor=f"client:{client_id}", substitutions={})
            if isinstance(applied, Refused):
                return applied
            if applied.status == "published":
                self._dynamic.set_verified(client_id, None)
        self._registry.forget_cached()
        return self._managed(client_id, applied, managed.token)

    def delete(self, managed: Managed) -> None:
        """Forget a client (RFC 7592 §2.3): nothing issued to it works any more. The caller ends its sessions."""
        client_id, now = managed.client_id, self._clock.now()
        with self._database.transaction():
            row = self._store.client_row(client_id, lock=True)
            self._store.archive(client_id, *OPEN, "published")
            self._store.update_client(client_id, state="suspended", not_before=now, published_version=None)
            self._store.end_secrets(client_id, keep=0, keep_until=now)
            self._store.hold_names(client_id, set())
            self._dynamic.forget(client_id, now)
            self._store.bump_cache_version()
            if row is not None:
                self._audit.record(
                    ClientDeregistered(actor=f"client:{client_id}", client_id=client_id, before=state_of(row))
                )
        self._registry.forget_cached()

    def _registration(
        self,
        client_id: str,
        policy: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        assigned: frozenset[str] = frozenset(),
    ) -> dict[str, Any] | Refused:
        """Return what the client asks for as a registration of ours, without what nobody here knows (RFC 7591 §2)."""
        given = {name: value for name, value in metadata.items() if name in METADATA and name not in _OURS}
        problems = _problems(given, _OFFERED | assigned)
        sector = sector_of(given, client_id)
        if isinstance(sector, Problem):
            problems.append(sector)
        if problems or isinstance(sector, Problem):
            return Refused(tuple(problems))
        document_problem = self._problem_of_sector_document(given)
        if document_problem is not None:
            return Refused((document_problem,))
        name = given.get("client_name", min(hosts_of(given.get("redirect_uris")), default=client_id))
        return {
            **_defaults(given, is_legacy=policy["profile"] == LEGACY),
            **given,
            "client_id": client_id,
            "client_name": self._free_name(name, client_id),
            "policy": {**policy, "environment": self._environment, "sector": sector},
        }

    def _problem_of_sector_document(self, given: Mapping[str, Any]) -> Problem | None:
        uri = given.get("sector_identifier_uri")
        if not isinstance(uri, str):
            return None
        if not uri.startswith("https://"):
            return Problem("sector_identifier_uri", "must begin with https://")
        uris = given.get("redirect_uris")
        return problem_of_document(self._fetch(uri), uris if isinstance(uris, list) else [])

    def _free_name(self, name: Any, client_id: str) -> Any:  # noqa: ANN401 - comes from a client
        """Return a name; one of another unverified client gets a suffix, any other that is taken is refused later."""
        holder = self._store.name_holder(skeleton(name)) if isinstance(name, str) else None
        if holder in {None, client_id} or not self._dynamic.is_unverified(str(holder)):
            return name
        return f"{name[:40]} {sha256(client_id).hex()[:6]}".strip()

    def _secret_problem(self, client_id: str, metadata: Mapping[str, Any]) -> Problem | None:
        presented = metadata.get("client_secret")
        if presented is None:
            return None
        live = [secret.digest for secret in self._store.live_secrets(client_id, self._clock.now())]
        if isinstance(presented, str) and sha256(presented) in live:
            return None
        return Problem("client_secret", "is not the present one; a client cannot choose its secret")

    def _current(self, client_id: str) -> dict[str, Any]:
        """Return the newest content: what waits for approval, else what is in force."""
        versions = self._store.versions(client_id)
        content: dict[str, Any] = next(row.content for row in versions if row.status != "archived")
        return content

    def _managed(self, client_id: str, applied: Applied | None, token: Masked | None) -> Managed | None:
        row = self._store.client_row(client_id)
        dynamic = self._dynamic.row(client_id)
        if row is None or dynamic is None or dynamic.deleted_at is not None:
            return None
        content = {name: value for name, value in self._current(client_id).items() if name != "policy"}
        secret = applied.new_secret if applied is not None else None
        return Managed(client_id, content, dynamic.created_at, row.state == "suspended", secret, token)


def _policy_of(permission: Permission) -> dict[str, str]:
    """Return what the initial access token decides. Legacy clients end with it: every one of them must end some day."""
    ends_on = {"ends_on": permission.expires_at.date().isoformat()} if permission.profile == LEGACY else {}
    return {"agency": permission.agency, "profile": permission.profile, **ends_on}


def _defaults(given: Mapping[str, Any], *, is_legacy: bool) -> dict[str, Any]:
    """Return what a registration means that leaves things out (RFC 7591 §2, OpenID Connect Registration §2)."""
    grants = given.get("grant_types", ["authorization_code"])
    uses_code = isinstance(grants, list) and "authorization_code" in grants
    refreshes = isinstance(grants, list) and "refresh_token" in grants
    scopes = [*_PERSONAL, *(["offline_access"] if refreshes and not is_legacy else [])] if uses_code else []
    return {"id_token_signed_response_alg": "RS256", "scope": " ".join(scopes)}


def _problems(given: Mapping[str, Any], scopes: frozenset[str]) -> list[Problem]:
    """Return what is wrong with a self-made registration beyond what is wrong with any (RFC 7591 §5)."""
    problems = []
    scope = given.get("scope", "")
    if isinstance(scope, str) and not frozenset(scope.split()) <= scopes:
        problems.append(Problem("scope", "holds a scope that staff alone assign"))
    hosts = hosts_of(given.get("redirect_uris"))
    strange = [member for member in _PAGES if member in given and not hosts_of([given[member]]) & hosts]
    return problems + [Problem(member, "must be on a host of the redirect_uris (RFC 7591 §5)") for member in strange]


def uses_secret(metadata: Mapping[str, Any]) -> bool:
    """Tell whether a client with this metadata has a secret."""
    return metadata.get("token_endpoint_auth_method") in SECRET_METHODS
