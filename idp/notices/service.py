"""The use cases of notices: write one with what it tells of, hand it over, list them, retry one.

Without a way for mail to leave, nothing is written: a notice that nobody can get is no record of anything.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import Row

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.masked import mask_email
from idp.foundation.outbox import Attempt, Message, NewMessage, Outbox, OutboxMessage, state_of
from idp.foundation.settings import Settings
from idp.foundation.translation import Translator
from idp.notices.composing import Composer
from idp.notices.models import ADDRESS
from idp.notices.senders import sender_of
from idp.notices.store import OURS, NoticeStore
from idp.notices.values import EMAIL, LANES, MESSAGE_KIND, Letter, MessageFilter, MessageLine, Template

_LANE_DIGITS: Final = 32


class Cipher(Protocol):
    """What the keyring, a neighbour, does for addresses."""

    def encrypt(self, column: str, row: UUID, plaintext: bytes) -> bytes:
        """Return the ciphertext of a value, which decrypts in this column and row only."""

    def decrypt(self, column: str, row: UUID, ciphertext: bytes) -> bytes:
        """Return the value."""

    def index(self, kind: str, value: str) -> bytes:
        """Return the blind index of a value."""


class Notices:
    """The notices of this deployment."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        *,
        outbox: Outbox,
        cipher: Cipher,
        translator: Translator,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._outbox = outbox
        self._cipher = cipher
        self._store = NoticeStore(database)
        self._composer = Composer(settings, translator)
        self._sender = sender_of(settings)

    @property
    def are_sent(self) -> bool:
        """Whether there is a way for notices to leave."""
        return self._sender is not None

    def send(self, template: Template, letters: Iterable[Letter], *, client_id: str | None = None) -> int:
        """Write a notice to each address, once, in the present transaction. Returns how many were written."""
        one_each = {letter.recipient.address.reveal().casefold(): letter for letter in letters}
        if self._sender is None or not one_each:
            return 0
        rows = [self._row(template, letter, client_id) for letter in one_each.values()]
        messages = [
            NewMessage(MESSAGE_KIND, self._lane(key), {"notice": str(row["id"])}, row["id"])
            for key, row in zip(one_each, rows, strict=True)
        ]
        with self._database.transaction():
            self._store.insert(rows)
            self._outbox.enqueue(*messages)
        return len(rows)

    def attempt(self, message: Message) -> Attempt:
        """Make one attempt to hand a notice over."""
        if self._sender is None:
            return Attempt("retry", "IDP_SMTP_URL of this worker is empty")
        notice = self._store.find(UUID(message.payload["notice"]))
        if notice is None:
            return Attempt("hopeless", "the notice is no longer there")
        address = self._cipher.decrypt(ADDRESS, notice.id, notice.address).decode()
        return self._sender.send(self._composer.compose(notice, address))

    def examine(self) -> Attempt | None:
        """Try the way by which notices leave; None if there is none."""
        return None if self._sender is None else self._sender.examine()

    def page(
        self, wanted: MessageFilter, *, before: UUID | None, after: UUID | None, size: int
    ) -> Sequence[MessageLine]:
        """Return the notices that a filter chooses, latest first."""
        rows = self._store.page(wanted, before=before, after=after, size=size)
        return [self._line(row) for row in rows]

    def line(self, notice_id: UUID) -> MessageLine | None:
        """Return the line of one notice, None if there is no such one."""
        row = self._store.one(notice_id)
        return None if row is None else self._line(row)

    def counts(self) -> tuple[int, int]:
        """Return how many notices wait, and how many were given up."""
        return self._outbox.counts(OURS)

    def retry(self, notice_id: UUID) -> bool:
        """Let a notice that was given up be tried again from the first attempt; tell whether it was."""
        return self._outbox.revive(OURS, OutboxMessage.about == notice_id) > 0

    def _line(self, row: Row[*tuple[Any, ...]]) -> MessageLine:
        return MessageLine(
            id=row.id,
            channel=row.channel,
            template=row.template,
            masked_address=mask_email(self._cipher.decrypt(ADDRESS, row.id, row.address).decode()),
            client_id=row.client_id,
            state=state_of(row),
            attempts=row.attempts,
            created_at=row.created_at,
            delivered_at=row.delivered_at,
            due_at=None if row.settled_at is not None else row.due_at,
            last_error=row.last_error,
        )

    def _row(self, template: Template, letter: Letter, client_id: str | None) -> dict[str, Any]:
        notice_id, recipient = self._entropy.uuid7(), letter.recipient
        return {
            "id": notice_id,
            "channel": EMAIL,
            "template": template.name,
            "address": self._cipher.encrypt(ADDRESS, notice_id, recipient.address.reveal().encode()),
            "account_id": recipient.account_id,
            "client_id": client_id,
            "locale": recipient.locale,
            "details": dict(letter.details),
            "created_at": self._clock.now(),
        }

    def _lane(self, address: str) -> str:
        """Return the lane of an address: whoever's mailbox is full keeps nobody else waiting. It tells no address."""
        return LANES + self._cipher.index("notice", address).hex()[:_LANE_DIGITS]
