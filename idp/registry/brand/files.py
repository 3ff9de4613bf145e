"""The brand of a registration as files that browsers fetch, each named by the digest of what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.foundation.digests import sha256
from idp.registry.brand.logo import logo_bytes
from idp.registry.brand.theme import style_sheet

_SUFFIXES: Final = {"image/png": "png", "image/svg+xml": "svg", "text/css": "css"}
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class BrandFile:
    """One file, ready to be sent."""

    name: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Brand:
    """What a site adds to the pages on the way to it; None where ours stands."""

    logo: BrandFile | None = None
    theme: BrandFile | None = None

    def named(self, name: str) -> BrandFile | None:
        """Return the file of a name."""
        return next((file for file in (self.logo, self.theme) if file is not None and file.name == name), None)


def brand_of(policy: Mapping[str, Any]) -> Brand:
    """Return the brand of a policy that the rules have accepted."""
    logo, theme = policy.get("logo"), policy.get("theme")
    return Brand(
        None if logo is None else _file("logo", *logo_bytes(logo)),
        None if theme is None else _file("theme", style_sheet(theme).encode(), "text/css"),
    )


def _file(stem: str, data: bytes, content_type: str) -> BrandFile:
    return BrandFile(f"{stem}.{sha256(data).hex()[:_SHOWN]}.{_SUFFIXES[content_type]}", content_type, data)
