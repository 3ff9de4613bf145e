"""Events to seal, and the sealers of several nodes over one database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from idp.audit.events import Event
from idp.audit.sealer import Sealer
from idp.audit.service import Audit
from idp.foundation.database import Database


@dataclass(frozen=True, kw_only=True)
class Happened(Event):
    """Something that these tests record."""

    action: ClassVar[str] = "test.happened"

    number: int
    text: str = '甲 "\\\n\x7f\u2028'


@pytest.fixture
def record(services: Any) -> Callable[..., None]:
    """Record events in one transaction: ``record(3)``."""

    def record(count: int = 1, **values: Any) -> None:
        services.audit.record(*(Happened(number=number, **values) for number in range(count)))

    return record


@pytest.fixture
def new_sealer(services: Any) -> Iterator[Callable[..., Sealer]]:
    """Make the sealer of one more node, with a database connection of its own."""
    databases: list[Database] = []

    def make(*, clock: Any = None, batch: int = 0) -> Sealer:
        database = Database(services.settings.database_url)
        databases.append(database)
        clock = clock or services.clock
        audit = Audit(database, clock, services.entropy)
        audit.encrypt_with(services.keyring)
        return Sealer(database, clock, audit, services.keyring, issuer=services.settings.issuer, batch=batch)

    yield make
    for database in databases:
        database.dispose()
