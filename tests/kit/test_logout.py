"""Signing out here, and being signed out from elsewhere (RP-Initiated Logout §2, OIDC-BCL-2.4, -2.4-sid, -2.5-post)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.kit.provider import Provider
from tests.kit.visitor import Shown, Visitor


def told(visitor: Visitor, token: str) -> Shown:
    """What the provider's call is answered; it comes from a server, without cookies and without an origin."""
    return visitor.elsewhere().post("/backchannel-logout", {"logout_token": token}, headers={"Origin": "null"})


def test_provider_ends_the_sign_in_at_once(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    answer = told(visitor, provider.logout_token())
    assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (200, "", "no-store")
    assert visitor.get("/").text == "signed out"
    assert visitor.get("/records").status == 303


def test_session_logout_ends_that_session_only(provider: Provider, visitor: Visitor) -> None:
    """OIDC-BCL-2.4-sid: two browsers of one person."""
    visitor.sign_in(provider)
    other = visitor.elsewhere()
    provider.id_token = {"sid": "session-2"}
    other.sign_in(provider)
    assert told(visitor, provider.logout_token(sid="session-2")).status == 200
    assert visitor.get("/").text.startswith("signed in")
    assert other.get("/").text == "signed out"


@pytest.mark.parametrize("absent", ["sub", "sid"])
def test_logout_works_by_session_or_by_person(provider: Provider, visitor: Visitor, absent: str) -> None:
    visitor.sign_in(provider)
    other = visitor.elsewhere()
    provider.id_token = {"sid": "session-2"}
    other.sign_in(provider)
    assert told(visitor, provider.logout_token(**{absent: None})).status == 200
    assert visitor.get("/").text == "signed out"
    assert (other.get("/").text == "signed out") == (absent == "sid")


def test_session_of_another_person_is_not_ended(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    assert told(visitor, provider.logout_token(sub="somebody-else")).status == 200
    assert visitor.get("/").text.startswith("signed in")


def test_replayed_logout_token_is_refused(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    token = provider.logout_token(sid=None)
    assert told(visitor, token).status == 200
    provider.id_token = {"iat": int(provider.now()) + 5, "sid": "session-2"}
    visitor.sign_in(provider)
    answer = told(visitor, token)
    assert (answer.status, "spent before" in answer.text) == (400, True)
    assert visitor.get("/").text.startswith("signed in")


def test_of_twenty_parallel_deliveries_one_is_accepted(provider: Provider, visitor: Visitor) -> None:
    token = provider.logout_token()
    together = threading.Barrier(20)

    def deliver(_: int) -> int:
        together.wait()
        return told(visitor, token).status

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(deliver, range(20))) == [200] + [400] * 19


@pytest.mark.parametrize("absent", [None, "sid"])
def test_sign_in_racing_a_sign_out_loses(provider: Provider, visitor: Visitor, absent: str | None) -> None:
    """The logout arrives while the person is between provider and site."""
    back = provider.authorize(visitor.get("/login").location)
    provider.id_token = {"iat": int(provider.now())}
    changes = {} if absent is None else {absent: None}
    assert told(visitor, provider.logout_token(iat=int(provider.now()), **changes)).status == 200
    answer = visitor.get(back)
    assert answer.status == 400
    assert "您已退出登录" in answer.text
    assert visitor.get("/").text == "signed out"


def test_person_may_sign_in_again_after_a_logout(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider)
    told(visitor, provider.logout_token(sid=None))
    now.moved += 2
    provider.id_token = {"sid": "session-2"}
    visitor.sign_in(provider)
    assert visitor.get("/").text.startswith("signed in")


@pytest.mark.parametrize(
    ("fields", "content_type"),
    [
        ({}, "application/x-www-form-urlencoded"),
        ({"logout_token": ""}, "application/x-www-form-urlencoded"),
        ({"logout_token": "x" * 70_000}, "application/x-www-form-urlencoded"),
        ({"logout_token": "x.y.z"}, "application/x-www-form-urlencoded"),
        ({"logout_token": "GOOD"}, "application/json"),
        ({"logout_token": "GOOD"}, "text/plain"),
        ({str(number): "x" for number in range(30)} | {"logout_token": "GOOD"}, "application/x-www-form-urlencoded"),
    ],
)
def test_request_that_is_no_logout_request_is_refused(provider, visitor, fields, content_type) -> None:
    visitor.sign_in(provider)
    filled = {name: provider.logout_token() if value == "GOOD" else value for name, value in fields.items()}
    answer = visitor.elsewhere().post("/backchannel-logout", filled, headers={"Content-Type": content_type})
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/json"
    assert visitor.get("/").text.startswith("signed in")


def test_id_token_does_not_sign_anybody_out(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    assert told(visitor, provider.sign(provider.id_claims(), "JWT")).status == 400
    assert visitor.get("/").text.startswith("signed in")


def test_token_that_cannot_be_checked_now_may_be_sent_again(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider)
    now.moved += 301
    provider.answers["/jwks.json"] = (500, b"")
    assert told(visitor, provider.logout_token()).status == 503
    del provider.answers["/jwks.json"]
    now.moved += 3
    assert told(visitor, provider.logout_token()).status == 200
    assert visitor.get("/").text == "signed out"


def test_person_signs_out_here_and_at_the_provider(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    answer = visitor.post("/logout")
    request = {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}
    assert (answer.status, answer.location.split("?")[0]) == (303, f"{provider.issuer}/end_session")
    assert request.pop("id_token_hint").count(".") == 2
    assert request == {"client_id": "tax", "post_logout_redirect_uri": f"{visitor.origin}/"}
    assert "tax_session" not in visitor.cookies
    assert visitor.get("/").text == "signed out"


def test_copied_cookie_is_worth_nothing_after_signing_out(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    thief = visitor.elsewhere()
    thief.cookies = dict(visitor.cookies)
    visitor.post("/logout")
    assert thief.get("/").text == "signed out"


def test_link_to_sign_out_asks_first(provider: Provider, visitor: Visitor) -> None:
    visitor.sign_in(provider)
    answer = visitor.get("/logout")
    assert (answer.status, '<form method="post" action="/logout">' in answer.text) == (200, True)
    assert visitor.get("/").text.startswith("signed in")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Origin", "http://localhost:1"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "cross-site"),
    ],
)
def test_another_site_cannot_sign_a_person_out(provider: Provider, visitor: Visitor, name: str, value: str) -> None:
    """Rule S8: neighbouring departments share a site, so SameSite is no defence among them."""
    visitor.sign_in(provider)
    assert visitor.post("/logout", headers={name: value}).status == 403
    assert visitor.get("/").text.startswith("signed in")


def test_signing_out_without_a_sign_in_does_no_harm(visitor: Visitor) -> None:
    assert visitor.post("/logout").location == "/"


def test_signing_out_while_the_provider_is_down_still_ends_it_here(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider)
    now.moved += 3500
    visitor.get("/")
    now.moved += 200
    provider.go_down()
    answer = visitor.post("/logout")
    assert answer.status == 503
    assert "您已退出本网站" in answer.text
    assert visitor.get("/").text == "signed out"
