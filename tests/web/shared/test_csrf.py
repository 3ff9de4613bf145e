"""Forms are believed only from our own pages (ASVS 3.5.1, security rule S8; OIDC-CORE-3.1.2.3-csrf-clickjack)."""

import re

import pytest

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def token_of(response):
    return TOKEN.findall(response.text)[0]


def test_form_of_our_own_page_is_believed(visitor):
    token = token_of(visitor.get("/login"))
    assert visitor.post("/login", {"csrf_token": token}).status_code == 200


def test_token_differs_in_each_response_and_each_is_good(visitor):
    # BREACH: the same bytes never stand twice in a compressed page.
    tokens = {token_of(visitor.get("/login")) for _ in range(5)}
    assert len(tokens) == 5
    for token in tokens:
        assert visitor.post("/login", {"csrf_token": token}).status_code == 200


@pytest.mark.parametrize(
    "token", ["", "x", "x.k1", ".k1", "A" * 86, "A" * 86 + ".k1", "A" * 86 + ".unknown", "税" * 40, "A" * 5000 + ".k1"]
)
def test_wrong_token_is_refused_with_a_page_that_helps(visitor, token):
    visitor.get("/login")
    response = visitor.post("/login?i=sealed", {"csrf_token": token})
    assert response.status_code == 403
    assert "这个页面打开太久了" in response.text
    assert 'href="/login?i=sealed"' in response.text


def test_missing_token_is_refused(visitor):
    visitor.get("/login")
    assert visitor.post("/login", {}).status_code == 403


def test_token_of_another_browser_is_refused(app, visitor):
    stranger = type(visitor)(app, visitor.origin)
    token = token_of(stranger.get("/login"))
    visitor.get("/login")
    assert visitor.post("/login", {"csrf_token": token}).status_code == 403


def test_token_without_any_cookie_is_refused(app, visitor):
    token = token_of(visitor.get("/login"))
    bare = type(visitor)(app, visitor.origin)
    assert bare.post("/login", {"csrf_token": token}).status_code == 403


def test_token_is_bound_to_the_session_once_there_is_one(visitor):
    visitor.client.set_cookie("__Host-idp_session", "one", domain="id.example.gov.cn", secure=True)
    token = token_of(visitor.get("/account/devices"))
    assert visitor.post("/account/devices", {"csrf_token": token}).status_code == 200
    visitor.client.set_cookie("__Host-idp_session", "two", domain="id.example.gov.cn", secure=True)
    assert visitor.post("/account/devices", {"csrf_token": token}).status_code == 403


def test_page_opened_before_signing_in_elsewhere_still_works(visitor):
    token = token_of(visitor.get("/login"))
    visitor.client.set_cookie("__Host-idp_session", "one", domain="id.example.gov.cn", secure=True)
    assert visitor.post("/login", {"csrf_token": token}).status_code == 200


def test_presession_value_does_not_pass_for_a_session_value(app, visitor):
    [(_, value, _)] = visitor.cookies_of(visitor.get("/login"))
    token = token_of(visitor.get("/login"))
    other = type(visitor)(app, visitor.origin)
    other.client.set_cookie("__Host-idp_session", value, domain="id.example.gov.cn", secure=True)
    assert other.post("/login", {"csrf_token": token}).status_code == 403


def test_token_survives_the_rotation_of_its_key(visitor, keyring):
    token = token_of(visitor.get("/login"))
    keyring.current = "k2"
    assert visitor.post("/login", {"csrf_token": token}).status_code == 200
    keyring.known = {"k2"}
    assert visitor.post("/login", {"csrf_token": token}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://id.example.gov.cn"}, 403),
        ({"Origin": "https://id.example.gov.cn"}, 200),
        ({"Origin": "https://tax.example.gov.cn"}, 403),
        ({"Origin": "http://id.example.gov.cn"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_request_that_says_it_comes_from_elsewhere_is_refused(visitor, headers, status):
    token = token_of(visitor.get("/login"))
    assert visitor.post("/login", {"csrf_token": token}, headers=headers).status_code == status


def test_every_unsafe_method_is_checked_and_safe_ones_are_not(visitor):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = visitor.client.open("/login", method=method, base_url=visitor.origin)
        assert response.status_code in {403, 405}
    for method in ("GET", "HEAD"):
        assert visitor.client.open("/login", method=method, base_url=visitor.origin).status_code == 200
