"""Front-channel logout in a real browser: two sites on other origins end their own sessions in hidden frames."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.relying_party import RelyingParty, claims_of
from tests.support.remote import RemoteApplication


class Site:
    """A site that keeps what its front-channel logout address was asked, and answers everything else with a page."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/frontchannel"):
                    site.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>site</title>")

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def told(self) -> dict[str, str]:
        """Return the parameters of the one call."""
        (address,) = self.asked
        return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def new_site() -> Iterator[Callable[[], Site]]:
    started: list[Site] = []

    def make() -> Site:
        started.append(Site())
        return started[-1]

    yield make
    for site in started:
        site.close()


def visit(page: Any, party: RelyingParty, issuer: str) -> str:
    """Sign in at a site, agree, and return the sid of its ID token."""
    page.goto(f"{issuer}/authorize?{party.authorization_query()}")
    if page.locator("#consent-allow").count():
        page.click("#consent-allow")
    page.wait_for_url(f"{party.redirect_uri}**")
    code = parse_qs(urlsplit(page.url).query)["code"][0]
    sid: str = claims_of(party.redeem(code).get_json()["id_token"])["sid"]
    return sid


@pytest.mark.usefixtures("idp_server")
def test_signing_out_tells_two_sites_in_hidden_frames(
    issuer: str,
    page: Any,
    registration_factory: Any,
    account_factory: Any,
    enter: Any,
    new_site: Callable[[], Site],
) -> None:
    """OIDC-FCL-2-iframe: the policy lets the frames load, each site hears its own sid, and the page goes on."""
    sites, parties = [new_site(), new_site()], []
    for name, site in zip(("one", "two"), sites, strict=True):
        registered = registration_factory(
            name,
            redirect_uris=[f"{site.origin}/callback"],
            post_logout_redirect_uris=[f"{site.origin}/"],
            frontchannel_logout_uri=f"{site.origin}/frontchannel",
            backchannel_logout_uri=None,
        )
        application = RemoteApplication(issuer)
        parties.append(RelyingParty(application, issuer, name, registered.client_secret, registered.redirect_uri))
    person = account_factory(kind="citizen")
    page.goto(f"{issuer}/login")
    enter(page, person)
    sids = [visit(page, party, issuer) for party in parties]
    page.goto(f"{issuer}/logout")
    page.click("#logout-confirm")
    page.wait_for_load_state("networkidle")
    assert [site.told() for site in sites] == [{"iss": issuer, "sid": sid} for sid in sids]
    assert page.locator("iframe").count() == 2
    assert not page.locator("iframe").first.is_visible()
