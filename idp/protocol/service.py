"""The protocol put together: the authorization engine, the machine endpoints, the documents (OpenID Connect Core, RFC
6749).
"""

from dataclasses import dataclass
from http import HTTPStatus

from idp.accounts.service import Accounts
from idp.audit.service import Audit
from idp.audit.tallies import REFUSED_CALL
from idp.consents.service import Consents
from idp.factors.assurance import Decay
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.settings import Settings
from idp.foundation.throttle import Throttle
from idp.interactions import Interactions
from idp.keyring.service import Keyring
from idp.protocol.artefacts.authorization_code import AuthorizationCodes
from idp.protocol.artefacts.device_authorization import DeviceAuthorizations
from idp.protocol.artefacts.pushed_request import PushedRequests
from idp.protocol.artefacts.refresh_family import RefreshFamilies
from idp.protocol.artefacts.revoked_token import RevokedTokens
from idp.protocol.artefacts.used_jti import UsedJTIs
from idp.protocol.authorization import Authorization, AuthorizationParts
from idp.protocol.authorization_request import CheckContext
from idp.protocol.binding.nonces import Nonces
from idp.protocol.binding.service import SenderConstraints
from idp.protocol.client_auth import ClientAuthContext
from idp.protocol.client_auth.authenticate import ClientAuthenticator
from idp.protocol.client_auth.client_keys import ClientKeys, Fetch
from idp.protocol.device_flow import DeviceFlow, DeviceFlowParts
from idp.protocol.device_limits import DeviceLimits
from idp.protocol.documents import Documents
from idp.protocol.endpoints import ENDPOINTS, Endpoint
from idp.protocol.endpoints.bearer import Refusal, calling_client
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.grant_list import GrantList
from idp.protocol.grant_types.parts import GrantParts
from idp.protocol.issuing import CodeIssuer
from idp.protocol.live_tokens import LiveTokens
from idp.protocol.logout.end_session import LogoutRequests
from idp.protocol.messages import Answer, Request, read_error
from idp.protocol.push_limit import PushLimit
from idp.protocol.refusals import Refusals
from idp.protocol.resources import Resources
from idp.protocol.server import AuthlibServer
from idp.protocol.situation import Situations
from idp.protocol.software_statements import SoftwareStatements, read_issuers
from idp.protocol.tally import Tally, is_fault
from idp.protocol.tokens.access_token import AccessTokens
from idp.protocol.tokens.encryption import Encryptor
from idp.protocol.tokens.id_token import IDTokens
from idp.protocol.tokens.refresh_token import RefreshTokens
from idp.registry.client import Client
from idp.registry.dynamic import DynamicRegistration
from idp.registry.service import Registry
from idp.sessions.grants import Grants
from idp.sessions.service import Sessions
from idp.signals.ssf.transmitter import Transmitter


@dataclass(frozen=True, slots=True)
class Foundations:
    """What the protocol is built on."""

    settings: Settings
    clock: Clock
    entropy: Entropy
    database: Database
    audit: Audit
    keyring: Keyring
    accounts: Accounts
    registry: Registry
    sessions: Sessions
    grants: Grants
    consents: Consents
    interactions: Interactions
    fetch: Fetch
    throttle: Throttle
    transmitter: Transmitter
    dynamic_registration: DynamicRegistration


