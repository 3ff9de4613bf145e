"""Puts the page machinery on a Flask application: templates, static files and the last touch to every response.

The one hook after each request is light for machines (a fixed list of headers) and does the rest for pages only.
"""

from flask import Flask, Response

from idp.foundation.clock import Clock
from idp.foundation.entropy import Entropy
from idp.foundation.settings import Settings
from idp.foundation.translation import Translator
from idp.web.shared.compression import compress_page
from idp.web.shared.cookies import write_cookies
from idp.web.shared.environment import build_environments
from idp.web.shared.forms import LARGEST_BODY
from idp.web.shared.guards import public
from idp.web.shared.headers import add_headers, machine_headers, page_headers
from idp.web.shared.state import EXTENSION, KeyringMac, Shared, existing_page_state, present_request
from idp.web.shared.static import URL_PREFIX, Assets
from idp.web.shared.surfaces import Surface, provider_surface

STATIC_ENDPOINT = "assets"


def init_shared(
    app: Flask,
    settings: Settings,
    keyring_mac: KeyringMac,
    translator: Translator,
    entropy: Entropy,
    clock: Clock,
    *,
    surface: Surface | None = None,
) -> None:
    """Register what pages need, on the provider's own surface or another. Call once, before the blueprints."""
    surface = surface or provider_surface(settings)
    assets = Assets()
    templates = build_environments(translator)
    app.extensions[EXTENSION] = Shared(settings, surface, keyring_mac, translator, entropy, clock, assets, templates)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_CONTENT_LENGTH"] or LARGEST_BODY
    for_machines = machine_headers(is_https=settings.is_https)

    @public
    def serve(name: str) -> Response:
        return assets.serve(name)

    def finish(response: Response) -> Response:
        state = existing_page_state()
        if response.mimetype == "text/html":
            targets = state.form_targets if state else ()
            frames = state.frames if state else ()
            add_headers(response, page_headers(targets, is_https=settings.is_https, frames=frames))
            response.headers.setdefault("Cache-Control", "no-store")
            compress_page(present_request(), response, entropy.token_bytes(1))
        else:
            add_headers(response, for_machines)
        if state:
            write_cookies(response, state.new_cookies)
        return response

    app.add_url_rule(f"{URL_PREFIX}<name>", STATIC_ENDPOINT, serve, methods=["GET"])
    app.after_request(finish)
