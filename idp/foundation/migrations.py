"""Bringing a database to the tables of this version, and saying where it differs from them (Alembic, wrapped at this
one place).

The revisions are packaged as ``idp/migrations``; in a working copy they stand at the top of the tree. What a revision
may do is said in CONTRIBUTING.md: it works with the version before it and the version after it, on SQLite and on
PostgreSQL.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from idp.foundation.database import Base, Database
from idp.foundation.errors import ConfigurationError

_PACKAGE = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Return where the revisions are: inside the installed package, else at the top of the working copy."""
    for candidate in (_PACKAGE / "migrations", _PACKAGE.parent / "migrations"):
        if (candidate / "env.py").is_file():
            return candidate
    raise ConfigurationError("The migrations are missing from this installation; install the package again.")


def metadata() -> MetaData:
    """Return the tables of every feature: wiring and the worker reach them all, and lie above this module."""
    for user_of_features in ("idp.wiring", "idp.jobs.worker"):
        importlib.import_module(user_of_features)
    return Base.metadata


def upgrade(url: str) -> None:
    """Apply every revision that the database does not have yet; a second call does nothing."""
    command.upgrade(_config(url), "head")


def pending(url: str) -> list[str]:
    """Return what is still to be applied, oldest first, one line a revision; empty when the database is up to date."""
    with _connection(url) as connection:
        script = ScriptDirectory.from_config(_config(url))
        applied = set(MigrationContext.configure(connection).get_current_heads())
        return [f"{revision.revision}: {revision.doc}" for revision in _missing(script, applied)]


def check(url: str) -> list[str]:
    """Return each difference between the database and this version's tables in words; empty when there is none."""
    waiting = [f"revision {line} is not applied; run `idp db upgrade`" for line in pending(url)]
    if waiting:
        return waiting
    tables = metadata()
    with _connection(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [_in_words(difference) for difference in compare_metadata(context, tables)]


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    database = Database(url)
    try:
        with database.read() as connection:
            yield connection
    finally:
        database.dispose()


def _missing(script: ScriptDirectory, applied: set[str]) -> list[Any]:
    """Return the revisions above the applied ones, oldest first."""
    unknown = sorted(name for name in applied if script.get_revision(name) is None)
    if unknown:
        raise ConfigurationError(f"The database is at revision {', '.join(unknown)}, which this version does not know.")
    revisions = []
    for revision in script.walk_revisions():
        if revision.revision in applied:
            break
        revisions.append(revision)
    return revisions[::-1]


def _in_words(difference: Any) -> str:  # noqa: ANN401 - Alembic's differences are tuples of many shapes
    if isinstance(difference, list):
        return "; ".join(_in_words(part) for part in difference)
    verb, *things = difference
    names = [
        str(getattr(thing, "name", thing)) for thing in things if thing is not None and not isinstance(thing, dict)
    ]
    return f"{verb.replace('_', ' ')}: {' '.join(names)}"
