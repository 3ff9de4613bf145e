"""The key that an authorization request bound its code to (RFC 9449 §10): only its holder redeems the code."""

import hmac

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant


class CodeKey:
    """Compares the key of the DPoP proof with the dpop_jkt of the code."""

    def __call__(self, grant: AuthorizationCodeGrant) -> None:
        grant.register_hook("after_validate_token_request", self.verify)

    def verify(self, grant: AuthorizationCodeGrant, _result: object) -> None:
        """Raise InvalidGrantError unless the key fits; the code is burnt then."""
        wanted: str | None = grant.request.authorization_code.dpop_jkt
        if wanted is not None and not hmac.compare_digest(grant.request.binding.jkt or "", wanted):
            raise InvalidGrantError("This code is bound to another DPoP key.")
