"""Claims asked for one by one (OpenID Connect Core §5.5) and by scope (§5.4), and where they are released."""

import orjson
import pytest

from tests.support.relying_party import claims_of

PROFILE = {"name", "family_name", "given_name", "preferred_username", "gender", "birthdate", "updated_at"}


def released(site, tokens):
    response = site.userinfo(tokens["access_token"])
    assert response.status_code == 200, response.text
    return response.get_json()


def wish(**places):
    return orjson.dumps(places).decode()


SCOPES = {
    "profile": PROFILE,
    "email": {"email", "email_verified"},
    "phone": {"phone_number", "phone_number_verified"},
    "address": {"address"},
    "assurance": {"ial"},
    "": set(),
}
KINDS = {"email_verified": bool, "phone_number_verified": bool, "updated_at": int, "address": dict, "ial": int}


def test_each_scope_releases_its_claims(tax, visitor):
    """OIDC-CORE-5.4-scopes, OIDC-CORE-5.3.2-response: nothing empty, nothing more."""
    for scope, claims in SCOPES.items():
        tokens = visitor.tokens(tax, scope=f"openid {scope}".strip())
        info = released(tax, tokens)
        assert set(info) - {"locale"} == claims | {"sub"}
        assert None not in info.values()
        assert info["sub"] == claims_of(tokens["id_token"])["sub"]
        assert all(isinstance(info[name], kind) for name, kind in KINDS.items() if name in info)
        assert not claims & claims_of(tokens["id_token"]).keys(), "with an access token they come from userinfo"


def test_claims_come_where_they_were_asked_for(tax, visitor):
    """OIDC-CORE-5.5-claims-param."""
    claims = wish(
        userinfo={"email": {"essential": True}, "weather": None},
        id_token={"birthdate": {"essential": True}, "phone_number": {"essential": True, "value": "+8613800000000"}},
    )
    tokens = visitor.tokens(tax, scope="openid", claims=claims)
    assert set(released(tax, tokens)) == {"sub", "email"}
    identity = claims_of(tokens["id_token"])
    assert {"birthdate", "phone_number"} <= identity.keys()
    assert not {"email", "name", "weather"} & identity.keys()
    again = tax.refresh(tokens["refresh_token"]).get_json()
    assert {"birthdate", "phone_number"} <= claims_of(again["id_token"]).keys()


@pytest.mark.only_on("sqlite")
class TestBounds:
    def test_a_request_cannot_name_what_the_registration_does_not_list(self, welfare, visitor):
        claims = wish(userinfo={"email": {"essential": True}, "ial": None, "id_number": {"essential": True}})
        tokens = visitor.tokens(welfare, scope="openid", claims=claims)
        assert set(released(welfare, tokens)) == {"sub"}

    def test_claims_of_the_protocol_cannot_be_overwritten(self, tax, visitor):
        names = {name: {"essential": True, "value": "x"} for name in ("iss", "aud", "exp", "nonce", "sid", "amr")}
        identity = claims_of(visitor.tokens(tax, claims=wish(id_token=names, userinfo=names))["id_token"])
        assert identity["iss"] == "http://localhost:8000"
        assert identity["nonce"] == tax.nonce

    def test_an_unmet_essential_claim_is_no_error(self, tax, visitor_of, account_factory):
        """OIDC-CORE-5.5-claims-param."""
        person = visitor_of(account_factory())  # without an e-mail address
        tokens = person.tokens(tax, scope="openid", claims=wish(userinfo={"email": {"essential": True}}))
        assert set(released(tax, tokens)) == {"sub"}

    def test_odd_but_harmless_requests_are_read_as_far_as_they_go(self, tax, visitor):
        for claims in (
            "{}",
            '{"userinfo":null,"id_token":{}}',
            '{"userinfo":{"name":[1,2]}}',
            '{"userinfo":{"":{"essential":true}}}',
            '{"userinfo":{"name":{"essential":{"deep":[[[[{}]]]]}}}}',
            '{"other":' + "[" * 900 + "]" * 900 + "}",
            '{"userinfo":{"\\u0000":null,"名":1e300}}',
        ):
            assert "code" in visitor.visit(tax, claims=claims).answer, claims

    def test_the_address_is_an_object_with_its_formatted_form(self, tax, visitor):
        info = released(tax, visitor.tokens(tax, scope="openid address"))
        assert "海州市" in info["address"]["formatted"]


class TestOrganizations:
    def test_an_enterprise_account_tells_for_whom_it_acts(self, tax, visitor_of, account_factory, services):
        person = account_factory(kind="enterprise")
        (firm,) = services.accounts.memberships(person.account_id)
        visitor = visitor_of(person, organization_id=firm.organization_id)
        tokens = visitor.tokens(tax, scope="openid organization")
        organization = released(tax, tokens)["organization"]
        assert organization == {"code": firm.code, "name": firm.name, "role": "legal_representative"}

    def test_a_new_hat_ends_what_was_granted_under_the_old_one(self, tax, visitor_of, account_factory, services):
        """Rule S8: the session id changes with the hat, and so do grants and sites."""
        person = account_factory(kind="enterprise")
        (firm,) = services.accounts.memberships(person.account_id)
        visitor = visitor_of(person)
        tokens = visitor.tokens(tax, scope="openid organization")
        assert "organization" not in released(tax, tokens)
        cookie = visitor.browser.cookie("idp_session")
        raised = services.sessions.choose_organization(services.sessions.load(cookie), firm.organization_id)
        assert services.sessions.load(cookie) is None
        assert tax.userinfo(tokens["access_token"]).status_code == 401
        visitor.browser.set_cookie("idp_session", raised.cookie)
        assert released(tax, visitor.tokens(tax, scope="openid organization"))["organization"]["code"] == firm.code
