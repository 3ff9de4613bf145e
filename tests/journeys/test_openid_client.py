"""npm's openid-client, which nobody here wrote, against `idp serve`: each script in ``openid_client/`` is a site that
trusts only that library's checks.
"""

from pathlib import Path

import pytest

from idp.registry.members import DEVICE_CODE
from tests.support.browser import Browser
from tests.support.node import NodeScript
from tests.support.remote import RemoteApplication
from tests.support.signing_party import jwks_of, key_for

SCRIPTS = Path(__file__).parent / "openid_client"
GOODBYE = "http://localhost:8001/"
KEYS = {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks_of("ES256")}
BOUND = {"dpop_bound_access_tokens": True}
OFFLINE = {"grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile offline_access"}


class Citizen:
    """A person whose browser goes where a site sends it, and who agrees to everything."""

    def __init__(self, issuer, person):
        self.browser = Browser(RemoteApplication(issuer), issuer)
        self._person = person

    def visit(self, url):
        """Return the address at which the browser is back at the site."""
        page = self._signed_in(self.browser.get(url))
        for button in ("consent-allow", "logout-confirm"):
            if page.has(button):
                page = self.browser.submit(button)
        assert page.left_to, f"stopped at {page.url} ({page.status}): {page.text[:400]}"
        return page.left_to

    def allow(self, codes):
        """Follow the link that a device shows, and allow it."""
        self._signed_in(self.browser.get(codes["verification_uri_complete"]))
        self.browser.submit("device-submit")
        page = self.browser.submit("device-allow", ending=codes["user_code"].split("-")[1])
        assert page.path == "/device/done", page.text

    def _signed_in(self, page):
        return self.browser.sign_in(self._person.username, self._person.password) if page.has("login-submit") else page


@pytest.fixture
def citizen(account_factory, idp_server, issuer):
    idp_server.wait_until_answering(f"{issuer}/readyz")
    return Citizen(issuer, account_factory())


@pytest.fixture
def openid_client(citizen, issuer, registration_factory, tmp_path):
    """Register a site and run its script: ``openid_client("code", scope=...)`` returns what the script saw."""

    def run(script, **changes):
        site = registration_factory(script, **changes)
        settings = {
            "issuer": issuer,
            "client_id": site.client_id,
            "client_secret": site.client_secret,
            "key": key_for("ES256").as_dict(private=True),
            "scope": site.registration["scope"],
            "redirect_uri": site.registration["redirect_uris"][0] if site.registration["redirect_uris"] else None,
            "post_logout_redirect_uri": GOODBYE,
        }
        with NodeScript(SCRIPTS / f"{script}.mjs", tmp_path / "script.log") as process:
            return process.converse(settings, {"visit": citizen.visit, "show": citizen.allow})

    return run


def test_the_code_flow_and_all_that_follows(openid_client, citizen):
    """OIDC-CORE-3.1.3.7, RFC7662-2.2, RFC7009-2.1, OIDC-RPLOGOUT-2-notify-first."""
    seen = openid_client("code", **OFFLINE)
    assert seen["claims"]["sub"] == seen["userinfo"]["sub"] == seen["refreshed"]["sub"]
    assert seen["userinfo"]["name"] == "张小明"
    assert seen["introspected"]["active"]
    assert seen["is_rotated"]
    assert seen["revoked"] == {"active": False}
    assert seen["goodbye"] == f"{GOODBYE}?state=goodbye"
    assert citizen.browser.get("/account").has("login-submit")


@pytest.mark.parametrize("nonce_required", [False, True], ids=["without nonce", "with nonce"])
def test_fapi2_with_dpop(openid_client, nonce_required):
    """FAPI2-SP-5.3.2.2-2-par, RFC9449-5-token, RFC9449-8-nonce."""
    seen = openid_client(
        "fapi2", **KEYS, **OFFLINE, **BOUND, policy={"profile": "fapi2", "dpop_nonce_required": nonce_required}
    )
    assert {kind.lower() for kind in seen["token_types"]} == {"dpop"}
    assert seen["introspected"]["cnf"] == {"jkt": seen["thumbprint"]}
    assert seen["revoked"] == {"active": False}


def test_fapi2_message_signing(openid_client):
    """FAPI2-MS-5.3.1-signed-request, FAPI2-MS-5.4.1-jarm, RFC9701-5."""
    algorithms = (
        "request_object_signing_alg",
        "authorization_signed_response_alg",
        "introspection_signed_response_alg",
        "userinfo_signed_response_alg",
    )
    seen = openid_client(
        "signed",
        **KEYS,
        **OFFLINE,
        **dict.fromkeys(algorithms, "ES256"),
        **BOUND,
        policy={"profile": "fapi2", "message_signing": True},
    )
    assert set(seen["answer"]) == {"response"}
    assert seen["claims"]["sub"] == seen["userinfo"]["sub"]
    assert seen["introspected"]["active"]


def test_a_device(openid_client):
    """RFC8628-3.3-page, RFC8628-3.5-poll."""
    seen = openid_client(
        "device",
        application_type="native",
        token_endpoint_auth_method="none",
        grant_types=[DEVICE_CODE, "refresh_token"],
        redirect_uris=[],
        response_types=[],
        backchannel_logout_uri=None,
        post_logout_redirect_uris=[],
        scope="openid profile offline_access",
    )
    assert seen["claims"]["sub"] == seen["userinfo"]["sub"]
