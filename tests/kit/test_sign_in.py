"""Signing in at a site of each framework, through its real addresses (OIDC Core §3.1, RFC 7636, RFC 9207)."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from rp_kit import RelyingParty
from werkzeug.test import Client

from tests.kit.provider import Provider
from tests.kit.visitor import Visitor

SIGNED_IN = "signed in as 张三 pairwise-subject"


def parameters(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_person_signs_in(provider: Provider, visitor: Visitor) -> None:
    assert visitor.get("/").text == "signed out"
    answer = visitor.sign_in(provider)
    assert (answer.status, answer.location) == (303, "/")
    assert visitor.get("/").text == SIGNED_IN


def test_request_asks_for_everything_that_protects_it(provider: Provider, visitor: Visitor) -> None:
    """RFC7636-4.2-s256, RFC 9700 §4.7: state, nonce, S256 challenge; nothing secret in the address."""
    answer = visitor.get("/login?lang=en")
    request = parameters(answer.location)
    assert answer.location.startswith(f"{provider.issuer}/authorize?")
    assert request["redirect_uri"] == f"{visitor.origin}/callback"
    assert (request["response_type"], request["code_challenge_method"], request["ui_locales"]) == ("code", "S256", "en")
    assert min(len(request[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert len({request[name] for name in ("state", "nonce", "code_challenge")}) == 3
    again = parameters(visitor.get("/login").location)
    assert all(request[name] != again[name] for name in ("state", "nonce", "code_challenge"))


def test_cookies_are_out_of_reach_of_scripts_and_named_after_the_client(provider: Provider, visitor: Visitor) -> None:
    pending = visitor.get("/login").headers["Set-Cookie"]
    session = visitor.sign_in(provider).headers.get_all("Set-Cookie", [""])[0]
    for cookie, name in ((pending, "tax_login_"), (session, "tax_session=")):
        assert cookie.startswith(name)
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_cookies_over_https_are_locked_to_the_host(make_site, configure) -> None:
    site = Client(make_site(RelyingParty(configure(origin="https://tax.example"))))
    cookie = site.get("/login", base_url="https://tax.example").headers["Set-Cookie"].strip()
    assert cookie.startswith("__Host-tax_login_")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_guarded_page_leads_through_the_provider_and_back(provider: Provider, visitor: Visitor) -> None:
    target = "/records?year=2026&q=%E7%A8%8E"
    assert visitor.sign_in(provider, target).location == target
    assert visitor.get(target).text == SIGNED_IN


def test_form_posted_without_a_sign_in_says_that_nothing_was_done(visitor: Visitor) -> None:
    answer = visitor.post("/records")
    if answer.status != 403 or "CSRF" not in answer.text:  # Django's own check may come first.
        assert answer.status == 401
        assert "没有办理" in answer.text
        assert "Nothing was done" in answer.text


def test_stronger_sign_in_is_asked_for_and_demanded(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    assert parameters(visitor.get("/seal").location)["acr_values"] == "urn:idp:acr:aal3"
    refused = visitor.sign_in(provider, "/seal")
    assert refused.status == 400
    provider.id_token = {"acr": "urn:idp:acr:aal3"}
    assert visitor.sign_in(provider, "/seal").location == "/seal"
    assert visitor.get("/seal").text == SIGNED_IN


def test_fresh_sign_in_is_asked_for_when_the_last_is_too_old(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider, "/fresh")
    assert visitor.get("/fresh").text == SIGNED_IN
    now.moved += 301
    assert parameters(visitor.get("/fresh").location)["max_age"] == "300"
    assert visitor.get("/records").text == SIGNED_IN
    provider.id_token = {"auth_time": int(time.time()) - 400}
    assert visitor.sign_in(provider, "/fresh").status == 400


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "\\\\evil",
        "/login",
        "/callback?x=1",
        "/" + "x" * 400,
        "/a\nb",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(provider: Provider, visitor: Visitor, target: str) -> None:
    from urllib.parse import quote

    location = visitor.sign_in(provider, f"/login?next={quote(target, safe='')}").location
    assert location == "/" or (
        location.startswith("/") and not location.startswith(("//", "/\\")) and "\n" not in location
    )
    assert "evil" not in urlsplit(location).netloc
    assert urlsplit(location).path not in {"/login", "/callback"}


def test_several_tabs_do_not_disturb_each_other(provider: Provider, visitor: Visitor) -> None:
    tabs = [visitor.get(f"/records?tab={number}").location for number in range(3)]
    backs = [provider.authorize(location) for location in tabs]
    for number in (1, 2, 0):
        assert visitor.get(backs[number]).location == f"/records?tab={number}"


def test_unfinished_sign_ins_are_bounded_and_the_oldest_go(provider: Provider, visitor: Visitor, now) -> None:
    backs = []
    for _ in range(9):
        backs.append(provider.authorize(visitor.get("/login").location))
        now.moved += 1
    visitor.cookies["tax_login_forged"] = "nonsense"
    backs.append(provider.authorize(visitor.get("/login").location))
    assert len([name for name in visitor.cookies if name.startswith("tax_login_")]) == 5
    assert "tax_login_forged" not in visitor.cookies
    assert visitor.get(backs[0]).status == 400
    assert [visitor.get(back).status for back in backs[-5:]] == [303] * 5


def test_signing_in_again_gives_a_new_cookie_and_ends_the_old_one(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    before = visitor.elsewhere()
    before.cookies = dict(visitor.cookies)
    visitor.sign_in(provider)
    assert visitor.cookies["tax_session"] != before.cookies["tax_session"]
    assert before.get("/").text == "signed out"
    assert visitor.get("/").text == SIGNED_IN


def test_invented_session_cookie_signs_nobody_in(visitor: Visitor) -> None:
    for value in ("x", "", "a" * 5000, "%00"):
        visitor.cookies["tax_session"] = value
        assert visitor.get("/").text == "signed out"


def test_sign_in_ends_without_use_and_in_all(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider)
    for _ in range(15):
        now.moved += 3000
        if visitor.get("/").text == "signed out":
            break
    assert 43_200 <= now.moved <= 45_000
    visitor.sign_in(provider)
    now.moved += 3601
    assert visitor.get("/").text == "signed out"


def test_page_about_a_person_is_not_cached(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    answer = visitor.get("/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


def test_claims_about_the_sign_in_come_from_the_signed_token_only(provider: Provider, visitor: Visitor) -> None:
    provider.userinfo |= {"acr": "urn:idp:acr:aal3", "auth_time": 9_999_999_999}
    visitor.sign_in(provider)
    assert visitor.get("/seal").status == 303


def test_userinfo_of_another_person_is_refused(provider: Provider, visitor: Visitor) -> None:
    """ASVS-10.5.2: the subject of userinfo must be that of the ID token."""
    provider.userinfo["sub"] = "somebody-else"
    assert visitor.sign_in(provider).status == 400
    assert visitor.get("/").text == "signed out"
