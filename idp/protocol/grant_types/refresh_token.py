"""Refreshing (RFC 6749 §6, RFC 9700 §4.14.2; rule P2): one conditional rotation, a short grace for honest retries, the
end for replays. The family moves on only when everything else has been decided and signed (decision 0008).
"""

from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant as AuthlibRefreshGrant

from idp.audit.models import AuditEvent
from idp.foundation.conditional_write import Rows
from idp.foundation.errors import ProtocolError
from idp.protocol.artefacts.refresh_family import FamilyState, Standing, standing
from idp.protocol.binding.values import Binding
from idp.protocol.events import TokenRefreshed
from idp.protocol.grant_types.grant_type import GrantType
from idp.protocol.grant_types.parts import GrantParts
from idp.protocol.grant_types.rotation import rotates
from idp.protocol.tokens.refresh_token import Family

_REFUSED = "The refresh token is not usable."


class RefreshTokenGrant(AuthlibRefreshGrant):  # type: ignore[misc] # Authlib's stubs leave its grants untyped
    """One refresh."""

    def _validate_request_token(self, client: Any) -> Family:  # noqa: ANN401 - Authlib's client
        text = self.request.form.get("refresh_token")
        if text is None:
            raise ProtocolError("invalid_request", "The refresh_token is missing.")
        parts = GrantParts.of(self)
        presented = parts.refresh_tokens.read(text)
        if presented is None:
            raise InvalidGrantError(_REFUSED)
        family = presented.family
        if family.client_id != client.client_id:
            parts.note_replay(family, client.client_id, "another client")
            raise InvalidGrantError(_REFUSED)
        self._presented = presented
        return family

    def _validate_token_scope(self, token: Family) -> None:
        """Authlib's turn to look at the scope; ours comes with everything else that may be asked too widely."""

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        parts = GrantParts.of(self)
        family = cast("Family", self.request.refresh_token)
        try:
            body = self._granted(parts, family)
        except ProtocolError:
            # Whatever else is wrong with a request, a replay must not go unseen.
            self._judged(parts)
            raise
        event = TokenRefreshed(
            actor=f"client:{family.client_id}",
            account_id=family.account_id,
            client_id=family.client_id,
            scope=body["scope"],
            network=parts.network_of(self.request.client.registration),
        )
        rows = parts.audit.rows(event)
        generation = self._advance(parts, family, rows)
        parts.audit.announce([rows[AuditEvent]])
        body["refresh_token"] = parts.refresh_tokens.issue(family, generation)
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _granted(self, parts: GrantParts, family: Family) -> dict[str, Any]:
        """Return the answer, all but the refresh token. Raises ProtocolError for more than was granted."""
        if not Binding(family.bound_jkt, family.bound_x5t).allows(self.request.binding):
            raise ProtocolError("invalid_grant", "The refresh token is bound to another key.")
        granted = family.scope.split()
        asked = (self.request.payload.scope or "").split() or granted
        if not set(asked) <= set(granted):
            raise ProtocolError("invalid_scope", "A refresh cannot widen the scope.")
        # What staff have taken from the registration since, no refresh brings any more.
        scope = " ".join(one for one in asked if one in self.request.client.registration.scope)
        return parts.tokens_of(self.request, family, scope)

    def _advance(self, parts: GrantParts, family: Family, rows: Rows) -> int:
        """Move the family on, store the rows, and return the generation of its next token. Raises InvalidGrantError."""
        generation = self._presented.generation
        does_rotate = rotates(self.request.client.registration)
        if (parts.families.rotate if does_rotate else parts.families.keep)(family.id, generation, rows):
            return generation + does_rotate
        # An older token, or another request with the same one was quicker, or all has ended.
        state = self._judged(parts)
        if state is None or not parts.families.take_grace(family.id, state.generation, rows):
            raise InvalidGrantError(_REFUSED)
        return state.generation

    def _judged(self, parts: GrantParts) -> FamilyState | None:
        """Return how far the family has come if an honest retry may have its newest token; a replay ends it."""
        state = parts.families.state(self._presented.family.id)
        if state is None:
            return None
        verdict = standing(state, self._presented.generation, now=parts.clock.now(), grace=parts.families.grace)
        if verdict in {Standing.REPLAY, Standing.AHEAD}:
            self._punish(parts, self._presented.family, verdict)
        return state if verdict is Standing.GRACE else None

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


REFRESH_TOKEN = GrantType("refresh_token", RefreshTokenGrant)
