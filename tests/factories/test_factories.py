"""Factories make what they say: accounts that exist with their authenticators, sites that are registered."""

import pytest


@pytest.mark.parametrize("kind", ["citizen", "enterprise", "staff"])
def test_account_of_each_kind_is_made_with_its_authenticators(services, account_factory, kind):
    person = account_factory(kind=kind, with_totp=True, with_recovery_codes=True)
    kinds = {view.kind for view in services.factors.enrolled(person.account_id).authenticators}
    assert kinds == {"password", "totp", "recovery_code"}
    assert services.accounts.find_for_sign_in(person.username).id == person.account_id


def test_citizen_is_found_by_phone_and_id_number(services, account_factory):
    person = account_factory()
    for identifier in (person.phone, person.id_number):
        assert services.accounts.find_for_sign_in(identifier).id == person.account_id


def test_locked_account_is_locked(services, account_factory):
    person = account_factory(is_locked=True)
    assert services.accounts.find_for_sign_in(person.username).is_locked


def test_site_is_registered_with_a_secret(services, registration_factory):
    site = registration_factory("welfare", redirect_uris=["http://localhost:8002/callback"])
    assert services.registry.get("welfare").client_id == "welfare"
    assert site.client_secret
    assert site.redirect_uri == "http://localhost:8002/callback"
