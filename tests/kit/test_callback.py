"""What comes back from the provider, or pretends to: refused with a page that helps, and nobody is signed in."""

import logging

import pytest

from tests.kit.provider import Provider
from tests.kit.visitor import Shown, Visitor


def is_helpful(answer: Shown, chinese: str, english: str) -> bool:
    """Both languages, a way on, a reference, nothing loaded from anywhere, not cached."""
    return (
        all(words in answer.text for words in (chinese, english, 'href="/"', "编号：", "Reference: "))
        and "<script" not in answer.text
        and "http" not in answer.text.replace("http-equiv", "")
        and answer.headers["Cache-Control"] == "no-store"
        and "default-src 'none'" in answer.headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize("iss", ["http://127.0.0.1:1", "", None])
@pytest.mark.parametrize("error", [None, "access_denied"])
def test_answer_of_another_issuer_is_refused(provider: Provider, visitor: Visitor, iss, error) -> None:
    """RFC9700-4.4.2-mixup-iss, RFC9207-2-iss: mix-up, for success and error alike; the code is not sent anywhere."""
    answer = visitor.sign_in(provider, iss=iss, error=error)
    assert answer.status == 400
    assert is_helpful(answer, "登录未完成", "You are not signed in")
    assert provider.calls["/token"] == 0
    assert visitor.get("/").text == "signed out"


def test_state_of_another_browser_is_refused(provider: Provider, visitor: Visitor) -> None:
    """RFC 9700 §4.7: an attacker's own sign-in must not end up in somebody else's browser."""
    attacker = visitor.elsewhere()
    link = provider.authorize(attacker.get("/login").location)
    answer = visitor.get(link)
    assert answer.status == 400
    assert is_helpful(answer, "请重新登录", "Please sign in again")
    assert 'href="/login?next=/"' in answer.text
    assert provider.calls["/token"] == 0


def test_state_moved_to_the_cookie_of_another_is_refused(provider: Provider, visitor: Visitor) -> None:
    link = provider.authorize(visitor.get("/login").location)
    (name,) = visitor.cookies
    other = visitor.elsewhere()
    other.get("/login")
    (value,) = other.cookies.values()
    visitor.cookies = {name: value}
    assert visitor.get(link).status == 400


def test_code_injected_into_a_sign_in_of_the_victim_is_refused(provider: Provider, visitor: Visitor) -> None:
    """RFC9700-2.1.1-nonce-state-bound: the code is bound to the other browser's PKCE challenge and nonce."""
    stolen = provider.authorize(visitor.elsewhere().get("/login").location).split("code=")[1].split("&")[0]
    answer = visitor.sign_in(provider, code=stolen)
    assert answer.status == 400
    assert visitor.get("/").text == "signed out"


def test_waited_too_long(provider: Provider, visitor: Visitor, now) -> None:
    link = provider.authorize(visitor.get("/login").location)
    now.moved += 3601
    assert visitor.get(link).status == 400


def test_callback_is_answered_once_and_a_reload_does_no_harm(provider: Provider, visitor: Visitor) -> None:
    link = provider.authorize(visitor.get("/login").location)
    assert visitor.get(link).status == 303
    assert visitor.get(link).location == "/"
    assert provider.calls["/token"] == 1
    assert visitor.get("/").text.startswith("signed in")


@pytest.mark.parametrize(
    "target", ["/callback", "/callback?code=x", "/callback?state=&code=x", "/callback?state=x&state=y"]
)
def test_callback_without_a_sign_in_helps(visitor: Visitor, target: str) -> None:
    assert visitor.get(target).status == 400


@pytest.mark.parametrize("repeated", ["code", "iss", "error"])
def test_parameter_given_twice_is_refused(provider: Provider, visitor: Visitor, repeated: str) -> None:
    link = provider.authorize(visitor.get("/login").location)
    assert visitor.get(f"{link}&{repeated}=x&{repeated}=x").status == 400
    assert provider.calls["/token"] == 0


@pytest.mark.parametrize(
    ("error", "status", "chinese", "english"),
    [
        ("access_denied", 403, "您没有登录", "You did not agree"),
        ("login_required", 400, "请登录", "Please sign in"),
        ("consent_required", 400, "请登录", "Please sign in"),
        ("interaction_required", 400, "请登录", "Please sign in"),
        ("temporarily_unavailable", 503, "暂时无法使用", "not possible right now"),
        ("server_error", 503, "暂时无法使用", "not possible right now"),
        ("unmet_authentication_requirements", 403, "更安全的登录方式", "stronger sign-in"),
        ("invalid_scope", 502, "不是您的错", "not your fault"),
        ("<script>alert(1)</script>", 502, "不是您的错", "not your fault"),
    ],
)
def test_error_gets_a_page_that_helps(provider, visitor, error, status, chinese, english) -> None:
    answer = visitor.sign_in(
        provider, "/records", code=None, error=error, error_description="<b>text of the request</b>"
    )
    assert answer.status == status
    assert is_helpful(answer, chinese, english)
    assert "text of the request" not in answer.text
    if status != 502:
        assert 'href="/login?next=/records"' in answer.text


def test_reference_on_the_page_leads_to_the_reason_in_the_log(
    provider, visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "rp_kit"):
        answer = visitor.sign_in(provider, iss="http://127.0.0.1:1")
    reference = answer.text.split("编号：")[1].split("<")[0]
    (record,) = [record for record in caplog.records if reference in record.getMessage()]
    assert "iss is missing or another issuer" in record.getMessage()


@pytest.mark.parametrize(
    ("description", "logged"),
    [
        ("The client is not registered for: email.", "invalid_scope: answered by the provider: The client is not"),
        ("two\nlines", "invalid_scope: answered by the provider"),
        ("长", "invalid_scope: answered by the provider"),
        ("x" * 201, "invalid_scope: answered by the provider"),
    ],
)
def test_words_of_the_provider_reach_the_log_as_one_line(
    provider, visitor, caplog: pytest.LogCaptureFixture, description: str, logged: str
) -> None:
    """RFC 6749 §4.1.2.1: they are for the developer, who sees this log before any other."""
    with caplog.at_level(logging.WARNING, "rp_kit"):
        visitor.sign_in(provider, code=None, error="invalid_scope", error_description=description)
    [message] = [record.getMessage() for record in caplog.records if "sign-in notice" in record.getMessage()]
    assert logged in message
    assert description not in message or description.startswith("The client")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((500, b""), 503),
        ((429, b""), 503),
        ((400, b'{"error": "invalid_grant"}'), 400),
        ((401, b'{"error": "invalid_client"}'), 502),
        ((200, b"{}"), 503),
        ((200, b"not json"), 503),
        ((200, b'{"access_token": "a", "token_type": "mac", "expires_in": 5}'), 503),
        ((200, b'{"access_token": "a", "token_type": "Bearer", "expires_in": true}'), 503),
        ((200, b'{"access_token": "a", "token_type": "Bearer", "expires_in": 5, "id_token": 7}'), 503),
        ((200, b'{"access_token": "a", "token_type": "Bearer", "expires_in": 5}'), 400),
        ((200, b'{"access_token": "a", "token_type": "Bearer", "expires_in": 5, "id_token": "x"}'), 400),
    ],
)
def test_odd_answer_of_the_token_endpoint_signs_nobody_in(provider, visitor, answer, status) -> None:
    provider.answers["/token"] = answer
    assert visitor.sign_in(provider).status == status
    assert visitor.get("/").text == "signed out"


def test_provider_that_is_down_is_said_in_words(provider: Provider, visitor: Visitor) -> None:
    provider.go_down()
    answer = visitor.get("/records")
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert is_helpful(answer, "暂时联系不上统一身份认证平台", "cannot be reached")


def test_other_methods_are_refused(visitor: Visitor) -> None:
    assert [visitor.post(target).status for target in ("/login", "/callback")] == [405, 405]
    assert visitor.get("/backchannel-logout").status == 405
