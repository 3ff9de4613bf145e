"""A client acting for itself (RFC 6749 §4.4). Its token is a JWT without a row, counted for each client and minute
(rule A3).
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant as AuthlibClientCredentialsGrant

from idp.foundation.errors import ProtocolError
from idp.protocol.grant_types.grant_type import GrantType
from idp.protocol.grant_types.parts import GrantParts

_PERSONAL = frozenset({"openid", "offline_access"})


class ClientCredentialsGrant(AuthlibClientCredentialsGrant):  # type: ignore[misc] # Authlib's stubs leave its grants untyped
    """One token for a client."""

    def validate_requested_scope(self) -> None:
        registration = self.request.client.registration
        asked = frozenset((self.request.payload.scope or "").split())
        if not asked <= registration.scope - _PERSONAL:
            raise InvalidScopeError("The client is not registered for this scope.")

        if "authorization_details" in self.request.form:
            raise ProtocolError("invalid_authorization_details", "Nobody stands behind this grant who could allow it.")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        parts = GrantParts.of(self)
        client = self.request.client.registration
        scope = " ".join((self.request.payload.scope or "").split())
        binding = self.request.binding
        target = parts.target(client, " ".join(sorted(client.resources)), self._asked(parts))
        body = {
            # A client is no person: its subject is its own id, which no sub can equal (RFC 9700 §4.15).
            "access_token": parts.access_tokens.issue(
                client, sub=client.client_id, scope=scope, audience=target.audience, **binding.claims
            ),
            "token_type": binding.token_type,
            "expires_in": parts.access_tokens.lifetime_for(target.audience),
        }
        if scope:
            body["scope"] = scope
        parts.tally.count_call("client_credentials", client.client_id)
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _asked(self, parts: GrantParts) -> str:
        # Nobody granted anything before: what is not named is for this provider itself (RFC 8707 §2).
        return self.request.form.get("resource") or parts.access_tokens.issuer


CLIENT_CREDENTIALS = GrantType("client_credentials", ClientCredentialsGrant)
