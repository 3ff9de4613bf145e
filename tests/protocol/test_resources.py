"""Resource indicators from the outside (RFC 8707): for whom a token is, what it then says, and who may ask about it."""

from urllib.parse import urlencode

import pytest

from tests.protocol.conftest import ALL_GRANTS, refused
from tests.support.relying_party import claims_of

LAND, TAX_API = "https://api.land.gov.example/records", "https://api.tax.gov.example/"


@pytest.fixture
def land(new_relying_party):
    """The land registry's service, which serves a resource."""
    return new_relying_party("land", grant_types=ALL_GRANTS, policy={"resource_identifiers": [LAND]})


@pytest.fixture
def portal(land, new_relying_party):  # noqa: ARG001 - the resource must be served by somebody
    """A portal that may call the land registry."""
    return new_relying_party(
        "portal",
        grant_types=ALL_GRANTS,
        scope="openid profile phone offline_access records",
        policy={"resources": [LAND, TAX_API]},
    )


def introspect(site, token):
    return site.post("/introspect", token=token).get_json()


def test_a_token_for_a_resource_says_so_and_lives_five_minutes(portal, visitor, services):
    """RFC8707-2-resource; rule P5."""
    tokens = visitor.tokens(portal, resource=LAND)
    access = services.keyring.verify(tokens["access_token"], typ="at+jwt")
    assert access["aud"] == LAND
    assert access["exp"] - access["iat"] == tokens["expires_in"] == 300
    assert claims_of(tokens["id_token"])["aud"] == "portal"


def test_its_sub_is_the_one_of_the_resource_servers_sector(portal, land, visitor):
    """Rule P6: a token's sub is what its audience knows the person by."""
    at_land = claims_of(visitor.tokens(land)["id_token"])["sub"]
    tokens = visitor.tokens(portal, resource=LAND)
    assert claims_of(tokens["access_token"])["sub"] == at_land
    assert claims_of(tokens["id_token"])["sub"] != at_land


def test_nothing_in_two_tokens_for_different_audiences_is_the_same(portal, visitor):
    """Rule P6: references are unrelated across sectors."""
    code = visitor.code(portal, resource=LAND)
    outside = portal.redeem(code).get_json()
    own = portal.refresh(outside["refresh_token"], resource=claims_of(outside["access_token"])["iss"]).get_json()
    first, second = claims_of(outside["access_token"]), claims_of(own["access_token"])
    assert first["aud"] != second["aud"]
    for name in ("sub", "jti", "grant_ref"):
        assert first[name] != second[name], name


def test_userinfo_refuses_a_token_for_another_audience(portal, visitor):
    """RFC9700-2.3-least-privilege, RFC9700-4.10-audience, RFC8707-2-resource, RFC9068-4-audience."""
    tokens = visitor.tokens(portal, resource=LAND)
    assert refused(portal.userinfo(tokens["access_token"]), "invalid_token", 401)


def test_the_resource_server_is_told_about_tokens_for_it_and_nobody_else_is(portal, land, welfare, visitor):
    """RFC7662-2.2-active, RFC8707-2-resource."""
    token = visitor.tokens(portal, resource=LAND)["access_token"]
    told = introspect(land, token)
    assert told["active"] is True
    assert (told["aud"], told["client_id"]) == (LAND, "portal")
    assert introspect(welfare, token) == {"active": False}
    assert introspect(land, visitor.tokens(portal)["access_token"]) == {"active": False}, "a token for the provider"


def test_a_token_for_a_resource_ends_with_the_session(portal, land, visitor):
    """Rule P5."""
    token = visitor.tokens(portal, resource=LAND)["access_token"]
    visitor.browser.get("/logout")
    visitor.browser.submit("logout-confirm")
    assert introspect(land, token) == {"active": False}


def test_a_token_for_a_resource_can_be_revoked(portal, land, visitor):
    """RFC7009-2.1-revoke."""
    token = visitor.tokens(portal, resource=LAND)["access_token"]
    assert portal.post("/revoke", token=token).status_code == 200
    assert introspect(land, token) == {"active": False}


def test_a_suspended_client_has_no_tokens_at_resources(portal, land, visitor, services):
    """Rule P5: the emergency stop reaches tokens for others too."""
    token = visitor.tokens(portal, resource=LAND)["access_token"]
    services.registry.suspend("portal", actor="command:test")
    assert introspect(land, token) == {"active": False}


@pytest.mark.parametrize(
    "resource",
    [
        "https://api.unknown.gov.example/",
        TAX_API,
        f"{LAND}#part",
        "/records",
        "records",
        "https://",
        "urn:land",
        f"{LAND}/",
        LAND.upper(),
        f"{LAND} https://api.unknown.gov.example/",
    ],
    ids=["unknown", "unserved", "fragment", "path", "word", "hostless", "urn", "slash", "upper", "one of two"],
)
def test_a_resource_that_is_not_known_is_refused_at_every_door(portal, visitor, resource):
    """RFC8707-2-resource."""
    visitor.tokens(portal)
    assert portal.authorize(visitor.browser, resource=resource).answer["error"] == "invalid_target"
    assert refused(portal.redeem(visitor.code(portal), resource=resource), "invalid_target")
    assert refused(portal.token(grant_type="client_credentials", resource=resource), "invalid_target")


