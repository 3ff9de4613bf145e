"""The provider's public keys (RFC 7517 §5), cached for as long as the provider allows.

A token with an unknown key id makes the kit look again, because keys rotate; but once a minute at most, because
anybody can invent key ids. Private or symmetric keys in the set are never used.
"""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from rp_kit.discovery import Discovery
from rp_kit.errors import ProviderUnreachable, TokenRefused
from rp_kit.outbound import Outbound
from rp_kit.signature import fits
from rp_kit.single_flight import SingleFlight

_UNKNOWN_KID_SECONDS = 60.0
_SHORTEST_SECONDS, _USUAL_SECONDS, _LONGEST_SECONDS = 30.0, 300.0, 3600.0
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])", re.IGNORECASE)

Keys = tuple[Mapping[str, Any], ...]


class KeySet:
    """Finds the key a token names."""

    def __init__(self, discovery: Discovery, outbound: Outbound, now: Callable[[], float]) -> None:
        """Fetch nothing yet."""
        self._discovery = discovery
        self._outbound = outbound
        self._now = now
        self._cache: SingleFlight[Keys] = SingleFlight(self._fetch, now)
        self._look_again_at = 0.0
        self._look_again_lock = threading.Lock()

    def find(self, kid: str, algorithm: str) -> Mapping[str, Any]:
        """Return the public key. Raises TokenRefused when it is not published, ProviderUnreachable."""
        key = _choose(self._cache.get(), kid, algorithm) or self._look_again(kid, algorithm)
        if key is None:
            raise TokenRefused(f"kid is not a published {algorithm} key")
        return key

    def _look_again(self, kid: str, algorithm: str) -> Mapping[str, Any] | None:
        """Whoever waited here while another thread looked takes what it found."""
        with self._look_again_lock:
            seen = self._cache.get()
            key = _choose(seen, kid, algorithm)
            if key is None and self._now() >= self._look_again_at:
                self._look_again_at = self._now() + _UNKNOWN_KID_SECONDS
                key = _choose(self._cache.newer_than(seen), kid, algorithm)
            return key

    def _fetch(self) -> tuple[Keys, float]:
        answer = self._outbound.get(self._discovery.metadata().jwks_uri)
        keys = answer.object().get("keys") if answer.status == 200 else None  # noqa: PLR2004, the one status with keys
        if not isinstance(keys, list):
            raise ProviderUnreachable(f"no key set: status {answer.status}")
        return tuple(key for key in keys if isinstance(key, dict)), _kept_seconds(
            answer.headers.get("cache-control", "")
        )


def _choose(keys: Keys, kid: str, algorithm: str) -> Mapping[str, Any] | None:
    return next((key for key in keys if key.get("kid") == kid and fits(key, algorithm)), None)


def _kept_seconds(cache_control: str) -> float:
    found = _MAX_AGE.search(cache_control)
    return min(max(float(found[1]), _SHORTEST_SECONDS), _LONGEST_SECONDS) if found else _USUAL_SECONDS
