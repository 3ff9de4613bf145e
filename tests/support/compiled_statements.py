"""SQL compiled once a worker: each test has engines of its own, which would compile every statement again.

SQLAlchemy keeps compiled statements by engine. Here all engines of a kind of database share them; they are configured
alike by ``idp.foundation.database``, so that a statement's text is the same on each. A pytest plugin.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

_MOST_STATEMENTS = 4000


class CompiledStatements:
    """What the execution option ``compiled_cache`` may be set to: keys name the kind of database, not the engine."""

    def __init__(self) -> None:
        self._compiled: LRUCache[Any, Any] = LRUCache(_MOST_STATEMENTS)

    def get(self, key: Any) -> Any:
        return self._compiled.get(_of_kind(key))

    def __setitem__(self, key: Any, compiled: Any) -> None:
        self._compiled[_of_kind(key)] = compiled


def _of_kind(key: Any) -> Any:
    dialect, *rest = key
    return dialect.name, *rest


@pytest.fixture(scope="session", autouse=True)
def _compiled_statements() -> Iterator[None]:
    statements = CompiledStatements()

    def share(connection: Connection) -> None:
        if "compiled_cache" not in connection.get_execution_options():
            connection.engine.update_execution_options(compiled_cache=statements)
            connection.execution_options(compiled_cache=statements)

    event.listen(Engine, "engine_connect", share)
    yield
    event.remove(Engine, "engine_connect", share)
