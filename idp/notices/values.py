"""What a notice is made of, and the list of all there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from idp.foundation.masked import Masked
from idp.foundation.translation import marked

MESSAGE_KIND: Final = "notice"
EMAIL: Final = "email"
EVERY_LOCALE: Final = "mul"
"""The locale of a letter in both languages (RFC 5646 §2.2.1): to somebody of whom we do not know which they read."""
LANES: Final = f"{EMAIL}:"
"""How every lane of e-mail begins: all end at one mail server."""


@dataclass(frozen=True, slots=True)
class Template:
    """A notice: ``templates/notices/<name>.txt``, and how staff call it."""

    name: str
    title: str


CREDENTIAL_EXPIRING: Final = Template("credential_expiring", marked("A credential of a service ends"))
HUNT_ALERT: Final = Template("hunt_alert", marked("An alert rule found something"))
DELIVERIES_GIVEN_UP: Final = Template("deliveries_given_up", marked("Deliveries were given up"))
SEALING_STOPPED: Final = Template("sealing_stopped", marked("The audit record is not sealed"))
FACTOR_CHANGED: Final = Template("factor_changed", marked("A way to sign in changed"))
CONTACTS_CHANGED: Final = Template("contacts_changed", marked("The e-mail address or phone number changed"))
NEW_DEVICE: Final = Template("new_device", marked("A sign-in from a new device"))
RECOVERY: Final = Template("recovery", marked("A sign-in with a recovery code"))
BREAK_GLASS: Final = Template("break_glass", marked("Break-glass"))
COMMAND_ALARM: Final = Template("command_alarm", marked("A command took something away"))

TEMPLATES: Final = (
    CREDENTIAL_EXPIRING,
    HUNT_ALERT,
    DELIVERIES_GIVEN_UP,
    SEALING_STOPPED,
    FACTOR_CHANGED,
    CONTACTS_CHANGED,
    NEW_DEVICE,
    RECOVERY,
    BREAK_GLASS,
    COMMAND_ALARM,
)
TITLES: Final[Mapping[str, str]] = MappingProxyType({one.name: one.title for one in TEMPLATES})
STATES: Final = {
    "waiting": marked("Waiting"),
    "retrying": marked("Tried in vain"),
    "delivered": marked("Handed over"),
    "dead": marked("Given up"),
}
CHANNELS: Final = {EMAIL: marked("By e-mail")}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a notice, where, and in which language. ``account_id`` is None for whoever has no account here."""

    address: Masked
    locale: str
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice to one recipient: what fills its template, as JSON can say it; never a secret."""

    recipient: Recipient
    details: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice as it waits. ``address`` is still encrypted."""

    id: UUID
    template: str
    address: bytes = field(repr=False)
    locale: str
    details: Mapping[str, str | int] = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which notices are wanted."""

    channel: str | None = None
    state: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A line of the list of notices; the address is masked. ``due_at`` is the next try, None when there is none."""

    id: UUID
    channel: str
    template: str
    masked_address: str = field(repr=False)
    client_id: str | None
    state: str
    attempts: int
    created_at: datetime
    delivered_at: datetime | None
    due_at: datetime | None
    last_error: str | None

    @property
    def latency_seconds(self) -> float | None:
        """How long it took until somebody took it."""
        return None if self.delivered_at is None else (self.delivered_at - self.created_at).total_seconds()
