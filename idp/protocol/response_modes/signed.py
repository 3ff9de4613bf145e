"""JARM: the response as one signed JWT, perhaps encrypted, in the parameter ``response`` (JWT Secured Authorization
Response Mode §2).
"""

from collections.abc import Mapping
from datetime import timedelta

from idp.foundation.clock import Clock
from idp.keyring.service import Keyring
from idp.protocol.response_modes.mode import ResponseMode
from idp.protocol.tokens.encryption import Encryptor
from idp.registry.client import Client

# Of its own, so that no answer passes for an ID token where one is expected as a hint (RFC 8725 §3.11).
TYPE = "authorization-response+jwt"
_LIFETIME = timedelta(minutes=5)

QUERY_JWT = ResponseMode("query.jwt", "redirect", is_signed=True)
FRAGMENT_JWT = ResponseMode("fragment.jwt", "fragment", is_signed=True)
FORM_POST_JWT = ResponseMode("form_post.jwt", "form", is_signed=True)
# For the code flow the default carrier is the query (§2.3.4).
JWT = ResponseMode("jwt", "redirect", is_signed=True)


def signed_response(
    parameters: Mapping[str, str],
    client: Client,
    *,
    issuer: str,
    keyring: Keyring,
    clock: Clock,
    encryptor: Encryptor,
) -> dict[str, str]:
    """Return the one parameter that carries all others, signed for this client and encrypted if it wants that. Raises
    ProtocolError if it has no key for it.
    """
    now = clock.now()
    claims = {
        **parameters,
        "iss": issuer,
        "aud": client.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + _LIFETIME).timestamp()),
    }
    signed = keyring.sign(claims, typ=TYPE, alg=client.authorization_signed_response_alg)
    return {"response": encryptor.encrypted(signed, client, "authorization")}
