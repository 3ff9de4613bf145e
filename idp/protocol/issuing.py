"""Issuing a code (RFC 6749 §4.1.2): under the session's grant for this client if it fits, under a new one otherwise.

With a fitting grant this is one INSERT, or the one statement that uses a pushed request up and stores the code (RFC
9126 §4; decision 0008). A new grant is opened in a transaction that a sign-out meanwhile wins (rule P3).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from idp.consents.service import Consents
from idp.factors.assurance import amr_of
from idp.foundation.database import Database
from idp.foundation.errors import ProtocolError
from idp.interactions import Interaction, Interactions
from idp.protocol.artefacts.authorization_code import AuthorizationCodeRow, AuthorizationCodes, CodeContent
from idp.protocol.artefacts.pushed_request import PushedRequests
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.claims import claims_of_scopes
from idp.protocol.situation import Situation
from idp.sessions.grants import Grants, OpenGrant, sector_of
from idp.sessions.service import Sessions

_FAPI2_CODE_LIFETIME = timedelta(seconds=60)


class CodeIssuer:
    """Turns a request that needs nothing more into a code."""

    def __init__(
        self,
        database: Database,
        codes: AuthorizationCodes,
        pushed: PushedRequests,
        *,
        grants: Grants,
        consents: Consents,
        sessions: Sessions,
        interactions: Interactions,
    ) -> None:
        self._database = database
        self._codes = codes
        self._pushed = pushed
        self._grants = grants
        self._consents = consents
        self._sessions = sessions
        self._interactions = interactions

    def issue(
        self, request: AuthorizationRequest, situation: Situation, acr: str, interaction: Interaction | None
    ) -> dict[str, str] | None:
        """Return the response parameters; None when session or consent ended meanwhile, or this interaction has had its
        answer already. A pushed request is used up by it: of two answers at once one is given, and for the other
        ProtocolError(invalid_request_uri) is raised.
        """
        grant = None if interaction is not None else _fitting_grant(request, situation)
        if grant is not None:
            self._sessions.touch(situation.session)
            content = content_of(request, situation, acr, grant)
            return {"code": self._issue_under_known_grant(request, content)}
        if request.pushed is not None and not self._pushed.claim(request.pushed, {}):
            raise _used_before()
        issued = self._issue_under_new_grant(request, situation, acr, interaction)
        if issued is None and request.pushed is not None:
            self._pushed.give_back(request.pushed)
        return issued

    def _issue_under_known_grant(self, request: AuthorizationRequest, content: CodeContent) -> str:
        if request.pushed is None:
            return self._codes.issue(content, is_in_transaction=False, longest=_longest(request))
        code, row = self._codes.new(content, longest=_longest(request))
        if not self._pushed.claim(request.pushed, {AuthorizationCodeRow: row}):
            raise _used_before()
        return code

    def _issue_under_new_grant(
        self, request: AuthorizationRequest, situation: Situation, acr: str, interaction: Interaction | None
    ) -> dict[str, str] | None:
        session, client = situation.session, request.client
        with self._database.transaction():
            consent = self._consents.held(session.account_id, client.client_id)
            if consent is None:
                return None
            grant = self._grants.open(
                session,
                client.client_id,
                sector=sector_of(client),
                interaction_id=interaction.id if interaction else self._interactions.new_id(),
                is_offline=request.wants_offline,
                claims=claims_of_grant(request, consent.declined),
                known_sub=situation.sub,
                authorization_details=request.details,
            )
            if grant is None:
                return None
            content = content_of(request, situation, acr, grant)
            return {"code": self._codes.issue(content, is_in_transaction=True, longest=_longest(request))}


def _used_before() -> ProtocolError:
    return ProtocolError("invalid_request_uri", "The request_uri was used before.")


def _longest(request: AuthorizationRequest) -> timedelta | None:
    """Return how long a code may be good whatever the deployment says (FAPI 2.0 Security Profile §5.3.2.1)."""
    return _FAPI2_CODE_LIFETIME if request.client.is_fapi2 else None


def claims_of_grant(request: AuthorizationRequest, declined: frozenset[str]) -> dict[str, list[str]]:
    """Return the claims asked for one by one and not declined, by place, and those declined, which scopes must not
    release either.
    """
    asked = {
        "userinfo": request.claims.userinfo - declined,
        "id_token": request.claims.id_token - declined,
        "declined": declined & claims_of_scopes(request.scopes),
    }
    return {place: sorted(names) for place, names in asked.items() if names}


def _fitting_grant(request: AuthorizationRequest, situation: Situation) -> OpenGrant | None:
    """Return the session's grant for this client that says what is asked for now, if there is one."""
    claims = claims_of_grant(request, frozenset() if situation.consent is None else situation.consent.declined)
    return next((grant for grant in situation.grants if _fits(grant, request, claims)), None)


def _fits(grant: OpenGrant, request: AuthorizationRequest, claims: Mapping[str, Sequence[str]]) -> bool:
    return (
        grant.is_offline == request.wants_offline
        and grant.claims == claims
        and (grant.authorization_details or []) == request.details
    )


def content_of(request: AuthorizationRequest, situation: Situation, acr: str, grant: OpenGrant) -> CodeContent:
    """Return what a code says under a grant."""
    session, client = situation.session, request.client
    released = claims_of_scopes(request.scopes) | frozenset(grant.claims.get("userinfo", ()))
    claims = {"userinfo": sorted(released - frozenset(grant.claims.get("declined", ())))}
    if grant.claims.get("id_token"):
        claims["id_token"] = list(grant.claims["id_token"])
    return CodeContent(
        grant.id,
        session.account_id,
        client.client_id,
        session.id,
        grant.reference,
        grant.sid,
        grant.sub,
        request.redirect_uri or "",
        " ".join(sorted(request.scopes)),
        claims,
        request.get("nonce"),
        request.get("code_challenge"),
        session.auth_time,
        acr,
        amr_of(session.factors),
        request.get("dpop_jkt"),
        " ".join(request.resources) or None,
        request.details or None,
    )
