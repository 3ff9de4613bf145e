"""The record of a grant type (RFC 6749 §4.5: new ones are added by their name)."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749.grants import BaseGrant


@dataclass(frozen=True, slots=True)
class GrantType:
    """A grant type: its name, the Authlib grant that handles it, and that grant's extensions."""

    name: str
    handler: type[BaseGrant]
    extensions: tuple[object, ...] = ()
