"""Where the pages for devices stand, and the way to sign in and back to one of them."""

from typing import Final

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from idp.factors.assurance import ACR_AAL1
from idp.web.shared.journeys import path_with, seal, see_other
from idp.web.shared.services import services

ENTER_PATH: Final = "/device"
CONFIRM_PATH: Final = "/device/confirm"
DONE_PATH: Final = "/device/done"
CODE_PARAMETER: Final = "user_code"
TICKET_PARAMETER: Final = "d"
RESULT_PARAMETER: Final = "result"


def to_sign_in(destination: str, acr_needed: str = ACR_AAL1, *, fresh_login: bool = False) -> Response:
    """Send the person to sign in, or to prove more, and back to one of our addresses."""
    sealed = seal(services().interactions.alone(destination, acr_needed=acr_needed, fresh_login=fresh_login))
    if sealed is None:
        raise BadRequest
    return see_other(path_with("/login", sealed))
