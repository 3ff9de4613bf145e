"""The grant types of the token endpoint (RFC 6749 §4): a file each, ending in its record, listed once in this tuple."""

from idp.protocol.grant_types.authorization_code import AUTHORIZATION_CODE
from idp.protocol.grant_types.client_credentials import CLIENT_CREDENTIALS
from idp.protocol.grant_types.device_code import DEVICE_CODE
from idp.protocol.grant_types.grant_type import GrantType
from idp.protocol.grant_types.refresh_token import REFRESH_TOKEN
from idp.protocol.grant_types.token_exchange import TOKEN_EXCHANGE

GRANT_TYPES: tuple[GrantType, ...] = (
    AUTHORIZATION_CODE,
    REFRESH_TOKEN,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    TOKEN_EXCHANGE,
)

__all__ = ["GRANT_TYPES", "GrantType"]
