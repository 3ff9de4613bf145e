"""The machine endpoints: a file each, ending in its record, listed once in this tuple; discovery derives from it (RFC
8414 §2).
"""

from idp.protocol.endpoints.device_authorization import DEVICE_AUTHORIZATION
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.introspection import INTROSPECTION
from idp.protocol.endpoints.par import PAR
from idp.protocol.endpoints.registration import REGISTRATION
from idp.protocol.endpoints.revocation import REVOCATION
from idp.protocol.endpoints.signals import SIGNAL_ENDPOINTS
from idp.protocol.endpoints.token import TOKEN
from idp.protocol.endpoints.userinfo import USERINFO

ENDPOINTS: tuple[Endpoint, ...] = (
    TOKEN,
    USERINFO,
    INTROSPECTION,
    REVOCATION,
    PAR,
    DEVICE_AUTHORIZATION,
    REGISTRATION,
    *SIGNAL_ENDPOINTS,
)

__all__ = ["ENDPOINTS", "Endpoint"]
