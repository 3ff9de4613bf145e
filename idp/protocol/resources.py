"""Resource indicators (RFC 8707): for whom a token is meant, and which ``sub`` it then carries (rule P6).

An authorization request may name several resources; a token is for exactly one of them, or for this provider itself,
whose own resources (its issuer identifier, and userinfo) are part of every grant. Several granted resources are kept as
one text with blanks between, as scopes are: a URI holds none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from idp.foundation.errors import ProtocolError
from idp.protocol.tokens.access_token import own_audiences
from idp.registry.client import Client
from idp.registry.service import Registry
from idp.registry.uris import problem_of_resource
from idp.sessions.grants import sector_of

MOST_RESOURCES = 5


@dataclass(frozen=True, slots=True)
class Target:
    """The audience of a token: a resource of another client (``server``), or this provider (None)."""

    audience: str
    server: Client | None = None

    @property
    def sector(self) -> str | None:
        """Return the sector in which the token's ``sub`` is unique; None: that of the client it is issued to."""
        return None if self.server is None else sector_of(self.server)


def named(text: str | None) -> tuple[str, ...]:
    """Return the resources of a parameter, each once. Raises ProtocolError(invalid_target) for what is not one (§2)."""
    resources = tuple(dict.fromkeys((text or "").split(" "))) if text else ()
    if len(resources) > MOST_RESOURCES:
        raise ProtocolError("invalid_target", f"At most {MOST_RESOURCES} resources may be named.")
    for resource in resources:
        if problem_of_resource(resource) is not None:
            raise ProtocolError("invalid_target", "A resource must be an absolute URI without a fragment.")
    return resources


class Resources:
    """Decides whom a token may be for."""

    def __init__(self, registry: Registry, issuer: str) -> None:
        self._registry = registry
        self._issuer = issuer
        self._own = frozenset(own_audiences(issuer))

    def allowed(self, text: str | None, client: Client, now: datetime) -> tuple[str, ...]:
        """Return the resources that a request names. Raises ProtocolError(invalid_target)."""
        resources = named(text)
        for resource in resources:
            if resource not in self._own:
                self.server_of(resource, client, now)
        return resources

    def of_others(self, resources: Iterable[str]) -> tuple[str, ...]:
        """Return those that are not this provider's own: services that the client will call in the person's name."""
        return tuple(resource for resource in resources if resource not in self._own)

    def target(self, granted: str | None, asked: str | None, client: Client, now: datetime) -> Target:
        """Return the one audience of a token: what is asked of what was granted, or all that was granted if it is one.

        Raises ProtocolError(invalid_target) for anything wider (§2.2).
        """
        within = tuple((granted or "").split())
        wanted = named(asked)
        if len(wanted) > 1 or (not wanted and len(within) > 1):
            raise ProtocolError("invalid_target", "A token is for one resource: name one of those that were granted.")
        audience = (wanted or within or (self._issuer,))[0]
        if audience in self._own:
            return Target(audience)
        if audience not in within:
            raise ProtocolError("invalid_target", "The resource was not granted.")
        return Target(audience, self.server_of(audience, client, now))

    def served_by(self, client_id: str) -> tuple[str, ...]:
        """Return the resources of a client that is named as the audience of an exchange (RFC 8693 §2.1)."""
        server = self._registry.get(client_id)
        return () if server is None else tuple(sorted(server.resource_identifiers))

    def exchange_target(self, resource: str, caller: Client, now: datetime) -> Target | None:
        """Return the audience if this pair of clients may exchange tokens (``policy.exchange_to``), None otherwise."""
        server = self._registry.serving(resource)
        if server is None or server.client_id not in caller.exchange_to or not server.is_active(now):
            return None
        return Target(resource, server)

    def server_of(self, resource: str, client: Client, now: datetime) -> Client:
        """Return the client that serves a resource which another may call. Raises ProtocolError(invalid_target)."""
        server = self._registry.serving(resource) if resource in client.resources else None
        if server is None or not server.is_active(now):
            raise ProtocolError("invalid_target", "The resource is not known here, or not to this client.")
        return server
