"""Officers, and people who are signed in."""

from datetime import timedelta

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser
from tests.protocol.conftest import citizen, tax, visitor, visitor_of
from tests.staff.conftest import new_officer, officer


@pytest.fixture
def setting_changes():
    return {
        "IDP_CONSOLE_ORIGIN": "http://localhost:8004",
        "IDP_OFFICER_ACR": "urn:idp:acr:aal2",
        "IDP_MASS_ENDING_THRESHOLD": "3",
    }


@pytest.fixture
def sign_in(services, account_factory, clock, entropy):
    """Open sessions as the end of a sign-in does; return their ids."""

    def make(count=1, *, network="203.0.113.0/24", method="password", person=None):
        person = person or account_factory()
        opened = []
        for _ in range(count):
            factors = [VerifiedFactor(method, clock.now())]
            opened.append(
                services.sessions.open(person.account_id, factors, entropy.uuid7(), Browser(network, "Mozilla/5.0"))
            )
            clock.advance(1)
        return [one.session_id for one in opened]

    return make


@pytest.fixture
def live(services):
    """Return the ids of the live sessions."""
    return lambda: {one.id for one in services.sessions.list()}


__all__ = ["citizen", "new_officer", "officer", "tax", "visitor", "visitor_of"]


@pytest.fixture
def restrict(services):
    """Keep an account out for an hour."""

    def lay(person, officer, kind="block"):
        until = services.clock.now() + timedelta(hours=1)
        services.account_interventions.restrict(person.account_id, kind, until, officer=officer, reason="stolen phone")

    return lay


@pytest.fixture
def require(services):
    """Require something of an account for an hour."""

    def lay(person, officer, kind="reset_credential", factor=None):
        until = services.clock.now() + timedelta(hours=1)
        services.requirement_interventions.require(
            person.account_id, kind, until, factor=factor, officer=officer, reason="in a leaked list"
        )

    return lay
