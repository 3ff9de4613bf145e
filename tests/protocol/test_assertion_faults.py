"""What is said about an assertion that is refused: which claim, to whoever holds the key (RFC 7521 §4.2.1); nothing to
anybody else.
"""

import pytest
from joserfc.jwk import ECKey

from tests.protocol.assertions import ISSUER, PUBLIC, Signer
from tests.protocol.conftest import refused
from tests.protocol.test_client_authentication import MACHINE

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def bank(client, clock, registration_factory):
    registration_factory("bank", token_endpoint_auth_method="private_key_jwt", jwks=PUBLIC, **MACHINE)
    return Signer(client, clock)


def test_whoever_has_the_key_is_told_which_claim_is_wrong(bank, clock):
    """RFC 7521 §4.2.1. In the words is nothing that was sent."""
    now = int(clock.now().timestamp())
    for change, words in (
        ({"iss": "tax"}, "iss and sub are not both its client_id"),
        ({"aud": ISSUER + "/token"}, f"its aud is not the issuer, as one text: {ISSUER}."),
        ({"aud": [ISSUER]}, f"its aud is not the issuer, as one text: {ISSUER}."),
        ({"exp": None}, "its exp is missing"),
        ({"exp": now - 240, "iat": now - 300}, "its exp has passed. Compare the clock."),
        ({"exp": now + 361}, "its exp is more than 5 minutes ahead"),
        ({"exp": now + 360, "iat": now + 300}, "its iat or nbf is in the future. Compare the clock."),
        ({"nbf": now + 300}, "its iat or nbf is in the future. Compare the clock."),
        ({"iat": "now"}, "is no number of seconds since 1970"),
        ({"jti": None}, "its jti is not a text of 1 to 255 characters"),
    ):
        answer = bank.post(bank.assertion(**change))
        assert refused(answer, "invalid_client", 401)
        assert words in answer.get_json()["error_description"], change
    assertion = bank.assertion()
    assert bank.is_accepted(assertion)
    assert "its jti was used before" in bank.post(assertion).get_json()["error_description"]


def test_nobody_else_is_told_anything(bank, clock):
    """One answer, whatever is wrong, for whoever does not hold the key."""
    stranger, now = ECKey.generate_key("P-256", {"kid": "ec"}), int(clock.now().timestamp())
    spent = bank.assertion(jti="once")
    assert bank.is_accepted(spent)
    said = {
        bank.post(bank.assertion(key=stranger, **change)).get_json()["error_description"]
        for change in ({}, {"iss": "tax"}, {"aud": "x"}, {"exp": now - 300}, {"jti": "once"})
    }
    [words] = said
    assert words.startswith("The client could not be authenticated.")
