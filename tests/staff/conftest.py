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


@pytest.fixture
def two_approve(services, officer):
    """Put the latest version of a client up for approval, and let as many officers approve it as are needed here."""

    def put_into_force(client_id):
        author, version = officer(Power.SYSTEM), services.registry.show(client_id).versions[0]
        changes = services.changes
        request_id = services.client_changes.propose_version(client_id, version.number, author, "test", changes)
        for _ in range(services.client_changes.approvals_needed):
            changes.approve(request_id, changes.get(request_id).digest, officer())

    return put_into_force
