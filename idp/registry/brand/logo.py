"""The logo of a site as its registration holds it: the text of an SVG, or a PNG as a ``data:`` address (rule A8)."""

import base64
import binascii
from typing import Any, Final

from idp.foundation.translation import said
from idp.registry.brand.errors import BrandRefused
from idp.registry.brand.pixel_logo import canonical_png
from idp.registry.brand.vector_logo import canonical_svg

PNG: Final = "data:image/png;base64,"
LARGEST: Final = 8 * 1024
_LARGEST_GIVEN: Final = 32 * 1024


def canonical_logo(value: Any) -> str:  # noqa: ANN401 - comes from a file
    """Return the logo written anew. Raises BrandRefused."""
    if not isinstance(value, str) or len(value) > _LARGEST_GIVEN:
        raise BrandRefused(
            said(
                "must be the text of an SVG, or %(png)s…, of at most %(value)s KiB",
                png=PNG,
                value=_LARGEST_GIVEN // 1024,
            )
        )
    written = PNG + _repacked(value.removeprefix(PNG)) if value.startswith(PNG) else canonical_svg(value.strip())
    if len(written.encode()) > LARGEST:
        raise BrandRefused(
            said("is larger than %(value)s KiB once it is written anew; simplify it", value=LARGEST // 1024)
        )
    return written


def logo_bytes(logo: str) -> tuple[bytes, str]:
    """Return a canonical logo as it is served, and its media type."""
    if logo.startswith(PNG):
        return base64.b64decode(logo.removeprefix(PNG)), "image/png"
    return logo.encode(), "image/svg+xml"


def _repacked(text: str) -> str:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise BrandRefused(said("is not valid base64")) from None
    return base64.b64encode(canonical_png(data)).decode()
