"""Token exchange from the outside (RFC 8693): portal, land registry and tax service call one another in turn."""

import pytest

from tests.protocol.conftest import ALL_GRANTS, refused
from tests.support.relying_party import claims_of

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS, ID, JWT = (f"urn:ietf:params:oauth:token-type:{kind}" for kind in ("access_token", "id_token", "jwt"))
LAND, TAX, BANK = (f"https://api.{name}.gov.example/" for name in ("land", "tax", "bank"))
GRANTS = [*ALL_GRANTS, EXCHANGE]


@pytest.fixture
def bank(new_relying_party):
    return new_relying_party("bank", grant_types=GRANTS, policy={"resource_identifiers": [BANK]})


@pytest.fixture
def tax_api(bank, new_relying_party):  # noqa: ARG001 - it may go on to the bank
    return new_relying_party(
        "tax-api", grant_types=GRANTS, policy={"resource_identifiers": [TAX], "exchange_to": ["bank"]}
    )


@pytest.fixture
def land(tax_api, new_relying_party):  # noqa: ARG001 - it may go on to the tax office
    return new_relying_party(
        "land",
        grant_types=GRANTS,
        scope="openid profile phone records",
        policy={"resource_identifiers": [LAND], "exchange_to": ["tax-api"]},
    )


@pytest.fixture
def portal(land, new_relying_party):  # noqa: ARG001 - it calls the land registry
    return new_relying_party("portal", grant_types=ALL_GRANTS, policy={"resources": [LAND]})


@pytest.fixture
def at_land(portal, visitor):
    """The token with which the portal called the land registry in the visitor's name."""
    return visitor.tokens(portal, resource=LAND, scope="openid profile phone")["access_token"]


def exchange(site, token, **changes):
    request = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS, "resource": TAX}
    return site.token(**(request | changes))


def test_a_service_gets_a_token_for_the_next_one_in_the_persons_name(land, tax_api, at_land, visitor, services):
    """RFC8693-2.2.1-response, RFC8693-4.1-act; rule P6."""
    response = exchange(land, at_land)
    answer = response.get_json()
    assert response.headers["Cache-Control"] == "no-store"
    assert set(answer) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert (answer["issued_token_type"], answer["token_type"]) == (ACCESS, "Bearer")
    access = services.keyring.verify(answer["access_token"], typ="at+jwt")
    assert (access["aud"], access["client_id"], access["act"]) == (TAX, "land", {"sub": "land"})
    assert access["sub"] == claims_of(visitor.tokens(tax_api)["id_token"])["sub"]
    assert access["sub"] != claims_of(at_land)["sub"]
    assert access["exp"] <= claims_of(at_land)["exp"]
    told = tax_api.post("/introspect", token=answer["access_token"]).get_json()
    assert (told["active"], told["act"]) == (True, {"sub": "land"})
    assert "token.exchanged" in {record.action for record in services.audit.of_account(visitor.account_id)}


def test_the_target_may_be_named_by_its_client(land, at_land):
    """RFC8693-2.1-request: audience is the logical name."""
    answer = exchange(land, at_land, resource=None, audience="tax-api").get_json()
    assert claims_of(answer["access_token"])["aud"] == TAX


def test_the_chain_of_actors_grows_and_has_an_end(land, tax_api, bank, at_land, registration_factory):
    """RFC8693-4.1-act."""
    registration_factory(
        "bank",
        grant_types=GRANTS,
        policy={"resource_identifiers": [BANK], "exchange_to": ["land"]},
        client_secret=bank.client_secret,
    )
    second = exchange(land, at_land).get_json()["access_token"]
    third = exchange(tax_api, second, resource=BANK).get_json()["access_token"]
    assert claims_of(third)["act"] == {"sub": "tax-api", "act": {"sub": "land"}}
    fourth = exchange(bank, third, resource=LAND).get_json()["access_token"]
    assert refused(exchange(land, fourth), "invalid_request")


def test_an_exchanged_token_is_no_key_to_userinfo(land, at_land):
    """RFC9068-4-audience."""
    token = exchange(land, at_land).get_json()["access_token"]
    assert refused(land.userinfo(token), "invalid_token", 401)


@pytest.mark.parametrize(
    "change",
    [
        {"subject_token": None},
        {"subject_token_type": None},
        {"subject_token": None, "subject_token_type": None},
        {"subject_token_type": ID},
        {"subject_token_type": JWT},
        {"subject_token": "x.y.z"},
        {"requested_token_type": ID},
        {"actor_token_type": ACCESS},
        {"actor_token": "x.y.z"},
        {"actor_token": "x.y.z", "actor_token_type": ACCESS},
    ],
)
def test_incomplete_and_unknown_tokens_are_refused(land, at_land, change):
    """RFC8693-2.1-request: omit each → invalid_request."""
    assert refused(exchange(land, at_land, **change), "invalid_request")


