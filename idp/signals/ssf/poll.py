"""Handing events to a receiver that fetches them (RFC 8936 §2): in order, again and again until acknowledged."""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import unb64url
from idp.foundation.held_lanes import HeldLanes
from idp.registry.client import Client
from idp.signals.ssf.rules import Unacceptable
from idp.signals.ssf.security_event_tokens import SecurityEventTokens
from idp.signals.ssf.store import StreamStore
from idp.signals.ssf.values import Stream

MOST_EVENTS: Final = 100
_MOST_NAMED: Final = 1000
_JTI_BYTES: Final = 16
_ERROR = re.compile(r"[A-Za-z0-9_.-]{1,60}\Z")
# A receiver that waits occupies a thread; the others are answered at once, which RFC 8936 §2.4 allows.
_LONGEST_WAIT_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.25
_MOST_WAITING: Final = 2


@dataclass(frozen=True, slots=True)
class PollRequest:
    """What a receiver sends: what it takes, what it cannot use, how much it wants, and whether it will wait."""

    most: int
    waits: bool
    acknowledged: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "PollRequest":
        """Read a request. Raises Unacceptable."""
        most, at_once = body.get("maxEvents", MOST_EVENTS), body.get("returnImmediately", False)
        if isinstance(most, bool) or not isinstance(most, int) or most < 0:
            raise Unacceptable("maxEvents must be a whole number, 0 or more.")
        if not isinstance(at_once, bool):
            raise Unacceptable("returnImmediately must be true or false.")
        taken, errors = body.get("ack", []), body.get("setErrs", {})
        if not isinstance(taken, list) or len(taken) > _MOST_NAMED or not all(isinstance(jti, str) for jti in taken):
            raise Unacceptable(f"ack must be a list of at most {_MOST_NAMED} jti.")
        if not isinstance(errors, Mapping) or len(errors) > _MOST_NAMED:
            raise Unacceptable(f"setErrs must be an object of at most {_MOST_NAMED} jti.")
        return cls(
            min(most, MOST_EVENTS), not at_once, tuple(taken), {jti: _code(error) for jti, error in errors.items()}
        )


@dataclass(frozen=True, slots=True)
class Polled:
    """The events that wait, by jti, oldest first, and whether there are more."""

    sets: dict[str, str] = field(repr=False)
    is_more: bool


class Poll:
    """Answers receivers that fetch."""

    def __init__(self, database: Database, clock: Clock, tokens: SecurityEventTokens) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._store = StreamStore(database)
        self._lanes = HeldLanes(database, clock)
        self._waiting = threading.Semaphore(_MOST_WAITING)

    def answer(self, client: Client, stream: Stream, request: PollRequest) -> Polled:
        """Take the receiver's word on earlier events, and return what waits."""
        self._take(stream, request)
        if request.most == 0:
            return Polled({}, is_more=False)
        found = self._look(client, stream, request.most)
        is_over = bool(found.sets) or not request.waits or stream.status != "enabled"
        if is_over or not self._waiting.acquire(blocking=False):
            return found
        try:
            return self._wait(client, stream, request.most)
        finally:
            self._waiting.release()

    def _take(self, stream: Stream, request: PollRequest) -> None:
        if not request.acknowledged and not request.errors:
            return
        now = self._clock.now()
        with self._database.transaction():
            # What was not understood is said first: an event named in both places counts as not taken.
            for jti, error in request.errors.items():
                self._settle(stream, [jti], f"the receiver refused it ({error})")
                self._store.update(stream.id, last_error=f"the receiver refused an event ({error})", last_error_at=now)
            if self._settle(stream, request.acknowledged) and not request.errors:
                self._store.update(stream.id, last_delivered_at=now, last_error=None, last_error_at=None)

    def _settle(self, stream: Stream, jtis: Sequence[str], error: str | None = None) -> int:
        about = _numbers(jtis)
        return sum(self._lanes.settle(lane, about, error) for lane in (stream.status_lane, stream.lane))

    def _look(self, client: Client, stream: Stream, most: int) -> Polled:
        """Return what waits: first what became of the stream itself, and its events only while it is enabled."""
        lanes = (stream.status_lane, stream.lane) if stream.status == "enabled" else (stream.status_lane,)
        messages = [message for lane in lanes for message in self._lanes.waiting(lane, most + 1)][: most + 1]
        sets = {str(message.payload["jti"]): self._tokens.sign(client, message.payload) for message in messages[:most]}
        return Polled(sets, is_more=len(messages) > most)

    def _wait(self, client: Client, stream: Stream, most: int) -> Polled:
        until = time.monotonic() + _LONGEST_WAIT_SECONDS
        while True:
            time.sleep(_LOOK_SECONDS)
            found = self._look(client, stream, most)
            if found.sets or time.monotonic() >= until:
                return found


def _code(error: Any) -> str:  # noqa: ANN401 - comes from a receiver
    code = error.get("err") if isinstance(error, Mapping) else None
    if not isinstance(code, str):
        raise Unacceptable("setErrs needs an err for each jti.")
    return code if _ERROR.match(code) else "other"


def _numbers(jtis: Any) -> list[UUID]:  # noqa: ANN401 - strings of a receiver
    numbers = []
    for jti in jtis:
        try:
            number = unb64url(jti)
        except ValueError:
            continue
        if len(number) == _JTI_BYTES:
            numbers.append(UUID(bytes=number))
    return numbers
