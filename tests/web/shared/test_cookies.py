"""Cookies: names, attributes, and when they are made (ASVS 3.3.1 to 3.3.4)."""

import pytest

from idp.web.shared import cookies
from idp.web.shared.pages import render

EVERY = {"idp_session", "idp_presession", "idp_device", "idp_lang", "idp_size"}


def _set_all(app, origin):
    app.add_url_rule("/all", "all", _put_all)
    return app.test_client().get("/all?lang=en&size=l", base_url=origin)


def _put_all():
    cookies.put_session("s")
    cookies.put_device("d", 60)
    return render("sign_in/login.html")


def test_cookies_over_https_are_host_only_secure_and_out_of_reach_of_scripts(visitor, app):
    found = visitor.cookies_of(_set_all(app, visitor.origin))
    assert {name for name, _, _ in found} == {f"__Host-{name}" for name in EVERY}
    for _, _, attributes in found:
        assert attributes["path"] == "/"
        assert attributes["samesite"] == "Lax"
        assert {"secure", "httponly"} <= attributes.keys()
        assert "domain" not in attributes


def test_cookies_over_http_have_plain_names(plain_visitor):
    found = plain_visitor.cookies_of(plain_visitor.get("/login?lang=en&size=l"))
    assert {name for name, _, _ in found} == {"idp_presession", "idp_lang", "idp_size"}
    assert not [name for name, _, attributes in found if "secure" in attributes]


def test_session_cookie_ends_with_the_browser_and_preferences_last_a_year(visitor, app):
    ages = {
        name: attributes.get("max-age") for name, _, attributes in visitor.cookies_of(_set_all(app, visitor.origin))
    }
    assert ages["__Host-idp_session"] is None
    assert ages["__Host-idp_presession"] is None
    assert ages["__Host-idp_device"] == "60"
    assert ages["__Host-idp_lang"] == ages["__Host-idp_size"] == str(365 * 86_400)


@pytest.mark.parametrize("path", ["/login/expired", "/login/wait", "/errors/404", "/assets/idp.css", "/machine"])
def test_page_without_a_form_makes_no_presession(visitor, path):
    assert visitor.cookies_of(visitor.get(path)) == []


def test_presession_is_made_once_by_the_first_form(visitor):
    [(name, value, _)] = visitor.cookies_of(visitor.get("/login"))
    assert name == "__Host-idp_presession"
    assert len(value) == 43
    assert visitor.cookies_of(visitor.get("/login/totp")) == []


@pytest.mark.parametrize("planted", ["short", "a" * 44, "x" * 42 + "!", ""])
def test_presession_we_could_not_have_made_is_replaced(visitor, planted):
    visitor.client.set_cookie("__Host-idp_presession", planted, domain="id.example.gov.cn", secure=True)
    assert [name for name, _, _ in visitor.cookies_of(visitor.get("/login"))] == ["__Host-idp_presession"]


def test_last_word_on_a_cookie_counts(app, visitor):
    def change():
        cookies.put_session("first")
        cookies.forget_session()
        cookies.forget_presession()
        return "{}"

    app.add_url_rule("/change", "change", change)
    found = visitor.cookies_of(visitor.get("/change"))
    assert {(name, value, attributes["max-age"]) for name, value, attributes in found} == {
        ("__Host-idp_session", "", "0"),
        ("__Host-idp_presession", "", "0"),
    }


def test_reading_gives_what_the_browser_sent(app):
    headers = {"Cookie": "__Host-idp_session=abc; __Host-idp_device=def; idp_session=planted"}
    with app.test_request_context("/", headers=headers):
        assert cookies.session_cookie() == "abc"
        assert cookies.device_cookie() == "def"
        assert cookies.presession_cookie() is None
