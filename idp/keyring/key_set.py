"""The key set as one node sees it: an immutable snapshot, read without a lock, compared with the database every 500 ms
(rule 6).

Which key signs is decided by the clock at each use, so a switch needs no reload. When the database cannot be asked for
a second the snapshot is void, because a key may have been revoked meanwhile.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

import orjson
from sqlalchemy.exc import SQLAlchemyError

from idp.foundation.digests import b64url, sha256
from idp.keyring.errors import KeyUnknown
from idp.keyring.signers import verifier
from idp.keyring.store import KeyStore, StoredKey

_CHECK_EVERY = timedelta(milliseconds=500)
_VOID_AFTER = timedelta(seconds=1)
_NOW = timedelta()
_EVER = datetime.min.replace(tzinfo=UTC)

Verify = Callable[[bytes, bytes], bool]


class JWKSet(TypedDict):
    """A JWK Set (RFC 7517 §5)."""

    keys: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """The answer of the key set endpoint, ready to be sent."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A key and the moment from which it signs. ``heads`` keeps the header of each token type, made once."""

    activates_at: datetime
    kid: str
    heads: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeySet:
    """Every key that is not revoked. ``known_heads`` are headers of tokens whose signature once proved right."""

    version: int | None
    turns: dict[str, tuple[Turn, ...]]
    verifiers: dict[str, tuple[str, Verify]]
    jwks: JWKSet
    published: PublishedKeys
    known_heads: dict[bytes, tuple[Verify, str]] = field(default_factory=dict)

    def turn(self, alg: str, now: datetime) -> Turn:
        """Return whose turn it is to sign. Raises KeyUnknown."""
        for turn in self.turns.get(alg, ()):
            if turn.activates_at <= now:
                return turn
        raise KeyUnknown(f"no key signs {alg}")


class KeySetCache:
    """Keeps the snapshot of one process."""

    def __init__(self, store: KeyStore, on_change: Callable[[], None]) -> None:
        self._store = store
        self._on_change = on_change
        self._checking = threading.Lock()
        self._seen: tuple[datetime, KeySet] | None = None

    def at(self, now: datetime) -> KeySet:
        """Return the key set, no older than 500 ms (1 s while another thread is asking)."""
        seen = self._seen
        if seen is not None and _NOW <= now - seen[0] < _CHECK_EVERY:
            return seen[1]
        return self._checked(now, seen)

    def forget(self) -> None:
        """Ask again at the next use, because this process has changed something."""
        self._seen = None

    def _checked(self, now: datetime, seen: tuple[datetime, KeySet] | None) -> KeySet:
        is_usable = seen is not None and _NOW <= now - seen[0] < _VOID_AFTER
        # Nobody waits for the thread that asks; without a usable snapshot each asks for itself.
        is_ours = self._checking.acquire(blocking=False)
        try:
            if seen is not None and is_usable and not is_ours:
                return seen[1]
            return self._reloaded(now, seen)
        except SQLAlchemyError:
            if seen is None or not is_usable:
                raise
            return seen[1]
        finally:
            if is_ours:
                self._checking.release()

    def _reloaded(self, now: datetime, seen: tuple[datetime, KeySet] | None) -> KeySet:
        version = self._store.version()
        if seen is not None and seen[1].version == version:
            keys = seen[1]
        else:
            self._on_change()
            keys = key_set_of(version, self._store.all())
        self._seen = (now, keys)
        return keys


def key_set_of(version: int | None, stored: Sequence[StoredKey]) -> KeySet:
    """Build a snapshot from the rows."""
    published = [key for key in stored if key.state != "revoked"]
    turns: dict[str, list[Turn]] = {}
    for key in published:
        if key.activates_at is not None and key.state in {"pending", "active"}:
            # What is written as active has its turn, although our clock may be a little behind that of the writer.
            since = _EVER if key.state == "active" else key.activates_at
            turns.setdefault(key.alg, []).append(Turn(since, key.kid))
    jwks: JWKSet = {"keys": [key.public_jwk for key in published]}
    body = orjson.dumps(jwks)
    return KeySet(
        version=version,
        turns={alg: tuple(sorted(own, key=lambda turn: turn.activates_at, reverse=True)) for alg, own in turns.items()},
        verifiers={key.kid: (key.alg, verifier(key.public_jwk)) for key in published},
        jwks=jwks,
        published=PublishedKeys(body, f'"{b64url(sha256(body)[:16])}"'),
    )
