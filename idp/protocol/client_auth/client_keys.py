"""The public keys of clients (RFC 7591 §2 jwks and jwks_uri), parsed once. A fetched set is kept for five minutes and
asked for again at most once a minute for a key id that it lacks, by one request at a time (rule P11). Few others wait
for the answer, because anybody can ask in a client's name, and each holds a thread.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.foundation.clock import Clock
from idp.foundation.errors import ProtocolError
from idp.foundation.logging import get_logger
from idp.foundation.outbound_http import OutboundFailed, OutboundHTTP, OutboundRefused
from idp.registry.client import Client
from idp.registry.client_keys import problem_of_key
from idp.registry.encryption import encryption_key

_KEPT = timedelta(minutes=5)
_BETWEEN_FETCHES = timedelta(minutes=1)
_MOST_WAITING = 3
_log = get_logger(__name__)

Fetch = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: KeySet | None
    encrypting: Sequence[Mapping[str, Any]]
    at: datetime


class ClientKeys:
    """Finds a client's key set. ``fetch`` gets a URL's body through the guarded outbound client, or None."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._fetched: dict[str, _Fetched] = {}
        self._parsed: dict[tuple[str, int], KeySet | None] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._queues: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(_MOST_WAITING))

    def of(self, client: Client, kid: str | None) -> KeySet | None:
        """Return the key set that should hold ``kid``; None if the client has no usable one. Raises ProtocolError while
        it is being fetched and enough others wait for it.
        """
        if client.jwks is not None:
            place = (client.client_id, client.version)
            if place not in self._parsed:
                self._parsed[place] = _parse(orjson.dumps(client.jwks, default=_plain))
            return self._parsed[place]
        return self._remote(client, kid).keys if client.jwks_uri else None

    def encryption_key(self, client: Client, alg: str) -> Mapping[str, Any] | None:
        """Return the public key to encrypt for this client with; None if it has none for the algorithm."""
        if client.jwks is not None:
            return encryption_key(client.jwks["keys"], alg)
        return encryption_key(self._remote(client, None).encrypting, alg) if client.jwks_uri else None

    def _remote(self, client: Client, kid: str | None) -> _Fetched:
        known, queue = self._fetched.get(client.client_id), self._queues[client.client_id]
        if known is not None and self._clock.now() - known.at < _KEPT and _has(known.keys, kid):
            return known
        if not queue.acquire(blocking=False):
            raise ProtocolError("temporarily_unavailable", "The client's keys are being fetched.", status=503)
        try:
            return self._fetched_now(client, kid)
        finally:
            queue.release()

    def _fetched_now(self, client: Client, kid: str | None) -> _Fetched:
        # One lock for each client: a department whose server hangs holds up nobody else.
        with self._locks[client.client_id]:
            now = self._clock.now()
            known = self._fetched.get(client.client_id)
            age = _KEPT if known is None else now - known.at
            is_missing = known is not None and age >= _BETWEEN_FETCHES and not _has(known.keys, kid)
            if known is None or age >= _KEPT or is_missing:
                body = self._fetch(client.jwks_uri or "")
                if body is not None or known is None:
                    known = _Fetched(_parse(body or b""), _encrypting(body or b""), now)
                known = self._fetched[client.client_id] = replace(known, at=now)
            return known


def _parse(body: bytes) -> KeySet | None:
    """Return the usable keys of a set: others that stand beside them are left out (RFC 7517 §5)."""
    try:
        keys = [key for key in orjson.loads(body)["keys"] if isinstance(key, dict) and problem_of_key(key) is None]
        return KeySet.import_key_set({"keys": keys})
    except (JoseError, ValueError, KeyError, TypeError):
        _log.warning("client_keys_unreadable")
        return None


def _encrypting(body: bytes) -> list[Mapping[str, Any]]:
    """Return the keys of a set that are meant to encrypt with."""
    try:
        keys = orjson.loads(body)["keys"]
        return [key for key in keys if isinstance(key, dict) and problem_of_key(key, ("enc",)) is None]
    except (ValueError, KeyError, TypeError):
        return []


def _has(keys: KeySet | None, kid: str | None) -> bool:
    return keys is not None and (kid is None or any(key.kid == kid for key in keys.keys))


def _plain(value: object) -> object:
    return dict(value) if hasattr(value, "keys") else list(value)  # type: ignore[call-overload]


def fetcher(outbound: OutboundHTTP) -> Fetch:
    """Return how a client's key set is fetched: by the guarded client, None for whatever goes wrong."""

    def fetch(url: str) -> bytes | None:
        try:
            response = outbound.request("GET", url, headers={"Accept": "application/jwk-set+json, application/json"})
        except (OutboundRefused, OutboundFailed):
            return None
        return response.body if response.status == HTTPStatus.OK else None

    return fetch
