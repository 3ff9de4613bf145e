"""An application on the person's own computer (RFC 8252 §7.3): it waits for its answer on a loopback port that it gets
from the system, and Chromium must let the sign-in end there.
"""

from http.server import BaseHTTPRequestHandler

import pytest
from playwright.sync_api import expect

REGISTERED = ("http://127.0.0.1/callback", "http://[::1]/callback")


class _Answer(BaseHTTPRequestHandler):
    """The application's page for the browser that comes back."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p id=done>You may close this window.</p>")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.only_on("sqlite")
@pytest.mark.usefixtures("idp_server")
@pytest.mark.parametrize("response_mode", ["query", "form_post"])
@pytest.mark.parametrize("registered", REGISTERED)
def test_the_sign_in_ends_at_whatever_port_the_application_got(
    new_relying_party, page, enter, issuer, account_factory, listen, registered, response_mode
):
    """RFC 8252 §7.3 and §8.3; the policy of our pages is checked against every redirect that follows a form."""
    person = account_factory(kind="citizen")
    app = new_relying_party(
        "app", application_type="native", token_endpoint_auth_method="none", redirect_uris=[*REGISTERED]
    )
    port = listen(_Answer, "::1" if "[" in registered else "127.0.0.1")
    address = registered.replace("/callback", f":{port}/callback")
    page.goto(f"{issuer}/authorize?{app.authorization_query(redirect_uri=address, response_mode=response_mode)}")
    enter(page, person)
    page.click("#consent-allow")
    expect(page.locator("#done")).to_be_visible()
    assert page.url.startswith(address)
