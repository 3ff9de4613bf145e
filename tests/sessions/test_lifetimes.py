"""How long sessions live, as a table (NIST-63B-2.1.3, NIST-63B-2.2.3, DEC-8-session). Pure."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.sessions.rules import Lifetimes

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LIVES = Lifetimes(timedelta(hours=1), timedelta(hours=12), timedelta(minutes=15), timedelta(hours=8))
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("kind", "unused", "left", "is_live"),
    [
        ("citizen", timedelta(0), timedelta(hours=12), True),
        ("citizen", timedelta(hours=1) - SECOND, SECOND, True),
        ("citizen", timedelta(hours=1), SECOND, False),
        ("citizen", timedelta(0), timedelta(0), False),
        ("enterprise", timedelta(minutes=59), timedelta(hours=1), True),
        ("staff", timedelta(minutes=15) - SECOND, timedelta(hours=1), True),
        ("staff", timedelta(minutes=15), timedelta(hours=1), False),
    ],
)
def test_a_session_lives_within_both_its_lifetimes(kind, unused, left, is_live):
    assert LIVES.is_live(kind, last_seen_at=NOW - unused, expires_at=NOW + left, now=NOW) is is_live


def test_staff_have_shorter_ones():
    assert (LIVES.idle_for("staff"), LIVES.staff_total) == (timedelta(minutes=15), timedelta(hours=8))
    for kind in ("citizen", "enterprise"):
        assert (LIVES.idle_for(kind), LIVES.total) == (timedelta(hours=1), timedelta(hours=12))
