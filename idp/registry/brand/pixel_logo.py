"""A logo in PNG (W3C PNG, third edition), written anew from its pixels: size, palette, transparency and image data,
compressed by us (rule A8).

Every other chunk, and whatever follows the last one, is left out, so that a file which is also something else comes out
as a picture only. The size is known before anything is decompressed, and no byte more is.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from idp.foundation.translation import said
from idp.registry.brand.errors import BrandRefused

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_LARGEST_SIDE: Final = 512
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS: Final = {0: (1, 2, 4, 8), 2: (8,), 3: (1, 2, 4, 8), 4: (8,), 6: (8,)}
_PALETTE: Final = 3
_LONGEST_PALETTE: Final = 768
_FILTERS: Final = 5
_HEADER: Final = struct.Struct(">IIBBBBB")


def canonical_png(data: bytes) -> bytes:
    """Return the picture written anew; what is canonical stays as it is. Raises BrandRefused."""
    chunks = dict[bytes, bytes]()
    for kind, body in _chunks(data):
        chunks[kind] = chunks.get(kind, b"") + body if kind == b"IDAT" else body
        if kind == b"IEND":
            break
    header = chunks.get(b"IHDR", b"")
    if len(header) != _HEADER.size or next(iter(chunks)) != b"IHDR" or b"IEND" not in chunks:
        raise BrandRefused(said("is not a whole PNG picture"))
    pixels = _pixels(chunks.get(b"IDAT", b""), header)
    kept = [(b"IHDR", header), *_colours(chunks, header[9]), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(map(_chunk, kept))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(_SIGNATURE):
        raise BrandRefused(said("is not a PNG picture"))
    place = len(_SIGNATURE)
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        check = data[place + 8 + length : place + 12 + length]
        if len(body) != length or check != zlib.crc32(kind + body).to_bytes(4):
            raise BrandRefused(said("is a damaged PNG picture"))
        yield kind, body
        place += 12 + length


def _pixels(packed: bytes, header: bytes) -> bytes:
    width, height, depth, colour, compression, method, interlace = _HEADER.unpack(header)
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        raise BrandRefused(said("is larger than %(largest_side)s pixels in a direction", largest_side=_LARGEST_SIDE))
    if depth not in _DEPTHS.get(colour, ()) or compression or method or interlace:
        raise BrandRefused(said("must be a PNG of at most 8 bits a channel, not interlaced"))
    row = 1 + (width * depth * _CHANNELS[colour] + 7) // 8
    reader = zlib.decompressobj()
    try:
        pixels = reader.decompress(packed, row * height + 1)
    except zlib.error:
        raise BrandRefused(said("is a damaged PNG picture")) from None
    if len(pixels) != row * height or any(pixels[start] >= _FILTERS for start in range(0, len(pixels), row)):
        raise BrandRefused(said("is a damaged PNG picture"))
    return pixels


def _colours(chunks: dict[bytes, bytes], colour: int) -> Iterator[tuple[bytes, bytes]]:
    palette, see_through = chunks.get(b"PLTE", b""), chunks.get(b"tRNS", b"")
    if colour == _PALETTE:
        if not palette or len(palette) % 3 or len(palette) > _LONGEST_PALETTE:
            raise BrandRefused(said("is a damaged PNG picture"))
        yield b"PLTE", palette
    allowed = {0: 2, 2: 6, _PALETTE: len(palette) // 3}.get(colour, 0)
    if see_through and len(see_through) <= allowed:
        yield b"tRNS", see_through


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, body = chunk
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
