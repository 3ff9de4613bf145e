"""Sites that prove themselves, and how their requests are judged."""

import pytest

from tests.protocol.binding.proving import ProvingParty
from tests.protocol.conftest import ALL_GRANTS
from tests.support.dpop import DPoPKey


@pytest.fixture
def new_party(app, issuer, clock, registration_factory):
    def make(client_id="tax", key=None, **changes):
        site = registration_factory(
            client_id, **({"grant_types": ALL_GRANTS, "scope": "openid profile offline_access reports"} | changes)
        )
        party = ProvingParty(app, issuer, site.client_id, site.client_secret, site.redirect_uri)
        party.clock, party.key = clock, key
        return party

    return make


@pytest.fixture
def key():
    return DPoPKey()


@pytest.fixture
def site(new_party, key):
    return new_party(key=key)


def ask(site, proof):
    return site.post("/token", grant_type="client_credentials", proof=proof)


def challenged(response, error, scheme="DPoP"):
    challenge = response.headers["WWW-Authenticate"]
    return response.status_code == 401 and challenge.startswith(scheme + " ") and f'error="{error}"' in challenge
