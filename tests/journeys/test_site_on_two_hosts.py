"""A site whose callback answers at one origin and sends people on to another, as large sites do: Chromium checks every
redirect that follows a form of ours.
"""

from http.server import BaseHTTPRequestHandler

import pytest
from playwright.sync_api import expect


class _Home(BaseHTTPRequestHandler):
    """The site's own page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p id=home>Welcome</p>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.only_on("sqlite")
@pytest.mark.usefixtures("idp_server")
@pytest.mark.parametrize("response_mode", ["query", "form_post"])
def test_people_arrive_where_the_callback_sends_them(
    new_relying_party, page, enter, issuer, account_factory, listen, response_mode
):
    """The home of the site is its client_uri; nothing else that is not registered is reached."""
    person = account_factory(kind="citizen")
    home = f"http://127.0.0.1:{listen(_Home)}/home"

    class Callback(_Home):
        def do_GET(self) -> None:
            self.send_response(303)
            self.send_header("Location", home)
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

    callback = f"http://localhost:{listen(Callback)}/callback"
    site = new_relying_party("site", redirect_uris=[callback], client_uri=home)
    page.goto(f"{issuer}/authorize?{site.authorization_query(response_mode=response_mode)}")
    enter(page, person)
    page.click("#consent-allow")
    expect(page.locator("#home")).to_be_visible()
