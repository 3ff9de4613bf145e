"""The kit's notices within a template of the site, and the language they are written in (RFC 9110 §12.5.4)."""

import pytest

from tests.kit.provider import Provider
from tests.kit.visitor import Visitor

DENIED = {"zh-Hans": "您没有同意提供信息", "en": "You did not agree"}


def test_who_is_signed_out_here_only_reads_so_on_a_page_that_shows_nobody_signed_in(
    provider: Provider, framed_visitor: Visitor, now
) -> None:
    framed_visitor.sign_in(provider)
    now.moved += 3500
    framed_visitor.get("/")
    now.moved += 200
    provider.go_down()
    shown = framed_visitor.post("/logout")
    assert shown.status == 503
    assert "<title>您已退出本网站</title>\n<p>signed out</p>\n<h1>您已退出本网站</h1>" in shown.text
    assert "style-src" not in (shown.headers["Content-Security-Policy"] or "")
    assert shown.headers["Cache-Control"] == "no-store"


def test_question_whether_to_sign_out_is_a_form_of_the_page(provider: Provider, framed_visitor: Visitor) -> None:
    framed_visitor.sign_in(provider)
    shown = framed_visitor.get("/logout?lang=en").text
    assert "<p>signed in</p>\n<h1>Do you want to sign out?</h1>" in shown
    assert '<form method="post" action="/logout">' in shown


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("en", "en"),
        ("fr, en-US;q=0.7, zh;q=0.3", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en;q=0", "zh-Hans"),
        ("en;q=much, *", "zh-Hans"),
        ("en;q=nan", "zh-Hans"),
        ("fr", "zh-Hans"),
        ("", "zh-Hans"),
        (None, "zh-Hans"),
    ],
)
def test_notice_follows_what_the_browser_asks_for(
    provider: Provider, framed_visitor: Visitor, accepted: str | None, spoken: str
) -> None:
    framed_visitor.accept_language = accepted
    shown = framed_visitor.sign_in(provider, error="access_denied").text
    assert [language for language, words in DENIED.items() if words in shown] == [spoken]


def test_site_that_does_not_ask_the_kit_for_the_language_gets_no_cookie_of_it(
    provider: Provider, framed_visitor: Visitor
) -> None:
    framed_visitor.get("/?lang=en")
    assert framed_visitor.cookies == {}
    framed_visitor.sign_in(provider, error="access_denied", target="/login?lang=en")
    assert framed_visitor.cookies == {}
