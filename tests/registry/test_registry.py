"""Applying, approving, stopping and looking up clients."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from idp.foundation.database import Database
from idp.registry.errors import RegistryUnavailable
from idp.registry.service import Registry
from idp.registry.views import Applied, Refused, SecretIssued, StateChanged
from tests.registry.conftest import SANDBOX, tax, tax_in_sandbox

ME = "command:tester"


def applied(registry: Registry, registration: dict[str, Any], **values: str) -> Applied:
    outcome = registry.apply(registration, actor=ME, substitutions=values)
    assert isinstance(outcome, Applied), outcome
    return outcome


def refused(outcome: object) -> dict[str, str]:
    assert isinstance(outcome, Refused)
    return {problem.member: problem.message for problem in outcome.problems}


class TestInDevelopment:
    def test_applied_registration_is_in_force_at_once(self, registry: Registry):
        outcome = applied(registry, tax())
        assert (outcome.is_new, outcome.status, outcome.version) == (True, "published", 1)
        client = registry.get("tax")
        assert client is not None
        assert client.redirect_uri_set == {"http://localhost:8001/callback"}
        assert client.scope == {"openid", "profile", "phone"}
        assert (client.name_in("zh-Hans"), client.name_in("en")) == ("税务局网上办税", "Tax Online")

    def test_applying_twice_changes_nothing(self, registry: Registry):
        applied(registry, tax(client_secret="one"))
        again = applied(registry, tax(client_secret="one", scope="phone profile openid"))
        assert (again.is_new, again.status, again.changes, again.version) == (False, "unchanged", (), 1)

    def test_changes_are_reported_member_by_member(self, registry: Registry):
        applied(registry, tax())
        outcome = applied(registry, tax(scope="openid", policy={"min_acr": "urn:idp:acr:aal2"}))
        assert [(change.member, change.before, change.after) for change in outcome.changes] == [
            ("policy.min_acr", "urn:idp:acr:aal1", "urn:idp:acr:aal2"),
            ("scope", "openid phone profile", "openid"),
        ]

    def test_names_are_read_for_those_asked_for_and_without_the_rest_of_a_registration(self, registry: Registry):
        applied(registry, tax())
        applied(
            registry,
            tax(client_id="parks", client_name="公园", policy={"sector": "parks"}) | {"client_name#en": "Parks"},
        )
        assert registry.names(["tax", "nobody", "' OR 1=1 --"]) == {"tax": "税务局网上办税"}
        assert registry.names() == {"parks": "公园", "tax": "税务局网上办税"}
        assert registry.names(()) == {}
        assert registry.names(locale="en") == {"parks": "Parks", "tax": "Tax Online"}

    def test_given_secret_is_accepted_and_replaces_the_one_before(self, registry: Registry, clock: Any):
        applied(registry, tax(client_secret="one"))
        assert applied(registry, tax(client_secret="two")).status == "unchanged"
        client = registry.get("tax")
        assert client is not None
        assert client.has_secret("two", clock.now())
        assert not client.has_secret("one", clock.now())

    def test_secret_is_generated_once_when_none_is_given(self, registry: Registry, clock: Any):
        first, second = applied(registry, tax()), applied(registry, tax())
        client = registry.get("tax")
        assert first.new_secret is not None
        assert second.new_secret is None
        assert client is not None
        assert client.has_secret(first.new_secret.reveal(), clock.now())
        assert first.new_secret.reveal() not in repr(first)

    def test_places_are_filled_in_and_an_unfilled_one_is_named(self, registry: Registry):
        registration = tax(redirect_uris=["${ORIGIN}/callback"])
        assert refused(registry.apply(registration, actor=ME)) == {
            "redirect_uris": "needs ${ORIGIN}; give it with --set ORIGIN=…"
        }
        applied(registry, registration, ORIGIN="http://localhost:9001")
        client = registry.get("tax")
        assert client is not None
        assert client.redirect_uris == ("http://localhost:9001/callback",)

    def test_two_clients_cannot_look_alike(self, registry: Registry):
        """Rule A8."""
        applied(registry, tax(client_name="PayPoint", **{"client_name#en": "Pay Point"}))
        lookalike = tax(client_id="evil", client_name="Pa\u0443Po\u0456nt", **{"client_name#en": None})
        assert "client_name" in refused(registry.apply(lookalike, actor=ME))
        assert registry.get("evil") is None
        assert registry.show("evil") is None

    def test_name_that_was_given_up_can_be_taken(self, registry: Registry):
        applied(registry, tax())
        applied(registry, tax(client_name="办税服务厅", **{"client_name#en": "Tax Hall"}))
        applied(registry, tax(client_id="other", client_name="税务局网上办税", **{"client_name#en": "Tax Online"}))

    def test_strange_identifiers_are_unknown_without_asking_the_database(self, registry: Registry):
        assert registry.get("ta\x00x") is None
        assert registry.get("x" * 5000) is None
        assert registry.get("税务") is None

    def test_suspension_is_seen_and_never_undone_by_applying(self, registry: Registry, clock: Any):
        """Rules O3 and P5."""
        applied(registry, tax())
        stopped = registry.suspend("tax", actor=ME, reason="leaked secret")
        applied(registry, tax(scope="openid"))
        client = registry.get("tax")
        assert isinstance(stopped, StateChanged)
        assert client is not None
        assert (client.state, client.not_before, client.is_active(clock.now())) == ("suspended", clock.now(), False)

    def test_resumed_client_keeps_its_old_tokens_void(self, registry: Registry, clock: Any):
        applied(registry, tax())
        registry.suspend("tax", actor=ME)
        stopped_at = clock.now()
        clock.advance(60)
        registry.resume("tax", actor=ME)
        client = registry.get("tax")
        assert client is not None
        assert (client.state, client.not_before) == ("active", stopped_at)

    def test_two_secrets_live_during_a_rotation_and_never_three(self, registry: Registry, clock: Any):
        first = applied(registry, tax()).new_secret
        second, third = registry.rotate_secret("tax", actor=ME), registry.rotate_secret("tax", actor=ME)
        client = registry.get("tax")
        assert first is not None
        assert client is not None
        assert isinstance(second, SecretIssued)
        assert isinstance(third, SecretIssued)
        accepted = [client.has_secret(secret.reveal(), clock.now()) for secret in (first, second.secret, third.secret)]
        assert accepted == [False, True, True]
        assert len(client.secrets) == 2

    def test_older_secret_ends_when_the_overlap_does(self, registry: Registry, clock: Any):
        first = applied(registry, tax()).new_secret
        registry.rotate_secret("tax", actor=ME)
        client = registry.get("tax")
        clock.advance(days=7)
        assert first is not None
        assert client is not None
        assert not client.has_secret(first.reveal(), clock.now())

    def test_client_without_secrets_gets_none(self, registry: Registry):
        applied(registry, tax(token_endpoint_auth_method="none"))
        assert "" in refused(registry.rotate_secret("tax", actor=ME))

    def test_unknown_client_is_refused_by_every_verb(self, registry: Registry):
        for outcome in (
            registry.suspend("nobody", actor=ME),
            registry.resume("nobody", actor=ME),
            registry.rotate_secret("nobody", actor=ME),
            registry.approve("nobody", actor=ME),
        ):
            assert "" in refused(outcome)

    def test_list_and_show_hold_no_secret(self, registry: Registry):
        applied(registry, tax(client_secret="hunter2"))
        detail = registry.show("tax")
        assert detail is not None
        assert detail.live_secrets == 1
        assert [summary.client_id for summary in registry.list()] == ["tax"]
        assert "hunter2" not in repr((detail, registry.list(), registry.get("tax")))

    def test_every_change_leaves_an_audit_event(self, registry: Registry, settings: Any):
        """Rule A3."""
        applied(registry, tax())
        applied(registry, tax())
        registry.suspend("tax", actor=ME, reason="drill")
        database = Database(settings.database_url)
        with database.read() as connection:
            actions = list(
                connection.scalars(text("SELECT action FROM audit_event WHERE client_id = 'tax' ORDER BY id"))
            )
        database.dispose()
        assert actions == ["client_secret_issued", "client_applied", "client_suspended"]


class TestOutsideDevelopment:
    @pytest.fixture
    def setting_changes(self) -> dict[str, str]:
        return SANDBOX

    def test_applied_registration_waits_for_approval(self, registry: Registry):
        """Rule O3."""
        outcome = applied(registry, tax_in_sandbox())
        assert (outcome.status, registry.get("tax")) == ("draft", None)
        assert outcome.new_secret is not None
        assert isinstance(registry.approve("tax", actor=ME), StateChanged)
        assert registry.get("tax") is not None

    def test_draft_leaves_what_is_in_force_alone(self, registry: Registry):
        applied(registry, tax_in_sandbox())
        registry.approve("tax", actor=ME)
        applied(registry, tax_in_sandbox(scope="openid"))
        client = registry.get("tax")
        assert client is not None
        assert (client.version, sorted(client.scope)) == (1, ["openid", "phone", "profile"])
        assert applied(registry, tax_in_sandbox(scope="openid")).version == 2
        detail = registry.show("tax")
        assert detail is not None
        assert [change.member for change in detail.pending_changes] == ["scope"]

    def test_later_draft_replaces_the_earlier_one(self, registry: Registry):
        applied(registry, tax_in_sandbox())
        applied(registry, tax_in_sandbox(scope="openid"))
        outcome = registry.approve("tax", actor=ME)
        assert isinstance(outcome, StateChanged)
        assert outcome.version == 2
        assert "" in refused(registry.approve("tax", actor=ME))

    def test_registering_again_never_touches_secrets_or_sector(self, registry: Registry, clock: Any):
        """Rule O3."""
        first = applied(registry, tax_in_sandbox()).new_secret
        registry.approve("tax", actor=ME)
        assert applied(registry, tax_in_sandbox(scope="openid")).new_secret is None
        assert "policy.sector" in refused(registry.apply(tax_in_sandbox(policy={"sector": "other"}), actor=ME))
        client = registry.get("tax")
        assert first is not None
        assert client is not None
        assert client.has_secret(first.reveal(), clock.now())

    def test_registration_for_another_environment_is_refused(self, registry: Registry):
        """Rule O1."""
        assert "policy.environment" in refused(
            registry.apply(tax_in_sandbox(policy={"environment": "production"}), actor=ME)
        )
        assert "policy.environment" in refused(registry.apply(tax_in_sandbox(policy={"environment": None}), actor=ME))


def test_client_of_another_environment_is_not_in_force(registry: Registry, settings: Any, clock: Any, entropy: Any):
    """Rule O1: a development database taken to production serves none of its clients."""
    from idp.audit.service import Audit

    applied(registry, tax(redirect_uris=["https://tax.gov.example/cb"], backchannel_logout_uri=None))
    database = Database(settings.database_url)
    elsewhere = settings.model_copy(update={"environment": "production", "issuer": "https://id.gov.example"})
    production = Registry(database, clock, entropy, Audit(database, clock, entropy), elsewhere)
    try:
        assert production.get("tax") is None
    finally:
        database.dispose()


def test_change_by_another_process_is_seen_within_a_second(new_registry: Callable[[], Registry]):
    """Rule 6."""
    here, there = new_registry(), new_registry()
    applied(there, tax())
    assert here.get("tax") is not None
    there.suspend("tax", actor=ME)
    deadline = time.monotonic() + 1
    while (client := here.get("tax")) is not None and client.state == "active" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client is not None
    assert client.state == "suspended"


def test_unreadable_database_voids_the_cache_after_a_second(settings: Any, registry: Registry):
    """Rule 6."""
    applied(registry, tax())
    assert registry.get("tax") is not None
    database = Database(settings.database_url)
    with database.transaction() as connection:
        connection.execute(text("ALTER TABLE cache_version RENAME TO cache_version_gone"))
    try:
        assert registry.get("tax") is not None
        time.sleep(1.05)
        with pytest.raises(RegistryUnavailable):
            registry.get("tax")
    finally:
        with database.transaction() as connection:
            connection.execute(text("ALTER TABLE cache_version_gone RENAME TO cache_version"))
        database.dispose()
    assert registry.get("tax") is not None


def test_twenty_parallel_applies_write_one_version(new_registry: Callable[[], Registry]):
    registries = [new_registry() for _ in range(4)]
    outcomes: list[object] = []

    def apply(registry: Registry) -> None:
        outcomes.extend(registry.apply(tax(client_secret="one"), actor=ME) for _ in range(5))

    threads = [threading.Thread(target=apply, args=(registry,)) for registry in registries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    detail = registries[0].show("tax")
    assert detail is not None
    assert len(detail.versions) == 1
    assert detail.live_secrets == 1
    assert sum(1 for outcome in outcomes if isinstance(outcome, Applied) and outcome.is_new) == 1
