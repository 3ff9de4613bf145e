"""When two addresses are the same (RFC 9449 §4.3 item 9, RFC 3986 §6.2.2 and §6.2.3)."""

import pytest

from idp.protocol.binding.http_uri import normalized


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        ("https://id.example/token", "https://id.example/token"),
        ("HTTPS://ID.Example:443/token?a=b#c", "https://id.example/token"),
        ("http://id.example:80", "http://id.example/"),
        ("https://id.example:8443/", "https://id.example:8443/"),
        ("https://id.example:/token", "https://id.example/token"),
        ("https://[2001:DB8::1]/token", "https://[2001:db8::1]/token"),
        ("https://id.example/a/b/../%2e/c", "https://id.example/a/c"),
        ("https://id.example/..", "https://id.example/"),
        ("https://id.example/a/..", "https://id.example/"),
        ("https://id.example/%7euser/%2f", "https://id.example/~user/%2F"),
        ("https://id.example/token/", "https://id.example/token/"),
        ("https://id.example/Token", "https://id.example/Token"),
    ],
)
def test_spelling_does_not_count(uri, normal):
    """RFC9449-4.3-checks."""
    assert normalized(uri) == normal


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/token",
        "id.example/token",
        "ftp://id.example/token",
        "https:///token",
        "https://user:word@id.example/token",
        "https://id.example:0x1/token",
        "https://id.example/to ken",
        "https://id.example/\u00e4",
        "https://[::1/token",
        "https://id.example/" + "a" * 2000,
    ],
)
def test_what_is_no_address_has_no_normal_form(uri):
    assert normalized(uri) is None
