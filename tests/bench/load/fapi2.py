"""The same flow as FAPI 2.0 wants it: the request is pushed (RFC 9126), the client proves itself by a signed assertion
(RFC 7523) at both endpoints, and the token is bound to a key by a DPoP proof (RFC 9449).
"""

import secrets
import time
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey

from tests.bench.errors import BenchError
from tests.bench.load.flows import SCOPE, Flow, authorize, new_request, redeem, redemption
from tests.bench.load.people import Authenticators, Person
from tests.bench.load.virtual_user import Script, VirtualUser

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS = 60
CLIENT_KEY = ECKey.generate_key("P-256", {"kid": "bench", "use": "sig"})
PUBLIC_KEYS = {"keys": [dict(CLIENT_KEY.as_dict(private=False))]}


@cache
def proof_key(_person: Person) -> ECKey:
    """Return the key that a person's tokens are bound to, made once."""
    return ECKey.generate_key("P-256")


def fapi2_flow(user: VirtualUser, authenticators: Authenticators) -> Script[Flow]:
    """Run one flow from the push to the tokens."""
    asked = new_request(user.subject, user.client_id, SCOPE)
    response = yield from user.ask(signed_request(user, "pushed_authorization_request", asked.parameters))
    if response.status != 201:
        raise BenchError(f"the push was answered {response.status}: {response.text()}")
    reference = {"client_id": user.client_id, "request_uri": response.json()["request_uri"]}
    code = yield from authorize(user, authenticators, asked, reference)
    proof = "DPoP: " + dpop_proof(user, "POST", user.subject.endpoint("token"))
    tokens = yield from redeem(user, signed_request(user, "token", redemption(user, code), proof))
    if tokens["token_type"].lower() != "dpop":
        raise BenchError("the token is not bound to the key")
    return Flow(tokens, code.nonce, code.forms)


def signed_request(user: VirtualUser, endpoint: str, form: Mapping[str, str], *headers: str) -> bytes:
    """Return a request that proves which client sends it."""
    proved = {**form, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(user)}
    return user.build("POST", user.subject.endpoint(endpoint), urlencode(proved), headers)


def assertion(user: VirtualUser) -> str:
    """Return a client assertion (RFC 7523 section 3) for the issuer."""
    now = int(time.time())
    claims = {
        "iss": user.client_id,
        "sub": user.client_id,
        "aud": str(user.subject.metadata["issuer"]),
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
    }
    return jwt.encode({"alg": "ES256", "kid": "bench"}, claims, CLIENT_KEY)


def dpop_proof(user: VirtualUser, method: str, url: str) -> str:
    """Return a DPoP proof (RFC 9449 section 4.2)."""
    key = proof_key(user.person)
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": dict(key.as_dict(private=False))}
    claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": int(time.time())}
    return jwt.encode(header, claims, key)
