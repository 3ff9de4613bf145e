"""What the grant types work with (RFC 6749 §5.1): the artefacts, the tokens and the audit, and the steps that two
grants share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from authlib.oauth2.rfc6749.grants import BaseGrant

from idp.accounts.service import Accounts
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.logging import request_context
from idp.protocol.artefacts.authorization_code import AuthorizationCodes, CodeContent
from idp.protocol.artefacts.device_authorization import DeviceAuthorizations
from idp.protocol.artefacts.refresh_family import RefreshFamilies
from idp.protocol.authorization_details import Detail
from idp.protocol.authorization_details.requested import PARAMETER, for_audience, narrowed, requested_details
from idp.protocol.binding.values import Binding
from idp.protocol.claims import claims_of_scopes, values_of
from idp.protocol.events import RefreshReplayed
from idp.protocol.live_tokens import LiveTokens
from idp.protocol.resources import Resources, Target
from idp.protocol.tally import Tally
from idp.protocol.tokens.access_token import AccessTokens
from idp.protocol.tokens.id_token import Authentication, IDTokens
from idp.protocol.tokens.refresh_token import Family, RefreshTokens
from idp.registry.client import Client
from idp.sessions.grants import Grants

_HANDLE_BYTES = 16


@dataclass(frozen=True, slots=True)
class GrantParts:
    """The collaborators of a grant."""

    database: Database
    clock: Clock
    entropy: Entropy
    audit: Audit
    accounts: Accounts
    grants: Grants
    codes: AuthorizationCodes
    families: RefreshFamilies
    access_tokens: AccessTokens
    id_tokens: IDTokens
    refresh_tokens: RefreshTokens
    tally: Tally
    devices: DeviceAuthorizations
    resources: Resources
    live_tokens: LiveTokens

    @classmethod
    def of(cls, grant: BaseGrant) -> "GrantParts":
        """Return the parts of the server that runs a grant."""
        return cast("GrantParts", grant.server.parts)

    def tokens_of(
        self,
        request: Any,  # noqa: ANN401 - Authlib's request, with ours in it
        granted: CodeContent | Family,
        scope: str,
        *,
        nonce: str | None = None,
    ) -> dict[str, Any]:
        """Return the answer with a person's tokens, all but the refresh token (OpenID Connect Core §3.1.3.3).

        Nothing is claimed or written yet: the grant does that afterwards, by one statement, or sends no answer.
        Raises ProtocolError.
        """
        client, binding = request.client.registration, request.binding
        target = self.target(client, granted.resources, request.form.get("resource"))
        details = self.details(client, granted.authorization_details, request.form.get(PARAMETER), target)
        access_token = self.access_tokens.issue(
            client,
            sub=self.sub_for(target, granted.account_id, granted.sub),
            audience=target.audience,
            scope=scope,
            reference=granted.reference,
            auth_time=int(granted.auth_time.timestamp()),
            acr=granted.acr,
            **details,
            **binding.claims,
        )
        body: dict[str, Any] = {
            "access_token": access_token,
            "token_type": binding.token_type,
            "expires_in": self.access_tokens.lifetime_for(target.audience),
            "scope": scope,
            **details,
        }
        if "openid" in scope.split():
            who = Authentication(granted.sub, granted.sid, granted.auth_time, granted.acr, granted.amr, nonce)
            body["id_token"] = self.id_tokens.issue(client, who, access_token, self._id_token_claims(client, granted))
        return body

    def _id_token_claims(self, client: Client, granted: CodeContent | Family) -> dict[str, Any]:
        """Return the values of the claims that were asked for in the ID token itself, as far as the client may have
        them now; no query when there are none.
        """
        asked = granted.claims.get("id_token")
        names = frozenset(asked) & claims_of_scopes(client.scope) if asked else None
        if not names:
            return {}
        organization_id = self.grants.organization_of(granted.grant_id) if "organization" in names else None
        profile = self.accounts.profile(granted.account_id, organization_id=organization_id)
        return {} if profile is None else values_of(profile, names)

    def target(self, client: Client, granted: str | None, asked: str | None) -> Target:
        """Return the audience of a token. Raises ProtocolError(invalid_target), and nothing is claimed then."""
        return self.resources.target(granted, asked, client, self.clock.now())

    def details(
        self, client: Client, granted: Sequence[Detail] | None, asked: str | None, target: Target
    ) -> dict[str, Any]:
        """Return the member ``authorization_details`` of a token and of its response (RFC 9396 §7 and §9.1), if any.

        Raises ProtocolError(invalid_authorization_details) for anything wider than what was granted.
        """
        wanted = None if asked is None else requested_details(asked, client, self.resources, self.clock.now())
        details = for_audience(narrowed(granted or (), wanted), target.audience)
        return {PARAMETER: details} if details else {}

    def sub_for(self, target: Target, account_id: UUID, own: str) -> str:
        """Return the account's identifier as the audience knows it; ``own`` is the one in the client's sector."""
        return own if target.sector is None else self.grants.subject(account_id, target.sector)

    def network_of(self, client: Client) -> str | None:
        """Return the network that a site's server calls from; None for a client that runs at a person's, whose network
        is a personal value.
        """
        return None if client.is_public else request_context.get().network or None

    def new_family(self, code: CodeContent, bound_to: Binding) -> Family:
        """Return a refresh family for a code."""
        return Family(
            self.entropy.token_bytes(_HANDLE_BYTES),
            code.grant_id,
            code.account_id,
            code.auth_time,
            code.client_id,
            code.reference,
            code.sid,
            code.sub,
            code.scope,
            code.claims,
            code.acr,
            code.amr,
            bound_to.jkt,
            bound_to.x5t,
            code.resources,
            code.authorization_details,
        )

    def note_replay(self, family: Family, presented_by: str, verdict: str) -> None:
        """Record that a genuine refresh token turned up in the wrong hands."""
        self.audit.record(
            RefreshReplayed(
                actor=f"client:{presented_by}",
                client_id=family.client_id,
                account_id=family.account_id,
                verdict=verdict,
            )
        )
