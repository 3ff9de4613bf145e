"""Officers at the console, each in a browser of their own."""

import pytest

from idp.staff.powers import Power
from tests.staff.conftest import new_officer, officer, setting_changes
from tests.support.browser import Browser

CONSOLE = "http://localhost:8004"


@pytest.fixture
def console_app(settings, services, compiled_templates):
    from idp.app import create_console

    app = create_console(settings, services)
    compiled_templates.serve(app)
    return app


@pytest.fixture
def new_console_browser(console_app):
    return lambda: Browser(console_app, CONSOLE, language="en")


@pytest.fixture
def sign_in(new_console_browser, clock):
    """Sign a person in to the console; return the browser."""

    def enter(person):
        browser = new_console_browser()
        browser.get("/console")
        browser.sign_in(person.username, person.password, person.code(clock))
        return browser

    return enter


@pytest.fixture
def at_console(new_officer, sign_in):
    """Return the browser of a new officer who has just signed in."""

    def make(power=Power.SECURITY, **options):
        return sign_in(new_officer(power, **options))

    return make


__all__ = ["new_officer", "officer", "setting_changes"]
