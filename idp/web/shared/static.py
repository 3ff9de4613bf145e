"""Style and script files: held in memory, compressed once, served under an address that carries the hash of their
content.

A hashed address may be kept for ever (RFC 8246 ``immutable``). The plain name answers too, to be asked again each
time; the page shown by the proxy while the service is down uses it, because it cannot know the hash.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from flask import Response, abort, request

from idp.web.shared.compression import accepts_gzip, gzip_bytes

URL_PREFIX: Final = "/assets/"

_FOLDER = Path(__file__).parent.parent / "static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "public, no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file, ready to be sent."""

    name: str
    hashed_name: str
    content_type: str
    plain: bytes
    compressed: bytes


class Assets:
    """Every static file of this product, by plain and by hashed name."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        files = [path for path in sorted(folder.iterdir()) if path.suffix in _TYPES]
        self._by_name = {asset.name: asset for asset in map(_read, files)}
        self._by_hashed_name = {asset.hashed_name: asset for asset in self._by_name.values()}

    def url(self, name: str) -> str:
        """Return the address of a file, with the hash of its content. Raises KeyError for an unknown name."""
        return URL_PREFIX + self._by_name[name].hashed_name

    def serve(self, name: str) -> Response:
        """Answer a request for a static file."""
        asset = self._by_hashed_name.get(name)
        lifetime = _FOR_EVER if asset else _ASK_AGAIN
        asset = asset or self._by_name.get(name)
        if asset is None:
            abort(404)
        response = Response(asset.plain, content_type=asset.content_type)
        if accepts_gzip(request):
            response.set_data(asset.compressed)
            response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        response.headers["Cache-Control"] = lifetime
        response.set_etag(asset.hashed_name, weak=True)
        response.make_conditional(request)
        return response


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    digest = sha256(plain).hexdigest()[:10]
    content_type = f"{_TYPES[path.suffix]}; charset=utf-8"
    return Asset(path.name, f"{path.stem}.{digest}{path.suffix}", content_type, plain, gzip_bytes(plain, level=9))
