"""Somebody who is signed in, and when they proved what: where changes of the means of sign-in begin."""

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser


@pytest.fixture
def session_of(services, clock):
    """Open a session of a person who has just proved these factors, and return it."""

    def open_session(person, *kinds):
        factors = [VerifiedFactor(kind, clock.now()) for kind in kinds or ("password",)]
        opened = services.sessions.open(person.account_id, factors, services.interactions.new_id(), Browser())
        return services.sessions.load(opened.cookie)

    return open_session
