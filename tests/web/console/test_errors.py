"""Errors at the console's origin look like the console, whoever is there, in both languages."""

import pytest

from idp.staff.powers import Power
from tests.support.browser import Browser
from tests.web.console.conftest import CONSOLE


def test_a_page_that_does_not_exist_keeps_the_officers_menu(at_console):
    officer = at_console(Power.AUDIT)
    page = officer.get("/console/nowhere")
    assert page.status == 404
    assert "This page does not exist" in page.text
    assert "Console" in page.text
    assert 'href="/console/events"' in page.source, "the menu of their power"
    assert 'href="/console/accounts"' not in page.source, "and nothing beyond it"
    assert "aria-current" not in page.source, "none of which this is"
    assert "/assets/console" in page.source


def test_an_id_that_nothing_has_is_a_page_of_the_console(at_console):
    assert "/assets/console" in at_console().get("/console/sessions/00000000-0000-7000-8000-000000000000").source


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be opened like this"), ("zh-CN", "打不开这个页面")])
def test_a_method_that_is_not_served_has_its_own_words(console_app, language, words):
    browser = Browser(console_app, CONSOLE, language=language)
    page = browser.get("/console/search")
    assert page.status == 405
    assert set(page.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert words in page.text
    assert "/assets/console" in page.source


def test_a_stranger_sees_the_bar_and_neither_menu_nor_way_out(new_console_browser):
    page = new_console_browser().get("/console/nowhere")
    assert page.status == 404
    assert "/assets/console" in page.source
    assert 'href="/console/sessions"' not in page.source
    assert 'href="/logout"' not in page.source


def test_staff_without_a_power_are_told_in_the_console(sign_in, account_factory):
    page = sign_in(account_factory(kind="staff", with_totp=True)).get("/console")
    assert page.status == 403
    assert "/assets/console" in page.source
    assert 'href="/logout"' in page.source


def test_an_old_form_keeps_the_menu(at_console):
    officer = at_console()
    page = officer.post("/console/search", {"q": "x", "csrf_token": "forged"})
    assert page.status in {400, 403}
    assert 'href="/console/sessions"' in page.source


@pytest.mark.parametrize("breaks", ["get", "officer"])
def test_a_fault_is_shown_even_when_nobody_can_be_looked_up(at_console, services, monkeypatch, breaks, console_app):
    console_app.config["PROPAGATE_EXCEPTIONS"] = False
    officer = at_console()

    def fail(*_args, **_options):
        raise OSError("the database is gone")

    target = services.accounts if breaks == "get" else services.staff
    monkeypatch.setattr(target, breaks, fail)
    page = officer.get("/console/sessions")
    assert page.status == 500
    assert "Something went wrong on our side" in page.text
    assert "/assets/console" in page.source
    assert "the database is gone" not in page.source
    assert officer.get("/console/nowhere").status == 404, "without a menu, and all the same"


def test_it_speaks_chinese_too(console_app):
    page = Browser(console_app, CONSOLE, language="zh-CN").get("/console/nowhere")
    assert "没有这个页面" in page.text
    assert "管理" in page.text
