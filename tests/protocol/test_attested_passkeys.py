"""aal3 at a client: only where the makers of devices are listed, and only by a passkey of such a device (OpenID Connect
Core §5.5.1.1, NIST SP 800-63B-4 §2.3).
"""

import json

import pytest

from tests.protocol.test_authorization_errors import error_of
from tests.support.relying_party import claims_of
from tests.support.software_authenticator import MODEL, Device, Maker

pytestmark = pytest.mark.only_on("sqlite")

AAL3 = "urn:idp:acr:aal3"


@pytest.fixture(scope="module")
def maker():
    return Maker(MODEL)


@pytest.fixture
def setting_changes(maker):
    return {"IDP_ATTESTATION_ROOTS": maker.pem.decode(), "IDP_ATTESTATION_AAGUIDS": str(MODEL)}


@pytest.fixture
def console(new_relying_party):
    """A site for staff that wants aal3."""
    return new_relying_party("console", policy={"min_acr": AAL3, "account_kinds": ["staff"]})


@pytest.fixture
def key(services, account_factory, issuer, maker):
    """The security key of a member of staff."""
    person = account_factory(kind="staff")
    key = Device(issuer, maker=maker)
    options = services.factors.begin_passkey("b", person.account_id, "x", needs_attestation=True)
    services.factors.add_passkey("b", person.account_id, key.make(options), "", needs_attestation=True, actor="system")
    return key


def test_site_that_wants_aal3_gets_it(console, browser, key):
    """NIST-63B-2.3-aal3, RFC 8176: amr says a hardware key, a present person and several factors."""
    page = console.authorize(browser)
    options = page.form("login-passkey").attributes["data-options"]
    browser.submit("login-passkey", credential=key.use(options))
    page = browser.submit("consent-allow")
    told = claims_of(console.redeem(page.answer["code"]).get_json()["id_token"])
    assert (told["acr"], told["amr"]) == (AAL3, ["hwk", "mfa", "pop", "user"])


def test_who_has_no_such_key_is_told_so(console, browser, account_factory):
    person = account_factory(kind="staff")
    console.authorize(browser)
    page = browser.submit("login-submit", username=person.username, password=person.password)
    assert page.status == 400
    assert page.path == "/login"


def test_aal3_is_offered_and_essential_where_makers_are_listed(browser, new_relying_party, visitor):
    published = browser.get("/.well-known/openid-configuration").json
    assert AAL3 in published["acr_values_supported"]
    claims = json.dumps({"id_token": {"acr": {"essential": True, "value": AAL3}}})
    tax = new_relying_party("tax")
    assert error_of(tax.authorize(visitor.browser, claims=claims, prompt="none"), tax) == "login_required"


@pytest.mark.parametrize("setting_changes", [{}])
def test_aal3_is_not_offered_where_none_are(browser):
    assert AAL3 not in browser.get("/.well-known/openid-configuration").json["acr_values_supported"]


@pytest.mark.parametrize(
    "roots", ["nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"], ids=["text", "torn"]
)
def test_makers_that_cannot_be_read_stop_the_start(settings, roots):
    from idp.factors.passkey.attestation import AttestationPolicy
    from idp.foundation.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="IDP_ATTESTATION_ROOTS"):
        AttestationPolicy.of(settings.model_copy(update={"attestation_roots": roots}))
