"""A person's way through our pages: the sealed interaction in the address, the session in the cookie, the service that
asked.

The interaction travels as the query parameter ``i``, bound to the browser's pre-session cookie (rule S2).
"""

from urllib.parse import quote

from flask import Response

from idp.factors.assurance import ACR_AAL1
from idp.foundation.logging import request_context
from idp.interactions import Interaction
from idp.protocol.checks.redirect_uri import with_any_port
from idp.registry.client import Client
from idp.sessions.values import Browser, Session
from idp.web.shared import cookies
from idp.web.shared.locale import JOURNEY_PARAMETER, current_locale, prefer
from idp.web.shared.pages import ServiceSlip, render
from idp.web.shared.services import services
from idp.web.shared.state import present_request, shared

RESUME_PATH = "/authorize/resume"
BRANDS = "/brands/"


def seal(interaction: Interaction) -> str | None:
    """Return an interaction sealed for this browser; None if it is too long to travel."""
    return services().interactions.seal(interaction, cookies.ensure_presession())


def path_with(path: str, sealed: str) -> str:
    """Return one of our paths with a sealed interaction."""
    return f"{path}?{JOURNEY_PARAMETER}={quote(sealed)}"


def current_interaction() -> Interaction | None:
    """Return the interaction of this address; None if there is none, or it is too old or another browser's."""
    token = present_request().args.get(JOURNEY_PARAMETER)
    interaction = services().interactions.open(token, cookies.presession_cookie()) if token else None
    if interaction is not None and interaction.ui_locales:
        prefer(interaction.ui_locales.split())
    return interaction


def current_session() -> Session | None:
    """Return the live session of this browser."""
    return services().sessions.load(cookies.session_cookie(), shared().surface.name)


def browser() -> Browser:
    """Return where this request comes from."""
    context = request_context.get()
    return Browser(context.network, context.user_agent, shared().surface.name)


def address() -> str:
    """Return the whole address that this request came from, as the front found it out behind trusted proxies. It is
    asked about and kept nowhere.
    """
    return present_request().remote_addr or ""


def came_alone(destination: str = "", *, acr_needed: str = ACR_AAL1, fresh_login: bool = False) -> Interaction:
    """Return the interaction of a person whom no service sent: to one of this surface's own pages."""
    surface = shared().surface
    return services().interactions.alone(
        destination or surface.home,
        acr_needed=acr_needed,
        fresh_login=fresh_login,
        account_kinds=surface.account_kinds,
    )


def client_of(interaction: Interaction | None) -> Client | None:
    """Return the client that an interaction comes from."""
    return services().registry.get(interaction.client_id) if interaction and interaction.client_id else None


def slip_of(client: Client | None) -> ServiceSlip | None:
    """Return the slip that names a verified service, in the language of the page."""
    if client is None:
        return None
    locale = current_locale()
    brand = client.brand
    return ServiceSlip(
        client.name_in(locale),
        client.agency_name_in(locale),
        client.client_uri or "",
        theme_url=brand_url(client.client_id, brand.theme.name) if brand.theme else "",
        logo_url=brand_url(client.client_id, brand.logo.name) if brand.logo else "",
    )


def brand_url(client_id: str, name: str) -> str:
    """Return where a file of a site's brand is fetched, under an address that changes with what it holds."""
    return f"{BRANDS}{quote(client_id, safe='')}/{name}"


def identity_page(client: Client, level: int) -> Response:
    """Say that a service needs an identity that is proven better; it learns nothing, as if nobody had come."""
    return render(
        "errors/identity_not_proven.html",
        403,
        service=slip_of(client),
        level=level,
        needed=client.min_ial,
        return_url=client.client_uri,
    )


def form_targets(client: Client | None) -> tuple[str, ...]:
    """Return where a form of this journey may end: at the service that asked, a native one on any port of its loopback
    address, and at its home, to which many a callback sends people on.
    """
    if client is None:
        return ()
    home = (client.client_uri,) if client.client_uri else ()
    return (*(with_any_port(uri, client) for uri in client.redirect_uris), *home)


def restart_page() -> Response:
    """Show how to begin again: the address belongs to another browser, or was left open for too long."""
    return render("sign_in/restart.html", 400)


def see_other(location: str) -> Response:
    """Redirect after a POST, or on the way of a journey: never 307, which would repeat credentials (RFC 9700 §4.12).
    Nothing to read stands in it, so that no address is written, or kept, twice.
    """
    response = Response(status=303, headers=[("Location", location), ("Cache-Control", "no-store")])
    del response.headers["Content-Type"]
    return response
