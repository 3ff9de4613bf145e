"""What is wrong with an authorization request, and who is told: the client by a redirect, or the person by a page
(OpenID Connect Core §3.1.2.6, RFC 6749 §4.1.2.1, RFC 9700 §2.1).
"""

from urllib.parse import urlencode

import pytest

from tests.support.relying_party import claims_of

# The checks are pure; what they read is the same on both databases.
pytestmark = pytest.mark.only_on("sqlite")

CALLBACK = "http://localhost:8001/callback"


def is_page(page):
    """Tell whether the person is told, and nobody else."""
    assert page.status == 400, (page.status, page.left_to)
    assert "Location" not in page.headers
    assert page.response.mimetype == "text/html"
    assert page.left_to == ""
    return page


def error_of(page, site):
    """Return the error that the client was sent, after checking everything around it."""
    answer = page.answer
    assert page.left_to.startswith(site.redirect_uri + "?"), page.left_to or page.text
    assert set(answer) <= {"error", "error_description", "state", "iss"}
    assert answer["state"] == site.state, "OIDC-CORE-3.1.2.6-errors"
    assert answer["iss"] == "http://localhost:8000", "RFC9207-2-iss"
    assert page.headers["Cache-Control"] == "no-store"
    return answer["error"]


def test_errors_before_a_trusted_redirect_uri_are_shown_on_a_page(tax, visitor, services):
    """OIDC-CORE-3.1.2.6-errors, RFC9700-2.1-open-redirector."""
    for change in (
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "nobody"},
        {"client_id": "TAX"},
        {"client_id": "tax\u202e"},
        {"client_id": "x" * 5000},
        {"redirect_uri": None},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.example/", "prompt": "none"},
        {"redirect_uri": "https://evil.example/", "response_mode": "form_post"},
    ):
        is_page(tax.authorize(visitor.browser, **change))
    services.registry.suspend("tax", actor="command:test")
    page = is_page(tax.authorize(visitor.browser))
    assert "暂停" in page.text or "停用" in page.text


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        (CALLBACK.replace("8001", "8002"), "port"),
        (CALLBACK.replace("localhost", "127.0.0.1"), "host"),
        (CALLBACK + "/", "path"),
        ("https://evil.example/", "scheme, host, port, path"),
    ],
)
def test_whoever_sets_a_site_up_is_told_in_which_part_its_address_differs(tax, visitor, uri, parts):
    page = is_page(tax.authorize(visitor.browser, redirect_uri=uri))
    assert f"It differs from the nearest registered one in: {parts}." in page.text
    assert uri not in page.text, "what a stranger sent is not repeated"
    assert CALLBACK not in page.text, "what is registered is not told to strangers"
    assert "没有提供给任何人" in page.text, "the page is the one for an unsafe return"


@pytest.mark.parametrize("uri", ["http://localhost:x/callback", "http://[/callback"])
def test_an_address_that_cannot_be_read_is_refused_like_any_other(tax, visitor, uri):
    assert "is not registered for this client." in is_page(tax.authorize(visitor.browser, redirect_uri=uri)).text


ELSEWHERE = [
    CALLBACK + "/",
    CALLBACK + "?next=https://evil.example",
    CALLBACK + "?",
    CALLBACK + "#",
    CALLBACK + "#access_token",
    CALLBACK + " ",
    " " + CALLBACK,
    CALLBACK + "\n",
    CALLBACK + "%0d%0aSet-Cookie:x=1",
    CALLBACK.replace("callback", "Callback"),
    CALLBACK.replace("callback", "%63allback"),
    CALLBACK.replace("/callback", "/%2e/callback"),
    CALLBACK.replace("/callback", "/%2E%2E/callback"),
    CALLBACK.replace("/callback", "/./callback"),
    CALLBACK.replace("/callback", "/x/../callback"),
    CALLBACK.replace("/callback", "//callback"),
    CALLBACK.replace("/callback", "\\callback"),
    CALLBACK.replace("localhost", "LOCALHOST"),
    CALLBACK.replace("localhost", "localhost."),
    CALLBACK.replace("localhost", "evil.localhost"),
    CALLBACK.replace("localhost", "localhost.evil.example"),
    CALLBACK.replace("localhost", "127.0.0.1"),
    CALLBACK.replace("localhost", "user@localhost"),
    CALLBACK.replace("localhost:8001", "localhost:8001@evil.example"),
    CALLBACK.replace("8001", "8002"),
    CALLBACK.replace("http:", "HTTP:"),
    CALLBACK.replace("http:", "https:"),
    CALLBACK.replace("http:", ""),
    "/callback",
    "callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://evil.example/?" + CALLBACK,
    CALLBACK.replace("callback", "\u0441allback"),
]


def test_an_address_that_is_not_registered_to_the_letter_gets_no_redirect(tax, visitor):
    """RFC9700-2.1-redirect-exact, RFC9700-4.1.3-countermeasures."""
    for uri in ELSEWHERE:
        is_page(tax.authorize(visitor.browser, redirect_uri=uri))
        is_page(tax.authorize(visitor.browser, redirect_uri=uri, scope=None))


