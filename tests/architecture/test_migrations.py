"""Migrations and models agree on both databases, and a second upgrade changes nothing."""

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import PACKAGE, ROOT, docstring_of, name_of, python_files
from tests.support.databases import load_models

_REVISIONS = ROOT / "migrations" / "versions"


def test_migrated_database_has_exactly_the_tables_of_the_models(database_url):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from idp.foundation.database import Base, Database

    load_models()
    database = Database(database_url)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference
            for difference in compare_metadata(context, Base.metadata)
            if getattr(difference[1], "schema", None) != "born_with"
        ]
    database.dispose()
    assert not differences, (
        "models and migrations differ; write a revision"
        f" (alembic -c migrations/alembic.ini revision --autogenerate -m ...): {differences}"
    )


def test_second_upgrade_changes_nothing(database_url):
    from idp.foundation import migrations

    if any(_REVISIONS.glob("[0-9]*.py")):
        migrations.upgrade(database_url)
        assert migrations.pending(database_url) == []


def test_recipe_for_a_new_revision_runs(database_url):
    """What CONTRIBUTING.md tells whoever changes the tables; `check` does all of it but write the file."""
    result = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "check"],
        cwd=ROOT,
        env=os.environ | {"IDP_DATABASE_URL": database_url},
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "No new upgrade operations detected" in result.stdout + result.stderr


def test_wiring_knows_every_table():
    """`idp db check` and new revisions see the tables that wiring imports; a table it misses would never be made."""
    if not (PACKAGE / "wiring.py").is_file():
        return
    load_models()
    from idp.foundation.database import Base

    program = "from idp.foundation.migrations import metadata; print(*metadata().tables)"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    unknown = set(Base.metadata.tables) - set(result.stdout.split())
    assert not unknown, (
        f"neither wiring nor the worker reaches a module that declares these; wire their service: {unknown}"
    )


def test_revisions_form_one_numbered_line():
    """In the order of their names; parts of one number (0001a, 0001b …) are one step cut into things."""
    from alembic.script import ScriptDirectory

    files = sorted(path.name for path in _REVISIONS.glob("[0-9]*.py"))
    line = [Path(revision.path).name for revision in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()]
    assert files == line[::-1], "two branches added a revision; renumber the later one and set its down_revision"
    numbers = sorted({int(name[:4]) for name in files})
    assert numbers == [*range(1, numbers[-1] + 1)], "a number is missing"


def test_revisions_say_what_they_do():
    revisions = [path for path in python_files("migrations") if path.parent == _REVISIONS]
    silent = [name_of(path) for path in revisions if len(docstring_of(path)) < 20]
    assert not silent, f"say in the first line what these change and why: {silent}"
