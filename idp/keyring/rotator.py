"""Carrying out what ``rotation.py`` decides: slow key generation outside, then decided anew and written under the lock.

Two workers that tick at once queue up at the version row; the second finds nothing left to do and destroys what it had
prepared.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from sqlalchemy import Connection

from idp.audit.events import Event
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.keyring.events import (
    SigningKeyActivated,
    SigningKeyEvent,
    SigningKeyPublished,
    SigningKeyRetired,
    SigningKeyRevoked,
    SigningKeyScheduled,
    SigningKeyState,
)
from idp.keyring.rotation import Activate, Change, Key, Make, Recorded, Retire, Schedule
from idp.keyring.signers import SignerSource
from idp.keyring.store import KeyStore

Decision = Callable[[Sequence[Key], datetime], list[Change]]
# A node that has not yet seen the switch may still sign with the old key for a moment.
_PRIVATE_KEPT = timedelta(hours=1)


class Rotator:
    """Changes keys, one decision at a time."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, store: KeyStore, source: SignerSource) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._store = store
        self._source = source

    def carry_out(self, decide: Decision, *, actor: str, reason: str | None) -> tuple[Event, ...]:
        """Write what is decided, and return what was recorded; nothing at all when nothing is due.

        Within a transaction of the caller, private keys are destroyed after its commit only: what it takes back must
        still be able to sign.
        """
        expected = decide(self._keys(), self._clock.now())
        events: tuple[Event, ...] = ()
        if expected:
            with _Prepared(self._source) as prepared:
                prepared.make_ahead(expected)
                events = self._write_all(decide, prepared, actor, reason)
        self._database.after_commit(self._destroy_spent)
        return events

    def _destroy_spent(self) -> int:
        """Destroy private keys that will never sign again, and return how many."""
        now = self._clock.now()
        spent = [key.kid for key in self._store.all() if key.facts.is_spent(now - _PRIVATE_KEPT)]
        return sum(1 for kid in spent if self._source.destroy(kid))

    def _keys(self) -> list[Key]:
        return [key.facts for key in self._store.all()]

    def _write_all(self, decide: Decision, prepared: "_Prepared", actor: str, reason: str | None) -> tuple[Event, ...]:
        with self._database.transaction() as connection:
            self._store.lock(connection)
            now = self._clock.now()
            events: list[Event] = []
            for change in decide(self._keys(), now):
                if isinstance(change, Make):
                    jwk = prepared.take(change.alg)
                    self._store.add(connection, jwk, now, change.activates_at)
                    events.append(_published(jwk["kid"], change, actor, reason))
                else:
                    events.append(self._write(connection, change, now, actor, reason))
            if events:
                self._audit.record(*events)
        return tuple(events)

    def _write(self, connection: Connection, change: Recorded, now: datetime, actor: str, reason: str | None) -> Event:
        key, kid = change.key, change.key.kid
        before = _state(key.state, key.activates_at)
        if isinstance(change, Schedule):
            self._store.change(connection, kid, activates_at=change.activates_at)
            event: Callable[..., SigningKeyEvent] = partial(
                SigningKeyScheduled, activates_at=change.activates_at.isoformat()
            )
            after = _state(key.state, change.activates_at)
        elif isinstance(change, Activate):
            self._store.change(connection, kid, state="active")
            event, after = SigningKeyActivated, _state("active", key.activates_at)
        elif isinstance(change, Retire):
            self._store.change(connection, kid, state="retained", retired_at=change.retired_at)
            event, after = SigningKeyRetired, _state("retained", key.activates_at)
        else:
            self._store.change(connection, kid, state="revoked", revoked_at=now, reason=change.reason)
            event, after, reason = SigningKeyRevoked, _state("revoked", key.activates_at), change.reason
        return event(kid=kid, alg=key.alg, actor=actor, reason=reason, before=before, after=after)


class _Prepared:
    """New private keys on their way into the table. Those that did not get there are destroyed at the end."""

    def __init__(self, source: SignerSource) -> None:
        self._source = source
        self._waiting: dict[str, list[dict[str, Any]]] = {}
        self._taken: list[str] = []

    def make_ahead(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, Make):
                self._waiting.setdefault(change.alg, []).append(self._source.make(change.alg))

    def take(self, alg: str) -> dict[str, Any]:
        waiting = self._waiting.get(alg)
        jwk = waiting.pop() if waiting else self._source.make(alg)
        self._taken.append(jwk["kid"])
        return jwk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        lost = [jwk["kid"] for waiting in self._waiting.values() for jwk in waiting]
        for kid in lost if error is None else [*lost, *self._taken]:
            self._source.destroy(kid)


def _published(kid: str, change: Make, actor: str, reason: str | None) -> SigningKeyPublished:
    after = _state("pending", change.activates_at)
    return SigningKeyPublished(
        kid=kid,
        alg=change.alg,
        activates_at=after.activates_at,
        actor=actor,
        reason=reason,
        before=None,
        after=after,
    )


def _state(state: str, activates_at: datetime | None) -> SigningKeyState:
    return SigningKeyState(state=state, activates_at=None if activates_at is None else activates_at.isoformat())
