"""Redeeming an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 9700 §4.5 and §4.8.2; rule P1).

The code is read after client authentication, everything is decided and signed, and one conditional statement claims it
with all that is stored (decision 0008). Authlib's errors are answers that claim as well: a code whose redirect URI or
verifier is wrong is burnt. Authlib's own save and delete steps do nothing here.
"""

import hmac
import re
from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant as AuthlibCodeGrant

from idp.audit.models import AuditEvent
from idp.foundation.conditional_write import Rows
from idp.foundation.digests import b64url, sha256
from idp.protocol.artefacts.authorization_code import CodeContent
from idp.protocol.artefacts.refresh_family import RefreshFamilyRow
from idp.protocol.binding.code_key import CodeKey
from idp.protocol.binding.values import UNBOUND
from idp.protocol.events import CodeRedeemed, CodeReplayed
from idp.protocol.grant_types.grant_type import GrantType
from idp.protocol.grant_types.parts import GrantParts

_UNUSABLE = "The code was redeemed before, has expired or ended, or is not one that this client was given."
_ELSEWHERE = "The redirect_uri is not the one that the code was asked for with, letter by letter."
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class AuthorizationCodeGrant(AuthlibCodeGrant):  # type: ignore[misc] # Authlib's stubs leave its grants untyped
    """One redemption."""

    _found: CodeContent | None = None

    def validate_token_request(self) -> None:
        try:
            super().validate_token_request()
        except InvalidGrantError:
            if self._found is None:
                raise InvalidGrantError(_UNUSABLE) from None
            self.claim({})
            if self.request.form.get("redirect_uri") != self._found.redirect_uri:
                raise InvalidGrantError(_ELSEWHERE) from None
            raise

    def query_authorization_code(self, code: str, client: Any) -> CodeContent | None:  # noqa: ANN401 - Authlib's client
        self._found = GrantParts.of(self).codes.redeemable(code, client.client_id)
        if self._found is None:
            self._note_replay(code, client.client_id)
        return self._found

    def claim(self, rows: Rows) -> None:
        """Redeem the code and store the rows. Raises InvalidGrantError if that cannot be done any more."""
        code, client_id = self.request.form["code"], self.request.client.client_id
        if not GrantParts.of(self).codes.claim(code, client_id, rows):
            self._note_replay(code, client_id)
            raise InvalidGrantError(_UNUSABLE)

    def _note_replay(self, code: str, client_id: str) -> None:
        """Revoke what the first use gave when its own client presents a code again; else only record it."""
        parts = GrantParts.of(self)
        spent = parts.codes.spent(code)
        if spent is None:
            return
        is_own = spent.client_id == client_id
        with parts.database.transaction():
            parts.audit.record(
                CodeReplayed(
                    actor=f"client:{client_id}",
                    client_id=spent.client_id,
                    account_id=spent.account_id,
                    by_own_client=is_own,
                )
            )
            if is_own:
                parts.grants.end(
                    spent.grant_id,
                    reason="code_replayed",
                    actor="system",
                    client_id=client_id,
                    account_id=spent.account_id,
                )

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        parts = GrantParts.of(self)
        client = self.request.client.registration
        code = cast("CodeContent", self.request.authorization_code)
        body = parts.tokens_of(self.request, code, code.scope, nonce=code.nonce)
        event = CodeRedeemed(
            actor=f"client:{code.client_id}",
            account_id=code.account_id,
            client_id=code.client_id,
            session_id=code.session_id,
            scope=code.scope,
            claims=tuple(sorted({name for names in code.claims.values() for name in names})),
            acr=code.acr,
            network=parts.network_of(client),
        )
        rows = parts.audit.rows(event)
        if "refresh_token" in client.grant_types:
            family = parts.new_family(code, self.request.binding if client.is_public else UNBOUND)
            rows[RefreshFamilyRow] = parts.families.row(family.id, family.grant_id)
            body["refresh_token"] = parts.refresh_tokens.issue(family, 0)
        self.claim(rows)
        parts.audit.announce([rows[AuditEvent]])
        return 200, body, self.TOKEN_RESPONSE_HEADER


class ProofKey:
    """Compares the code verifier (RFC 7636 §4.6): challenge without verifier and verifier without challenge are both
    refused.
    """

    def __call__(self, grant: AuthorizationCodeGrant) -> None:
        grant.register_hook("after_validate_token_request", self.verify)

    def verify(self, grant: AuthorizationCodeGrant, _result: object) -> None:
        """Raise InvalidGrantError unless the verifier fits; the code is burnt then."""
        challenge = grant.request.authorization_code.code_challenge
        verifier = grant.request.form.get("code_verifier")
        if challenge is None and verifier is None:
            return
        if verifier is None:
            raise InvalidGrantError("The code_verifier is missing: this code was asked for with a code_challenge.")
        if challenge is None or not _VERIFIER.fullmatch(verifier):
            raise InvalidGrantError("The code_verifier does not belong to this code.")
        if not hmac.compare_digest(b64url(sha256(verifier)), challenge):
            raise InvalidGrantError("The code_verifier does not belong to this code.")


AUTHORIZATION_CODE = GrantType("authorization_code", AuthorizationCodeGrant, extensions=(ProofKey(), CodeKey()))
