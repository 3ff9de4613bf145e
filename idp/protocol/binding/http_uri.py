"""When two addresses of an HTTP request are the same (RFC 9449 §4.3, item 9): compared without query and fragment,
after the normalization of RFC 3986 §6.2.2 and §6.2.3. Pure.
"""

import re
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,2000}")


def normalized(uri: str) -> str | None:
    """Return the normal form of an http or https address without its query and fragment; None if it is none."""
    if not _PRINTABLE.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        return None
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{shown_host}{shown_port}{_path(parts.path)}"


def _path(path: str) -> str:
    decoded = _ESCAPE.sub(_unescaped, path)
    kept: list[str] = []
    segments = decoded.split("/")[1:] or [""]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _unescaped(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if _UNRESERVED.fullmatch(character) else match[0].upper()
