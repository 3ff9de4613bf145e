"""One attempt to push one event to one receiver (RFC 8935 §2), by the guarded client, from the worker.

After twelve failures in a row the stream is paused, not its events dropped: they wait in order until the receiver, or
staff, enable it again, and until then its status says why.
"""

from http import HTTPStatus
from typing import Final

import orjson

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.held_lanes import HeldLanes
from idp.foundation.logging import get_logger
from idp.foundation.outbound_http import OutboundFailed, OutboundHTTP, OutboundRefused, OutboundResponse
from idp.foundation.outbox import DELIVERED, MOST_ATTEMPTS, Attempt, Message
from idp.keyring.service import Keyring
from idp.registry.service import Registry
from idp.signals.ssf.models import PUSH_AUTHORIZATION
from idp.signals.ssf.security_event_tokens import SecurityEventTokens
from idp.signals.ssf.service import Streams
from idp.signals.ssf.store import StreamStore
from idp.signals.ssf.values import STREAM_UPDATED, Stream

_HEADERS: Final = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}
_LARGEST_ANSWER: Final = 16 * 1024
# The registered errors of RFC 8935 §2.4. A receiver's own words are not ours to store.
_ERRORS: Final = frozenset(
    {
        "invalid_request",
        "invalid_key",
        "invalid_issuer",
        "invalid_audience",
        "authentication_failed",
        "access_denied",
    }
)
HELD: Final = Attempt("held")
_log = get_logger(__name__)


class Push:
    """Delivers events to receivers that want them brought."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        streams: Streams,
        registry: Registry,
        keyring: Keyring,
        tokens: SecurityEventTokens,
        outbound: OutboundHTTP,
    ) -> None:
        self._database = database
        self._clock = clock
        self._streams = streams
        self._registry = registry
        self._keyring = keyring
        self._tokens = tokens
        self._outbound = outbound
        self._store = StreamStore(database)
        self._lanes = HeldLanes(database, clock)

    def attempt(self, message: Message) -> Attempt:
        """Push one event, unless its stream waits, is gone, or was paused meanwhile."""
        stream = self._store.by_reference(str(message.payload["stream"]))
        if stream is None:
            return Attempt("hopeless", "the stream is gone")
        is_about_status = STREAM_UPDATED in message.payload["events"]
        return self._tell_status(stream, message) if is_about_status else self._deliver(stream, message)

    def _deliver(self, stream: Stream, message: Message) -> Attempt:
        if stream.status == "disabled":
            return Attempt("hopeless", "the stream is disabled")
        client = self._registry.get(stream.client_id)
        if client is None or not client.is_active(self._clock.now()):
            return self._pause(stream, "the client is not active")
        if stream.is_held or stream.push_url is None:
            return self._put_back(stream)
        error = self._post(stream, stream.push_url, self._tokens.sign(client, message.payload))
        if error is None:
            self._note_success(stream)
            return DELIVERED
        self._store.update(stream.id, last_error=error, last_error_at=self._clock.now())
        if message.attempts >= MOST_ATTEMPTS:
            return self._pause(stream, error)
        return Attempt("retry", error)

    def _tell_status(self, stream: Stream, message: Message) -> Attempt:
        """Push what has become of the stream itself, even though its events wait or are dropped (SSF 1.0 §8.1.5)."""
        client = self._registry.get(stream.client_id)
        if client is None or stream.push_url is None:
            return Attempt("hopeless", "there is nobody to tell")
        error = self._post(stream, stream.push_url, self._tokens.sign(client, message.payload))
        if error is None:
            return DELIVERED
        return Attempt("hopeless" if message.attempts >= MOST_ATTEMPTS else "retry", error)

    def _post(self, stream: Stream, url: str, token: str) -> str | None:
        """Return why the receiver did not take it, None if it did."""
        headers = dict(_HEADERS)
        if stream.push_authorization is not None:
            plain = self._keyring.decrypt(PUSH_AUTHORIZATION, stream.id, stream.push_authorization)
            headers["Authorization"] = plain.decode()
        try:
            response = self._outbound.request("POST", url, headers=headers, body=token.encode(), limit=_LARGEST_ANSWER)
        except (OutboundRefused, OutboundFailed) as error:
            return str(error)[:200]
        if response.status == HTTPStatus.ACCEPTED:
            return None
        return f"the receiver answered {response.status}{_error_of(response)}"

    def _note_success(self, stream: Stream) -> None:
        self._store.update(stream.id, last_delivered_at=self._clock.now(), last_error=None, last_error_at=None)

    def _pause(self, stream: Stream, reason: str) -> Attempt:
        self._streams.set_status(stream, "paused", actor="system", reason=reason, is_told=False)
        _log.error("stream_paused", client_id=stream.client_id, reason=reason)
        return HELD

    def _put_back(self, stream: Stream) -> Attempt:
        """Let the lane wait, unless the stream was enabled just now: then the lease runs out and somebody delivers."""
        with self._database.transaction():
            present = self._store.by_reference(stream.reference, lock=True)
            if present is not None and present.is_held:
                self._lanes.hold(stream.lane)
        return HELD


def _error_of(response: OutboundResponse) -> str:
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return ""
    error = body.get("err") if isinstance(body, dict) else None
    return f" ({error})" if error in _ERRORS else ""
