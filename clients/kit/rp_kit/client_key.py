"""A site's own key, with which it proves who it is instead of by a secret (RFC 7523 §3, OpenID Connect Core 1.0 §9
private_key_jwt): only the public half is ever known to the provider, so nothing that leaks there can be used here.

``python -m rp_kit key.pem`` prints the ``jwks`` for the registration.
"""

import base64
import hashlib
import json
import secrets

from jose import jwk, jws
from jose.exceptions import JOSEError

from rp_kit.errors import ConfigurationError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHM = "ES256"
_LIFETIME_SECONDS = 60
_HOW = "make one with: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"


class ClientKey:
    """Signs assertions with a private key on P-256."""

    def __init__(self, pem: str) -> None:
        """Take the key. Raises ConfigurationError, which never holds any of it."""
        self._pem = pem
        # The library finds out only when it needs a curve that the key is of another kind.
        try:
            is_private = "PRIVATE KEY" in pem
            public = jwk.construct(pem, _ALGORITHM).public_key().to_dict() if is_private else {}
        except (JOSEError, ValueError, TypeError, AttributeError):
            public = {}
        if public.get("crv") != "P-256":
            raise ConfigurationError(f"client_key is not a private key on P-256 in PEM form; {_HOW}")
        members = {name: public[name] for name in ("crv", "kty", "x", "y")}
        self.kid = _thumbprint(members)
        self.public_jwk = {**members, "kid": self.kid, "use": "sig", "alg": _ALGORITHM}

    def assertion(self, client_id: str, issuer: str, now: float) -> str:
        """Return an assertion that is good once, for a minute, at this provider only."""
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": issuer,
            "iat": int(now),
            "exp": int(now) + _LIFETIME_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        signed: str = jws.sign(claims, self._pem, headers={"kid": self.kid}, algorithm=_ALGORITHM)
        return signed


def _thumbprint(members: dict[str, str]) -> str:
    """RFC 7638 §3: the key id follows from the key."""
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode("ascii")
