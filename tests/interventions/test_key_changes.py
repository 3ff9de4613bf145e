"""Replacing keys inside a transaction: what is taken back leaves every key able to sign (rule P7)."""

import pytest

from idp.interventions.key_changes import ENDED_BY_EMERGENCY
from idp.sessions.filters import SessionFilter


class TakenBackError(Exception):
    """Whatever goes wrong after the keys were changed and before the commit."""


def replace_and_take_back(services):
    with services.database.transaction():
        services.key_changes.replace_at_once(actor="system", reason="test")
        raise TakenBackError


def test_an_emergency_that_is_rolled_back_leaves_keys_and_sessions_as_they_were(services, sign_in, live, clock):
    opened = set(sign_in(2))
    token = services.keyring.sign({"sub": "x"}, typ="JWT")
    with pytest.raises(TakenBackError):
        replace_and_take_back(services)
    clock.advance(seconds=1)
    assert services.keyring.problems() == (), "no private key is missing"
    assert services.keyring.verify(services.keyring.sign({"sub": "y"}, typ="JWT"), typ="JWT") == {"sub": "y"}
    assert services.keyring.verify(token, typ="JWT") == {"sub": "x"}
    assert live() == opened


def test_an_emergency_destroys_what_it_replaces_and_ends_every_session(services, sign_in, live, clock):
    sign_in(2)
    services.key_changes.replace_at_once(actor="system", reason="test", alg="ES256")
    clock.advance(seconds=1)
    assert services.sessions.sweeps.run().sessions == 2
    assert services.keyring.problems() == ()
    assert live() == set()
    ended = services.session_search.page(SessionFilter(state="ended"))
    assert {one.end_reason for one in ended} == {ENDED_BY_EMERGENCY}
    (old,) = {key.kid for key in services.keyring.list_keys() if key.state == "revoked"}
    assert not list(services.settings.keys_dir.rglob(f"{old}*")), "its private half is gone"


def test_sessions_stay_where_they_are_asked_to(services, sign_in, live):
    opened = set(sign_in(1))
    services.key_changes.replace_at_once(actor="system", reason="test", keep_sessions=True)
    assert live() == opened