def test_only_a_native_application_may_vary_the_loopback_port(new_relying_party, visitor):
    """RFC9700-2.1-redirect-exact, RFC 8252 §7.3."""
    uris = ["http://127.0.0.1/cb", "http://[::1]:7000/cb?a=1", "cn.gov.example.app:/cb"]
    app = new_relying_party(
        "app",
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=uris,
    )
    for uri in (*uris, "http://127.0.0.1:49152/cb", "http://[::1]:1/cb?a=1", "http://[::1]/cb?a=1"):
        page = visitor.visit(app, redirect_uri=uri)
        assert page.left_to.startswith(uri), page.text
        assert app.redeem(page.answer["code"], redirect_uri=uri).status_code == 200
    for uri in (
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:1/cb/",
        "http://127.0.0.1:1/CB",
        "http://127.0.0.1:1/cb?x=1",
        "http://127.0.0.1:1/cb#",
        "http://127.0.0.1:1/%63b",
        "http://127.0.0.1:1@evil.example/cb",
        "http://u@127.0.0.1:1/cb",
        "http://127.0.0.1.evil.example:1/cb",
        "http://127.0.0.2:1/cb",
        "http://127.1:1/cb",
        "http://localhost:1/cb",
        "http://[0:0:0:0:0:0:0:1]:1/cb?a=1",
        "https://127.0.0.1:1/cb",
        "HTTP://127.0.0.1:1/cb",
        " http://127.0.0.1:1/cb",
        "http://127.0.0.1:1/cb\n",
        "http://127.0.0.1:1\n2/cb",
        "http://127.0.0.1:1\t2/cb",
        "http://127.0.0.1:\uff11/cb",
        "cn.gov.example.app:1/cb",
    ):
        is_page(app.authorize(visitor.browser, redirect_uri=uri))
    web = new_relying_party("web", redirect_uris=["http://127.0.0.1:9001/cb"])
    is_page(web.authorize(visitor.browser, redirect_uri="http://127.0.0.1:9002/cb"))


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "none"}, "unsupported_response_type"),
    ({"response_type": "CODE"}, "unsupported_response_type"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": " "}, "invalid_scope"),
    ({"scope": "magic"}, "invalid_scope"),
    ({"scope": "openid " + "x" * 1000}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge": "x" * 42}, "invalid_request"),
    ({"code_challenge": "x" * 44}, "invalid_request"),
    ({"code_challenge": "x" * 42 + "="}, "invalid_request"),
    ({"code_challenge": "x" * 42 + "\n"}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "consent none"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"prompt": "LOGIN"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "1.5"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "\uff11"}, "invalid_request"),
    ({"max_age": "²"}, "invalid_request"),
    ({"max_age": " 1"}, "invalid_request"),
    ({"max_age": "1" * 400}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
    ({"claims": "null"}, "invalid_request"),
    ({"claims": '"userinfo"'}, "invalid_request"),
    ({"claims": '{"userinfo":[1]}'}, "invalid_request"),
    ({"claims": '{"id_token":"acr"}'}, "invalid_request"),
    ({"claims": "[" * 4000 + "]" * 4000}, "invalid_request"),
    ({"claims": '{"a":' * 1300 + "1" + "}" * 1300}, "invalid_request"),
    ({"claims": '{"userinfo":{"x":"' + "y" * 8000 + '"}}'}, "invalid_request"),
    ({"claims": '{"userinfo":{"name":"\\ud800"}}'}, "invalid_request"),
    (
        {"claims": '{"id_token":{"acr":{"essential":true,"values":["urn:idp:acr:aal3","gold"]}}}'},
        "unmet_authentication_requirements",
    ),
    (
        {"claims": '{"id_token":{"acr":{"essential":true,"value":"urn:idp:acr:aal3"}}}'},
        "unmet_authentication_requirements",
    ),
    ({"request": "a.b.c"}, "invalid_request_object"),
    ({"request_uri": "https://evil.example/request"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"id_token_hint": "a.b.c"}, "invalid_request"),
    ({"id_token_hint": "x" * 5000}, "invalid_request"),
    ({"id_token_hint": "ü.b.c"}, "invalid_request"),
    ({"nonce": "n" * 513}, "invalid_request"),
    ({"login_hint": "n" * 257}, "invalid_request"),
    ({"ui_locales": "n" * 201}, "invalid_request"),
    ({"acr_values": "n" * 501}, "invalid_request"),
]


def test_errors_after_a_trusted_redirect_uri_are_sent_to_the_client(tax, visitor, browser):
    """OIDC-CORE-3.1.2.6-errors, OIDC-CORE-3.1.2.1-response-type, OIDC-CORE-3.1.2.1-prompt-none-with-other,
    OIDC-CORE-3.1.2.1-max-age, OIDC-CORE-3.2-no-implicit, OIDC-CORE-3.3-no-hybrid, OIDC-CORE-5.5.1.1-acr-essential,
    RFC7636-4.2-s256, RFC9700-2.1.1-pkce, RFC9101-10-request-uri-fetch, RFC9700-2.1.2-no-implicit.
    """
    for change, error in WRONG:
        for person in (browser, visitor.browser):
            assert error_of(tax.authorize(person, **change), tax) == error, change
    # Nothing of it counted as a first visit.
    assert tax.authorize(visitor.browser).has("consent-allow")


def test_a_scope_that_is_not_the_clients_is_refused_and_an_unknown_one_ignored(welfare, visitor):
    """OIDC-CORE-3.1.2.1-openid-scope."""
    refused = welfare.authorize(visitor.browser, scope="openid organization email")
    assert error_of(refused, welfare) == "invalid_scope"
    assert refused.answer["error_description"] == "The client is not registered for: email organization."
    tokens = visitor.tokens(welfare, scope="openid profile magic")
    assert tokens["scope"] == "openid profile"
    without_openid = visitor.tokens(welfare, scope="profile")
    assert "id_token" not in without_openid


def test_an_unknown_response_mode_is_answered_in_none(tax, visitor):
    """OIDC-CORE-3.1.2.6-errors: unsupported response_mode is HTTP 400."""
    for mode in ("fragment", "web_message", "QUERY", "JWT", "query.JWT", "web_message.jwt"):
        is_page(tax.authorize(visitor.browser, response_mode=mode))


def test_a_parameter_given_twice_is_refused_whichever_it_is(tax, visitor):
    """RFC6749-3.1-duplicate-param."""
    for name in ("client_id", "redirect_uri", "scope", "state", "response_type", "nonce", "magic"):
        parameters = tax.authorization_parameters(magic="1")
        query = urlencode([*parameters.items(), (name, parameters[name])])
        is_page(visitor.browser.get(f"/authorize?{query}"))


def test_the_state_comes_back_as_it_was(tax, visitor):
    """OIDC-CORE-3.1.2.6-errors, OIDC-CORE-3.1.2.1-prompt-none."""
    for state in ('"><script>alert(1)</script>', "a&b=c#d?e%20+ f", "状态", "x" * 2048, "\r\nX: y"):
        page = tax.authorize(visitor.browser, state=state, prompt="none")
        assert page.answer["state"] == state
        assert "\n" not in page.headers["Location"]
        assert visitor.visit(tax, state=state).answer["state"] == state


def test_without_a_state_none_comes_back(tax, visitor):
    for state in (None, ""):
        answer = visitor.visit(tax, state=state).answer
        assert set(answer) == {"code", "iss"}


def test_raw_bytes_in_the_query_are_utf_8_or_refused(tax, visitor, client, issuer):
    """RFC 6749 appendix B: parameters are UTF-8."""
    visitor.tokens(tax)
    cookie = {"Cookie": f"idp_session={visitor.browser.cookie('idp_session')}"}
    query = urlencode(tax.authorization_parameters(state=None, prompt="none"))
    for raw, kept in (("状态".encode(), True), (b"\xff\xfe", False), (b"\xed\xa0\x80", False), (b"%c0%80", False)):
        environ = {"QUERY_STRING": query + "&state=" + raw.decode("latin-1")}
        response = client.get("/authorize", base_url=issuer, headers=cookie, environ_overrides=environ)
        assert response.status_code == (303 if kept else 400)
        if kept:
            assert response.headers["Location"].endswith(
                f"&{urlencode({'state': '状态'})}&{urlencode({'iss': issuer})}"
            )


def test_no_address_in_another_parameter_is_ever_followed(visitor, browser):
    """RFC9700-2.1-open-redirector, RFC9700-4.11.2."""
    for path in ("/login", "/logout", "/authorize", "/authorize/resume", "/consent", "/end_session", "/"):
        for name in ("next", "return_to", "continue", "redirect", "url", "post_logout_redirect_uri", "i", "l"):
            for person in (browser, visitor.browser):
                page = person.get(f"{path}?{name}=https://evil.example/", follow=False)
                assert page.status < 500
                assert "evil.example" not in page.headers.get("Location", "")


def test_nothing_is_written_by_requests_that_fail(tax, visitor, services):
    """Bad input: nothing is half written."""
    before = _rows(services)
    for change in ({"scope": None}, {"redirect_uri": "x"}, {"prompt": "none"}, {"claims": "{"}):
        tax.authorize(visitor.browser, **change)
    assert _rows(services) == before


def _rows(services):
    from sqlalchemy import func, select

    from idp.foundation.database import Base

    with services.database.read() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table))
            for name, table in Base.metadata.tables.items()
        }


def test_a_request_with_everything_odd_but_allowed_goes_through(tax, visitor):
    """OIDC-CORE-3.1.2.1-locales-display-acr, OIDC-CORE-3.1.2.1-unknown-params."""
    tokens = visitor.tokens(
        tax,
        ui_locales="tlh xx-!! en-u-ca-buddhist * ../../etc",
        claims_locales="zz",
        display="hologram",
        acr_values="gold silver",
        extra="foobar",
        s="x",
        i="y",
        login_hint='"><b>',
        audience="https://elsewhere.example",
    )
    assert claims_of(tokens["id_token"])["aud"] == "tax"
