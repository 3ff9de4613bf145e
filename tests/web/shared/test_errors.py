"""Errors end in a page that helps: never a trace, always a reference and a way back (ASVS 16.5.1, 16.5.4)."""

import pytest
from sqlalchemy.exc import OperationalError

from idp.registry.errors import RegistryUnavailable
from tests.pages.markup import Page
from tests.pages.sample_app import HTTPS_ISSUER, build_sample_app


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/nowhere", 404, "没有这个页面"),
        ("/aborts/400", 400, "暂时无法继续"),
        ("/aborts/403", 403, "您不能打开这个页面"),
        ("/aborts/413", 413, "内容太长了"),
        ("/aborts/418", 418, "暂时无法继续"),
        ("/aborts/429", 429, "请稍等一会儿"),
        ("/aborts/503", 503, "现在使用的人很多"),
        ("/fails", 500, "我们的系统出了问题"),
        ("/refuses", 400, "暂时无法继续"),
    ],
)
def test_every_error_is_a_page_with_a_reference(visitor, path, status, heading):
    response = visitor.get(path)
    assert response.status_code == status
    page = Page(response.text)
    assert page.all("h1")[0].words == heading
    assert "7F3K 92QD" in page.all("main")[0].words
    assert "Traceback" not in response.text
    assert "secret cause" not in response.text


def test_error_pages_speak_the_language_of_the_browser(visitor):
    assert "This page does not exist" in visitor.get("/nowhere", headers={"Accept-Language": "en"}).text


def test_refusal_is_said_in_the_words_of_the_refusal(visitor):
    assert "At most 20 characters" in visitor.get("/refuses?lang=en").text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "This page cannot be opened like this"), ("zh", "打不开这个页面")]
)
def test_wrong_method_has_its_own_words_and_says_which_are_allowed(visitor, language, words):
    """RFC 9110 §15.5.6."""
    response = visitor.client.delete("/login", base_url=visitor.origin, headers={"Accept-Language": language})
    assert response.status_code == 405
    assert Page(response.text).all("h1")[0].words == words
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_body_past_the_bound_is_refused_with_a_page(visitor):
    response = visitor.post("/login", {"csrf_token": "x" * 70_000})
    assert response.status_code == 413
    assert "内容太长了" in response.text


def test_page_of_an_error_falls_back_to_plain_bytes_when_it_cannot_be_made(app, visitor):
    for environment in app.extensions["idp_shared"].templates.values():
        environment.loader = None
    response = visitor.get("/fails")
    assert response.status_code == 500
    assert "暂时无法使用" in response.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("cause", [OperationalError("SELECT 1", None, Exception()), RegistryUnavailable("gone")])
def test_a_database_that_is_away_is_told_as_something_that_passes(app, visitor, cause):
    def fail():
        raise cause

    app.view_functions["pages.fails"] = fail
    response = visitor.get("/fails")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert "我们的系统出了问题" in response.text


def test_detail_for_developers_is_shown_outside_production_only():
    from idp.web import errors

    apps = [(build_sample_app(environment="sandbox"), True), (build_sample_app(environment="production"), False)]
    for app, shown in apps:
        with app.test_request_context("/authorize", base_url=HTTPS_ISSUER):
            page = errors.error_page(errors.UNSAFE_RETURN, 400, detail="invalid_request: no redirect_uri")
        assert ("no redirect_uri" in page.get_data(as_text=True)) is shown


def test_waiting_page_tells_machines_as_well(app):
    from idp.web import errors

    with app.test_request_context("/login", base_url=HTTPS_ISSUER):
        page = errors.error_page(errors.BUSY, 503, retry_seconds=900)
    assert page.headers["Retry-After"] == "900"
    assert "15:38" in page.get_data(as_text=True), "a quarter of an hour after 15:22:08 is over by then"
