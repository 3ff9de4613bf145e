"""Whose refresh tokens rotate (RFC 9700 §4.14.2, FAPI 2.0 Security Profile §5.3.2.1). Pure."""

from idp.registry.client import Client


def rotates(client: Client) -> bool:
    """Tell whether each refresh replaces the token. Not so for clients that prove a key at every refresh: a stolen
    token is worth nothing to others, and a lost answer costs them nothing.
    """
    return not client.is_fapi2
