"""Cross-site request forgery (ASVS 3.5.1): a form is believed only with a token bound to the browser's session or
pre-session.

The token is HMAC(key, kind of cookie ‖ cookie value), never stored. Each response masks it with fresh random bytes,
so that a compressed page never shows the same token twice (BREACH). Where the browser says where a request comes
from, that must agree too: sibling departments share our site, so SameSite cookies are no defence against them.
"""

import hmac
from typing import Final

from flask import Blueprint
from markupsafe import Markup
from werkzeug.exceptions import Forbidden

from idp.foundation.digests import b64url, unb64url
from idp.foundation.errors import IDPError
from idp.web.shared import cookies
from idp.web.shared.state import Mac, present_request, shared

FIELD: Final = "csrf_token"

_PURPOSE = "csrf"
_DIGEST_BYTES = 32
_LONGEST_TOKEN = 256
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_FETCHES = frozenset({"same-origin", "none"})


class CSRFRefused(Forbidden):
    """The form was not ours, or its page was open longer than the browser kept its cookie."""

    description = "This form cannot be believed."


def csrf_token() -> str:
    """Return a newly masked token for a form of this response; makes the pre-session of a browser that has none."""
    session = cookies.session_cookie()
    code = _mac("session", session) if session else _mac("presession", cookies.ensure_presession())
    mask = shared().entropy.token_bytes(_DIGEST_BYTES)
    return f"{b64url(mask + _xor(mask, code.digest))}.{code.kid}"


def csrf_field() -> Markup:
    """Return the hidden field that every form carries."""
    # A name of ours and base64url: nothing in it needs escaping, and Markup.format costs more than the token.
    return Markup(f'<input type="hidden" name="{FIELD}" value="{csrf_token()}">')  # noqa: S704 - as just said


def check_csrf() -> None:
    """Refuse an unsafe request that did not come from a form of ours. Raises CSRFRefused."""
    if present_request().method in _SAFE_METHODS:
        return
    if not _is_from_here() or not _is_token_ours(present_request().form.get(FIELD, "")):
        raise CSRFRefused


def protect(blueprint: Blueprint) -> None:
    """Check every unsafe request to a blueprint of pages before its view runs."""
    blueprint.before_request(check_csrf)


def _is_from_here() -> bool:
    fetch_site = present_request().headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site in _OWN_FETCHES
    origin = present_request().headers.get("Origin")
    return origin is None or origin == shared().surface.origin


def _is_token_ours(token: str) -> bool:
    masked, _, kid = token.partition(".")
    if not kid or len(token) > _LONGEST_TOKEN:
        return False
    try:
        data = unb64url(masked)
        expected = [_mac(kind, value, kid).digest for kind, value in _bindings()]
    except (ValueError, IDPError):  # not base64url; a key we no longer have
        return False
    if len(data) != 2 * _DIGEST_BYTES:
        return False
    given = _xor(data[:_DIGEST_BYTES], data[_DIGEST_BYTES:])
    # A page opened before the sign-in finished in another tab is bound to the pre-session: both are this browser's.
    return any(hmac.compare_digest(given, code) for code in expected)


def _bindings() -> list[tuple[str, str]]:
    pairs = [("session", cookies.session_cookie()), ("presession", cookies.presession_cookie())]
    return [(kind, value) for kind, value in pairs if value]


def _mac(kind: str, value: str, kid: str | None = None) -> Mac:
    return shared().mac(_PURPOSE, kind.encode(), value.encode(), kid=kid)


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")
