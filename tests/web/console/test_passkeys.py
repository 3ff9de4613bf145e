"""Officers sign in to the console by the passkey that they enrolled at the provider (rule A2)."""

import pytest

from idp.staff.powers import Power
from tests.support.software_authenticator import MODEL, Device, Maker
from tests.web.console.conftest import CONSOLE

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture(scope="module")
def maker():
    return Maker(MODEL)


@pytest.fixture
def setting_changes(maker):
    return {
        "IDP_CONSOLE_ORIGIN": CONSOLE,
        "IDP_ATTESTATION_ROOTS": maker.pem.decode(),
        "IDP_ATTESTATION_AAGUIDS": str(MODEL),
    }


@pytest.fixture
def key(services, new_officer, issuer, maker):
    """The security key of a security officer."""
    person = new_officer(Power.SECURITY)
    device = Device(issuer, maker=maker)
    options = services.factors.begin_passkey("b", person.account_id, "x", needs_attestation=True)
    made = device.make(options)
    services.factors.add_passkey("b", person.account_id, made, "", needs_attestation=True, actor="system")
    return device


def use(key, browser, origin):
    page = browser.get("/console")
    key.origin = origin
    return browser.submit("login-passkey", credential=key.use(page.form("login-passkey").attributes["data-options"]))


def test_the_key_of_the_provider_opens_the_console(key, new_console_browser):
    assert use(key, new_console_browser(), CONSOLE).path == "/console"


def test_what_another_site_got_out_of_the_key_opens_nothing(key, new_console_browser):
    assert use(key, new_console_browser(), "http://evil.localhost:8004").path != "/console"
