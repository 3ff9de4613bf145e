"""Every column says how sensitive it is (ASVS-14.1.1): plain, personal or secret."""

from tests.support.databases import load_models

_LABELS = {"plain", "personal", "secret"}
_TELLING = ("ciphertext", "password", "pepper", "salt", "secret", "verifier")


def _columns():
    from idp.foundation.database import Base

    load_models()
    return [column for table in Base.metadata.sorted_tables for column in table.columns]


def test_every_column_is_labelled():
    """ASVS-14.1.1."""
    bare = [str(column) for column in _columns() if column.info.get("data") not in _LABELS]
    assert not bare, f"declare these with plain(), personal() or secret() of idp/foundation/columns.py: {bare}"


def test_no_column_that_sounds_secret_is_labelled_plain():
    """ASVS-14.1.2. A yes or no about a secret is none."""
    from sqlalchemy import Boolean

    doubtful = [
        str(column)
        for column in _columns()
        if column.info.get("data") == "plain"
        and any(word in column.name for word in _TELLING)
        and not isinstance(column.type, Boolean)
    ]
    assert not doubtful, f"these hold secrets by their name; label them secret(): {doubtful}"


def test_instants_are_never_stored_as_text_or_local_time():
    from sqlalchemy import DateTime

    wrong = [str(column) for column in _columns() if isinstance(column.type, DateTime)]
    assert not wrong, f"use Instant of idp/foundation/columns.py (microseconds in UTC on both databases): {wrong}"
