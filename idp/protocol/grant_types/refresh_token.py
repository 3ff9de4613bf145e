"""Refreshing (RFC 6749 §6, RFC 9700 §4.14.2; rule P2): one conditional rotation, a short grace for honest retries, the
end for replays.
"""

from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant as AuthlibRefreshGrant

from idp.foundation.errors import ProtocolError
from idp.protocol.artefacts.refresh_family import Family, Standing, standing
from idp.protocol.binding.values import Binding
from idp.protocol.events import RefreshReplayed, TokenRefreshed
from idp.protocol.grant_types.grant_type import GrantType
from idp.protocol.grant_types.parts import GrantParts
from idp.protocol.grant_types.rotation import rotates
from idp.protocol.tokens.id_token import Authentication
from idp.protocol.tokens.refresh_token import PresentedRefreshToken
from idp.registry.client import Client

_REFUSED = "The refresh token is not usable."


class RefreshTokenGrant(AuthlibRefreshGrant):  # type: ignore[misc] # Authlib's stubs leave its grants untyped
    """One refresh."""

    def _validate_request_token(self, client: Any) -> Family:  # noqa: ANN401 - Authlib's client
        text = self.request.form.get("refresh_token")
        if text is None:
            raise ProtocolError("invalid_request", "The refresh_token is missing.")
        parts = GrantParts.of(self)
        presented = parts.refresh_tokens.parse(text)
        family = None if presented is None else self._advance(parts, presented, client.registration)
        if family is None:
            raise InvalidGrantError(_REFUSED)
        if not Binding(family.bound_jkt, family.bound_x5t).allows(self.request.binding):
            # Raised, not answered: without its key a stolen token must not even move the family on.
            raise ProtocolError("invalid_grant", "The refresh token is bound to another key.")
        return family

    def _advance(self, parts: GrantParts, presented: PresentedRefreshToken, client: Client) -> Family | None:
        advance = parts.families.rotate if rotates(client) else parts.families.keep
        family = advance(presented.family, client.client_id, presented.generation)
        if family is None:
            return self._answer_retry(parts, presented, client.client_id)
        if not parts.refresh_tokens.is_genuine(presented, family.salt):
            # Raised, not answered, so that the rotation which somebody guessed at rolls back.
            raise ProtocolError("invalid_grant", _REFUSED, detail="forged refresh token")
        return family

    def _answer_retry(self, parts: GrantParts, presented: PresentedRefreshToken, client_id: str) -> Family | None:
        state = parts.families.state(presented.family)
        if state is None or not parts.refresh_tokens.is_genuine(presented, state.family.salt):
            return None
        if state.family.client_id != client_id:
            parts.note_replay(state.family, client_id, "another client")
            return None
        verdict = standing(state, presented.generation, now=parts.clock.now(), grace=parts.families.grace)
        if verdict is Standing.GRACE and parts.families.take_grace(state.family):
            return state.family
        if verdict in {Standing.REPLAY, Standing.AHEAD}:
            self._punish(parts, state.family, verdict)
        return None

    def _punish(self, parts: GrantParts, family: Family, verdict: Standing) -> None:
        parts.audit.record(
            RefreshReplayed(
                actor=f"client:{family.client_id}",
                client_id=family.client_id,
                account_id=family.account_id,
                verdict=verdict.name.lower(),
            )
        )
        if verdict is Standing.REPLAY:
            parts.families.end(family.id)
            parts.grants.end(
                family.grant_id,
                reason="refresh_replayed",
                actor="system",
                client_id=family.client_id,
                account_id=family.account_id,
            )

    def _validate_token_scope(self, token: Family) -> None:
        asked = frozenset((self.request.payload.scope or "").split())
        if not asked <= frozenset(token.scope.split()):
            raise ProtocolError("invalid_scope", "A refresh cannot widen the scope.")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        parts = GrantParts.of(self)
        client = self.request.client.registration
        family = cast("Family", self.request.refresh_token)
        scope = " ".join((self.request.payload.scope or "").split()) or family.scope
        form = self.request.form
        target = parts.target(client, family.resources, form.get("resource"))
        details = parts.details(client, family.authorization_details, form.get("authorization_details"), target)
        access_token = parts.access_tokens.issue(
            client,
            sub=parts.sub_for(target, family.account_id, family.sub),
            audience=target.audience,
            scope=scope,
            reference=family.reference,
            auth_time=int(family.auth_time.timestamp()),
            acr=family.acr,
            **details,
            **self.request.binding.claims,
        )
        body: dict[str, Any] = {
            "access_token": access_token,
            "token_type": self.request.binding.token_type,
            "expires_in": parts.access_tokens.lifetime_for(target.audience),
            "scope": scope,
            **details,
            "refresh_token": parts.refresh_tokens.derive(family.id, family.generation, family.salt),
        }
        if "openid" in scope.split():
            who = Authentication(family.sub, family.sid, family.auth_time, family.acr, family.amr)
            body["id_token"] = parts.id_tokens.issue(
                client, who, access_token, parts.id_token_claims(family.account_id, family.grant_id, family.claims)
            )
        parts.audit.record(
            TokenRefreshed(
                actor=f"client:{family.client_id}",
                account_id=family.account_id,
                client_id=family.client_id,
                scope=scope,
            )
        )
        return 200, body, self.TOKEN_RESPONSE_HEADER


REFRESH_TOKEN = GrantType("refresh_token", RefreshTokenGrant)
