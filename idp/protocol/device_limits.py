"""How often user codes may be tried and devices may ask (RFC 8628 §5.1).

Tries are counted for each account: the page is for people who have signed in. A success takes back only its own
charge, so that nobody clears their failures with a code of their own device.
"""

from datetime import timedelta
from uuid import UUID

from idp.foundation.throttle import Charged, Counter, Limit, Refused, Throttle
from idp.keyring.service import Keyring

_TRIES = Limit(lock_after=5, lock=timedelta(minutes=15), remembers=timedelta(hours=1), is_shared=True)
# Public clients prove nothing, so anybody can ask in their name; a network may for a household of devices.
_REQUESTS = Limit(slow_after=30, longest_delay=timedelta(seconds=30), remembers=timedelta(hours=1), is_shared=True)


class DeviceLimits:
    """The counters of the device authorization grant."""

    def __init__(self, throttle: Throttle, keyring: Keyring) -> None:
        self._throttle = throttle
        self._keyring = keyring

    def charge_try(self, account_id: UUID) -> Charged | Refused:
        """Charge a typed code to the account of the person who typed it."""
        return self._throttle.charge((self._try_of(account_id),))

    def succeeded(self, account_id: UUID) -> None:
        """Take the charge of a right code back."""
        self._throttle.succeeded((self._try_of(account_id),))

    def charge_request(self, client_id: str, network: str) -> Charged | Refused:
        """Charge a device's request to its network."""
        key = self._keyring.index("throttle", f"device-request:{client_id}:{network}")
        return self._throttle.charge((Counter(key, _REQUESTS),))

    def _try_of(self, account_id: UUID) -> Counter:
        return Counter(self._keyring.index("throttle", f"user-code:{account_id}"), _TRIES)
