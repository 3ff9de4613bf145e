"""Device authorization requests (RFC 8628 §3.2 to §3.5): two codes for one request, each stored as a digest.

The device polls with its own code of 256 random bits; the person types the other one, eight letters of an alphabet
without vowels (§6.1). Approving, denying and redeeming are one conditional UPDATE each, whose row count decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, Integer, String, Text, bindparam, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped

from idp.foundation.clock import Clock
from idp.foundation.columns import Digest, Instant, JSONText, UUIDType, personal, plain, secret
from idp.foundation.conditional_write import ConditionalWrite, Rows
from idp.foundation.database import Base, Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.keyring.service import Keyring
from idp.protocol.artefacts.authorization_code import CodeContent
from idp.protocol.artefacts.liveness import grant_is_live

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
SLOW_DOWN_SECONDS = 5
_UNBIASED = 256 - 256 % len(ALPHABET)
_MOST_ATTEMPTS = 5
# A poll that the network has hurried along by less than this is not too fast.
_TOLERANCE = timedelta(seconds=1)


class DeviceAuthorizationRow(Base):
    """A device's request, and once it is approved, what its tokens will say."""

    __tablename__ = "device_authorization"
    __table_args__ = (Index("ix_device_authorization_expiry", "expires_at"),)

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    device_digest: Mapped[bytes] = secret(Digest, nullable=False, unique=True)
    user_digest: Mapped[bytes] = secret(Digest, nullable=False, unique=True)
    client_id: Mapped[str] = plain(String(255), nullable=False)
    scope: Mapped[str] = plain(Text, nullable=False)
    resources: Mapped[str | None] = plain(Text)
    authorization_details: Mapped[list[dict[str, Any]] | None] = plain(JSONText)
    network: Mapped[str | None] = personal(String(50))
    user_agent: Mapped[str | None] = personal(String(300))
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    interval_seconds: Mapped[int] = plain(Integer, nullable=False)
    next_poll_at: Mapped[datetime] = plain(Instant, nullable=False)
    approved_at: Mapped[datetime | None] = plain(Instant)
    denied_at: Mapped[datetime | None] = plain(Instant)
    redeemed_at: Mapped[datetime | None] = plain(Instant)
    grant_id: Mapped[UUID | None] = plain(UUIDType, ForeignKey("authorization_grant.id"))
    account_id: Mapped[UUID | None] = plain(UUIDType)
    session_id: Mapped[UUID | None] = plain(UUIDType)
    reference: Mapped[str | None] = plain(String(22))
    sid: Mapped[str | None] = plain(String(43))
    sub: Mapped[str | None] = plain(String(43))
    claims: Mapped[dict[str, list[str]] | None] = plain(JSONText)
    auth_time: Mapped[datetime | None] = plain(Instant)
    acr: Mapped[str | None] = plain(String(40))
    amr: Mapped[list[str] | None] = plain(JSONText)


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """The two codes of a new request. ``user_code`` is shown on the device with a hyphen in its middle."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    expires_in: int
    interval: int

    @property
    def shown(self) -> str:
        return f"{self.user_code[: LENGTH // 2]}-{self.user_code[LENGTH // 2 :]}"


@dataclass(frozen=True, slots=True)
class PendingDevice:
    """A request that waits for a person, and where it came from."""

    id: UUID
    client_id: str
    scope: str
    resources: str | None
    authorization_details: Sequence[dict[str, Any]] | None
    network: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    created_at: datetime


class Poll(Enum):
    """What a device that may not have its tokens yet is told (RFC 8628 §3.5)."""

    UNKNOWN = "no such code, another client's, used already, or its grant has ended"
    PENDING = "nobody has decided yet"
    TOO_FAST = "the device asks more often than it may"
    DENIED = "the person refused"
    EXPIRED = "nobody decided in time"


_NOW: Any = bindparam("now", type_=Instant)
_PENDING = tuple(getattr(DeviceAuthorizationRow, member.name) for member in fields(PendingDevice))
_WAITS = (
    DeviceAuthorizationRow.approved_at.is_(None)
    & DeviceAuthorizationRow.denied_at.is_(None)
    & (DeviceAuthorizationRow.expires_at > _NOW)
)
# What a code for a browser has beside it: where it goes, and what the browser's request said.
_ONLY_OF_BROWSERS: Mapping[str, Any] = {
    "redirect_uri": "",
    "nonce": None,
    "code_challenge": None,
    "dpop_jkt": None,
}
_CONTENT = tuple(
    getattr(DeviceAuthorizationRow, member.name)
    for member in fields(CodeContent)
    if member.name not in _ONLY_OF_BROWSERS
)
_IS_REDEEMABLE = (
    (DeviceAuthorizationRow.device_digest == bindparam("code"))
    & (DeviceAuthorizationRow.client_id == bindparam("client"))
    & DeviceAuthorizationRow.approved_at.is_not(None)
    & DeviceAuthorizationRow.redeemed_at.is_(None)
    & (DeviceAuthorizationRow.expires_at > _NOW)
    & grant_is_live(cast("InstrumentedAttribute[UUID]", DeviceAuthorizationRow.grant_id), _NOW)
)
_REDEEMABLE = select(*_CONTENT).where(_IS_REDEEMABLE)
_CLAIM = update(DeviceAuthorizationRow).where(_IS_REDEEMABLE).values(redeemed_at=_NOW)


class DeviceAuthorizations:
    """Starts, finds, decides and redeems requests of devices."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        keyring: Keyring,
        *,
        environment: str,
        lifetime_seconds: int,
        interval_seconds: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._environment = environment
        self._lifetime_seconds = lifetime_seconds
        self._interval_seconds = interval_seconds
        self._claim = ConditionalWrite(database, _CLAIM)

    def start(
        self,
        client_id: str,
        scope: str,
        *,
        network: str,
        user_agent: str,
        resources: str | None = None,
        authorization_details: Sequence[Mapping[str, Any]] = (),
    ) -> DeviceCodes:
        """Store a request and return its codes. A code that is in use by chance is drawn again."""
        now = self._clock.now()
        for _ in range(_MOST_ATTEMPTS):
            codes = DeviceCodes(self._entropy.token(), self._draw(), self._lifetime_seconds, self._interval_seconds)
            values = {
                "id": self._entropy.uuid7(),
                "device_digest": sha256(codes.device_code),
                "user_digest": self._digest(codes.user_code),
                "client_id": client_id,
                "scope": scope,
                "network": network or None,
                "user_agent": user_agent or None,
                "created_at": now,
                "expires_at": now + timedelta(seconds=codes.expires_in),
                "interval_seconds": codes.interval,
                # The first poll may come at once: only the pause between two polls is bounded (§3.5).
                "next_poll_at": now,
                "resources": resources,
                "authorization_details": list(authorization_details) or None,
            }
            if self._database.insert_if_new(DeviceAuthorizationRow, values):
                return codes
        raise RuntimeError("no free user code was found")

    def find(self, user_code: str) -> PendingDevice | None:
        """Return the waiting request of a code as the person typed it, None if there is none."""
        return self._pending(DeviceAuthorizationRow.user_digest == self._digest(user_code))

    def get(self, request_id: UUID) -> PendingDevice | None:
        """Return a request that still waits."""
        return self._pending(DeviceAuthorizationRow.id == request_id)

    def approve(self, request_id: UUID, content: CodeContent) -> bool:
        """Let a waiting request have its tokens, in the present transaction; False if it does not wait any more."""
        values = {column.key: getattr(content, column.key) for column in _CONTENT if column.key != "client_id"}
        return self._decide(request_id, {**values, "approved_at": self._clock.now()})

    def deny(self, request_id: UUID, account_id: UUID) -> bool:
        """Refuse a waiting request, in the present transaction; False if it does not wait any more."""
        return self._decide(request_id, {"denied_at": self._clock.now(), "account_id": account_id})

    def redeemable(self, device_code: str, client_id: str) -> CodeContent | None:
        """Return what an approved request gives; None if there is nothing to redeem."""
        with self._database.read() as connection:
            row = connection.execute(_REDEEMABLE, self._presented(device_code, client_id)).mappings().one_or_none()
        return None if row is None else CodeContent(**_ONLY_OF_BROWSERS, **row)

    def claim(self, device_code: str, client_id: str, rows: Rows) -> bool:
        """Redeem an approved request once and store the rows that follow from it; False, and nothing is stored, if
        somebody was quicker or its grant has ended.
        """
        return self._claim.run(self._presented(device_code, client_id), rows)

    def _presented(self, device_code: str, client_id: str) -> dict[str, Any]:
        return {
            "code": sha256(device_code),
            "client": client_id,
            "environment": self._environment,
            "now": self._clock.now(),
        }

    def poll(self, device_code: str, client_id: str) -> Poll:
        """Count a poll that brought nothing, and say why; whoever comes too soon must wait longer from now on."""
        row_of = DeviceAuthorizationRow
        mine = (row_of.device_digest == sha256(device_code)) & (row_of.client_id == client_id)
        now = self._clock.now()
        with self._database.transaction() as connection:
            row = connection.execute(
                select(
                    row_of.approved_at,
                    row_of.denied_at,
                    row_of.expires_at,
                    row_of.interval_seconds,
                    row_of.next_poll_at,
                ).where(mine)
            ).one_or_none()
            if row is None or row.approved_at is not None:
                return Poll.UNKNOWN
            if row.denied_at is not None:
                return Poll.DENIED
            if row.expires_at <= now:
                return Poll.EXPIRED
            is_early = now + _TOLERANCE < row.next_poll_at
            interval = row.interval_seconds + (SLOW_DOWN_SECONDS if is_early else 0)
            # Of two polls at once only the first one meets the row as both have read it.
            counted = connection.execute(
                update(row_of)
                .where(mine, row_of.next_poll_at == row.next_poll_at)
                .values(interval_seconds=interval, next_poll_at=now + timedelta(seconds=interval))
            ).rowcount
        return Poll.TOO_FAST if is_early or not counted else Poll.PENDING

    def _pending(self, condition: ColumnElement[bool]) -> PendingDevice | None:
        with self._database.read() as connection:
            row = connection.execute(
                select(*_PENDING).where(condition, _WAITS), {"now": self._clock.now()}
            ).one_or_none()
        return None if row is None else PendingDevice(*row)

    def _decide(self, request_id: UUID, values: Mapping[str, Any]) -> bool:
        statement = update(DeviceAuthorizationRow).where(DeviceAuthorizationRow.id == request_id, _WAITS)
        with self._database.transaction() as connection:
            return connection.execute(statement.values(**values), {"now": self._clock.now()}).rowcount == 1

    def _digest(self, user_code: str) -> bytes:
        # Keyed, because eight letters can be guessed from a plain digest.
        return self._keyring.index("user_code", user_code)

    def _draw(self) -> str:
        letters: list[str] = []
        while len(letters) < LENGTH:
            drawn: Sequence[int] = self._entropy.token_bytes(LENGTH)
            letters += [ALPHABET[byte % len(ALPHABET)] for byte in drawn if byte < _UNBIASED]
        return "".join(letters[:LENGTH])


def plain_user_code(typed: str) -> str | None:
    """Return a user code in its stored form: capitals without hyphen or blanks; None if it cannot be one (§6.1)."""
    letters = "".join(character for character in typed.upper() if character.isalnum())
    return letters if len(letters) == LENGTH and set(letters) <= set(ALPHABET) else None
