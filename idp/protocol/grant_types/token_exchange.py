"""Token exchange (RFC 8693): a department's service calls another department's in the name of the person who called it.

The caller must be the one whom the presented token is for, or was issued to; its registration must name the target
(``policy.exchange_to``). What comes out is never wider, never lives longer, ends with the same grant, and names every
service it went through (``act``, §4.1). Only access tokens of ours with a person behind them are exchanged.
"""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_details.requested import PARAMETER
from idp.protocol.events import TokenExchanged
from idp.protocol.grant_types.grant_type import GrantType
from idp.protocol.grant_types.parts import GrantParts
from idp.protocol.live_tokens import LiveGrant
from idp.protocol.resources import Target, named
from idp.protocol.tokens.access_token import AccessToken
from idp.registry.client import Client
from idp.registry.members import TOKEN_EXCHANGE as TOKEN_EXCHANGE_GRANT

ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
MOST_ACTORS = 3
# They mean something to the client that the person visited, not to a service behind it.
_STAYS = frozenset({"openid", "offline_access"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a request has been found to mean."""

    subject: AccessToken
    grant: LiveGrant
    target: Target
    scope: str
    details: dict[str, Any]
    act: dict[str, Any]


class TokenExchangeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc] # Authlib's stubs leave its grants untyped
    """One exchange."""

    GRANT_TYPE = TOKEN_EXCHANGE_GRANT

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE) or client.registration.is_public:
            raise UnauthorizedClientError("This client may not use the token exchange grant.")
        caller: Client = client.registration
        subject, grant = self._subject(caller)
        self._check_actor_token(caller)
        target = self._target(caller)
        details = self._details(caller, subject, target)
        self._exchange = Exchange(subject, grant, target, self._scope(subject), details, _act(caller, subject))

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        parts, exchange = GrantParts.of(self), self._exchange
        caller: Client = self.request.client.registration
        audience, now = exchange.target.audience, int(parts.clock.now().timestamp())
        expires_at = min(int(exchange.subject.expires_at.timestamp()), now + parts.access_tokens.lifetime_for(audience))
        kept = {name: exchange.subject.claims[name] for name in ("auth_time", "acr") if name in exchange.subject.claims}
        access_token = parts.access_tokens.issue(
            caller,
            sub=parts.sub_for(exchange.target, exchange.grant.account_id, ""),
            scope=exchange.scope,
            reference=exchange.subject.reference,
            audience=audience,
            exp=expires_at,
            act=exchange.act,
            **exchange.details,
            **kept,
            **self.request.binding.claims,
        )
        parts.audit.record(
            TokenExchanged(
                actor=f"client:{caller.client_id}",
                account_id=exchange.grant.account_id,
                client_id=caller.client_id,
                session_id=exchange.grant.session_id,
                subject_client=exchange.subject.client_id,
                audience=audience,
                scope=exchange.scope,
            )
        )
        body: dict[str, Any] = {
            "access_token": access_token,
            "issued_token_type": ACCESS_TOKEN_TYPE,
            "token_type": self.request.binding.token_type,
            "expires_in": expires_at - now,
            **exchange.details,
        }
        if exchange.scope:
            body["scope"] = exchange.scope
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _subject(self, caller: Client) -> tuple[AccessToken, LiveGrant]:
        requested = self.request.form.get("requested_token_type", ACCESS_TOKEN_TYPE)
        if requested != ACCESS_TOKEN_TYPE:
            raise ProtocolError("invalid_request", "Only access tokens are issued here.")
        token = self._token("subject_token")
        if token is None:
            raise ProtocolError("invalid_request", "The subject_token is missing.")
        is_for_caller = token.audience in caller.resource_identifiers
        if not is_for_caller and token.client_id != caller.client_id:
            raise ProtocolError(
                "invalid_request", "The subject_token was neither issued to this client nor is it for it."
            )
        if not is_for_caller and "cnf" in token.claims:
            raise ProtocolError(
                "invalid_request", "A token that is bound to a key cannot be exchanged for one that is not."
            )
        grant = GrantParts.of(self).live_tokens.grant_of(token)
        if grant is None:
            raise ProtocolError("invalid_request", "The subject_token has ended, or no person stands behind it.")
        return token, grant

    def _check_actor_token(self, caller: Client) -> None:
        """An actor token may be shown; it must be the caller's own, because the caller is the actor (§2.1)."""
        token = self._token("actor_token")
        if token is None:
            return
        is_own = token.reference is None and token.sub == token.client_id == caller.client_id
        if not is_own or not GrantParts.of(self).live_tokens.is_live(token):
            raise ProtocolError("invalid_request", "The actor_token is not a live one of this client's own.")

    def _token(self, name: str) -> AccessToken | None:
        """Return a token of the request; None if it has none."""
        text, kind = self.request.form.get(name), self.request.form.get(f"{name}_type")
        if text is None and kind is None:
            return None
        if text is None or kind is None:
            raise ProtocolError("invalid_request", f"The {name} and its type go together.")
        token = GrantParts.of(self).access_tokens.read_any(text) if kind == ACCESS_TOKEN_TYPE else None
        if token is None:
            raise ProtocolError("invalid_request", f"The {name} is not a valid access token of this provider.")
        return token

    def _target(self, caller: Client) -> Target:
        """Return the audience, named by its resource or by the client that serves it (§2.1, §2.2.2 invalid_target)."""
        parts = GrantParts.of(self)
        resources, audience = named(self.request.form.get("resource")), self.request.form.get("audience")
        if audience is not None:
            served = parts.resources.served_by(audience)
            resources = tuple(resource for resource in resources or served if resource in served)
        if len(resources) != 1:
            raise ProtocolError("invalid_target", "Name one resource, or one service that serves one resource.")
        target = parts.resources.exchange_target(resources[0], caller, parts.clock.now())
        if target is None:
            raise ProtocolError("invalid_target", "This client may not exchange tokens for that target.")
        return target

    def _scope(self, subject: AccessToken) -> str:
        asked = frozenset((self.request.payload.scope or "").split())
        if not asked <= subject.scopes - _STAYS:
            raise ProtocolError("invalid_scope", "An exchange cannot widen the scope.")
        return " ".join(sorted(asked or subject.scopes - _STAYS))

    def _details(self, caller: Client, subject: AccessToken, target: Target) -> dict[str, Any]:
        granted, asked = subject.claims.get(PARAMETER), self.request.form.get(PARAMETER)
        return GrantParts.of(self).details(caller, granted, asked, target)


def _act(caller: Client, subject: AccessToken) -> dict[str, Any]:
    """Return the chain of actors, the present one outermost (§4.1)."""
    before = subject.claims.get("act")
    depth, link = 1, before
    while link is not None:
        depth, link = depth + 1, link.get("act")
    if depth > MOST_ACTORS:
        raise ProtocolError("invalid_request", f"A token passes through at most {MOST_ACTORS} services.")
    return {"sub": caller.client_id, **({"act": before} if before is not None else {})}


TOKEN_EXCHANGE = GrantType(TOKEN_EXCHANGE_GRANT, TokenExchangeGrant)
