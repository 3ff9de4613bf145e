"""Whatever a newcomer sends, the answer is the standard error, never a fault of ours (RFC 7591 §3.2.2, ASVS 16.5.4)."""

from datetime import timedelta

import pytest

from idp.registry.members import METADATA

HOSTILE = (
    *(None, True, -1, 2**70, 1e300, "", " ", "\0", "\x1b[31m", "\u202e", "x" * 3000),
    *("https://[", "https://[::1", "https://a:b", "https://a:99999/", "//a", "https://\u2100.example/", "none"),
    *([], {}, [[]], [{}], [None], ["\0"], ["https://["], {"keys": None}, {"keys": [[]]}, {"keys": [{"kty": []}]}),
)


@pytest.fixture
def initial_token(services):
    issued = services.initial_tokens.issue("bureau", uses=99, lifetime=timedelta(days=7), actor="command:officer")
    return issued.token.reveal()


@pytest.mark.parametrize("member", [*METADATA, "software_statement", "unknown"])
def test_hostile_value_of_a_member_is_refused(newcomer, member):
    for value in HOSTILE:
        response = newcomer.post(**{member: value})
        assert response.status_code in {201, 400}, (value, response.text)
        if response.status_code == 201:
            newcomer.registered = response.get_json()
            assert newcomer.manage("DELETE").status_code == 204


def test_address_that_is_none_is_refused_beside_a_good_one(newcomer):
    """Rules look at several members at once, also where one of them is bad."""
    bad, good = "https://[", "https://app.example.org/callback"
    for metadata in (
        {"redirect_uris": [bad], "frontchannel_logout_uri": good},
        {"redirect_uris": [good], "frontchannel_logout_uri": bad},
        {"redirect_uris": [good, bad], "client_uri": good},
        {"redirect_uris": [good], "policy_uri": bad, "sector_identifier_uri": bad},
    ):
        assert newcomer.post(**metadata).status_code == 400, metadata
