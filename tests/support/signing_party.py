"""A site with a key of its own: it proves itself by private_key_jwt (RFC 7523), pushes its requests (RFC 9126), signs
them (RFC 9101) and reads signed answers (JARM).

Signing is joserfc's; what is signed is written from the specifications.
"""

import copy
import itertools
from typing import TYPE_CHECKING, Any

from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from werkzeug.test import TestResponse

from tests.support.browser import Browser, Page
from tests.support.dpop import DPoPKey
from tests.support.relying_party import RelyingParty

if TYPE_CHECKING:
    from idp.foundation.clock import Clock

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_counter = itertools.count(1)
_keys: dict[tuple[str, str], Any] = {}


class _Registry(JWSRegistry):
    """With EdDSA by the name that FAPI 2.0 uses, of which the library warns (RFC 9864)."""

    algorithms = {**JWSRegistry.algorithms, "EdDSA": copy.copy(JWSRegistry.algorithms["EdDSA"])}  # noqa: RUF012


_Registry.algorithms["EdDSA"].security_warning = None


def key_for(alg: str, owner: str = "site") -> Any:
    """Return the key of an owner for an algorithm, made once."""
    place = (owner, "RS" if alg in {"RS256", "PS256"} else alg)
    if place not in _keys:
        options: dict[str, Any] = {"kid": f"{owner}-{place[1]}", "use": "sig"}
        if place[1] == "RS":
            _keys[place] = RSAKey.generate_key(2048, options)
        elif alg == "EdDSA":
            _keys[place] = OKPKey.generate_key("Ed25519", options)
        else:
            _keys[place] = ECKey.generate_key("P-256", options)
    return _keys[place]


def jwks_of(*algs: str, owner: str = "site") -> dict[str, Any]:
    """Return the public key set to register."""
    return {"keys": [key_for(alg, owner).as_dict(private=False) for alg in algs]}


def signed(claims: dict[str, Any], alg: str = "ES256", *, owner: str = "site", **header: Any) -> str:
    """Return a JWT; a header that is None is left out."""
    key = key_for(alg, owner)
    complete = {"alg": alg, "kid": key.kid, "typ": "JWT"} | header
    head = {name: value for name, value in complete.items() if value is not None}
    return jwt.encode(head, claims, key, registry=_Registry(algorithms=[alg], strict_check_header=False))


class SigningParty(RelyingParty):
    """One such site. With a DPoP key it proves at the token endpoint, and to userinfo, that it holds the key."""

    dpop_key: DPoPKey | None = None
    proves_pushes = False

    def __init__(self, app: Flask, issuer: str, client_id: str, redirect_uri: str, clock: "Clock") -> None:
        super().__init__(app, issuer, client_id, None, redirect_uri)
        self.issuer = issuer
        self.clock = clock
        self.alg = "ES256"
        self.app = app
        # Whether its tokens are bound to its key, as FAPI 2.0 wants them.

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def assertion(self, alg: str | None = None, *, owner: str = "site", **changes: Any) -> str:
        """Return a client assertion; a claim that is None is left out."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "iat": self.now,
            "exp": self.now + 60,
            "jti": f"assertion-{next(_counter)}",
        } | changes
        present = {name: value for name, value in claims.items() if value is not None}
        return signed(present, alg or self.alg, owner=owner)

    def post(self, path: str, **parameters: str | None) -> TestResponse:
        """Post to an endpoint with a fresh assertion, unless another or None is given."""
        proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion()}
        fields = {name: value for name, value in (proof | parameters).items() if value is not None}
        is_proving = path == "/token" or (path == "/par" and self.proves_pushes)
        headers = {"DPoP": self._dpop_proof("POST", path)} if self.dpop_key and is_proving else {}
        return self._client.post(path, base_url=self._issuer, data=fields, headers=headers)

    def userinfo(self, access_token: str) -> TestResponse:
        if self.dpop_key is None:
            return super().userinfo(access_token)
        proof = self._dpop_proof("GET", "/userinfo", token=access_token)
        headers = {"Authorization": f"DPoP {access_token}", "DPoP": proof}
        return self._client.get("/userinfo", base_url=self._issuer, headers=headers)

    def _dpop_proof(self, method: str, path: str, **options: Any) -> str:
        assert self.dpop_key is not None
        return self.dpop_key.proof(method, self._issuer + path, self.clock.now(), **options)

    def push(self, **changes: Any) -> TestResponse:
        """Push a good request with changes, of its parameters or of the credentials beside them."""
        proof = {name: value for name, value in changes.items() if name.startswith("client_assertion")}
        return self.post("/par", **self.authorization_parameters(**changes) | proof)

    def open(self, browser: Browser, request_uri: str, **others: str) -> Page:
        """Send a browser off with a reference."""
        return browser.get("/authorize", client_id=self.client_id, request_uri=request_uri, **others)

    def authorize(self, browser: Browser, **changes: Any) -> Page:
        """Push a request and send the browser off with its reference."""
        response = self.push(**changes)
        assert response.status_code == 201, response.text
        return self.open(browser, response.get_json()["request_uri"])

    def request_object(
        self,
        claims: dict[str, Any] | None = None,
        alg: str | None = None,
        *,
        owner: str = "site",
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a signed request; ``claims`` changes the envelope and the parameters as JSON, None leaves one out."""
        envelope = {"iss": self.client_id, "aud": self.issuer, "nbf": self.now, "exp": self.now + 300}
        complete = {**self.authorization_parameters(**changes), **envelope, **(claims or {})}
        present = {name: value for name, value in complete.items() if value is not None}
        kind = {"typ": "oauth-authz-req+jwt"} | (header or {})
        return signed(present, alg or self.alg, owner=owner, **kind)

    def read_response(self, text: str, alg: str = "ES256") -> dict[str, Any]:
        """Verify a signed answer by the provider's published keys and return its claims."""
        keys = KeySet.import_key_set(self._client.get("/jwks.json", base_url=self._issuer).get_json())
        return dict(jwt.decode(text, keys, registry=_Registry(algorithms=[alg])).claims)
