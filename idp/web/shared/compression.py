"""gzip (RFC 1952) for pages and static files, prepared once where the bytes never change.

A compressed page that repeats something from its address beside a secret can be measured (BREACH). Three things stand
against it: the CSRF token is masked afresh in each response, personal values are shown masked, and each page's gzip
header carries a file name of random length, so that lengths of single answers cannot be compared.
"""

import struct
import zlib
from typing import Final

from flask import Request, Response

SMALLEST_WORTH_IT: Final = 1024
LONGEST_PADDING: Final = 32

# Enough for pages. Preparing memory for longer texts would take as long as compressing one of them.
_WINDOW_BITS, _MEMORY_LEVEL = 14, 6
_HAS_NAME = 8
_UNKNOWN_SYSTEM = 255


def gzip_bytes(data: bytes, *, level: int, padding: bytes = b"") -> bytes:
    """Return data as one gzip member; ``padding`` becomes the file name in its header and may not hold a zero byte."""
    header = struct.pack("<BBBBLBB", 0x1F, 0x8B, 8, _HAS_NAME if padding else 0, 0, 0, _UNKNOWN_SYSTEM)
    name = padding + b"\0" if padding else b""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL)
    body = deflate.compress(data) + deflate.flush()
    return header + name + body + struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFF_FFFF)


def accepts_gzip(request: Request) -> bool:
    """Say whether the other side takes gzip (RFC 9110 §12.5.3)."""
    return request.accept_encodings["gzip"] > 0


def compress_page(request: Request, response: Response, randomness: bytes) -> None:
    """Compress a page in place where it is worth it and accepted; one byte of ``randomness`` chooses the padding."""
    if response.is_streamed or response.direct_passthrough or "Content-Encoding" in response.headers:
        return
    data = response.get_data()
    if len(data) < SMALLEST_WORTH_IT:
        return
    response.vary.add("Accept-Encoding")
    if accepts_gzip(request):
        response.set_data(gzip_bytes(data, level=6, padding=b"-" * (randomness[0] % LONGEST_PADDING)))
        response.headers["Content-Encoding"] = "gzip"
