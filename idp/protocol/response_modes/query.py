"""``response_mode=query``: the parameters in the redirect's query, the default of the code flow (Multiple Response
Types §2.1).
"""

from urllib.parse import urlencode

from idp.protocol.response_modes.mode import ResponseMode


def location(redirect_uri: str, parameters: dict[str, str], carrier: str = "redirect") -> str:
    """Return the redirect URI with the response parameters added to whatever query it has (RFC 6749 §3.1.2), or as its
    fragment; registered URIs have none.
    """
    if carrier == "fragment":
        return f"{redirect_uri}#{urlencode(parameters)}"
    separator = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{separator}{urlencode(parameters)}"


QUERY = ResponseMode("query", "redirect")
