"""The words of the transmitter: event types (CAEP 1.0 §3, RISC 1.0 §2, SSF 1.0 §8), delivery methods, streams."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

PUSH_METHOD: Final = "urn:ietf:rfc:8935"
POLL_METHOD: Final = "urn:ietf:rfc:8936"
METHODS: Final = {PUSH_METHOD: "push", POLL_METHOD: "poll"}
STATUSES: Final = ("enabled", "paused", "disabled")

_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SESSION_REVOKED: Final = f"{_CAEP}session-revoked"
CREDENTIAL_CHANGE: Final = f"{_CAEP}credential-change"
ASSURANCE_LEVEL_CHANGE: Final = f"{_CAEP}assurance-level-change"
TOKEN_CLAIMS_CHANGE: Final = f"{_CAEP}token-claims-change"
ACCOUNT_DISABLED: Final = f"{_RISC}account-disabled"
ACCOUNT_ENABLED: Final = f"{_RISC}account-enabled"
ACCOUNT_PURGED: Final = f"{_RISC}account-purged"
CREDENTIAL_CHANGE_REQUIRED: Final = f"{_RISC}account-credential-change-required"
EVENTS: Final = (
    SESSION_REVOKED,
    CREDENTIAL_CHANGE,
    ASSURANCE_LEVEL_CHANGE,
    TOKEN_CLAIMS_CHANGE,
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    ACCOUNT_PURGED,
    CREDENTIAL_CHANGE_REQUIRED,
)
"""What a receiver may ask for. What is said about the stream itself is not on this list (SSF 1.0 §8.1.4, §8.1.5)."""
_SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
VERIFICATION: Final = f"{_SSF}verification"
STREAM_UPDATED: Final = f"{_SSF}stream-updated"

MESSAGE_KIND: Final = "security_event"
VERIFICATION_INTERVAL_SECONDS: Final = 10
INACTIVITY_TIMEOUT_SECONDS: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as it stands."""

    id: UUID
    reference: str
    client_id: str
    status: str
    status_reason: str | None
    method: str
    push_url: str | None
    push_authorization: bytes | None = field(repr=False)
    events_requested: list[str]
    description: str | None
    created_at: datetime
    updated_at: datetime
    verification_asked_at: datetime | None
    last_delivered_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    last_called_at: datetime | None

    @property
    def lane(self) -> str:
        return f"ssf:{self.reference}"

    @property
    def status_lane(self) -> str:
        """Where a receiver is told of its stream's status, whether or not events wait (SSF 1.0 §8.1.5)."""
        return f"{self.lane}:status"

    @property
    def events_delivered(self) -> list[str]:
        return [event for event in self.events_requested if event in EVENTS]

    @property
    def is_held(self) -> bool:
        """Tell whether its events wait for the receiver to come, or to say that it is ready."""
        return self.method == "poll" or self.status == "paused"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One event for one stream: its type, its payload, and whom it is about as this receiver knows them."""

    type: str
    subject: dict[str, Any] = field(repr=False)
    body: dict[str, Any] = field(repr=False)


def known_subject(issuer: str, sub: str) -> dict[str, Any]:
    """Return an account as a receiver knows it (RFC 9493 §3.2.4)."""
    return {"format": "iss_sub", "iss": issuer, "sub": sub}
