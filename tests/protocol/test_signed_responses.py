"""JARM: the authorization response as one signed JWT (JWT Secured Authorization Response Mode)."""

from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.errors import JoseError

from tests.protocol.forgery import header_of


@pytest.fixture
def site(new_signing_party):
    return new_signing_party("site", authorization_signed_response_alg="PS256")


def response_of(page):
    """Return the one parameter that came back."""
    assert page.answer.keys() == {"response"}, page.answer or page.text
    return page.answer["response"]


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"])
def test_the_answer_is_one_signed_token(site, visitor, clock, issuer, mode):
    """JARM-2.1-claims, JARM-2.3-modes."""
    visitor.visit(site)
    page = visitor.browser.get("/authorize", **site.authorization_parameters(response_mode=mode))
    if mode == "form_post.jwt":
        (form,) = [form for form in page.forms if form.method == "post"]
        assert form.action == site.redirect_uri
        (text,) = [control.value for control in form.controls if control.name]
        assert form.names == ["response"] or set(form.names) == {"response"}
    else:
        mark = "#" if mode == "fragment.jwt" else "?"
        assert page.left_to.startswith(f"{site.redirect_uri}{mark}response=")
        text = response_of(page)
    claims = site.read_response(text, "PS256")
    assert claims.keys() == {"iss", "aud", "exp", "iat", "code", "state"}
    assert (claims["iss"], claims["aud"], claims["state"]) == (issuer, "site", site.state)
    assert 0 < claims["exp"] - clock.now().timestamp() <= 600
    assert header_of(text)["alg"] == "PS256"
    assert site.redeem(claims["code"]).status_code == 200


def test_errors_travel_signed_too(site, visitor, browser):
    """JARM-2.1-claims."""
    for change, error in (({"prompt": "none"}, "login_required"), ({"scope": None}, "invalid_scope")):
        page = browser.get("/authorize", **site.authorization_parameters(response_mode="jwt", **change))
        claims = site.read_response(response_of(page), "PS256")
        assert (claims["error"], claims["state"], claims["aud"]) == (error, site.state, "site")
    visitor.browser.get("/authorize", **site.authorization_parameters(response_mode="query.jwt"))
    page = visitor.browser.submit("consent-deny")
    assert site.read_response(response_of(page), "PS256")["error"] == "access_denied"
    broken = browser.get("/authorize", **site.authorization_parameters(response_mode="jwt", request="a.b.c", state="s"))
    assert site.read_response(response_of(broken), "PS256")["error"] == "invalid_request_object"


@pytest.mark.only_on("sqlite")
def test_the_algorithm_is_the_registered_one(new_signing_party, visitor):
    """JARM §3 authorization_signed_response_alg."""
    for alg in ("ES256", "RS256", "EdDSA"):
        site = new_signing_party(f"site-{alg.lower()}", authorization_signed_response_alg=alg)
        visitor.visit(site)
        page = visitor.browser.get("/authorize", **site.authorization_parameters(response_mode="jwt"))
        assert "code" in site.read_response(response_of(page), alg)
        with pytest.raises(JoseError):
            site.read_response(response_of(page)[:-8] + "AAAAAAAA", alg)


@pytest.mark.only_on("sqlite")
def test_an_answer_is_no_id_token(site, visitor):
    """RFC 8725 §3.11: one kind of token never passes for another."""
    visitor.visit(site)
    page = visitor.browser.get("/authorize", **site.authorization_parameters(response_mode="jwt"))
    text = response_of(page)
    assert header_of(text)["typ"] != "JWT"
    hinted = visitor.browser.get("/authorize", **site.authorization_parameters(id_token_hint=text))
    assert hinted.answer["error"] == "invalid_request"
    assert site.userinfo(text).status_code == 401


@pytest.mark.only_on("sqlite")
def test_a_query_of_the_registered_address_is_kept(new_signing_party, visitor):
    uri = "http://localhost:8001/cb?tenant=1"
    site = new_signing_party("site", redirect_uris=[uri])
    visitor.visit(site)
    page = visitor.browser.get("/authorize", **site.authorization_parameters(response_mode="jwt"))
    assert page.left_to.startswith(uri + "&response=")
    page = visitor.browser.get("/authorize", **site.authorization_parameters(response_mode="fragment.jwt"))
    assert page.left_to.startswith(uri + "#response=")
    assert parse_qs(urlsplit(page.left_to).query) == {"tenant": ["1"]}


@pytest.mark.only_on("sqlite")
def test_discovery_lists_the_modes(client, issuer):
    """JARM-2.3-modes."""
    metadata = client.get("/.well-known/openid-configuration", base_url=issuer).get_json()
    assert {"jwt", "query.jwt", "fragment.jwt", "form_post.jwt"} <= set(metadata["response_modes_supported"])
    assert "none" not in metadata["authorization_signing_alg_values_supported"]
