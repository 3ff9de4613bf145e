"""How a refresh token that did not rotate is judged, as a table (RFC 9700 §4.14.2; rule P2). Pure."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.protocol.artefacts.refresh_family import FamilyState, Standing, standing

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
GRACE = timedelta(seconds=10)


def judged(generation, *, age=0, given=0, streak=0, is_live=True):
    state = FamilyState(5, NOW - timedelta(seconds=age), given, streak, is_live)
    return standing(state, generation, now=NOW, grace=GRACE)


@pytest.mark.parametrize(
    ("generation", "facts", "verdict"),
    [
        (4, {}, Standing.GRACE),
        (4, {"age": 10}, Standing.GRACE),
        (4, {"age": 11}, Standing.REPLAY),
        (4, {"given": 1}, Standing.GRACE),
        (4, {"given": 2}, Standing.EXHAUSTED),
        (4, {"streak": 1}, Standing.GRACE),
        (4, {"streak": 2}, Standing.REPLAY),
        (3, {}, Standing.REPLAY),
        (0, {}, Standing.REPLAY),
        (5, {}, Standing.DEAD),
        (6, {}, Standing.AHEAD),
        (2**32 - 1, {}, Standing.AHEAD),
        (4, {"is_live": False}, Standing.DEAD),
        (0, {"is_live": False}, Standing.DEAD),
        (6, {"is_live": False}, Standing.AHEAD),
    ],
)
def test_a_presented_generation_is_judged(generation, facts, verdict):
    assert judged(generation, **facts) is verdict
