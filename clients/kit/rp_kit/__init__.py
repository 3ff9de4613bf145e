"""The relying-party kit: what a department site installs to sign people in through the unified identity provider.

Most sites need only ``rp_kit.flask.SignIn`` or ``rp_kit.django``. Everything here works from what the provider
publishes; the kit shares no code with it, so its checks are a second opinion on every token.
"""

from rp_kit.assurance import AAL1, AAL2, AAL3, Requirement
from rp_kit.configuration import Configuration, configuration_from
from rp_kit.errors import ConfigurationError, KitError, ProviderUnreachable, TokenRefused
from rp_kit.person import Organization, Person
from rp_kit.relying_party import RelyingParty
from rp_kit.sessions import MemorySessions, SessionStore
from rp_kit.sqlite_sessions import SQLiteSessions

__all__ = [
    "AAL1",
    "AAL2",
    "AAL3",
    "Configuration",
    "ConfigurationError",
    "KitError",
    "MemorySessions",
    "Organization",
    "Person",
    "ProviderUnreachable",
    "RelyingParty",
    "Requirement",
    "SQLiteSessions",
    "SessionStore",
    "TokenRefused",
    "configuration_from",
]
