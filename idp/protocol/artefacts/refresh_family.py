"""Refresh token families (RFC 6749 §6 and §10.4, RFC 9700 §4.14.2; rule P2): how far the tokens of one code have come.

What was granted stands in the tokens themselves (decision 0017). A family counts generations. Rotation is one
conditional UPDATE, stored with what follows from it; an honest retry within the grace gets the same successor again, at
most twice a generation, and a third generation in a row that needs it ends the family. Any older generation is a proven
replay.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, bindparam, case, literal_column, select, update
from sqlalchemy.orm import Mapped

from idp.foundation.clock import Clock
from idp.foundation.columns import Instant, UUIDType, plain
from idp.foundation.conditional_write import ConditionalWrite, Rows
from idp.foundation.database import Base, Database
from idp.protocol.artefacts.liveness import grant_is_live

MOST_GRACE = 2
MOST_STREAK = 2


class RefreshFamilyRow(Base):
    """The refresh tokens that descend from one code. ``grace_given`` counts the retries answered in this generation."""

    __tablename__ = "refresh_family"
    __table_args__ = (Index("ix_refresh_family_expiry", "expires_at"), Index("ix_refresh_family_grant", "grant_id"))

    id: Mapped[bytes] = plain(LargeBinary(16), primary_key=True)
    generation: Mapped[int] = plain(Integer, nullable=False)
    rotated_at: Mapped[datetime] = plain(Instant, nullable=False)
    grace_given: Mapped[int] = plain(Integer, nullable=False, default=0)
    grace_streak: Mapped[int] = plain(Integer, nullable=False, default=0)
    grant_id: Mapped[UUID] = plain(UUIDType, ForeignKey("authorization_grant.id"), nullable=False)
    idle_expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    ended_at: Mapped[datetime | None] = plain(Instant)
    # The last use in the same generation, which does not rotate; None before it, and where tokens do.
    used_at: Mapped[datetime | None] = plain(Instant)


@dataclass(frozen=True, slots=True)
class FamilyState:
    """What decides how a generation that is not the newest is answered."""

    generation: int
    rotated_at: datetime
    grace_given: int
    grace_streak: int
    is_live: bool


class Standing(Enum):
    """What a presented generation is."""

    DEAD = "the family has ended or expired"
    GRACE = "an honest retry: the same successor is due"
    EXHAUSTED = "a retry beyond what honest clients need"
    REPLAY = "an older generation: stolen, or used twice"
    AHEAD = "a generation never issued: the database went back"


def standing(state: FamilyState, generation: int, *, now: datetime, grace: timedelta) -> Standing:
    """Judge a generation whose tag is valid and which did not rotate. Pure."""
    newest = state.generation
    if generation > newest:
        return Standing.AHEAD
    if not state.is_live:
        return Standing.DEAD
    if generation == newest - 1 and now - state.rotated_at <= grace:
        if state.grace_streak >= MOST_STREAK:
            return Standing.REPLAY
        return Standing.GRACE if state.grace_given < MOST_GRACE else Standing.EXHAUSTED
    return Standing.DEAD if generation == newest else Standing.REPLAY


_NOW: Any = bindparam("now", type_=Instant)
_LIVE = (
    RefreshFamilyRow.ended_at.is_(None)
    & (RefreshFamilyRow.expires_at > _NOW)
    & (RefreshFamilyRow.idle_expires_at > _NOW)
    & grant_is_live(RefreshFamilyRow.grant_id, _NOW)
)
# Written out: what is prepared once has named parameters only.
_ZERO, _ONE, _MOST_GRACE = (literal_column(str(number), Integer) for number in (0, 1, MOST_GRACE))
_NEWEST = update(RefreshFamilyRow).where(
    RefreshFamilyRow.id == bindparam("family"), RefreshFamilyRow.generation == bindparam("newest")
)
_ROTATE = _NEWEST.where(_LIVE).values(
    generation=RefreshFamilyRow.generation + _ONE,
    rotated_at=_NOW,
    idle_expires_at=bindparam("idle_until", type_=Instant),
    grace_streak=case((RefreshFamilyRow.grace_given > _ZERO, RefreshFamilyRow.grace_streak + _ONE), else_=_ZERO),
    grace_given=_ZERO,
)
_KEEP = _NEWEST.where(_LIVE).values(idle_expires_at=bindparam("idle_until", type_=Instant), used_at=_NOW)
_TAKE_GRACE = _NEWEST.where(_LIVE, RefreshFamilyRow.grace_given < _MOST_GRACE).values(
    grace_given=RefreshFamilyRow.grace_given + _ONE
)
_STATE = select(
    RefreshFamilyRow.generation,
    RefreshFamilyRow.rotated_at,
    RefreshFamilyRow.grace_given,
    RefreshFamilyRow.grace_streak,
    _LIVE.label("is_live"),
).where(RefreshFamilyRow.id == bindparam("family"))


class RefreshFamilies:
    """Stores families and moves them on."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        environment: str,
        idle_seconds: int,
        total_seconds: int,
        grace_seconds: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._environment = environment
        self._idle = timedelta(seconds=idle_seconds)
        self._total = timedelta(seconds=total_seconds)
        self.grace = timedelta(seconds=grace_seconds)
        self._rotate = ConditionalWrite(database, _ROTATE)
        self._keep = ConditionalWrite(database, _KEEP)
        self._take_grace = ConditionalWrite(database, _TAKE_GRACE)

    def row(self, family_id: bytes, grant_id: UUID) -> dict[str, Any]:
        """Return the row of a family at its first generation, for the statement that redeems its code."""
        now = self._clock.now()
        return {
            "id": family_id,
            "generation": 0,
            "rotated_at": now,
            "grace_given": 0,
            "grace_streak": 0,
            "grant_id": grant_id,
            "idle_expires_at": now + self._idle,
            "expires_at": now + self._total,
        }

    def rotate(self, family_id: bytes, generation: int, rows: Rows) -> bool:
        """Move a family on and store the rows that follow from it; False, and nothing is stored, if it is not alive, or
        this is not its newest generation.
        """
        return self._advance(self._rotate, family_id, generation, rows)

    def keep(self, family_id: bytes, generation: int, rows: Rows) -> bool:
        """Use a family in its generation, which stays the newest; as with ``rotate``."""
        return self._advance(self._keep, family_id, generation, rows)

    def take_grace(self, family_id: bytes, generation: int, rows: Rows) -> bool:
        """Count one more answered retry of the newest generation; False if another request took the last one, or all
        has ended.
        """
        return self._take_grace.run(self._newest(family_id, generation), rows)

    def _advance(self, write: ConditionalWrite, family_id: bytes, generation: int, rows: Rows) -> bool:
        values = self._newest(family_id, generation)
        return write.run(values | {"idle_until": values["now"] + self._idle}, rows)

    def _newest(self, family_id: bytes, generation: int) -> dict[str, Any]:
        now = self._clock.now()
        return {"family": family_id, "newest": generation, "environment": self._environment, "now": now}

    def state(self, family_id: bytes) -> FamilyState | None:
        """Return how far a family has come, alive or not; None if there never was one, or it has been purged."""
        with self._database.read() as connection:
            values = {"family": family_id, "environment": self._environment, "now": self._clock.now()}
            row = connection.execute(_STATE, values).one_or_none()
        return None if row is None else FamilyState(*row)

    def end(self, family_id: bytes) -> bool:
        """End a family in the present transaction; False when it had ended already, or there is none."""
        statement = update(RefreshFamilyRow).where(
            RefreshFamilyRow.id == family_id, RefreshFamilyRow.ended_at.is_(None)
        )
        with self._database.transaction() as connection:
            return connection.execute(statement.values(ended_at=self._clock.now())).rowcount > 0
