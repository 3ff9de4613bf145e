"""Debian's libapache2-mod-auth-openidc in a real Apache: what a department with a web server and no programmers has."""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import SECRET
from tests.support.availability import apache
from tests.support.serving import BackgroundProcess, free_port

WITHIN_SECONDS = 2.0
ACCOUNT_OF_ITS_OWN = "nobody"

CONFIGURATION = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache2.pid
ErrorLog {folder}/error.log
DocumentRoot {folder}/pages
ServerName localhost:{port}
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret {secret}
OIDCScope "openid profile offline_access"
OIDCPKCEMethod S256
OIDCIDTokenSignedResponseAlg ES256
OIDCRedirectURI {origin}/callback
OIDCRedirectURLsAllowed ^{origin}/
OIDCCryptoPassphrase {secret}
OIDCCookieSameSite On
OIDCInfoHook access_token id_token refresh_token session userinfo
<Location />
    AuthType openid-connect
    Require valid-user
</Location>
<Location /goodbye.html>
    AuthType None
    Require all granted
</Location>
"""


@pytest.fixture
def folder():
    """A folder that Apache may use although it does not run as root."""
    path = Path(tempfile.mkdtemp(prefix="idp-apache-"))
    (path / "pages").mkdir()
    (path / "pages" / "index.html").write_text("<!doctype html><title>Inside</title><h1>Inside</h1>")
    (path / "pages" / "goodbye.html").write_text("<!doctype html><title>Goodbye</title><h1>Goodbye</h1>")
    if os.geteuid() == 0:
        shutil.chown(path, ACCOUNT_OF_ITS_OWN)
        path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def site(folder, idp_command, idp_server, issuer, registration_factory):
    """The provider, its worker, and Apache with the module as a registered site; its address."""
    program, modules = apache()
    port = free_port()
    origin = f"http://localhost:{port}"
    registration_factory(
        "apache",
        client_secret=SECRET,
        redirect_uris=[f"{origin}/callback"],
        post_logout_redirect_uris=[f"{origin}/goodbye.html"],
        backchannel_logout_uri=f"{origin}/callback?logout=backchannel",
        scope="openid profile offline_access",
    )
    file = folder / "apache2.conf"
    file.write_text(
        CONFIGURATION.format(folder=folder, port=port, modules=modules, issuer=issuer, origin=origin, secret=SECRET)
    )
    become = ["setpriv", "--reuid", ACCOUNT_OF_ITS_OWN, "--clear-groups"] if os.geteuid() == 0 else []
    server = BackgroundProcess([*become, program, "-f", str(file), "-D", "FOREGROUND"], {}, folder)
    worker = idp_command.start("worker")
    try:
        server.wait_until_answering(f"{origin}/goodbye.html")
        idp_server.wait_until_answering(f"{issuer}/readyz")
        yield origin
    finally:
        worker.stop()
        server.stop()
        sys.stderr.write((folder / "error.log").read_text())


@pytest.fixture
def signed_in(site, page, account_factory, enter):
    """A citizen who has signed in at the site."""
    person = account_factory(kind="citizen")
    page.goto(site)
    enter(page, person)
    page.click("#consent-allow")
    expect(page.locator("h1")).to_have_text("Inside")
    return person


def known(page, site):
    """Return what the module knows of the person."""
    answer = page.request.get(f"{site}/callback?info=json")
    assert answer.ok, answer.text()
    return json.loads(answer.text())


@pytest.mark.usefixtures("signed_in")
def test_the_site_knows_who_signed_in(site, page):
    """OIDC-CORE-3.1.3.7, OIDC-CORE-5.3.2."""
    seen = known(page, site)
    assert seen["id_token"]["sub"] == seen["userinfo"]["sub"]
    assert seen["userinfo"]["name"] == "张小明"


@pytest.mark.usefixtures("signed_in")
def test_the_site_refreshes_its_tokens_and_the_session_goes_on(site, page):
    """RFC9700-4.14.2-rotation."""
    before = known(page, site)
    page.goto(f"{site}/callback?" + urlencode({"refresh": f"{site}/", "access_token": before["access_token"]}))
    expect(page.locator("h1")).to_have_text("Inside")
    after = known(page, site)
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["userinfo"]["sub"] == before["userinfo"]["sub"]


def test_a_session_that_staff_end_ends_at_the_site(site, page, signed_in, idp_command):
    """OIDC-BCL-2.5-post, SESS-global-logout."""
    ended = idp_command.run("session", "revoke", "--account", signed_in.username, "--reason", "stolen phone")
    since = time.monotonic()
    assert ended.returncode == 0, ended.stderr
    while page.goto(site) and not page.locator("[name=password]").is_visible():
        assert time.monotonic() - since < WITHIN_SECONDS, "the site was not told within two seconds"


@pytest.mark.usefixtures("signed_in")
def test_signing_out_at_the_site_ends_the_session_and_leads_back(site, page, issuer):
    """OIDC-RPLOGOUT-2-notify-first."""
    page.goto(f"{site}/callback?" + urlencode({"logout": f"{site}/goodbye.html"}))
    expect(page.locator("h1")).to_have_text("Goodbye")
    page.goto(f"{issuer}/account")
    expect(page.locator("[name=password]")).to_be_visible()