class Protocol:
    """Everything a client can ask of this provider."""

    def __init__(self, on: Foundations) -> None:
        settings = on.settings
        self.tally = Tally(on.clock, on.audit)
        self.refusals = Refusals(on.clock)
        self.grant_list = GrantList(on.database, on.clock)
        self.documents = Documents(settings, on.keyring)
        self.logout_requests = LogoutRequests(on.database, on.registry, on.keyring, on.clock, settings, self.refusals)
        codes = AuthorizationCodes(
            on.database,
            on.clock,
            on.entropy,
            environment=settings.environment,
            lifetime_seconds=settings.code_lifetime_seconds,
        )
        situations = Situations(on.database, on.sessions, on.accounts, environment=settings.environment)
        checks = _check_context(on)
        self._endpoint_parts = _endpoint_parts(on, codes, self.tally, checks)
        self.device_flow = DeviceFlow(
            DeviceFlowParts(
                on.database,
                on.clock,
                on.keyring,
                on.audit,
                on.registry,
                self._endpoint_parts.devices,
                self._endpoint_parts.device_limits,
                self._endpoint_parts.resources,
                situations,
                on.consents,
                on.grants,
                Decay.of(settings),
            )
        )
        self.authorization = Authorization(
            AuthorizationParts(
                on.database,
                checks,
                on.interactions,
                situations,
                on.consents,
                CodeIssuer(
                    on.database,
                    codes,
                    checks.pushed,
                    grants=on.grants,
                    consents=on.consents,
                    sessions=on.sessions,
                    interactions=on.interactions,
                ),
                Decay.of(settings),
                self.refusals,
            )
        )
        self._by_path = {endpoint.path: endpoint for endpoint in ENDPOINTS}

    def endpoint(self, path: str) -> Endpoint | None:
        """Return the machine endpoint at a path."""
        return self._by_path.get(path)

    def answer(self, endpoint: Endpoint, request: Request) -> Answer:
        """Answer a request to a machine endpoint."""
        answer = endpoint.answer(request, self._endpoint_parts)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            self._count_refusal(request, answer)
        nonce = self.nonce_header(request)
        return Answer(answer.status, answer.body, answer.headers + nonce) if nonce else answer

    def _count_refusal(self, request: Request, answer: Answer) -> None:
        """Count and log what was refused in a client's name, for those who look after it; only clients there are, so
        that strangers cannot make the counts grow.
        """
        if is_fault(answer):
            client_id = self._endpoint_parts.authenticator.spoken_for(request)
            if client_id is not None:
                self.tally.count_call(REFUSED_CALL, client_id)
                self.refusals.note(client_id, request.path, read_error(answer))

    def caller(self, request: Request, *scopes: str) -> Client | Refusal:
        """Return the client that calls an API served elsewhere with an access token of its own, or why it may not."""
        return calling_client(request, self._endpoint_parts, *scopes)

    def nonce_header(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the header with the nonce for the next DPoP proof of whoever sent one (RFC 9449 §8.2)."""
        return self._endpoint_parts.constraints.nonce_header(request)


def _check_context(on: Foundations) -> CheckContext:
    settings = on.settings
    pushed = PushedRequests(
        on.database,
        on.clock,
        on.entropy,
        on.keyring,
        lifetime_seconds=settings.pushed_request_lifetime_seconds,
        interaction_seconds=settings.interaction_lifetime_seconds,
    )
    keys = ClientKeys(on.fetch, on.clock)
    return CheckContext(settings, on.registry, on.keyring, on.clock, pushed, keys, Encryptor(keys))


def _id_tokens(on: Foundations, checks: CheckContext) -> IDTokens:
    lifetime = on.settings.id_token_lifetime_seconds
    return IDTokens(on.keyring, on.clock, checks.encryptor, issuer=on.settings.issuer, lifetime_seconds=lifetime)


def _endpoint_parts(on: Foundations, codes: AuthorizationCodes, tally: Tally, checks: CheckContext) -> EndpointParts:
    settings, keyring = on.settings, on.keyring
    used_jtis = UsedJTIs(on.database)
    authenticator = ClientAuthenticator(
        on.registry, ClientAuthContext(settings, on.clock, used_jtis, checks.client_keys)
    )
    nonces = Nonces(keyring, on.clock, window_seconds=settings.dpop_nonce_seconds)
    constraints = SenderConstraints(settings, on.clock, nonces, used_jtis)
    access_tokens = AccessTokens(
        keyring,
        on.clock,
        on.entropy,
        issuer=settings.issuer,
        lifetime_seconds=settings.access_token_lifetime_seconds,
        outside_lifetime_seconds=settings.outside_token_lifetime_seconds,
    )
    refresh_tokens = RefreshTokens(keyring)
    families = RefreshFamilies(
        on.database,
        on.clock,
        environment=settings.environment,
        idle_seconds=settings.refresh_idle_seconds,
        total_seconds=settings.refresh_total_seconds,
        grace_seconds=settings.refresh_grace_seconds,
    )
    devices = DeviceAuthorizations(
        on.database,
        on.clock,
        on.entropy,
        keyring,
        environment=settings.environment,
        lifetime_seconds=settings.device_code_lifetime_seconds,
        interval_seconds=settings.device_interval_seconds,
    )
    resources = Resources(on.registry, settings.issuer)
    live_tokens = LiveTokens(on.database, on.clock, on.registry, environment=settings.environment)
    grant_parts = GrantParts(
        on.database,
        on.clock,
        on.entropy,
        on.audit,
        on.accounts,
        on.grants,
        codes,
        families,
        access_tokens,
        _id_tokens(on, checks),
        refresh_tokens,
        tally,
        devices,
        resources,
        live_tokens,
    )
    return EndpointParts(
        settings,
        on.database,
        on.clock,
        keyring,
        on.audit,
        on.accounts,
        on.registry,
        on.grants,
        AuthlibServer(authenticator, constraints, grant_parts),
        authenticator,
        access_tokens,
        refresh_tokens,
        families,
        RevokedTokens(on.database),
        constraints,
        tally,
        checks.pushed,
        PushLimit(on.clock, pushes_per_minute=settings.pushed_requests_per_minute),
        checks,
        devices,
        DeviceLimits(on.throttle, keyring),
        resources,
        live_tokens,
        on.transmitter,
        on.dynamic_registration,
        SoftwareStatements(on.clock, read_issuers(settings.software_statement_issuers)),
        on.sessions,
    )
