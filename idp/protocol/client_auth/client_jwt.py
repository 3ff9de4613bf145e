"""Reading a JWT that a client signed with its own key (RFC 7515 §5.2, RFC 8725 §3): by a registered key only, never by
one that the token brings along.

What the claims must say is the caller's decision; here are the signature, the algorithm and the form of the times.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from idp.foundation.digests import unb64url
from idp.protocol.client_auth.client_keys import ClientKeys
from idp.registry.client import Client
from idp.registry.fapi2 import FAPI2_ALGORITHMS

CLIENT_ALGORITHMS = ("ES256", "PS256", "EdDSA", "RS256")
_KEYS_BROUGHT_ALONG = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
# No time of ours comes near it, and every one below it is a date (the year 6325).
_END_OF_TIME = 2**37


class _Registry(JWSRegistry):
    """The library's algorithms. It warns of the name EdDSA (RFC 9864), by which FAPI 2.0 §5.4.1 still calls Ed25519."""

    algorithms = {**JWSRegistry.algorithms, "EdDSA": copy.copy(JWSRegistry.algorithms["EdDSA"])}  # noqa: RUF012


_Registry.algorithms["EdDSA"].security_warning = None


@dataclass(frozen=True, slots=True)
class ClientJWT:
    """A token whose signature is the client's."""

    typ: str | None
    claims: dict[str, Any]


def algorithms_for(client: Client, registered: str | None) -> tuple[str, ...]:
    """Return the algorithms a client may sign with: the registered one, else all that its profile admits."""
    admitted = FAPI2_ALGORITHMS if client.is_fapi2 else CLIENT_ALGORITHMS
    if registered is None:
        return admitted
    return (registered,) if registered in admitted else ()


def read_client_jwt(token: str, client: Client, keys: ClientKeys, algorithms: Sequence[str]) -> ClientJWT | None:
    """Return the token, None if it is malformed or not signed by a key and an algorithm of this client."""
    try:
        header = orjson.loads(unb64url(token.split(".", maxsplit=1)[0]))
        if header.get("alg") not in algorithms or header.keys() & _KEYS_BROUGHT_ALONG:
            return None
        found = keys.of(client, header.get("kid"))
        if found is None:
            return None
        registry = _Registry(algorithms=list(algorithms), strict_check_header=False)
        # Parsed here: the library's parser lets lone surrogates pass, which no answer can hold, and has no bottom.
        claims = orjson.loads(jws.deserialize_compact(token, found, registry=registry).payload or b"")
    except (JoseError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return ClientJWT(header.get("typ"), claims) if isinstance(claims, dict) else None


def moment_of_claim(value: object) -> datetime | None:
    """Return a NumericDate as a time, None if it is none (RFC 7519 §2)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _END_OF_TIME:
        return None
    return datetime.fromtimestamp(value, UTC)
