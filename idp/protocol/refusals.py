"""What was refused in a client's name, in the log: many libraries keep the words of a refusal (RFC 6749 §4.1.2.1 and
§5.2) to themselves, and whoever looks after the site, or runs this service, finds them here.

The same refusal is written once a minute, and a minute has so many lines at the most: nobody fills the log by repeating
themselves. Never what was sent, only what we said to it.
"""

import threading
from datetime import datetime
from typing import Final

from idp.foundation.clock import Clock
from idp.foundation.errors import ProtocolError
from idp.foundation.logging import get_logger

# Answers that a client without any fault gets: the person is to be asked, or decided otherwise (OpenID Connect Core
# §3.1.2.6); we are busy.
_NO_FAULTS: Final = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "login_required",
        "temporarily_unavailable",
        "unmet_authentication_requirements",
    }
)
_MOST_LINES: Final = 200
_log = get_logger(__name__)


class Refusals:
    """The refusals of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._minute: datetime | None = None
        self._written: set[tuple[str, ...]] = set()

    def note(self, client_id: str, path: str, error: ProtocolError) -> None:
        """Write a refusal that the client gave reason for."""
        if error.error not in _NO_FAULTS and self._is_news((client_id, path, error.error, error.description)):
            _log.info("refused", client_id=client_id, path=path, error_code=error.error, reason=error.description)

    def _is_news(self, refusal: tuple[str, ...]) -> bool:
        minute = self._clock.now().replace(second=0, microsecond=0)
        with self._lock:
            if minute != self._minute:
                self._minute, self._written = minute, set()
            if refusal in self._written or len(self._written) >= _MOST_LINES:
                return False
            self._written.add(refusal)
            return True
