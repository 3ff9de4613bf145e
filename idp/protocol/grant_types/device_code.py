"""Redeeming a device code (RFC 8628 §3.4 and §3.5): once, after the person has allowed it; until then the device polls.

What an approved device gets is what a code would give, so only the validation differs from that grant. The errors are
answers that commit: a poll that came too soon has made the interval longer.
"""

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError, InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc8628 import AuthorizationPendingError, ExpiredTokenError, SlowDownError

from idp.foundation.conditional_write import Rows
from idp.protocol.artefacts.device_authorization import Poll
from idp.protocol.grant_types.authorization_code import AuthorizationCodeGrant
from idp.protocol.grant_types.grant_type import GrantType
from idp.protocol.grant_types.parts import GrantParts
from idp.registry.members import DEVICE_CODE as DEVICE_CODE_GRANT

_ANSWERS = {
    Poll.UNKNOWN: (InvalidGrantError, "The device_code is not usable."),
    Poll.PENDING: (AuthorizationPendingError, "The person has not decided yet."),
    Poll.TOO_FAST: (SlowDownError, "Ask less often: add 5 seconds to the interval."),
    Poll.DENIED: (AccessDeniedError, "The person did not allow it."),
    Poll.EXPIRED: (ExpiredTokenError, "The device_code has expired."),
}


class DeviceCodeGrant(AuthorizationCodeGrant):
    """One poll."""

    GRANT_TYPE = DEVICE_CODE_GRANT
    RESPONSE_TYPES = frozenset[str]()

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client may not use the device authorization grant.")
        device_code = self.request.form.get("device_code")
        if device_code is None:
            raise InvalidRequestError("The device_code is missing.")
        parts = GrantParts.of(self)
        content = parts.devices.redeemable(device_code, client.client_id)
        if content is None:
            error, description = _ANSWERS[parts.devices.poll(device_code, client.client_id)]
            raise error(description)
        self.request.client = client
        self.request.authorization_code = content

    def claim(self, rows: Rows) -> None:
        device_code, client_id = self.request.form["device_code"], self.request.client.client_id
        if not GrantParts.of(self).devices.claim(device_code, client_id, rows):
            error, description = _ANSWERS[Poll.UNKNOWN]
            raise error(description)


DEVICE_CODE = GrantType(DEVICE_CODE_GRANT, DeviceCodeGrant)
