"""Prepared keys are a deployment's own: they sign at once, on both databases and at any time, and can be rotated."""

import pytest

from idp.audit.service import Audit
from idp.foundation.database import Database
from idp.keyring.service import Keyring


@pytest.fixture
def keyring(settings, clock, entropy, prepared_keys):
    clock.advance(days=400)
    prepared_keys.give(settings, clock)
    database = Database(settings.database_url)
    yield Keyring.open(settings, database, clock, entropy, Audit(database, clock, entropy))
    database.dispose()


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_prepared_keys_sign_at_once(keyring, alg):
    token = keyring.sign({"sub": "s"}, typ="JWT", alg=alg)
    assert keyring.verify(token, typ="JWT")["sub"] == "s"


def test_prepared_keys_are_young_whatever_the_clock_says(keyring, clock):
    assert {key.created_at for key in keyring.list_keys()} == {clock.now()}


def test_rotating_them_leaves_the_prepared_ones_alone(settings, keyring, clock, prepared_keys, tmp_path):
    keyring.rotate(emergency=True)
    again = settings.model_copy(update={"keys_dir": tmp_path / "again"})
    prepared_keys.give(again, clock)
    assert (tmp_path / "again" / "master").is_dir()