@pytest.mark.parametrize(
    "change",
    [
        {"resource": None},
        {"resource": "https://api.unknown.gov.example/"},
        {"resource": BANK},
        {"resource": LAND},
        {"resource": f"{TAX} {BANK}"},
        {"resource": f"{TAX}#x"},
        {"resource": None, "audience": "nobody"},
        {"resource": None, "audience": "bank"},
        {"resource": None, "audience": "portal"},
        {"resource": TAX, "audience": "bank"},
    ],
)
def test_only_targets_of_the_policy_are_reached(land, at_land, change):
    """RFC8693-2.2.2-target: unknown target or a pair that is not allowed → invalid_target."""
    assert refused(exchange(land, at_land, **change), "invalid_target")


def test_the_provider_itself_is_no_target(land, at_land, issuer):
    """RFC8693-2.2.2-target: claims are for the client that the person visited."""
    assert refused(exchange(land, at_land, resource=issuer), "invalid_target")


@pytest.mark.parametrize("scope", ["address", "records", "profile records", "openid", "offline_access"])
def test_the_scope_never_grows(land, at_land, scope):
    """RFC8693-4.4-may-act: never widened scope."""
    assert refused(exchange(land, at_land, scope=scope), "invalid_scope")


def test_the_scope_may_shrink(land, at_land):
    assert exchange(land, at_land, scope="phone").get_json()["scope"] == "phone"
    assert exchange(land, at_land).get_json()["scope"] == "phone profile"


def test_a_token_that_is_for_somebody_else_is_refused(tax_api, welfare, portal, land, at_land):
    """RFC8693-2.1-request: who found a token cannot exchange it."""
    assert refused(exchange(tax_api, at_land, resource=BANK), "invalid_request")
    assert refused(exchange(welfare, at_land), "unauthorized_client")
    assert refused(exchange(portal, at_land), "unauthorized_client")
    assert exchange(land, at_land).status_code == 200


def test_a_client_may_exchange_its_own_token(land, visitor):
    tokens = visitor.tokens(land)
    answer = exchange(land, tokens["access_token"]).get_json()
    assert claims_of(answer["access_token"])["act"] == {"sub": "land"}


def test_a_token_without_a_person_is_not_exchanged(land):
    token = land.token(grant_type="client_credentials").get_json()["access_token"]
    assert refused(exchange(land, token), "invalid_request")


def test_an_actor_token_must_be_the_callers_own(land, tax_api, at_land):
    """RFC8693-2.1-request."""
    own = land.token(grant_type="client_credentials").get_json()["access_token"]
    other = tax_api.token(grant_type="client_credentials").get_json()["access_token"]
    good = exchange(land, at_land, actor_token=own, actor_token_type=ACCESS)
    assert claims_of(good.get_json()["access_token"])["act"] == {"sub": "land"}
    assert refused(exchange(land, at_land, actor_token=other, actor_token_type=ACCESS), "invalid_request")
    assert refused(exchange(land, at_land, actor_token=at_land, actor_token_type=ACCESS), "invalid_request")
    assert refused(exchange(land, at_land, actor_token=own, actor_token_type=JWT), "invalid_request")


def test_what_has_ended_is_not_exchanged(land, tax_api, at_land, visitor):
    """Only live grants, and what came out of an exchange ends with them."""
    token = exchange(land, at_land).get_json()["access_token"]
    visitor.browser.get("/logout")
    visitor.browser.submit("logout-confirm")
    assert refused(exchange(land, at_land), "invalid_request")
    assert tax_api.post("/introspect", token=token).get_json() == {"active": False}


def test_a_revoked_token_is_not_exchanged(land, portal, at_land):
    portal.post("/revoke", token=at_land)
    assert refused(exchange(land, at_land), "invalid_request")


def test_an_expired_token_is_not_exchanged(land, at_land, clock):
    clock.advance(299)
    assert exchange(land, at_land).get_json()["expires_in"] == 1
    clock.advance(2)
    assert refused(exchange(land, at_land), "invalid_request")


@pytest.mark.parametrize("client_id", ["portal", "tax-api"])
def test_a_suspended_client_stops_the_chain(land, at_land, services, client_id):
    services.registry.suspend(client_id, actor="command:test")
    assert refused(exchange(land, at_land), "invalid_request" if client_id == "portal" else "invalid_target")


def test_registrations_that_cannot_exchange_are_refused(services):
    from tests.factories.registrations import registration_of

    for changes in (
        {"policy": {"exchange_to": ["tax"]}},
        {"grant_types": GRANTS, "token_endpoint_auth_method": "none", "client_secret": None},
    ):
        assert services.registry.apply(registration_of("other", **changes), actor="command:test").problems
