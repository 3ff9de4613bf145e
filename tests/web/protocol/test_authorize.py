"""The authorization endpoint as browsers meet it: GET and POST, the two response modes (OpenID Connect Core §3.1.2.1,
OAuth 2.0 Form Post Response Mode).
"""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

pytestmark = pytest.mark.only_on("sqlite")


def crossing(browser, path, fields):
    """Post as a form on another site does: browsers keep SameSite=Lax cookies back."""
    headers = {"Origin": "http://localhost:8001", "Sec-Fetch-Site": "same-site"}
    data = fields if isinstance(fields, str) else urlencode(fields)
    client = browser.client.application.test_client(use_cookies=False)
    return client.post(
        path,
        base_url=browser.issuer,
        data=data,
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )


class TestPost:
    def test_a_request_posted_from_another_site_arrives_with_the_session(self, tax, visitor):
        """OIDC-CORE-3.1.2.1-get-post: the same request both ways gives the same page."""
        parameters = tax.authorization_parameters(state="posted & kept", login_hint="13800000000")
        response = crossing(visitor.browser, "/authorize", parameters)
        assert response.status_code == 303
        location = response.headers["Location"]
        assert location.startswith("/authorize?")
        assert "13800000000" not in location, "nothing that was posted stands readable in an address"
        assert "posted" not in location.partition("=")[2]
        page = visitor.browser.get(location)
        assert page.has("consent-allow")
        answer = visitor.browser.submit("consent-allow").answer
        assert answer["state"] == "posted & kept"
        assert tax.redeem(answer["code"]).status_code == 200

    def test_what_is_wrong_with_it_is_said_at_once_or_at_the_get(self, tax, visitor):
        good = urlencode(tax.authorization_parameters())
        for body in (good + "&scope=openid", good + "&x=%00", good + "&x=%ff", "&".join(["a=b"] * 200)):
            response = crossing(visitor.browser, "/authorize", body)
            assert (response.status_code, response.headers.get("Location")) == (400, None)
        response = crossing(visitor.browser, "/authorize", good + "&x=" + "y" * 6000)
        assert response.status_code == 400
        response = crossing(visitor.browser, "/authorize", good + "&x=" + "y" * 70_000)
        assert response.status_code in {400, 413}
        assert "Location" not in response.headers
        for body in ("", "{}", "\xff"):
            response = crossing(visitor.browser, "/authorize", body)
            if response.status_code == 303:
                assert visitor.browser.get(response.headers["Location"]).status == 400

    def test_the_sealed_form_is_good_for_two_minutes_at_its_own_endpoint(self, tax, visitor, clock):
        visitor.visit(tax)
        location = crossing(visitor.browser, "/authorize", tax.authorization_parameters()).headers["Location"]
        query = urlsplit(location).query
        assert visitor.browser.get(f"/end_session?{query}").status == 400
        assert visitor.browser.get(f"/authorize?{query[:-2]}").status == 400
        assert "code" in visitor.browser.get(location).answer
        clock.advance(120)
        assert visitor.browser.get(location).status == 400


class TestFormPost:
    STATE = '"><script>alert(1)</script>&amp;\'"'

    def form(self, page):
        assert page.status == 200
        (form,) = [form for form in page.forms if form.method == "post"]
        return form, {control.name: control.value for control in form.controls if control.name}

    def test_the_answer_is_a_form_to_the_registered_address(self, tax, visitor):
        """OIDC-FORMPOST-2, RFC9207-2-iss."""
        page = visitor.visit(tax, response_mode="form_post", state=self.STATE)
        form, fields = self.form(page)
        assert form.action == tax.redirect_uri
        assert fields.keys() == {"code", "state", "iss"}
        assert fields["state"] == self.STATE
        assert "<script>alert" not in page.source
        assert form.default_button() is not None, "it works by button without script"
        assert page.headers["Cache-Control"] == "no-store"
        assert "form-action 'self' http://localhost:8001;" in page.headers["Content-Security-Policy"]
        assert "script-src 'self';" in page.headers["Content-Security-Policy"]
        assert tax.redeem(fields["code"]).status_code == 200

    def test_errors_travel_the_same_way(self, tax, visitor, browser):
        for person, change, error in (
            (browser, {"prompt": "none"}, "login_required"),
            (visitor.browser, {"scope": None}, "invalid_scope"),
        ):
            page = tax.authorize(person, response_mode="form_post", state=self.STATE, **change)
            form, fields = self.form(page)
            assert form.action == tax.redirect_uri
            assert (fields["error"], fields["state"], fields["iss"]) == (error, self.STATE, "http://localhost:8000")
        tax.authorize(visitor.browser, response_mode="form_post")
        assert self.form(visitor.browser.submit("consent-deny"))[1]["error"] == "access_denied"

    def test_an_app_with_its_own_scheme_gets_the_form_too(self, new_relying_party, visitor):
        uri = "cn.gov.example.app:/cb"
        site = new_relying_party(
            "app", application_type="native", token_endpoint_auth_method="none", redirect_uris=[uri]
        )
        page = visitor.visit(site, response_mode="form_post")
        assert self.form(page)[0].action == uri
        assert "form-action 'self' cn.gov.example.app:;" in page.headers["Content-Security-Policy"]


