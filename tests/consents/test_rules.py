"""Whether a remembered consent covers what is asked now, as a table (DEC-9-consent). Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.consents.rules import Remembered

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
GIVEN = Remembered(
    "consent",
    frozenset({"openid", "profile"}),
    frozenset({"name", "email"}),
    frozenset({"birthdate"}),
    NOW,
    NOW + timedelta(days=365),
)


@pytest.mark.parametrize(
    ("scopes", "claims", "covers"),
    [
        ({"openid"}, set(), True),
        ({"openid", "profile"}, {"name", "email"}, True),
        ({"openid"}, {"name", "birthdate"}, True),
        ({"openid", "offline_access"}, {"name"}, False),
        ({"openid"}, {"name", "phone_number"}, False),
        (set(), set(), True),
    ],
)
def test_what_was_decided_before_is_not_asked_again(scopes, claims, covers):
    assert GIVEN.covers(scopes, claims, basis="consent", now=NOW) is covers


@pytest.mark.parametrize(
    ("told", "covers"),
    [
        ({}, True),
        ({"profile": "1"}, True),
        ({"profile": "2"}, False),
        ({"profile": "1", "email": "1"}, True),
        ({"profile": "2", "email": "1"}, False),
    ],
)
def test_another_purpose_for_the_same_thing_is_new(told, covers):
    """PIPL-14. What was told of nothing before, as to those who agreed when no words were kept, is no other purpose."""
    given = replace(GIVEN, purposes={"profile": "1"})
    assert given.covers({"openid"}, {"name"}, basis="consent", now=NOW, purposes=told) is covers
    assert GIVEN.covers({"openid"}, {"name"}, basis="consent", now=NOW, purposes=told)


def test_another_basis_or_a_year_later_asks_anew():
    assert not GIVEN.covers({"openid"}, set(), basis="statutory", now=NOW)
    assert GIVEN.covers({"openid"}, set(), basis="consent", now=GIVEN.expires_at - timedelta(seconds=1))
    assert not GIVEN.covers({"openid"}, set(), basis="consent", now=GIVEN.expires_at)
