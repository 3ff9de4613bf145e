"""Tokens as an attacker makes them: taken apart, changed, and put together again."""

import base64
import json
from typing import Any


def decoded(segment: str) -> dict[str, Any]:
    """Return the JSON object of a segment."""
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return value


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def header_of(token: str) -> dict[str, Any]:
    return decoded(token.split(".", maxsplit=1)[0])


def changed(token: str, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return the token with another header or other claims, under its old signature."""
    head, body, signature = token.split(".")
    return f"{encoded(decoded(head) | (header or {}))}.{encoded(decoded(body) | claims)}.{signature}"


def unsigned(token: str) -> str:
    """Return what a library that believes ``alg: none`` would accept."""
    return f"{encoded(header_of(token) | {'alg': 'none'})}.{token.split('.')[1]}."
