"""The sector of a client that registers itself (OpenID Connect Core §8.1, OpenID Connect Registration §5). Pure.

A client cannot choose a sector (rule P9): it follows from the one host that its people are sent back to, or from the
host of its ``sector_identifier_uri``. Such sectors have a prefix, so that none is ever an agency's.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from idp.foundation.digests import sha256
from idp.registry.rules import Problem

_PREFIX: Final = "host."
_LONGEST: Final = 80
_PLAIN = re.compile(r"[A-Za-z0-9.-]+[A-Za-z0-9]\Z")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def sector_of(metadata: Mapping[str, Any], client_id: str) -> str | Problem:
    """Return the sector of a registration, or what keeps it from having one."""
    identifier = metadata.get("sector_identifier_uri")
    if isinstance(identifier, str):
        return _named(min(hosts_of([identifier]), default=""))
    hosts = hosts_of(metadata.get("redirect_uris"))
    if len(hosts) > 1 and metadata.get("subject_type", "pairwise") == "pairwise":
        return Problem("sector_identifier_uri", "is missing; redirect_uris on several hosts need it (OIDC Core §8.1)")
    if not hosts or hosts & _LOOPBACK:
        # Nobody owns loopback or a private scheme: such clients have no sector in common.
        return "client." + _short(client_id)
    return _named(min(hosts))


def hosts_of(uris: object) -> set[str]:
    """Return the hosts of web addresses."""
    given = [uri for uri in uris if isinstance(uri, str)] if isinstance(uris, Sequence) else []
    try:
        return {host for uri in given if uri.startswith("http") and (host := urlsplit(uri).hostname)}
    except ValueError:
        return set()


def problem_of_document(body: bytes | None, redirect_uris: Sequence[str]) -> Problem | None:
    """Return what is wrong with what a ``sector_identifier_uri`` answered (OpenID Connect Registration §5)."""
    try:
        listed = orjson.loads(body) if body is not None else None
    except orjson.JSONDecodeError:
        listed = None
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        return Problem("sector_identifier_uri", "could not be fetched as a JSON list of addresses")
    missing = [uri for uri in redirect_uris if uri not in listed]
    return Problem("sector_identifier_uri", f"does not list {missing[0]!r}") if missing else None


def _named(host: str) -> str:
    name = _PREFIX + host.lower()
    return name if len(name) <= _LONGEST and _PLAIN.match(host) else _PREFIX + _short(host.lower())


def _short(text: str) -> str:
    return sha256(text).hex()[:40]
