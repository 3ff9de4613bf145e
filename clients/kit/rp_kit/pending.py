"""A sign-in under way, kept by the browser alone: one sealed cookie for each ``state``, so that tabs do not disturb
each other.

The cookie binds state, nonce and PKCE verifier to the browser that started (RFC 9700 §4.7, RFC 7636). Nonce and
verifier are derived from it under a key of the client secret, or of the site's own key, so the cookie's text gives
neither away, and the site stores nothing for a person who never comes back.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rp_kit.assurance import Requirement
from rp_kit.configuration import Configuration
from rp_kit.exchange import Cookie
from rp_kit.strict_json import decode_object

_LIFETIME_SECONDS = 3600
_MOST_AT_ONCE = 5
_KEY_PURPOSE = b"rp-kit pending login v1"


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """What the site must remember until the person is back."""

    state: str
    nonce: str
    code_verifier: str
    return_to: str
    requirement: Requirement


class PendingLogins:
    """Writes and reads the cookies."""

    def __init__(self, configuration: Configuration, now: Callable[[], float]) -> None:
        """Derive the sealing key; every process of the site derives the same one."""
        secret = configuration.client_secret or configuration.client_key
        self._key = hmac.digest(secret.encode(), _KEY_PURPOSE, hashlib.sha256)
        self._prefix = configuration.cookie_name("login_")
        self._now = now

    def begin(
        self, cookies: Mapping[str, str], return_to: str, requirement: Requirement
    ) -> tuple[PendingLogin, tuple[Cookie, ...]]:
        """Return a new sign-in and the cookies to set: its own, and empty ones for those that are too many."""
        state = secrets.token_urlsafe(32)
        members = {
            "seed": secrets.token_urlsafe(32),
            "at": int(self._now()),
            "to": return_to,
            "acr": requirement.acr,
            "age": requirement.max_age,
        }
        payload = _encoded(json.dumps(members, separators=(",", ":")).encode())
        cookie = Cookie(self._prefix + state, f"{payload}.{self._mac(state, payload)}", _LIFETIME_SECONDS)
        surplus = tuple(Cookie(name, "") for name in self._surplus(cookies))
        return self._pending(state, members), (cookie, *surplus)

    def find(self, state: str, cookies: Mapping[str, str]) -> PendingLogin | None:
        """Return the sign-in this browser started with that state, None when it did not, or too long ago."""
        members = self._members(state, cookies.get(self._prefix + state, ""))
        if members is None or self._now() >= members["at"] + _LIFETIME_SECONDS:
            return None
        return self._pending(state, members)

    def forget(self, state: str) -> Cookie:
        """Return the cookie that removes a sign-in: a callback is answered once."""
        return Cookie(self._prefix + state, "")

    def _pending(self, state: str, members: Mapping[str, Any]) -> PendingLogin:
        return PendingLogin(
            state=state,
            nonce=self._derived("nonce", members["seed"]),
            code_verifier=self._derived("code_verifier", members["seed"]),
            return_to=members["to"],
            requirement=Requirement(members["acr"], members["age"]),
        )

    def _surplus(self, cookies: Mapping[str, str]) -> list[str]:
        """Name the cookies beyond the bound, broken ones and the oldest first."""
        ages: list[tuple[int, str]] = []
        for name, value in cookies.items():
            if name.startswith(self._prefix):
                members = self._members(name.removeprefix(self._prefix), value)
                ages.append((members["at"] if members else -1, name))
        newest_first = sorted(ages, reverse=True)
        return [name for at, name in newest_first[_MOST_AT_ONCE - 1 :]] + [
            name for at, name in newest_first[: _MOST_AT_ONCE - 1] if at < 0
        ]

    def _members(self, state: str, value: str) -> dict[str, Any] | None:
        payload, _, mac = value.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(state, payload).encode()):
            return None
        return decode_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def _mac(self, state: str, payload: str) -> str:
        return self._derived("cookie", f"{state}.{payload}")

    def _derived(self, purpose: str, value: str) -> str:
        return _encoded(hmac.digest(self._key, f"{purpose}\0{value}".encode(), hashlib.sha256))


def code_challenge(code_verifier: str) -> str:
    """S256 (RFC 7636 §4.2)."""
    return _encoded(hashlib.sha256(code_verifier.encode("ascii")).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
