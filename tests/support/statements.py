"""What the database was asked during a block: ``with watched(services.database) as seen: …``, then ``seen.kinds``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

# Caches read these counters by a timer, whoever comes first; they belong to no request.
_COUNTERS = ("cache_version", "key_set_version", "list_version", "network_table")
_FRAMING = ("BEGIN", "PRAGMA", "COMMIT", "ROLLBACK")


@dataclass
class Statements:
    """The statements, and how many transactions committed."""

    texts: list[str] = field(default_factory=list)
    commits: int = 0

    @property
    def kinds(self) -> list[str]:
        """The verbs, in their order."""
        return [text.split(maxsplit=1)[0].upper() for text in self.texts]


@contextmanager
def watched(database: Any) -> Iterator[Statements]:
    """Collect every statement on every engine."""
    seen = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(_FRAMING) and not any(counter in statement for counter in _COUNTERS):
            seen.texts.append(statement)

    def note_commit(_connection: Any) -> None:
        seen.commits += 1

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
        event.listen(engine, "commit", note_commit)
    try:
        yield seen
    finally:
        for engine in database.engines:
            event.remove(engine, "before_cursor_execute", note)
            event.remove(engine, "commit", note_commit)
