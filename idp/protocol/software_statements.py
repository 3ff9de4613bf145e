"""Software statements (RFC 7591 §2.3): what a publisher whom this deployment trusts says of its software.

The publishers and their keys stand in a file of the deployment. What a statement says takes precedence over what the
client says; one that is broken, or by nobody we know, refuses the whole registration.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.foundation.clock import Clock
from idp.foundation.digests import unb64url
from idp.foundation.errors import ConfigurationError, ProtocolError

_ALGORITHMS: Final = ("ES256", "PS256", "EdDSA", "RS256")
_LONGEST: Final = 16_000
_NOT_METADATA: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})


class SoftwareStatements:
    """Reads statements."""

    def __init__(self, clock: Clock, issuers: Mapping[str, KeySet]) -> None:
        self._clock = clock
        self._issuers = issuers

    def applied(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Return metadata with what its statement says. Raises ProtocolError."""
        statement = metadata["software_statement"]
        if not isinstance(statement, str) or len(statement) > _LONGEST:
            raise _invalid("It is not a JWT.")
        try:
            header, claims = (orjson.loads(unb64url(part)) for part in statement.split(".")[:2])
            issuer, algorithm = claims["iss"], header["alg"]
        except (ValueError, KeyError, TypeError):
            raise _invalid("It is not a signed JWT with an iss.") from None
        keys = self._issuers.get(issuer) if isinstance(issuer, str) else None
        if keys is None:
            raise ProtocolError("unapproved_software_statement", "Its issuer is not trusted here.")
        if algorithm not in _ALGORITHMS:
            raise _invalid("Its algorithm is not accepted.")
        said = self._verified(statement, keys)
        return {**metadata, **{name: value for name, value in said.items() if name not in _NOT_METADATA}}

    def _verified(self, statement: str, keys: KeySet) -> dict[str, Any]:
        try:
            claims = dict(jwt.decode(statement, keys, algorithms=list(_ALGORITHMS)).claims)
        except (JoseError, ValueError, KeyError, AttributeError):
            raise _invalid("Its signature is not right.") from None
        now = self._clock.now().timestamp()
        until, since = claims.get("exp", now + 1), claims.get("nbf", now)
        if not (isinstance(until, int | float) and isinstance(since, int | float) and since <= now < until):
            raise _invalid("It is not valid at this time.")
        return claims


def read_issuers(file: Path | None) -> dict[str, KeySet]:
    """Return the trusted publishers of a file ``{"https://publisher": {"keys": […]}}``. Raises ConfigurationError."""
    if file is None:
        return {}
    try:
        listed = orjson.loads(file.read_bytes())
        return {str(issuer): KeySet.import_key_set(keys) for issuer, keys in listed.items()}
    except (OSError, ValueError, AttributeError, KeyError, TypeError, JoseError) as error:
        raise ConfigurationError(
            f"IDP_SOFTWARE_STATEMENT_ISSUERS: {file} is not a JSON table of issuers and their keys"
        ) from error


def _invalid(description: str) -> ProtocolError:
    return ProtocolError("invalid_software_statement", description)
