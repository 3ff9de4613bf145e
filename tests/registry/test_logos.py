"""Logos are written anew from what was understood (rule A8): attacks of every kind do not come through."""

import base64
import struct
import time
import zlib

import pytest

from idp.registry.brand.errors import BrandRefused
from idp.registry.brand.logo import LARGEST, PNG, canonical_logo, logo_bytes

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


def svg(inside="", more="", view='viewBox="0 0 10 10"'):
    return f"<svg {NAMESPACE} {view} {more}>{inside}</svg>"


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width=2, height=2, *, colour=6, depth=8, extra=b"", rows=None, tail=b"", interlace=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    rows = b"\0" + b"\x10\x20\x30\xff" * width if rows is None else rows
    data = zlib.compress(rows * height)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body + tail


def declared(data):
    return PNG + base64.b64encode(data).decode()


def test_a_drawing_keeps_its_shapes_and_loses_what_its_program_added():
    written = canonical_logo(
        '<?xml version="1.0" encoding="UTF-8"?><!-- made with a program -->'
        f'<svg {NAMESPACE} xmlns:i="http://www.inkscape.org/" width="120px" height="40" id="a" i:version="1.3">'
        '<title>Tax</title><metadata><rdf>x</rdf></metadata><i:view zoom="1"><path d="M0 0"/></i:view><defs id="d"/>'
        '<g fill="#B5281B" class="x" transform="translate(1,  2)\n scale(2)">\n'
        '<path d="M1 1h5v5z" i:label="p"/></g></svg>'
    )
    assert written == (
        f'<svg {NAMESPACE} viewBox="0 0 120 40"><g fill="#B5281B" transform="translate(1, 2) scale(2)">'
        '<path d="M1 1h5v5z"></path></g></svg>'
    )
    assert canonical_logo(written) == written
    assert logo_bytes(written) == (written.encode(), "image/svg+xml")


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        (svg("<script>alert(1)</script>"), "script"),
        (svg('<style>@import "https://evil.example"</style>'), "style"),
        (svg('<image href="https://evil.example/a.png"/>'), "image"),
        (svg('<use href="#a"/>'), "use"),
        (svg("<foreignObject><div/></foreignObject>"), "foreignObject"),
        (svg('<a href="javascript:alert(1)"><path d="M0 0"/></a>'), "<a>"),
        (svg('<animate attributeName="href" to="javascript:alert(1)"/>'), "animate"),
        (svg('<set attributeName="onload" to="alert(1)"/>'), "set"),
        (svg('<path d="M0 0" onclick="alert(1)"/>'), "onclick"),
        (svg(more='onload="alert(1)"'), "onload"),
        (svg('<path d="M0 0" style="fill:url(https://evil.example)"/>'), "style"),
        (svg('<path d="M0 0" fill="url(#a)"/>'), "fill"),
        (svg('<path d="M0 0" fill="url(https://evil.example)"/>'), "fill"),
        (svg('<path d="M0 0" href="https://evil.example"/>'), "href"),
        (svg('<path d="M0 0" filter="url(#f)"/>'), "filter"),
        (svg('<path d="M0 0&quot;&gt;&lt;script&gt;"/>'), " d "),
        (svg("<text>Tax</text>"), "text"),
        (svg("Tax"), "text"),
        (svg("<svg/>"), "<svg>"),
        (svg(view='width="100%"'), "viewBox"),
        (svg(view='viewBox="0 0 0 10"'), "viewBox"),
        (f'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>{svg("&b;")}', "document type"),
        (f'<!DOCTYPE svg SYSTEM "file:///etc/passwd">{svg()}', "document type"),
        (f'<?xml-stylesheet href="https://evil.example/a.css"?>{svg()}', "processing instruction"),
        ("<html><script>alert(1)</script></html>", "<svg"),
        ('<svg><path d="M0 0"/></svg>', "<svg"),
        (svg("<g>" * 20 + "</g>" * 20), "levels"),
        (svg("<g/>" * 600), "elements"),
        ("<svg", "well-formed"),
        ("", "well-formed"),
        (svg('<path d="' + "M1 1 " * 2000 + '"/>'), "KiB"),
        ("x" * 40_000, "KiB"),
        (None, "text of an SVG"),
        ("https://evil.example/logo.svg", "well-formed"),
        ("data:image/svg+xml;base64,PHN2Zz4=", "well-formed"),
    ],
)
def test_what_a_drawing_may_not_hold_is_refused_by_its_name(attack, words):
    with pytest.raises(BrandRefused, match=words):
        canonical_logo(attack)


