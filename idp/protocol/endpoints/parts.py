"""What the machine endpoints work with (RFC 6749 §3.2)."""

from dataclasses import dataclass

from idp.accounts.service import Accounts
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.protocol.artefacts.device_authorization import DeviceAuthorizations
from idp.protocol.artefacts.pushed_request import PushedRequests
from idp.protocol.artefacts.refresh_family import RefreshFamilies
from idp.protocol.artefacts.revoked_token import RevokedTokens
from idp.protocol.authorization_request import CheckContext
from idp.protocol.binding.service import SenderConstraints
from idp.protocol.client_auth.authenticate import ClientAuthenticator
from idp.protocol.device_limits import DeviceLimits
from idp.protocol.live_tokens import LiveTokens
from idp.protocol.push_limit import PushLimit
from idp.protocol.resources import Resources
from idp.protocol.server import AuthlibServer
from idp.protocol.software_statements import SoftwareStatements
from idp.protocol.tally import Tally
from idp.protocol.tokens.access_token import AccessTokens
from idp.protocol.tokens.refresh_token import RefreshTokens
from idp.registry.dynamic import DynamicRegistration
from idp.registry.service import Registry
from idp.sessions.grants import Grants
from idp.sessions.service import Sessions
from idp.signals.ssf.transmitter import Transmitter


@dataclass(frozen=True, slots=True)
class EndpointParts:
    """The collaborators of the endpoints."""

    settings: Settings
    database: Database
    clock: Clock
    keyring: Keyring
    audit: Audit
    accounts: Accounts
    registry: Registry
    grants: Grants
    server: AuthlibServer
    authenticator: ClientAuthenticator
    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens
    families: RefreshFamilies
    revoked: RevokedTokens
    constraints: SenderConstraints
    tally: Tally
    pushed: PushedRequests
    push_limit: PushLimit
    checks: CheckContext
    devices: DeviceAuthorizations
    device_limits: DeviceLimits
    resources: Resources
    live_tokens: LiveTokens
    transmitter: Transmitter
    dynamic_registration: DynamicRegistration
    software_statements: SoftwareStatements
    sessions: Sessions
