"""Front-channel logout (OpenID Connect Front-Channel Logout 1.0 §2 and §3): the sites of a session are told by the
person's own browser, in hidden frames of the signed-out page.

Each address gets ``iss`` and ``sid``, always both; the page's policy admits frames of these origins and no others.
"""

from collections.abc import Iterable
from urllib.parse import urlencode

from idp.sessions.values import EndedSite
from idp.web.shared.services import services
from idp.web.shared.state import page_state


def frames_for(sites: Iterable[EndedSite]) -> list[str]:
    """Return the address of each frame, and let the page that is being answered show them."""
    frames = [address for site in sites if (address := _address(site)) is not None]
    page_state().frames = tuple(frames)
    return frames


def _address(site: EndedSite) -> str | None:
    client = services().registry.get(site.client_id)
    if client is None or client.frontchannel_logout_uri is None:
        return None
    uri = client.frontchannel_logout_uri
    joint = "&" if "?" in uri else "?"
    return f"{uri}{joint}{urlencode({'iss': services().settings.issuer, 'sid': site.sid})}"
