"""A JWT signed by the client's own key (RFC 7523 §3, OpenID Connect Core §9). Each assertion is accepted once, for five
minutes at most.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from idp.foundation.digests import unb64url
from idp.foundation.errors import ProtocolError
from idp.protocol.client_auth.client_jwt import CLIENT_ALGORITHMS, algorithms_for, moment_of_claim, read_client_jwt
from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod
from idp.protocol.messages import Request
from idp.registry.client import Client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = CLIENT_ALGORITHMS
_LONGEST = 8000
# A sane bound on what is stored as a digest anyway.
_LONGEST_JTI = 255
_LONGEST_LIFE = timedelta(minutes=5)
_SKEW = timedelta(seconds=10)
_TOLERANCE = timedelta(seconds=60)


def _claimed_id(request: Request) -> str | None:
    """Return whom an assertion says it is from, unverified: the registration decides by which keys it is checked.
    Raises ProtocolError without its type, which RFC 7521 §4.2 requires.
    """
    assertion = request.form.get("client_assertion")
    if assertion is None:
        return None
    if "client_assertion_type" not in request.form:
        raise ProtocolError("invalid_request", "The client_assertion_type is missing.")
    try:
        claims = orjson.loads(unb64url(assertion[:_LONGEST].split(".")[1]))
        return str(claims["sub"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def _verify(request: Request, client: Client, context: ClientAuthContext) -> bool:
    assertion = request.form.get("client_assertion", "")
    if request.form.get("client_assertion_type") != ASSERTION_TYPE or len(assertion) > _LONGEST:
        return False
    if request.form.get("client_id", client.client_id) != client.client_id:
        return False
    claims = _signed_claims(assertion, client, context)
    if claims is None:
        return False
    fault = _fault(claims, client, context)
    if fault is None and not _spend(claims, client, context):
        fault = "its jti was used before. Each assertion is accepted once"
    if fault is not None:
        # Whoever has the key may know what is wrong (RFC 7521 §4.2.1); nobody else comes this far.
        raise ProtocolError(
            "invalid_client", f"The assertion is signed by a key of this client, but {fault}.", status=401
        )
    return True


def _signed_claims(assertion: str, client: Client, context: ClientAuthContext) -> dict[str, Any] | None:
    algorithms = algorithms_for(client, client.token_endpoint_auth_signing_alg)
    token = read_client_jwt(assertion, client, context.keys, algorithms)
    return None if token is None else token.claims


def _fault(claims: dict[str, Any], client: Client, context: ClientAuthContext) -> str | None:
    """Return what is wrong with the claims in words without a value of theirs, None if they are right."""
    if not claims.get("iss") == claims.get("sub") == client.client_id:
        return "iss and sub are not both its client_id"
    if not _is_for_us(claims.get("aud"), client, context.settings.issuer):
        return f"its aud is not the issuer, as one text: {context.settings.issuer}"
    if not isinstance(claims.get("jti"), str) or not 0 < len(claims["jti"]) <= _LONGEST_JTI:
        return f"its jti is not a text of 1 to {_LONGEST_JTI} characters"
    return _fault_of_times(claims, context.clock.now())


def _is_for_us(audience: object, client: Client, issuer: str) -> bool:
    """A legacy client may name an endpoint (RFC 9126 §2), or give an array; everybody else names the issuer (DEC-4)."""
    audiences = {issuer, f"{issuer}/token", f"{issuer}/par"} if client.is_legacy else {issuer}
    named = audience if isinstance(audience, list) and client.is_legacy else [audience]
    return bool(audiences & {name for name in named if isinstance(name, str)})


def _fault_of_times(claims: dict[str, Any], now: datetime) -> str | None:
    expires, issued, begins = (moment_of_claim(claims.get(name, 0)) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None or begins is None or "exp" not in claims:
        return "its exp is missing, or exp, iat or nbf is no number of seconds since 1970"
    if expires <= now - _SKEW:
        return "its exp has passed. Compare the clock"
    if expires > now + _LONGEST_LIFE + _TOLERANCE:
        minutes = _LONGEST_LIFE // timedelta(minutes=1)
        return f"its exp is more than {minutes} minutes ahead. Shorten it, or compare the clock"
    if max(issued, begins) > now + _SKEW:
        return "its iat or nbf is in the future. Compare the clock"
    return None


def _spend(claims: dict[str, Any], client: Client, context: ClientAuthContext) -> bool:
    end = datetime.fromtimestamp(claims["exp"], UTC) + _TOLERANCE
    return context.used_jtis.spend(client.client_id, claims["jti"], end)


PRIVATE_KEY_JWT = ClientAuthMethod("private_key_jwt", _claimed_id, _verify)
