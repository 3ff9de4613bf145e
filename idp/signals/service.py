"""What wiring builds of this package: deliveries, their ledger, signs of life, readiness."""

from collections.abc import Callable
from datetime import timedelta

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.outbound_http import OutboundHTTP
from idp.foundation.outbox import Attempt, Message, Outbox
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.registry.service import Registry
from idp.signals.backchannel import BackchannelLogout
from idp.signals.heartbeat import Heartbeats
from idp.signals.ledger import Ledger
from idp.signals.logout_tokens import LogoutTokens
from idp.signals.readiness import Readiness, ReadinessProbe


class Signals:
    """The signals of this provider."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        *,
        outbox: Outbox,
        keyring: Keyring,
        registry: Registry,
        outbound: OutboundHTTP,
    ) -> None:
        tokens = LogoutTokens(keyring, clock, entropy, settings)
        self._backchannel = BackchannelLogout(registry, tokens, outbound)
        self._probe = ReadinessProbe(database, outbox, clock)
        self._probe.cannot_sign = keyring.cannot_sign
        self.ledger = Ledger(database, outbox, clock)
        self.heartbeats = Heartbeats(database, clock)

    def attempt_logout(self, message: Message) -> Attempt:
        """Make one attempt to deliver a back-channel logout."""
        return self._backchannel.attempt(message)

    def readiness(self) -> Readiness:
        """Look at everything this node needs in order to serve. Never raises."""
        return self._probe.look()

    def judge_lists_by(self, age: Callable[[], float | None]) -> None:
        """Count the age of the lists in memory among what this node needs; None where nobody follows them."""
        self._probe.lists_age = age

    def clock_drift(self) -> timedelta | None:
        """Return how far this node's clock is from the database's, None if they are the same one."""
        return self._probe.clock_drift()