class TestQuery:
    @pytest.mark.parametrize("uri", ["http://localhost:8001/cb?tenant=1&x=%20", "http://localhost:8001/cb?"])
    def test_a_query_of_the_registered_address_is_kept(self, new_relying_party, visitor, uri):
        """RFC 6749 §3.1.2: the query component must be retained."""
        site = new_relying_party("site", redirect_uris=[uri])
        page = visitor.visit(site)
        assert page.left_to.startswith(uri + "&")
        values = parse_qs(urlsplit(page.left_to).query)
        assert site.redeem(values["code"][0]).status_code == 200

    def test_the_redirect_is_a_303_that_nobody_stores_and_that_tells_no_referrer(self, tax, visitor):
        """RFC9700-4.12-no-307, RFC9700-4.2.4-referrer, RFC9700-2.6-e2e-tls-metadata: no CORS here."""
        visitor.visit(tax)
        page = tax.authorize(visitor.browser)
        assert page.status == 303
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in page.headers
        preflight = visitor.browser.client.options(
            "/authorize", headers={"Origin": "http://localhost:8001", "Access-Control-Request-Method": "GET"}
        )
        assert "Access-Control-Allow-Origin" not in preflight.headers

    def test_whoever_only_looks_at_the_address_uses_nothing_up(self, tax, visitor, issuer):
        """RFC 6749 §3.1: GET and POST. A program that checks links by HEAD, in the person's browser, gets no code."""
        visitor.visit(tax)
        look = visitor.browser.client.head
        pushed = tax.post("/par", **tax.authorization_parameters()).get_json()["request_uri"]
        address = f"/authorize?{urlencode({'client_id': 'tax', 'request_uri': pushed})}"
        hint = tax.redeem(visitor.code(tax)).get_json()["id_token"]
        for looked_at in (address, f"/end_session?id_token_hint={hint}"):
            answer = look(looked_at, base_url=issuer)
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST"), looked_at
        assert look("/authorize/resume", base_url=issuer).status_code == 405
        assert "code" in visitor.browser.get(address).answer

    def test_the_pages_load_nothing_from_elsewhere(self, tax, browser, visitor):
        """RFC9700-4.2.4-referrer: sign-in and consent; and what they load is there."""
        for page in (tax.authorize(browser), tax.authorize(visitor.browser)):
            loaded = re.findall(r'<(?:script|img|iframe|link)\b[^>]*\s(?:src|href)="([^"]*)"', page.response.text)
            assert loaded, page.url
            assert [address for address in loaded if not re.match(r"/(?!/)|data:image/", address)] == []
            assert page.headers["Referrer-Policy"] == "same-origin"

    def test_no_token_ever_stands_in_an_address(self, tax, visitor):
        """RFC9700-4.3-history, RFC6750-2-transport."""
        addresses = []
        for change in ({}, {"prompt": "none"}, {"prompt": "consent"}):
            page = visitor.visit(tax, **change)
            addresses += [page.url, page.left_to]
        tokens = tax.redeem(page.answer["code"]).get_json()
        secrets = [tokens["access_token"], tokens["id_token"], tokens["refresh_token"]]
        secrets.append(visitor.browser.cookie("idp_session"))
        assert not [address for address in addresses for secret in secrets if secret in address]


@pytest.mark.parametrize(("sent", "made"), [("x" * 43, 0), ("", 1), ("short", 1), ("x" * 42 + "!", 1)])
def test_the_way_to_the_sign_in_page_is_sealed_for_this_browser(tax, browser, sent, made):
    """Rule S2: for a pre-session that we have made; whatever else a browser sends is replaced."""
    browser.set_cookie("idp_presession", sent)
    address = "/authorize?" + urlencode(tax.authorization_parameters())
    answer = browser.get(address, follow=False)
    assert answer.status == 303
    assert [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")] == ["idp_presession"] * made
    assert browser.get(answer.headers["Location"]).has("login-submit")
    browser.set_cookie("idp_presession", "y" * 43)
    assert not browser.get(answer.headers["Location"]).has("login-submit"), "it opens nothing in another browser"
