"""Authlib's authorization server (RFC 6749), assembled from the tuples of this package; one for each application.

Authlib runs the token endpoint: it picks the grant, has the client authenticated and walks through the grant's steps.
It stores nothing by itself here. A grant reads, decides, and writes once, at its end (decision 0008). Authlib's errors
(OAuth2Error) are answers that may write as well; our ProtocolError ends a request before anything is written.
"""

import orjson
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from idp.foundation.errors import ProtocolError
from idp.protocol.binding.service import SenderConstraints
from idp.protocol.binding.values import Binding
from idp.protocol.client_auth.authenticate import AuthenticatedClient, ClientAuthenticator
from idp.protocol.grant_types import GRANT_TYPES
from idp.protocol.grant_types.parts import GrantParts
from idp.protocol.messages import NO_STORE, Answer, Request, error_answer
from idp.registry.client import Client

# Authlib wants to see https; what a deployment accepts is decided by its settings, not here.
_ENDPOINT = "https://token.invalid/token"


class AuthlibClient:
    """A registration, with the one question that Authlib's grants ask it (RFC 6749 §5.2 unauthorized_client)."""

    __slots__ = ("client_id", "registration")

    def __init__(self, registration: Client) -> None:
        self.registration = registration
        self.client_id = registration.client_id

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.registration.grant_types

    def check_client(self, client: "AuthlibClient") -> bool:
        return client.client_id == self.client_id


class AuthlibRequest(OAuth2Request):  # type: ignore[misc] # Authlib's stubs leave its requests untyped
    """A token request as Authlib reads it."""

    def __init__(self, request: Request, authenticated: AuthenticatedClient, binding: Binding) -> None:
        super().__init__(request.method, _ENDPOINT, headers=dict(request.headers))
        self.plain = request
        self.payload = BasicOAuth2Payload(request.form)
        # Set here, because scopes are checked before Authlib itself would set it.
        self.client = AuthlibClient(authenticated.client)
        self.auth_method = authenticated.method
        self.binding = binding

    @property
    def args(self) -> dict[str, str]:
        return {}

    @property
    def form(self) -> dict[str, str]:
        return self.plain.form  # type: ignore[return-value] # Authlib only reads it


class AuthlibServer(AuthorizationServer):  # type: ignore[misc] # Authlib's stubs leave its server untyped
    """The token endpoint's engine."""

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        constraints: SenderConstraints,
        parts: GrantParts,
    ) -> None:
        super().__init__()
        self.parts = parts
        self._authenticator = authenticator
        self._constraints = constraints
        for grant in GRANT_TYPES:
            self.register_grant(grant.handler, list(grant.extensions))

    def token(self, request: Request) -> Answer:
        """Answer a token request. An assertion or a proof that it spends stays spent, whatever the grant answers."""
        try:
            authenticated = self._authenticator.authenticate(request)
            # Asked here, because the key may have to be fetched.
            self.parts.id_tokens.require_key(authenticated.client)
            evidence = self._constraints.examine(request, authenticated.client)
            self._constraints.spend(evidence)
            answer: Answer = self.create_token_response(AuthlibRequest(request, authenticated, evidence.binding))
        except ProtocolError as error:
            return error_answer(error, headers=challenge(request, error))
        return answer

    def create_oauth2_request(self, request: AuthlibRequest) -> AuthlibRequest:
        return request

    def authenticate_client(
        self, request: AuthlibRequest, _methods: list[str], _endpoint: str = "token"
    ) -> AuthlibClient:
        client: AuthlibClient = request.client
        return client

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Answer:  # noqa: ARG002
        return Answer(status, orjson.dumps(body), (("Content-Type", "application/json"), *NO_STORE))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Authlib's signals have no listener here."""

    def save_token(self, token: object, request: object) -> None:
        """Store nothing: access tokens are JWTs, refresh tokens are derived, codes were claimed before (rule P1)."""

    def query_client(self, client_id: str) -> None:
        """Clients are found by the authenticator; Authlib asks here only for flows that are not offered."""


def challenge(request: Request, error: ProtocolError) -> tuple[tuple[str, str], ...]:
    """Return the challenge that a failed Basic authentication must carry (RFC 6749 §5.2)."""
    if error.http_status == 401 and request.authorization:  # noqa: PLR2004 - the HTTP status
        return (("WWW-Authenticate", 'Basic realm="token", charset="UTF-8"'),)
    return ()
