"""Writing events into the lanes of their streams, in the transaction that makes them true (RFC 8417 §2.2).

``jti``, ``iat`` and ``txn`` are fixed here and stay the same however often an event is sent, so that a receiver
recognises it; the signature is made when it leaves, with the key whose turn it then is.
"""

from collections.abc import Sequence
from uuid import UUID

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import b64url
from idp.foundation.entropy import Entropy
from idp.foundation.held_lanes import HeldLanes
from idp.foundation.outbox import NewMessage, Outbox
from idp.signals.ssf.values import MESSAGE_KIND, STREAM_UPDATED, SecurityEvent, Stream

_BYTES = 16


class EventWriter:
    """Writes events."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, outbox: Outbox) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._outbox = outbox
        self._lanes = HeldLanes(database, clock)

    def write(self, events: Sequence[tuple[Stream, SecurityEvent]]) -> None:
        """Add events of one cause to their streams, in order. Each receiver sees a ``txn`` of its own (rule P6)."""
        if not events:
            return
        iat = int(self._clock.now().timestamp())
        transactions = {stream.reference: self._entropy.token(_BYTES) for stream, _ in events}
        messages = []
        for stream, event in events:
            number = self._entropy.token_bytes(_BYTES)
            payload = {
                "stream": stream.reference,
                "jti": b64url(number),
                "iat": iat,
                "txn": transactions[stream.reference],
                "sub_id": event.subject,
                "events": {event.type: event.body},
            }
            messages.append(NewMessage(MESSAGE_KIND, _lane_of(stream, event), payload, UUID(bytes=number)))
        held = {stream.lane for stream, _ in events if stream.is_held}
        held |= {stream.status_lane for stream, _ in events if stream.method == "poll"}
        with self._database.transaction():
            self._outbox.enqueue(*messages)
            for lane in sorted(held):
                self._lanes.hold(lane)


def _lane_of(stream: Stream, event: SecurityEvent) -> str:
    """Return the lane of an event: a receiver hears of its stream's status although events wait or are dropped."""
    return stream.status_lane if event.type == STREAM_UPDATED else stream.lane
