"""The stand-in for a person's browser behaves like one."""

import pytest
from flask import Flask, redirect, request

from tests.support.browser import Browser

_PAGE = """<!doctype html><html lang="zh-Hans"><title>登录</title><h1>税务</h1><svg><title>no</title></svg>
<form method="post" action="/in"><input type="hidden" name="csrf_token" value="t&amp;1"><input name="username">
<input type="checkbox" name="remember" checked><input type="checkbox" name="news"><select name="hat"><option value="a">A
<option value="b" selected>B</select><textarea name="note">
hello</textarea><button id="login-submit">登录</button><button name="cancel" value="1">取消</button></form>
<form action="/find"><input name="q"><button>找</button></form><a href="/help">帮 <b>助</b></a>"""


@pytest.fixture
def small():
    app = Flask("small")

    @app.get("/")
    def page():
        return _PAGE

    @app.post("/in")
    def enter():
        answer = redirect("/next", 303)
        answer.set_cookie("idp_session", "s1", httponly=True)
        app.config["seen"] = (dict(request.form.items(multi=True)), dict(request.headers))
        return answer

    @app.get("/next")
    def leave():
        return redirect("http://localhost:8001/callback?code=c&state=s", 303)

    @app.get("/find")
    def find():
        return request.args["q"] + request.cookies.get("idp_session", "")

    return Browser(app, "http://localhost:8000"), app


def test_form_is_sent_as_a_browser_sends_it_and_the_redirect_that_leaves_is_not_followed(small):
    browser, app = small
    browser.get("/")
    page = browser.submit("login-submit", username="li")
    fields, headers = app.config["seen"]
    assert fields == {"csrf_token": "t&1", "username": "li", "remember": "on", "hat": "b", "note": "hello"}
    assert headers["Origin"] == "http://localhost:8000"
    assert headers["Sec-Fetch-Site"] == "same-origin"
    assert page.left_to.startswith("http://localhost:8001/callback")
    assert page.answer == {"code": "c", "state": "s"}
    assert browser.cookie("idp_session") == "s1"


def test_pressed_button_and_unticked_box_change_what_is_sent(small):
    browser, app = small
    browser.get("/")
    browser.submit("cancel", username="", remember=None, news="on")
    assert app.config["seen"][0] == {
        "csrf_token": "t&1", "username": "", "hat": "b", "note": "hello", "news": "on", "cancel": "1",
    }  # fmt: skip


def test_search_form_goes_into_the_address_and_cookies_can_be_forgotten(small):
    browser, _ = small
    browser.get("/")
    browser.submit("login-submit", username="li")
    browser.get("/")
    assert browser.submit(q="税").text == "税s1"
    browser.forget_cookies()
    browser.get("/")
    assert browser.submit(q="x").text == "x"


def test_page_shows_title_language_words_and_links(small):
    browser, _ = small
    page = browser.get("/")
    assert (page.title, page.document.language) == ("登录", "zh-Hans")
    assert "税务" in page.text
    assert page.document.links == [("/help", "帮 助")]
    with pytest.raises(AssertionError, match="has no form with button 'pay'"):
        browser.submit("pay")
