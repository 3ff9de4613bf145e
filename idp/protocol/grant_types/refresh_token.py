"""Refreshing (RFC 6749 §6, RFC 9700 §4.14.2; rule P2): one conditional rotation, a short grace for honest retries, the
end for replays. The family moves on only when everything else has been decided and signed (decision 0008).
"""

from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant as AuthlibRefreshGrant

from idp.audit.models import AuditEvent
from idp.foundation.conditional_write import Rows
from idp.foundation.errors import ProtocolError
from idp.protocol.artefacts.refresh_family import Family, Standing, standing
from idp.protocol.binding.values import Binding
from idp.protocol.events import TokenRefreshed
from idp.protocol.grant_types.grant_type import GrantType
from idp.protocol.grant_types.parts import GrantParts
from idp.protocol.grant_types.rotation import rotates

_REFUSED = "The refresh token is not usable."


class RefreshTokenGrant(AuthlibRefreshGrant):  # type: ignore[misc] # Authlib's stubs leave its grants untyped
    """One refresh."""

    def _validate_request_token(self, client: Any) -> Family:  # noqa: ANN401 - Authlib's client
        text = self.request.form.get("refresh_token")
        if text is None:
            raise ProtocolError("invalid_request", "The refresh_token is missing.")
        parts = GrantParts.of(self)
        presented = parts.refresh_tokens.parse(text)
        family = None if presented is None else parts.families.find(presented.family)
        if presented is None or family is None or not parts.refresh_tokens.is_genuine(presented, family.salt):
            raise InvalidGrantError(_REFUSED)
        if family.client_id != client.client_id:
            parts.note_replay(family, client.client_id, "another client")
            raise InvalidGrantError(_REFUSED)
        self._presented = presented
        if presented.generation != family.generation:
            family = self._family_of_retry(parts)
        if not Binding(family.bound_jkt, family.bound_x5t).allows(self.request.binding):
            raise ProtocolError("invalid_grant", "The refresh token is bound to another key.")
        return family

    def _family_of_retry(self, parts: GrantParts) -> Family:
        """Return the family in the generation whose token an honest retry gets again. Raises InvalidGrantError; a
        replay ends the family then.
        """
        state = parts.families.state(self._presented.family)
        if state is None:
            raise InvalidGrantError(_REFUSED)
        verdict = standing(state, self._presented.generation, now=parts.clock.now(), grace=parts.families.grace)
        if verdict in {Standing.REPLAY, Standing.AHEAD}:
            self._punish(parts, state.family, verdict)
        if verdict is not Standing.GRACE:
            raise InvalidGrantError(_REFUSED)
        return state.family

    def _advance(self, parts: GrantParts, family: Family, rows: Rows) -> int:
        """Move the family on, store the rows, and return the generation of its next token. Raises InvalidGrantError."""
        if self._presented.generation == family.generation:
            does_rotate = rotates(self.request.client.registration)
            if (parts.families.rotate if does_rotate else parts.families.keep)(family, rows):
                return family.generation + does_rotate
            # Another request with the same token was quicker, or all has ended meanwhile.
            family = self._family_of_retry(parts)
        if not parts.families.take_grace(family, rows):
            raise InvalidGrantError(_REFUSED)
        return family.generation

    def _punish(self, parts: GrantParts, family: Family, verdict: Standing) -> None:
        with parts.database.transaction():
            parts.note_replay(family, family.client_id, verdict.name.lower())
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
        # What staff have taken from the registration since, no refresh brings any more.
        asked = (self.request.payload.scope or "").split() or family.scope.split()
        scope = " ".join(one for one in asked if one in client.scope)
        body = parts.tokens_of(self.request, family, scope)
        event = TokenRefreshed(
            actor=f"client:{family.client_id}",
            account_id=family.account_id,
            client_id=family.client_id,
            scope=scope,
            network=parts.network_of(client),
        )
        rows = parts.audit.rows(event)
        generation = self._advance(parts, family, rows)
        parts.audit.announce([rows[AuditEvent]])
        body["refresh_token"] = parts.refresh_tokens.derive(family.id, generation, family.salt)
        return 200, body, self.TOKEN_RESPONSE_HEADER


REFRESH_TOKEN = GrantType("refresh_token", RefreshTokenGrant)
