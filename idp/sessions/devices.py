"""Browsers that an account has signed in from: known ones keep access while strangers are throttled (rule S3), and a
remembered one spares the second factor for 30 days where nothing asks above aal1. Neither adds anything to ``acr`` or
``amr`` (rule S7).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, insert, select, update

from idp.foundation.clock import Clock
from idp.foundation.columns import Instant
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.prepared_statement import PreparedStatement
from idp.sessions.models import Device, OPSession

_OF_BROWSER = PreparedStatement(
    select(Device.id, Device.account_id, Device.remembered_until).where(
        Device.digest == bindparam("cookie"), Device.ended_at.is_(None)
    )
)
_SEEN = PreparedStatement(
    update(Device)
    .where(Device.digest == bindparam("cookie"), Device.account_id == bindparam("account"), Device.ended_at.is_(None))
    .values(
        last_seen_at=bindparam("now"),
        remembered_until=func.coalesce(bindparam("until", type_=Instant), Device.remembered_until),
    )
    .returning(Device.id)
)
_INSERT = PreparedStatement(insert(Device))
_MOST_SHOWN = 50
_OF_ACCOUNT = (
    select(Device.id, Device.created_at, Device.last_seen_at, Device.remembered_until)
    .where(Device.account_id == bindparam("account"), Device.ended_at.is_(None))
    .order_by(Device.last_seen_at.desc())
    .limit(_MOST_SHOWN)
)


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device that belongs to an account; remembered while ``remembered_until`` is in the future."""

    id: UUID
    account_id: UUID
    remembered_until: datetime | None


@dataclass(frozen=True, slots=True)
class SeenDevice:
    """A browser as staff see it: since when an account signs in from it."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    remembered_until: datetime | None


@dataclass(frozen=True, slots=True)
class NotedDevice:
    """The device that a browser is to an account, with the value for its cookie. The value is nowhere else."""

    id: UUID
    cookie: str = field(repr=False)


class Devices:
    """The devices of accounts, found by the random value in a browser's cookie."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, *, remembered_for: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._remembered_for = remembered_for

    def of_browser(self, cookie: str | None) -> tuple[KnownDevice, ...]:
        """Return the device rows of a browser: one for each account that signed in there. One SELECT, also without a
        cookie.
        """
        with self._database.read() as connection:
            return tuple(KnownDevice(*row) for row in _OF_BROWSER.rows(connection, {"cookie": sha256(cookie or "")}))

    def of_account(self, account_id: UUID) -> tuple[SeenDevice, ...]:
        """Return the browsers that an account signed in from, the latest first."""
        with self._database.read() as connection:
            return tuple(SeenDevice(*row) for row in connection.execute(_OF_ACCOUNT, {"account": account_id}))

    def digest_of(self, device_id: UUID) -> bytes | None:
        """Return the digest of the cookie of a device: the browser, whichever account signs in there."""
        with self._database.read() as connection:
            return connection.scalar(select(Device.digest).where(Device.id == device_id))

    def is_remembered(self, devices: tuple[KnownDevice, ...], account_id: UUID) -> bool:
        """Tell whether one of a browser's devices spares this account the second factor."""
        now = self._clock.now()
        return any(
            device.account_id == account_id and device.remembered_until is not None and device.remembered_until > now
            for device in devices
        )

    def id_of(self, devices: tuple[KnownDevice, ...], account_id: UUID) -> UUID:
        """Return which of a browser's devices is an account's; a new id, for ``note``, if none is."""
        return next((one.id for one in devices if one.account_id == account_id), None) or self._entropy.uuid7()

    def note(
        self, cookie: str | None, account_id: UUID, *, remember: bool, device_id: UUID | None = None
    ) -> NotedDevice:
        """Record that an account signed in from this browser. A sign-in has opened its session by then, which holds the
        account: whoever locks one takes the account first too, its sessions next and its devices last.
        """
        now = self._clock.now()
        value = cookie or self._entropy.token()
        until = now + self._remembered_for if remember else None
        digest = sha256(value)
        seen = {"cookie": digest, "account": account_id, "now": now, "until": until}
        new: dict[str, Any] = {
            "id": device_id or self._entropy.uuid7(),
            "account_id": account_id,
            "digest": digest,
            "created_at": now,
            "last_seen_at": now,
            "remembered_until": until,
        }
        with self._database.transaction() as connection:
            # A value made just now is nobody's yet.
            known = _SEEN.rows(connection, seen) if cookie is not None else ()
            if not known:
                _INSERT.rows(connection, new)
        return NotedDevice(known[0].id if known else new["id"], value)

    def forget(self, account_id: UUID) -> None:
        """Let no browser spare this account its second factor any more."""
        with self._database.transaction() as connection:
            forget_devices(connection, account_id)

    def forget_browser_of(self, session_id: UUID, account_id: UUID) -> None:
        """Let the browser of a session no longer spare this account its second factor."""
        its = select(OPSession.device_id).where(OPSession.id == session_id).scalar_subquery()
        with self._database.transaction() as connection:
            connection.execute(
                update(Device).where(Device.id == its, Device.account_id == account_id).values(remembered_until=None)
            )

    def remembered(self, account_id: UUID) -> int:
        """Return how many browsers spare this account its second factor."""
        is_remembered = (Device.account_id == account_id, Device.ended_at.is_(None))
        statement = select(func.count()).where(*is_remembered, Device.remembered_until > self._clock.now())
        with self._database.read() as connection:
            return connection.scalar(statement) or 0


def forget_devices(connection: Connection, account_id: UUID) -> None:
    """Let no browser of an account be remembered any more."""
    connection.execute(update(Device).where(Device.account_id == account_id).values(remembered_until=None))
