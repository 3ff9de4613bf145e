"""The flows a department site and its visitor go through: authorization code with PKCE (RFC 7636), token requests
(RFC 6749), and checking once that the ID token really is one (OpenID Connect Core 3.1.3.7).
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet

from tests.bench.errors import BenchError
from tests.bench.load.forms import answer
from tests.bench.load.people import Authenticators
from tests.bench.load.subject import CLIENT_ID, CLIENT_SECRET, Subject
from tests.bench.load.virtual_user import BROWSER, Returned, Script, Tokens, VirtualUser

MOST_FORMS = 8
SCOPE = "openid"
OFFLINE_SCOPE = "openid offline_access"
NOTHING_MORE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code with what its redemption needs, and how many forms it took."""

    value: str
    verifier: str
    nonce: str
    forms: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A finished code flow."""

    answer: Mapping[str, Any]
    nonce: str
    forms: int


def basic_authorization(client_id: str) -> str:
    """Return the header line of client_secret_basic (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(CLIENT_SECRET)}"
    return "Authorization: Basic " + base64.b64encode(pair.encode()).decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of one authorization request, and what the client keeps for its answer."""

    parameters: Mapping[str, str]
    verifier: str
    state: str
    nonce: str


def new_request(subject: Subject, client_id: str, scope: str, extra: Mapping[str, str] = NOTHING_MORE) -> Asked:
    """Return a fresh authorization request of a client."""
    verifier, state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(8), secrets.token_urlsafe(8)
    parameters = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": subject.redirect_uri,
        "scope": scope,
        "code_challenge_method": "S256",
        "code_challenge": b64(hashlib.sha256(verifier.encode()).digest()),
        "state": state,
        "nonce": nonce,
        **extra,
    }
    return Asked(parameters, verifier, state, nonce)


def authorization_url(subject: Subject, parameters: Mapping[str, str]) -> str:
    """Return the address a client sends the browser to."""
    return subject.endpoint("authorization") + "?" + urlencode(parameters, quote_via=quote)


def authorize(
    user: VirtualUser, authenticators: Authenticators, asked: Asked, parameters: Mapping[str, str]
) -> Script[Code]:
    """Bring the browser from the client to the provider and back, answering every form on the way."""
    place = yield from user.browse("GET", authorization_url(user.subject, parameters))
    forms = 0
    while not isinstance(place, Returned):
        forms += 1
        if place.response.status >= 400 or forms > MOST_FORMS:
            raise BenchError(f"{place.response.status} at {urlsplit(place.url).path}: {place.response.text()}")
        submitted = yield from answer(place, user.person, authenticators)
        headers = (*BROWSER, f"Origin: {origin(place.url)}", f"Referer: {place.url}")
        place = yield from user.browse(submitted.method, submitted.url, submitted.body, headers)
    if place.parameters.get("state") != asked.state or "code" not in place.parameters:
        raise BenchError(f"the authorization ended with {place.parameters.get('error', 'another state')}")
    return Code(place.parameters["code"], asked.verifier, asked.nonce, forms)


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def origin(url: str) -> str:
    """Return the origin of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def token_request(user: VirtualUser, form: Mapping[str, str]) -> bytes:
    """Return a token request of our client."""
    return user.build("POST", user.subject.endpoint("token"), urlencode(form), [basic_authorization(user.client_id)])


def redeem(user: VirtualUser, request: bytes) -> Script[dict[str, Any]]:
    """Send a token request and keep what it gave."""
    response = yield from user.ask(request)
    if response.status != 200:
        raise BenchError(f"/token answered {response.status}: {response.text()}")
    tokens = response.json()
    user.tokens[user.client_id] = Tokens(tokens["access_token"], tokens.get("refresh_token"), time.perf_counter())
    return tokens


def code_flow(
    user: VirtualUser,
    authenticators: Authenticators,
    scope: str = SCOPE,
    extra: Mapping[str, str] = NOTHING_MORE,
) -> Script[Flow]:
    """Run one authorization code flow from the first redirect to the tokens."""
    asked = new_request(user.subject, user.client_id, scope, extra)
    code = yield from authorize(user, authenticators, asked, asked.parameters)
    tokens = yield from redeem(user, token_request(user, redemption(user, code)))
    return Flow(tokens, code.nonce, code.forms)


def redemption(user: VirtualUser, code: Code) -> dict[str, str]:
    """Return the form that turns a code into tokens."""
    return {
        "grant_type": "authorization_code",
        "code": code.value,
        "redirect_uri": user.subject.redirect_uri,
        "code_verifier": code.verifier,
    }


def verify_id_token(subject: Subject, flow: Flow, key_set: Mapping[str, Any]) -> str:
    """Check the ID token of a flow and return its algorithm. A fast server that signs nonsense is not measured."""
    token = jwt.decode(flow.answer["id_token"], KeySet.import_key_set(dict(key_set)), algorithms=["ES256"])  # type: ignore[arg-type]
    audience = token.claims["aud"]
    checks = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": str(subject.metadata["issuer"])},
        nonce={"essential": True, "value": flow.nonce},
        exp={"essential": True},
    )
    checks.validate(token.claims)
    if CLIENT_ID not in (audience if isinstance(audience, list) else [audience]):
        raise BenchError(f"the ID token is for {audience}")
    return str(token.header["alg"])
