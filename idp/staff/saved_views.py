"""Filters that an officer keeps under a name: of one list of the console, theirs alone, opened again by a link.

Kept are the names and values of filters that the list has accepted, never a statement and never an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.staff.models import SavedViewRow
from idp.staff.values import Officer

LONGEST_NAME: Final = 60
MOST: Final = 30
_NO_NAME: Final = marked("Give the view a name of at most 60 characters.")
_NO_FILTER: Final = marked("There is no filter to save.")
_TOO_MANY: Final = marked("You have thirty views of this list. Delete one first.")


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view of a list: its name and the filters it stands for."""

    id: UUID
    name: str
    filters: dict[str, str] = field(repr=False)


class SavedViews:
    """The views of every officer, each their own."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy

    def of(self, officer: Officer, section: str) -> list[SavedView]:
        """Return an officer's views of a list, by name."""
        statement = (
            select(SavedViewRow.id, SavedViewRow.name, SavedViewRow.filters)
            .where(SavedViewRow.person_id == officer.person_id, SavedViewRow.section == section)
            .order_by(SavedViewRow.name)
            .limit(MOST)
        )
        with self._database.read() as connection:
            return [SavedView(*row) for row in connection.execute(statement)]

    def save(self, officer: Officer, section: str, name: str, filters: Mapping[str, str]) -> None:
        """Keep filters under a name, in place of those it stood for. Raises UserError."""
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise UserError(_NO_NAME, field="view")
        if not filters:
            raise UserError(_NO_FILTER, field="view")
        mine = (SavedViewRow.person_id == officer.person_id, SavedViewRow.section == section)
        with self._database.transaction() as connection:
            connection.execute(delete(SavedViewRow).where(*mine, SavedViewRow.name == name))
            if (connection.scalar(select(func.count()).where(*mine)) or 0) >= MOST:
                raise UserError(_TOO_MANY, field="view")
            row = {
                "id": self._entropy.uuid7(),
                "person_id": officer.person_id,
                "section": section,
                "name": name,
                "filters": dict(filters),
                "created_at": self._clock.now(),
            }
            # Whoever saves the same name twice at once has saved it once.
            self._database.insert_if_new(SavedViewRow, row)

    def forget(self, officer: Officer, view_id: UUID) -> bool:
        """Delete one of an officer's views; tell whether there was one."""
        mine = (SavedViewRow.id == view_id, SavedViewRow.person_id == officer.person_id)
        with self._database.transaction() as connection:
            return connection.scalar(delete(SavedViewRow).where(*mine).returning(SavedViewRow.id)) is not None