def test_what_hides_in_another_namespace_is_left_out():
    hidden = '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)<x:img onerror="alert(2)"/></x:script>'
    link = 'xmlns:l="http://www.w3.org/1999/xlink" l:href="javascript:alert(3)"'
    written = canonical_logo(svg(f'{hidden}<path d="M0 0" {link}/>'))
    assert written == svg('<path d="M0 0"></path>').replace('" >', '">')


@pytest.mark.parametrize("name", ["points", "stroke-dasharray", "transform", "d", "viewBox"])
def test_a_value_made_to_be_slow_to_read_is_refused_at_once(name):
    began = time.perf_counter()
    for slow in ("11 " * 9_000 + "x", "1" * 30_000 + "x", "translate(1)" + " " * 30_000 + "x"):
        view = f'viewBox="{slow}"' if name == "viewBox" else 'viewBox="0 0 1 1"'
        inside = "" if name == "viewBox" else f'<path {name}="{slow}"/>'
        with pytest.raises(BrandRefused):
            canonical_logo(svg(inside, view=view))
    assert time.perf_counter() - began < 1


def test_a_picture_is_written_anew_without_what_else_the_file_is():
    polyglot = png(
        extra=chunk(b"tEXt", b"Comment\0<script>alert(1)</script>") + chunk(b"iCCP", b"x"),
        tail=b"PK\x03\x04<html><script>alert(2)</script>",
    )
    written = canonical_logo(declared(polyglot))
    data, content_type = logo_bytes(written)
    assert content_type == "image/png"
    assert b"script" not in data
    assert b"PK" not in data
    assert data.endswith(b"IEND\xaeB`\x82")
    assert canonical_logo(written) == written == canonical_logo(declared(png()))


def test_a_picture_with_a_palette_keeps_it():
    palette = chunk(b"PLTE", b"\x01\x02\x03\xff\xff\xff") + chunk(b"tRNS", b"\0")
    data, _ = logo_bytes(canonical_logo(declared(png(colour=3, depth=1, rows=b"\0\x80", extra=palette))))
    assert palette in data


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        (b"GIF89a", "not a PNG"),
        (png()[:-5], "whole"),
        (png(width=513), "larger"),
        (png(width=2**31, rows=b"\0"), "larger"),
        (png(height=0), "larger"),
        (png(rows=b"\0" * 40_000), "damaged"),
        (png(rows=b"\0"), "damaged"),
        (png(rows=b"\x09" + b"\0" * 8), "damaged"),
        (png(colour=3, rows=b"\0\0\0"), "damaged"),
        (png(depth=16), "8 bits"),
        (png(interlace=1), "interlaced"),
        (png().replace(b"IDAT", b"IDAX", 1), "damaged"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"x") + chunk(b"IEND", b""), "whole"),
    ],
)
def test_a_picture_that_is_none_or_too_large_is_refused(attack, words):
    with pytest.raises(BrandRefused, match=words):
        canonical_logo(declared(attack))


def test_a_picture_that_stays_too_large_is_refused():
    noise = b"".join(zlib.crc32(bytes([n % 256, n // 256])).to_bytes(4) for n in range(64 * 64))
    rows = b"".join(b"\0" + noise[start : start + 256] for start in range(0, len(noise), 256))
    large = b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 6, 0, 0, 0)),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        )
    )
    with pytest.raises(BrandRefused, match=f"{LARGEST // 1024} KiB"):
        canonical_logo(declared(large))


@pytest.mark.parametrize("text", [PNG + "###", PNG])
def test_what_is_no_base64_is_refused(text):
    with pytest.raises(BrandRefused):
        canonical_logo(text)