def test_a_resource_that_the_client_may_not_call_is_refused(land, welfare, visitor):  # noqa: ARG001
    """RFC8707-2-resource."""
    visitor.tokens(welfare)
    assert welfare.authorize(visitor.browser, resource=LAND).answer["error"] == "invalid_target"


def test_a_token_request_cannot_widen_what_was_granted(portal, visitor):
    """RFC8707-2-resource: the token endpoint may narrow, not widen."""
    code = visitor.code(portal)
    assert refused(portal.redeem(code, resource=LAND), "invalid_target")
    tokens = portal.redeem(code).get_json()
    assert refused(portal.refresh(tokens["refresh_token"], resource=LAND), "invalid_target")
    assert portal.refresh(tokens["refresh_token"]).status_code == 200, "a refused refresh uses nothing up"


def test_two_resources_one_token_each(portal, visitor, registration_factory, services):
    """RFC8707-2-resource: several are granted together, each token is for one."""
    registration_factory("tax-api", policy={"resource_identifiers": [TAX_API]})
    query = portal.authorization_query() + "&" + urlencode([("resource", LAND), ("resource", TAX_API)])
    visitor.browser.get("/authorize?" + query)
    code = visitor.browser.submit("consent-allow").answer["code"]
    assert refused(portal.redeem(code), "invalid_target"), "which of the two?"
    tokens = portal.redeem(code, resource=LAND).get_json()
    assert claims_of(tokens["access_token"])["aud"] == LAND
    tokens = portal.refresh(tokens["refresh_token"], resource=TAX_API).get_json()
    assert claims_of(tokens["access_token"])["aud"] == TAX_API
    tokens = portal.refresh(tokens["refresh_token"], resource=services.settings.issuer).get_json()
    assert portal.userinfo(tokens["access_token"]).status_code == 200


def test_a_token_for_two_resources_is_refused(portal, visitor, issuer):
    """RFC8707-2-resource: one audience, so that no resource server can use a token at another."""
    code = visitor.code(portal, resource=LAND)
    assert refused(portal.redeem(code, resource=f"{LAND} {issuer}"), "invalid_target")
    assert portal.redeem(code).status_code == 200


def test_too_many_resources_are_refused(portal, visitor):
    visitor.tokens(portal)
    many = " ".join(f"{LAND}{number}" for number in range(6))
    assert portal.authorize(visitor.browser, resource=many).answer["error"] == "invalid_target"


def test_no_other_parameter_may_be_repeated(portal, visitor):
    """RFC6749-3.1-duplicate-param: resource is the only exception."""
    visitor.tokens(portal)
    page = visitor.browser.get("/authorize?" + portal.authorization_query(resource=LAND) + "&scope=openid")
    assert page.status == 400


def test_a_refresh_keeps_the_resource(portal, visitor):
    """RFC8707-2-resource."""
    tokens = visitor.tokens(portal, resource=LAND)
    again = portal.refresh(tokens["refresh_token"]).get_json()
    assert claims_of(again["access_token"])["aud"] == LAND


def test_a_resource_that_is_not_served_any_more_is_refused_at_the_refresh(portal, visitor, services):
    tokens = visitor.tokens(portal, resource=LAND)
    services.registry.suspend("land", actor="command:test")
    assert refused(portal.refresh(tokens["refresh_token"]), "invalid_target")
    services.registry.resume("land", actor="command:test")
    assert portal.refresh(tokens["refresh_token"]).status_code == 200


def test_a_client_alone_may_call_a_resource(portal, land):
    """RFC8707-2-resource with client_credentials."""
    tokens = portal.token(grant_type="client_credentials", resource=LAND).get_json()
    access = claims_of(tokens["access_token"])
    assert (access["aud"], access["sub"]) == (LAND, "portal")
    assert tokens["expires_in"] == 300
    assert introspect(land, tokens["access_token"])["active"] is True


def test_the_resource_survives_sign_in(portal, new_browser, citizen, clock):
    tokens = portal.sign_in(new_browser(), citizen, clock, resource=LAND)
    assert claims_of(tokens["access_token"])["aud"] == LAND


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        ({"resource_identifiers": [LAND]}, "served by"),
        ({"resource_identifiers": ["http://localhost:8000/userinfo"]}, "own"),
        ({"resource_identifiers": ["https://api.gov.example/#x"]}, "fragment"),
        ({"resources": ["no uri"]}, "ASCII"),
        ({"exchange_to": ["not an id!"]}, "letters"),
    ],
)
def test_registrations_with_impossible_resources_are_refused(services, land, policy, word):  # noqa: ARG001
    """RFC8707-2-resource: no two clients serve one resource, and nobody serves ours."""
    from tests.factories.registrations import registration_of

    policy = {
        key: [value.replace("http://localhost:8000", services.settings.issuer) for value in values]
        for key, values in policy.items()
    }
    outcome = services.registry.apply(registration_of("other", policy=policy), actor="command:test")
    assert any(word in problem.message for problem in outcome.problems), outcome


def test_a_public_client_serves_no_resource(services):
    from tests.factories.registrations import registration_of

    registration = registration_of("other", token_endpoint_auth_method="none", policy={"resource_identifiers": [LAND]})
    assert services.registry.apply(registration, actor="command:test").problems
