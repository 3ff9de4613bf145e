"""Officers of the tests: ``officer(Power.SECURITY)`` makes a staff account and gives its human a power."""

import pytest

from idp.staff.powers import Power


@pytest.fixture
def setting_changes():
    return {"IDP_CONSOLE_ORIGIN": "http://localhost:8004", "IDP_OFFICER_ACR": "urn:idp:acr:aal2"}


@pytest.fixture
def new_officer(services, account_factory):
    """Make a person with a staff account and a power; the person's ``officer`` is what services are asked with."""

    def make(power=Power.SECURITY, **options):
        agency = options.pop("agency", None)
        person = account_factory(kind="staff", with_totp=True, **options)
        services.staff.grant(person.account_id, power, actor="system", reason="test", agency=agency)
        return person

    return make


@pytest.fixture
def officer(services, new_officer):
    """Return a new officer as services know them."""

    def make(power=Power.SECURITY, **options):
        return services.staff.officer(new_officer(power, **options).account_id)

    return make
