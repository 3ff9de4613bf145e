"""A JWT signed by the client's own key (RFC 7523 §3, OpenID Connect Core §9). Each assertion is accepted once, for five
minutes at most.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from idp.foundation.digests import unb64url
from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod
from idp.protocol.messages import Request
from idp.registry.client import Client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("ES256", "PS256", "EdDSA", "RS256")
_LONGEST = 8000
_LONGEST_LIFE = timedelta(minutes=5)
_SKEW = timedelta(seconds=10)
_TOLERANCE = timedelta(seconds=60)
# No time of ours comes near it, and every one below it is a date (the year 6325).
_END_OF_TIME = 2**37


class _Registry(JWSRegistry):
    """The algorithms of one registration. joserfc would warn at each use of the name EdDSA (RFC 9864), which is what
    clients were told by RFC 8037 and still send.
    """

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - joserfc exports no name for it
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def _claimed_id(request: Request) -> str | None:
    """Return whom an assertion says it is from, unverified: the registration decides by which keys it is checked."""
    assertion = request.form.get("client_assertion")
    if assertion is None:
        return None
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
    if claims is None or not _is_for_us(claims, client, context):
        return False
    return context.used_jtis.spend(
        client.client_id, claims["jti"], datetime.fromtimestamp(claims["exp"], UTC) + _TOLERANCE
    )


def _signed_claims(assertion: str, client: Client, context: ClientAuthContext) -> dict[str, Any] | None:
    registered = client.token_endpoint_auth_signing_alg
    registry = _Registry(algorithms=(registered,) if registered else ASSERTION_ALGORITHMS)
    try:
        header = orjson.loads(unb64url(assertion.split(".", maxsplit=1)[0]))
        keys = context.keys.of(client, header.get("kid"))
        if keys is None or header.keys() & {"jku", "jwk", "x5u", "x5c", "crit"}:
            return None
        return dict(jwt.decode(assertion, keys, registry=registry).claims)
    except (JoseError, ValueError, KeyError, AttributeError):
        return None


def _is_for_us(claims: dict[str, Any], client: Client, context: ClientAuthContext) -> bool:
    issuer, now = context.settings.issuer, context.clock.now()
    # A legacy client may name the token endpoint, or give an array; everybody else names the issuer (DEC-4).
    audiences = {issuer, f"{issuer}/token"} if client.is_legacy else {issuer}
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) and client.is_legacy else [audience]
    times = [claims.get(name, 0) for name in ("exp", "iat", "nbf")]
    if not all(
        isinstance(moment, int | float) and not isinstance(moment, bool) and 0 <= moment < _END_OF_TIME
        for moment in times
    ):
        return False
    expires, issued, begins = (datetime.fromtimestamp(moment, UTC) for moment in times)
    return (
        claims.get("iss") == claims.get("sub") == client.client_id
        and bool(audiences & {name for name in named if isinstance(name, str)})
        and now - _SKEW < expires <= now + _LONGEST_LIFE + _TOLERANCE
        and max(issued, begins) <= now + _SKEW
        and isinstance(claims.get("jti"), str)
        and 0 < len(claims["jti"]) <= 255  # noqa: PLR2004 - a sane bound on what is stored as a digest anyway
    )


PRIVATE_KEY_JWT = ClientAuthMethod("private_key_jwt", _claimed_id, _verify)
