"""The transmitter put together, as wiring builds it (SSF 1.0 §7)."""

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.outbound_http import OutboundHTTP
from idp.foundation.outbox import Outbox
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.registry.service import Registry
from idp.signals.ssf.poll import Poll
from idp.signals.ssf.push import Push
from idp.signals.ssf.security_event_tokens import SecurityEventTokens
from idp.signals.ssf.service import Streams


class Transmitter:
    """Streams, and the two ways in which their events leave."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        *,
        parts: tuple[Audit, Outbox, Keyring],
        registry: Registry,
        outbound: OutboundHTTP,
    ) -> None:
        audit, outbox, keyring = parts
        tokens = SecurityEventTokens(keyring, settings)
        self.streams = Streams(settings, database, clock, entropy, audit=audit, outbox=outbox, keyring=keyring)
        self.poll = Poll(database, clock, tokens)
        self.push = Push(
            database,
            clock,
            streams=self.streams,
            registry=registry,
            keyring=keyring,
            tokens=tokens,
            outbound=outbound,
        )
