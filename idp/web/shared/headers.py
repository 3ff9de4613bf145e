"""Security headers of every response (ASVS 3.4.1 to 3.4.8): strict ones for pages, a short fixed list for machines.

Chromium checks ``form-action`` against every redirect that follows a form, so a page whose form may end at a service
names that service's origin; nothing else ever leaves the provider's own origin.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from flask import Response

_STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
_ALWAYS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
_MACHINE_POLICY = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action {targets}; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_PAGE_ONLY: Final = (
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
    ),
)
_HOST = re.compile(r"[A-Za-z0-9.-]+(:([0-9]{1,5}|\*))?")
_IPV6_LOOPBACK = re.compile(r"\[::1\](:([0-9]{1,5}|\*))?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")


def machine_headers(*, is_https: bool) -> tuple[tuple[str, str], ...]:
    """Return the headers of a response that no browser shows as a page; also for bytes prepared before Flask."""
    return (*_ALWAYS, _MACHINE_POLICY, *((_STRICT_TRANSPORT,) if is_https else ()))


def page_headers(
    form_targets: Iterable[str], *, is_https: bool, frames: Iterable[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Return the headers of a page whose forms may end at the given addresses besides our own.

    ``frames`` are the addresses that it may show in frames; usually there are none.
    """
    sources = dict.fromkeys(["'self'", *filter(None, map(form_action_source, form_targets))])
    shown = dict.fromkeys(filter(None, map(form_action_source, frames)))
    framed = f"; frame-src {' '.join(shown)}" if shown else ""
    policy = ("Content-Security-Policy", _PAGE_POLICY.format(targets=" ".join(sources)) + framed)
    return (*_ALWAYS, policy, *_PAGE_ONLY, *((_STRICT_TRANSPORT,) if is_https else ()))


def form_action_source(address: str) -> str | None:
    """Return an address as a CSP source: its origin, its scheme for an app, None if a policy cannot say it."""
    parts = urlsplit(address)
    if parts.scheme == "http" and _IPV6_LOOPBACK.fullmatch(parts.netloc):
        # A policy knows no IPv6 addresses (CSP Level 3 §2.3.1), so that an application at this one needs all of http.
        return "http:"
    if parts.scheme in {"https", "http"}:
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host.lower()}" if _HOST.fullmatch(host) else None
    return f"{parts.scheme}:" if _SCHEME.fullmatch(parts.scheme) else None


def add_headers(response: Response, headers: tuple[tuple[str, str], ...]) -> None:
    """Add headers that the view has not set itself."""
    present = {name.lower() for name, _ in response.headers}
    for name, value in headers:
        if name.lower() not in present:
            response.headers.add(name, value)
