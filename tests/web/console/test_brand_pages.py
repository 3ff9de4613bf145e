"""The brand of a site in the console: proposed like any change, seen before it is approved (rules A1, A8)."""

import re

import pytest

from idp.staff.powers import Power
from tests.registry.conftest import tax_in_sandbox
from tests.web.console.test_clients_pages import approve, in_force, new_console_browser, registration, setting_changes
from tests.web.console.test_clients_pages import propose as change

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 1"><path d="M0 0h3v1z"/></svg>'


def propose(browser, **fields):
    browser.get("/console/clients/tax/brand")
    return browser.submit(reason="the bureau has a new logo", **fields)


def test_a_brand_is_proposed_previewed_and_in_force_once_approved(in_force, at_console, services):
    assert propose(in_force, action="#1d4b8f", logo=LOGO).path == "/console/clients/tax"
    security = at_console()
    preview = security.get("/console/clients/tax/versions/2/preview")
    theme, logo = re.findall(r'(?:href|src)="(/console/clients/tax/versions/2/brand/[^"]+)"', preview.source)
    answer = security.get(logo)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "--idp-action:#1d4b8f" in security.get(theme).source
    assert services.registry.get("tax").brand.logo is None
    approve(security, services)
    services.registry.forget_cached()
    assert services.registry.get("tax").brand.logo.name == logo.rpartition("/")[2]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "#eeeeee"}, "contrast"),
        ({"action": "red"}, "#1d4b8f"),
        ({"action_dark": "#8ab4f8"}, "action"),
        ({"logo": LOGO.replace("<path", "<script>alert(1)</script><path")}, "script"),
        ({"logo": "x" * 31_000}, "well-formed"),
    ],
)
def test_what_is_refused_comes_back_with_words_and_as_it_was_typed(in_force, services, fields, words):
    page = propose(in_force, **({"action": "", "action_dark": "", "logo": ""} | fields))
    assert page.status == 400
    assert words in page.text
    assert services.changes.open_requests(target="tax") == []
    assert "<script>alert" not in page.source


def test_colours_that_only_the_registration_names_outlive_a_new_logo(in_force, services):
    theme = {"action": "#1d4b8f", "soft": "#eef2f8", "dark": {"action": "#8ab4f8", "soft": "#1c2a3a"}}
    change(in_force, tax_in_sandbox(policy={"theme": theme}), "/console/clients/tax/edit")
    page = in_force.get("/console/clients/tax/brand")
    given = {name: value for name, value in page.form(fields=["logo"]).successful(None) if name.startswith("action")}
    propose(in_force, **given, logo=LOGO)
    policy = services.registry.show("tax").draft["policy"]
    assert (policy["theme"]["soft"], policy["theme"]["dark"]["soft"]) == ("#eef2f8", "#1c2a3a")
    assert policy["logo"]


def test_a_brand_that_is_emptied_is_gone(in_force, at_console, services):
    propose(in_force, action="#1d4b8f", logo=LOGO)
    approve(at_console(), services)
    propose(in_force, action="", action_dark="", logo="")
    approve(at_console(), services)
    assert "theme" not in services.registry.show("tax").content["policy"]


@pytest.mark.usefixtures("in_force")
def test_versions_of_other_agencies_and_unknown_files_do_not_exist(at_console):
    delegate = at_console(Power.DELEGATE, agency="welfare-bureau")
    for path in ("brand", "versions/1/preview", "versions/1/brand/logo.0000000000.svg"):
        assert delegate.get(f"/console/clients/tax/{path}").status == 404
    officer = at_console()
    assert officer.get("/console/clients/tax/versions/1/brand/logo.0000000000.svg").status == 404
    assert officer.get("/console/clients/tax/versions/9/preview").status == 404
    assert officer.get("/console/clients/tax/brand").status == 403


__all__ = ["in_force", "new_console_browser", "registration", "setting_changes"]
