"""``Banners``: scheduling, changing and withdrawing, and what is to be shown now, from memory."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, insert, select, update

from idp.audit.service import Audit
from idp.banners.events import Announced, BannerChanged, BannerScheduled, BannerWithdrawn
from idp.banners.models import BannerRow
from idp.banners.values import ABOUT, SHOWING, SIGN_IN, Banner, Draft
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.keyset import PAGE, rows_of_page
from idp.foundation.replica import Replica, Replicas
from idp.foundation.translation import marked

LONGEST_TEXT: Final = 200
LONGEST: Final = timedelta(days=90)
MOST_AHEAD: Final = 20
MOST_SHOWN: Final = 3
_NO_TEXT: Final = marked("Write one sentence of at most %(most)s characters, without line breaks.")
_BAD_ABOUT: Final = marked("Choose one of the values offered.")
_BAD_END: Final = marked("The end has to be after the beginning and after now, at most 90 days later.")
_TOO_MANY: Final = marked("There are %(most)s banners planned or showing already. Withdraw one first.")
_GONE: Final = marked("This banner was changed or withdrawn meanwhile, or is over. Look at it again.")
_EVERY: Final[Select[*tuple[Any, ...]]] = select(
    BannerRow.id,
    BannerRow.text_zh,
    BannerRow.text_en,
    BannerRow.about,
    BannerRow.starts_at,
    BannerRow.ends_at,
    BannerRow.revision,
    BannerRow.actor,
    BannerRow.created_at,
    BannerRow.withdrawn_at,
)

Shown = tuple[Banner, ...]


class Banners:
    """The banners of this deployment."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit, *, replicas: Replicas) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._replica: Replica[Shown] = replicas.of("banners", (), self._ahead)

    def showing(self, about: Sequence[str] | None = None) -> Shown:
        """Return what is to be shown now, at most three: all of it, or what is about signing in or one of these. Asks
        memory only.
        """
        now = self._clock.now()
        shown = [
            banner
            for banner in self._replica.get()
            if banner.state(now) == SHOWING and (about is None or banner.about in {SIGN_IN, *about})
        ]
        return tuple(shown[:MOST_SHOWN])

    def _ahead(self) -> Shown:
        statement = _EVERY.where(_is_ahead(self._clock.now()))
        with self._database.read() as connection:
            found = [Banner(*row) for row in connection.execute(statement)]
        # What concerns everybody stands first, then what began first.
        return tuple(sorted(found, key=lambda one: (one.about != SIGN_IN, one.starts_at, one.id)))

    def page(self, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE) -> Sequence[Banner]:
        """Return the banners beside one in the list, latest first."""
        with self._database.searching() as connection:
            rows = rows_of_page(connection, _EVERY, BannerRow.id, before=before, after=after, size=size)
        return [Banner(*row) for row in rows]

    def get(self, banner_id: UUID) -> Banner | None:
        """Return a banner, over or not."""
        with self._database.read() as connection:
            row = connection.execute(_EVERY.where(BannerRow.id == banner_id)).one_or_none()
        return None if row is None else Banner(*row)

    def problems_of(self, draft: Draft) -> list[UserError]:
        """Return all that is wrong with what is to be announced, in the order of its fields."""
        return list(_problems_of(draft, self._clock.now()))

    def schedule(self, draft: Draft, *, actor: str, reason: str) -> UUID:
        """Announce something. Raises UserError."""
        now, banner_id = self._clock.now(), self._entropy.uuid7()
        _check(draft, now)
        row = {"id": banner_id, **asdict(draft), "revision": 1, "actor": actor, "created_at": now}
        with self._database.transaction() as connection:
            self._replica.changed()
            ahead = select(func.count()).select_from(BannerRow).where(_is_ahead(now))
            if (connection.scalar(ahead) or 0) >= MOST_AHEAD:
                raise UserError(_TOO_MANY, most=MOST_AHEAD)
            connection.execute(insert(BannerRow), row)
            self._audit.record(
                BannerScheduled(actor=actor, reason=reason, banner=str(banner_id), after=_announced(draft))
            )
        return banner_id

    def change(self, banner_id: UUID, revision: int, draft: Draft, *, actor: str, reason: str) -> None:
        """Say something else, or at another time. Raises UserError, also if it is not as it was looked at."""
        _check(draft, self._clock.now())
        with self._database.transaction():
            before = self._write(banner_id, revision, **asdict(draft))
            self._audit.record(
                BannerChanged(
                    actor=actor,
                    reason=reason,
                    banner=str(banner_id),
                    before=_announced(before),
                    after=_announced(draft),
                )
            )

    def withdraw(self, banner_id: UUID, revision: int, *, actor: str, reason: str) -> None:
        """Take a banner away at once. Raises UserError, also if it is not as it was looked at."""
        with self._database.transaction():
            before = self._write(banner_id, revision, withdrawn_at=self._clock.now())
            self._audit.record(
                BannerWithdrawn(actor=actor, reason=reason, banner=str(banner_id), before=_announced(before))
            )

    def _write(self, banner_id: UUID, revision: int, **values: Any) -> Banner:
        """Change a banner that is planned or showing; return what it was before."""
        writing = (
            update(BannerRow)
            .where(BannerRow.id == banner_id, BannerRow.revision == revision, _is_ahead(self._clock.now()))
            .values(revision=revision + 1, **values)
        )
        with self._database.transaction() as connection:
            self._replica.changed()
            before = self.get(banner_id)
            if before is None or connection.execute(writing).rowcount == 0:
                raise UserError(_GONE)
        return before


def _is_ahead(now: datetime) -> ColumnElement[bool]:
    """Return whether a banner is planned or showing."""
    return and_(BannerRow.withdrawn_at.is_(None), BannerRow.ends_at > now)


def _check(draft: Draft, now: datetime) -> None:
    for problem in _problems_of(draft, now):
        raise problem


def _problems_of(draft: Draft, now: datetime) -> Iterator[UserError]:
    for field, text in (("text_zh", draft.text_zh), ("text_en", draft.text_en)):
        if not 0 < len(text) <= LONGEST_TEXT or any(unicodedata.category(sign)[0] == "C" for sign in text):
            yield UserError(_NO_TEXT, field=field, most=LONGEST_TEXT)
    if draft.about not in ABOUT:
        yield UserError(_BAD_ABOUT, field="about")
    if not max(draft.starts_at, now) < draft.ends_at <= draft.starts_at + LONGEST:
        yield UserError(_BAD_END, field="ends")


def _announced(one: Draft | Banner) -> Announced:
    return Announced(
        text_zh=one.text_zh,
        text_en=one.text_en,
        about=one.about,
        starts=one.starts_at.isoformat(timespec="seconds"),
        ends=one.ends_at.isoformat(timespec="seconds"),
    )
