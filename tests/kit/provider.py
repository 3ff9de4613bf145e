"""A small OpenID provider that answers for real on loopback, signs real tokens, and can be told to misbehave.

It shares nothing with ours: it is the stranger against which the kit proves its checks.
"""

import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

CLIENT_ID, CLIENT_SECRET = "tax", "a secret/with+signs"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signing_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


@cache
def _es_key() -> ECKey:
    """One for all tests, because sites that stay between tests keep it."""
    return signing_key("es-1")


@cache
def _rsa_key() -> RSAKey:
    """Slow to make, so one serves all tests."""
    return RSAKey.generate_key(2048, {"kid": "rs-1", "use": "sig", "alg": "RS256"})


class Provider:
    """Set ``id_token``, ``userinfo``, ``metadata``, ``published``, ``answers`` and it misbehaves; ``calls`` counts."""

    def __init__(self, now: Callable[[], float], issuer: str) -> None:
        self.now = now
        self.issuer = issuer
        self.client_id = CLIENT_ID
        self.es256 = _es_key()
        self.rs256 = _rsa_key()
        self.published: list[dict[str, Any]] = [key.as_dict(private=False) for key in (self.es256, self.rs256)]
        self.calls: Counter[str] = Counter()
        self.answers: dict[str, tuple[int, bytes]] = {}
        """What a path answers instead of the usual."""
        self.metadata: dict[str, Any] = {}
        self.id_token: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"name": "张三", "phone_number": "+8613800138000"}
        self.expires_in = 600
        self.client_keys: Any = None
        """The registered key set of a client that signs for itself."""
        self.spent: set[str] = set()
        self._codes: dict[str, dict[str, str]] = {}
        self._generation = 0

    def sign(self, claims: Mapping[str, Any], typ: str | None, key: Any = None, **header: Any) -> str:
        """Sign anything, with any header."""
        key = key or self.es256
        members = {"alg": key.get("alg"), "kid": key.kid, "typ": typ} | header
        present = {name: value for name, value in members.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=["ES256", "RS256"], strict_check_header=False)
        return jws.serialize_compact(present, json.dumps(dict(claims)).encode(), key, registry=registry)

    def go_down(self) -> None:
        """Answer nothing useful from now on."""
        self.answers = dict.fromkeys(("/.well-known/openid-configuration", "/jwks.json", "/token"), (502, b""))

    def id_claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good ID token, with changes; None removes."""
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "azp": self.client_id,
            "sub": "pairwise-subject",
            "sid": "session-1",
            "iat": int(self.now()),
            "exp": int(self.now()) + 600,
            "auth_time": int(self.now()),
            "acr": "urn:idp:acr:aal2",
            "amr": ["pwd", "otp"],
        }
        return _changed(claims, changes)

    def logout_claims(self, **changes: Any) -> dict[str, Any]:
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": int(self.now()),
            "exp": int(self.now()) + 120,
            "jti": f"jti-{self.calls.total()}-{len(changes)}",
            "sub": "pairwise-subject",
            "sid": "session-1",
            "events": {LOGOUT_EVENT: {}},
        }
        return _changed(claims, changes)

    def logout_token(self, **changes: Any) -> str:
        return self.sign(self.logout_claims(**changes), "logout+jwt")

    def authorize(self, location: str, **changes: str) -> str:
        """Do what the person does there: return where the browser is sent back to. ``changes`` alter the response."""
        request = dict(parse_qsl(urlsplit(location).query))
        code = f"code-{len(self._codes)}"
        self._codes[code] = request
        response = _changed({"code": code, "state": request["state"], "iss": self.issuer}, changes)
        return f"{request['redirect_uri']}?{urlencode(response)}"

    def respond(self, method: str, target: str, headers: Mapping[str, str], body: str) -> tuple[int, bytes]:
        path = urlsplit(target).path
        self.calls[path] += 1
        if path in self.answers:
            return self.answers[path]
        if path == "/token":
            return self._token({name: values[0] for name, values in parse_qs(body).items()}, headers)
        documents: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks.json": lambda: {"keys": self.published},
            "/userinfo": lambda: {"sub": self.id_claims(**self.id_token)["sub"]} | self.userinfo,
        }
        return (200, json.dumps(documents[path]()).encode()) if path in documents else (404, method.encode())

    def _discovery(self) -> dict[str, Any]:
        endpoints = {
            "authorization": "authorize",
            "token": "token",
            "userinfo": "userinfo",
            "end_session": "end_session",
        }
        document = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks.json",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_session_supported": True,
            **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in endpoints.items()},
        }
        return _changed(document, self.metadata)

    def _token(self, form: dict[str, str], headers: Mapping[str, str]) -> tuple[int, bytes]:
        is_known = self._is_signed(form) if self.client_keys else self._has_secret(headers)
        if not is_known:
            return 401, b'{"error": "invalid_client"}'
        if form["grant_type"] == "refresh_token":
            return self._refreshed(form["refresh_token"])
        request = self._codes.pop(form["code"], None)
        challenge = b64url(hashlib.sha256(form["code_verifier"].encode()).digest())
        if (
            request is None
            or challenge != request["code_challenge"]
            or request["code_challenge_method"] != "S256"
            or form["redirect_uri"] != request["redirect_uri"]
        ):
            return 400, b'{"error": "invalid_grant"}'
        return self._grant(nonce=request["nonce"])

    def _has_secret(self, headers: Mapping[str, str]) -> bool:
        scheme, _, credentials = headers["Authorization"].partition(" ")
        user, _, password = base64.b64decode(credentials).decode().partition(":")
        return (scheme, unquote_plus(user), unquote_plus(password)) == ("Basic", self.client_id, CLIENT_SECRET)

    def _is_signed(self, form: dict[str, str]) -> bool:
        """RFC 7523 §3, as strictly as ours: each assertion once."""
        token = jwt.decode(form["client_assertion"], KeySet.import_key_set(self.client_keys), algorithms=["ES256"])
        good = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer}
        jti = token.claims["jti"]
        is_fresh = self.now() - 2 < token.claims["exp"] <= self.now() + 300 and jti not in self.spent
        self.spent.add(jti)
        is_typed = form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return is_typed and is_fresh and good.items() <= token.claims.items()

    def _refreshed(self, refresh_token: str) -> tuple[int, bytes]:
        if refresh_token != f"refresh-{self._generation}":
            return 400, b'{"error": "invalid_grant"}'
        self._generation += 1
        return self._grant()

    def _grant(self, **claims: str) -> tuple[int, bytes]:
        access_token = f"access-{self._generation}"
        at_hash = b64url(hashlib.sha256(access_token.encode()).digest()[:16])
        content = _changed(self.id_claims() | claims | {"at_hash": at_hash}, self.id_token)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "refresh_token": f"refresh-{self._generation}",
            "id_token": self.sign(content, "JWT"),
        }
        return 200, json.dumps(answer).encode()


def _changed(claims: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (claims | dict(changes)).items() if value is not None}


class ProviderServer(ThreadingHTTPServer):
    """Answers for whichever provider a test has put there."""

    daemon_threads = True
    provider: Provider

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join(timeout=5)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: ProviderServer

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        headers = dict(self.headers.items())
        status, content = self.server.provider.respond(self.command, self.path, headers, body.decode())
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status in {301, 302, 303}:
            self.send_header("Location", content.decode())
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""
