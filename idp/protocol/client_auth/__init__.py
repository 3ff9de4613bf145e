"""How clients authenticate at the machine endpoints (RFC 6749 §2.3, OpenID Connect Core §9): one file a method, one
tuple.

A request presents at most one method, and it must be the registered one.
"""

from idp.protocol.client_auth.client_secret_basic import CLIENT_SECRET_BASIC
from idp.protocol.client_auth.client_secret_post import CLIENT_SECRET_POST
from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod
from idp.protocol.client_auth.none import NONE
from idp.protocol.client_auth.private_key_jwt import PRIVATE_KEY_JWT
from idp.protocol.client_auth.self_signed_tls_client_auth import SELF_SIGNED_TLS_CLIENT_AUTH
from idp.protocol.client_auth.tls_client_auth import TLS_CLIENT_AUTH

CLIENT_AUTH_METHODS: tuple[ClientAuthMethod, ...] = (
    CLIENT_SECRET_BASIC,
    CLIENT_SECRET_POST,
    PRIVATE_KEY_JWT,
    TLS_CLIENT_AUTH,
    SELF_SIGNED_TLS_CLIENT_AUTH,
    NONE,
)

__all__ = ["CLIENT_AUTH_METHODS", "ClientAuthContext", "ClientAuthMethod"]
