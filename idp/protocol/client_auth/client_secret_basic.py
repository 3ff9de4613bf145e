"""HTTP Basic with the client's id and secret, both urlencoded first (RFC 6749 §2.3.1)."""

import base64
import binascii
from urllib.parse import unquote_plus

from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod
from idp.protocol.messages import Request
from idp.registry.client import Client


def _credentials(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return "", ""
    name, _, secret = text.partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _claimed_id(request: Request) -> str | None:
    credentials = _credentials(request)
    return None if credentials is None else credentials[0]


def _verify(request: Request, client: Client, context: ClientAuthContext) -> bool:
    credentials = _credentials(request)
    return credentials is not None and client.has_secret(credentials[1], context.clock.now())


CLIENT_SECRET_BASIC = ClientAuthMethod("client_secret_basic", _claimed_id, _verify)
