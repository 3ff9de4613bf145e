"""``idp key remove-master``: a former master key goes when nothing needs it any more (rule P7, ASVS-11.1.1)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from idp.factors.models import Authenticator
from tests.commands.conftest import Ended, Run
from tests.protocol.conftest import citizen, tax, visitor, visitor_of
from tests.support.clock import RunningClock

__all__ = ["citizen", "tax", "visitor", "visitor_of"]


@pytest.fixture
def clock() -> RunningClock:
    """The machine's time, as the command has it, or some hours before."""
    return RunningClock()


@pytest.fixture
def change_key(idp: Run, services: Any, clock: RunningClock):
    """Make a new master key some time ago; return the one before."""

    def change(**ago: float) -> str:
        (old,) = services.keyring.master_keys()
        clock.advance(-timedelta(**ago).total_seconds())
        services.keyring.new_master_key()
        clock.advance(**ago)
        assert idp("key", "reencrypt").status == 0
        return str(old)

    return change


@pytest.fixture
def remove(idp: Run):
    def run(kid: str, *options: str) -> Ended:
        return idp("key", "remove-master", kid, "--reason", "case 17", *options)

    return run


def write(services: Any, statement: Any) -> None:
    with services.database.transaction() as connection:
        connection.execute(statement)


def renew_password(services: Any) -> None:
    """Let everybody have signed in since."""
    write(services, update(Authenticator).values(key_id=services.keyring.master_keys()[0]))


def masters(idp: Run) -> list[str]:
    found: list[str] = json.loads(idp("key", "list", "--json").stdout)["master_keys"]
    return found


@pytest.fixture
def person(account_factory: Any) -> None:
    """Somebody with a password and encrypted data."""
    account_factory(kind="citizen", username="zhangsan")


@pytest.mark.usefixtures("person")
def test_key_that_passwords_and_sign_ins_need_stays_and_the_command_says_for_what(
    idp: Run, remove: Any, change_key: Any
) -> None:
    former = change_key(minutes=5)
    refused = remove(former)
    assert refused.status == 1
    assert "nothing was removed" in refused.complaint
    assert "1 passwords (each until its owner signs in)" in refused.complaint
    assert "sign-ins under way (until " in refused.complaint
    assert former in masters(idp)


@pytest.mark.usefixtures("person")
def test_key_that_nothing_needs_is_destroyed_on_record(idp: Run, remove: Any, change_key: Any, services: Any) -> None:
    former = change_key(minutes=61)
    assert "sign-ins" not in remove(former).complaint
    renew_password(services)
    removed = remove(former)
    assert removed.status == 0, removed.stderr
    assert "is destroyed" in removed.stdout
    assert former not in masters(idp)
    assert not (services.settings.keys_dir / "master" / f"{former}.key").exists()
    events = {one.action: one for one in services.audit.export()}
    assert events["master_key.removed"].detail["kid"] == former
    assert "there is no master key" in remove(former).complaint


def test_live_refresh_token_that_was_not_used_since_needs_its_key(
    remove: Any, services: Any, change_key: Any, clock: RunningClock, tax: Any, visitor: Any
) -> None:
    """RFC 6749 §6: what it carries can be opened with this key only (decision 0017)."""
    clock.advance(hours=-3)
    token = visitor.tokens(tax)["refresh_token"]
    clock.advance(hours=3)
    former = change_key(hours=2)
    renew_password(services)
    assert "1 refresh tokens (each until it is used, the last until " in remove(former).complaint
    refreshed = tax.refresh(token).get_json()["refresh_token"]
    removed = remove(former)
    assert removed.status == 0, removed.stderr
    assert tax.refresh(refreshed).status_code == 200


@pytest.mark.usefixtures("person")
def test_rest_can_be_given_up_but_no_encrypted_value(idp: Run, remove: Any, change_key: Any, services: Any) -> None:
    assert remove(change_key(minutes=5), "--void-rest").status == 0
    (second,) = services.keyring.master_keys()
    services.keyring.new_master_key()
    refused = remove(second, "--void-rest")
    assert refused.status == 1
    assert "still holds" in refused.complaint
    assert second in masters(idp)


def test_current_key_and_made_up_ones_are_refused(remove: Any, services: Any) -> None:
    (current,) = services.keyring.master_keys()
    assert "is the current one" in remove(current, "--void-rest").complaint
    assert remove("../index").status == 1
    assert services.keyring.master_keys() == (current,)


def test_a_reason_is_needed(idp: Run) -> None:
    assert idp("key", "remove-master", "1a2b3c4d").status == 2
