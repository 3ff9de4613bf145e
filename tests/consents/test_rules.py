"""Whether a remembered consent covers what is asked now, as a table (DEC-9-consent). Pure."""

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


def test_another_basis_or_a_year_later_asks_anew():
    assert not GIVEN.covers({"openid"}, set(), basis="statutory", now=NOW)
    assert GIVEN.covers({"openid"}, set(), basis="consent", now=GIVEN.expires_at - timedelta(seconds=1))
    assert not GIVEN.covers({"openid"}, set(), basis="consent", now=GIVEN.expires_at)
