"""Counts of calls that write no row of their own (rule A3; RFC 6749 §4.4, RFC 7662), and of requests that were refused
in a client's name: for each client and minute, one audit event.
"""

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from idp.audit.minute_counts import MinuteCounts
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.protocol.events import CallsCounted
from idp.protocol.messages import Answer

# Answers that a client without any fault gets: a device still waits (RFC 8628 §3.5), a proof wants a nonce (RFC 9449
# §8), we are busy.
_NO_FAULTS: Final = (b'"authorization_pending"', b'"slow_down"', b'"use_dpop_nonce"', b'"temporarily_unavailable"')


def is_fault(answer: Answer) -> bool:
    """Tell whether an answer refuses a request for what the client did, or what it is (RFC 6749 §5.2)."""
    is_refusal = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_refusal and not any(error in answer.body for error in _NO_FAULTS)


class Tally(MinuteCounts[tuple[str, str]]):
    """The calls of one process, by what was called and client."""

    def __init__(self, clock: Clock, audit: Audit) -> None:
        super().__init__(clock, audit, _events_of)

    def count_call(self, call: str, client_id: str) -> None:
        """Count a call. The first one of a new minute records those before, wherever no follower does."""
        self.flush_before()
        self.count((call, client_id))


def _events_of(minute: str, counts: Counter[tuple[str, str]]) -> Iterator[CallsCounted]:
    for (call, client_id), count in sorted(counts.items()):
        yield CallsCounted(actor=f"client:{client_id}", client_id=client_id, call=call, count=count, minute=minute)
