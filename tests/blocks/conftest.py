"""A block list, and whoever is stopped by it."""

from datetime import timedelta

import pytest

from tests.staff.conftest import new_officer, officer, setting_changes

REASON = "attack of tonight"


@pytest.fixture
def block(services):
    """Put an entry into force at once: ``block("203.0.113.0/24")``."""

    def add(value, kind="network", effect="block", hours=1):
        draft = services.block_changes.draft(effect, kind, value, hours)
        return services.blocks.add(draft, actor="system", reason=REASON)

    return add


@pytest.fixture
def allow(block):
    return lambda value, kind="network", hours=1: block(value, kind, "allow", hours)


@pytest.fixture
def entry_of():
    """Make an entry without a database."""
    from datetime import UTC, datetime
    from uuid import uuid4

    from idp.blocks.rules import parse_value
    from idp.blocks.values import Entry

    now = datetime(2026, 11, 29, tzinfo=UTC)

    def make(value, kind="network", effect="block", lasts=timedelta(hours=1), digest=None):
        value = parse_value(kind, value)
        return Entry(uuid4(), effect, kind, value, digest, REASON, "system", now, now + lasts)

    make.now = now
    return make


__all__ = ["new_officer", "officer", "setting_changes"]
