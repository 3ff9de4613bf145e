"""Whose refresh tokens rotate (RFC 9700 §4.14.2, FAPI 2.0 Security Profile §5.3.2.1). Pure."""

from idp.registry.client import Client


def rotates(client: Client) -> bool:
    """Tell whether each refresh replaces the token. Not so for confidential clients whose tokens are bound: they prove
    both a credential and a key at every refresh, a stolen token is worth nothing to others, and a lost answer costs
    them nothing.
    """
    is_bound = client.dpop_bound_access_tokens or client.tls_client_certificate_bound_access_tokens
    return client.is_public or not is_bound
