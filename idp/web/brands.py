"""Logos and colours of sites, from our own origin (rule A8): what the registry has written anew, and nothing from
elsewhere.

A logo may be opened by itself, so that its own policy shuts it in: no script, no form, no request, an origin of its
own.
"""

from typing import Final

from flask import Blueprint
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.registry.brand.files import BrandFile
from idp.web.shared.guards import public
from idp.web.shared.journeys import BRANDS
from idp.web.shared.services import services

POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
_FOR_EVER: Final = "public, max-age=31536000, immutable"

brands = Blueprint("brands", __name__)


@brands.get(f"{BRANDS}<client_id>/<name>")
@public
def serve(client_id: str, name: str) -> Response:
    """Answer with a file of the brand in force."""
    client = services().registry.get(client_id)
    file = client.brand.named(name) if client is not None else None
    if file is None:
        raise NotFound
    return sent(file, _FOR_EVER)


def sent(file: BrandFile, lifetime: str) -> Response:
    """Answer with a file of a brand."""
    response = Response(file.data, content_type=file.content_type)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = lifetime
    return response
