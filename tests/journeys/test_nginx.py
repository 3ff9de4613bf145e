"""The shipped nginx configuration in front of the provider, with real TLS connections (RFC 8705, RFC 9700 §4.13)."""

import http.client
import json
import re
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idp.protocol.endpoints import ENDPOINTS
from tests.protocol.binding.proving import (
    CERTIFICATE_HEADER,
    MUTUAL_TLS,
    VERIFIED_HEADER,
    ClientCertificate,
    ProvingParty,
)
from tests.support.availability import nginx
from tests.support.dpop import DPoPKey
from tests.support.serving import ROOT, BackgroundProcess, LiveServer, free_port

CONFIGURATION = ROOT / "docs" / "operations" / "nginx.conf"
SUBJECT = "CN=portal,O=Tax Bureau,C=CN"
PLAIN, WITH_CERTIFICATES = "localhost", "mtls.localhost"

MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/idp.conf;
}}
"""


class Machine:
    """A client's machine: it speaks TLS to nginx, perhaps with a certificate."""

    def __init__(self, port, folder):
        self._port = port
        self._folder = folder

    def send(self, host, method, path, *, certificate=None, headers=None, **fields):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            context.load_cert_chain(written(self._folder, "presented", certificate))
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        connection.sock = context.wrap_socket(
            socket.create_connection(("127.0.0.1", self._port), timeout=20), server_hostname=host
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
        connection.request(method, path, urlencode(fields) if fields else None, {"Host": host} | form | (headers or {}))
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, json.loads(body) if body.startswith(b"{") else body, response.headers

    def ask(self, host, client_id, **more):
        """Ask for a client's own token and return the status."""
        return self.send(host, "POST", "/token", grant_type="client_credentials", client_id=client_id, **more)[0]


def written(folder, name, certificate):
    path = folder / f"{name}.pem"
    key = certificate.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.pem + key)
    return path


@pytest.fixture
def issuer():
    return f"https://localhost:{free_port()}"


@pytest.fixture
def setting_changes():
    return MUTUAL_TLS


@pytest.fixture(scope="module")
def authority():
    return ClientCertificate("CN=Client Authority,C=CN")


@pytest.fixture(scope="module")
def certificate(authority):
    return ClientCertificate(SUBJECT, issuer=authority)


@pytest.fixture
def machine(app, issuer, authority, tmp_path):
    """The provider and nginx in front of it, on the issuer's port."""
    program = nginx()
    port = urlsplit(issuer).port
    provider = LiveServer(app)
    server = written(tmp_path, "server", ClientCertificate("CN=localhost"))
    (tmp_path / "authorities.pem").write_bytes(authority.pem)
    (tmp_path / "idp.conf").write_text(_adapted(provider.port, port, server, tmp_path), encoding="utf-8")
    (tmp_path / "nginx.conf").write_text(MAIN.format(folder=tmp_path), encoding="utf-8")
    process = BackgroundProcess(
        [program, "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], {}, tmp_path
    )
    try:
        _wait(port, process)
        yield Machine(port, tmp_path)
    finally:
        process.stop()
        provider.stop()


def _adapted(provider_port, port, server, folder):
    """Return the shipped file with this test's names, ports and paths; each must be there to be changed."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    changes = [
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{provider_port}", 1),
        (r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl", 2),
        (r"server_name id\.example\.gov\.cn", f"server_name {PLAIN}", 1),
        (r"server_name mtls\.id\.example\.gov\.cn", f"server_name {WITH_CERTIFICATES}", 1),
        (r"/etc/nginx/tls/id\.example\.gov\.cn\.(pem|key)", str(server), 4),
        (r"/etc/nginx/tls/client-authorities\.pem", str(folder / "authorities.pem"), 1),
    ]
    for pattern, replacement, expected in changes:
        text, count = re.subn(pattern, replacement, text)
        assert count == expected, pattern
    return text


def _wait(port: int, process: BackgroundProcess) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.process.poll() is None, process.output()
            assert time.monotonic() < end, process.output()
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def by_authority(registration_factory):
    return registration_factory(
        "tax",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn=SUBJECT,
        grant_types=["authorization_code", "client_credentials"],
        tls_client_certificate_bound_access_tokens=True,
    )


@pytest.mark.usefixtures("by_authority")
def test_a_certificate_of_an_authority_authenticates_its_client(machine, certificate):
    """RFC8705-2.1-tls-client-auth."""
    assert machine.ask(WITH_CERTIFICATES, "tax", certificate=certificate) == 200
    assert machine.ask(WITH_CERTIFICATES, "tax", certificate=ClientCertificate(SUBJECT)) == 401, "self-signed"
    assert machine.ask(WITH_CERTIFICATES, "tax") == 401
    assert machine.ask(PLAIN, "tax", certificate=certificate) == 401, "nobody asks for certificates there"


def test_a_certificate_of_its_own_authenticates_a_client_that_registered_it(machine, registration_factory, authority):
    """RFC8705-2.2-self-signed."""
    own = ClientCertificate(SUBJECT)
    registration_factory(
        "welfare",
        token_endpoint_auth_method="self_signed_tls_client_auth",
        jwks=own.jwks,
        grant_types=["authorization_code", "client_credentials"],
    )
    assert machine.ask(WITH_CERTIFICATES, "welfare", certificate=own) == 200
    other = ClientCertificate(SUBJECT, issuer=authority)
    assert machine.ask(WITH_CERTIFICATES, "welfare", certificate=other) == 401


@pytest.mark.usefixtures("by_authority")
@pytest.mark.parametrize("host", [PLAIN, WITH_CERTIFICATES])
@pytest.mark.parametrize("spell", [str, str.lower, lambda name: name.replace("-", "_")])
def test_forged_headers_do_not_pass(machine, certificate, host, spell):
    """RFC9700-4.13-proxy-headers, RFC8705-5-aliases."""
    forged = {spell(name): value for name, value in certificate.headers().items()}
    assert machine.ask(host, "tax", headers=forged) == 401
    assert machine.ask(host, "tax", headers=forged | {"X-Forwarded-For": "127.0.0.1"}) == 401
    own = ClientCertificate("CN=other")
    assert machine.ask(host, "tax", certificate=own, headers=forged) == 401
    vouched = {spell(VERIFIED_HEADER): "SUCCESS", spell(CERTIFICATE_HEADER): ""}
    assert machine.ask(host, "tax", certificate=ClientCertificate(SUBJECT), headers=vouched) == 401


def test_a_bound_token_works_with_its_certificate_only(
    machine, app, issuer, clock, browser, account_factory, by_authority, certificate, authority
):
    """RFC8705-3-bound-token."""
    site = ProvingParty(app, issuer, "tax", None, by_authority.redirect_uri)
    site.clock, site.certificate = clock, certificate
    token = site.sign_in(browser, account_factory(kind="citizen"), clock)["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}

    def status(host, used):
        return machine.send(host, "GET", "/userinfo", certificate=used, headers=bearer)[0]

    assert status(WITH_CERTIFICATES, certificate) == 200
    assert status(WITH_CERTIFICATES, ClientCertificate(SUBJECT, issuer=authority)) == 401
    assert status(WITH_CERTIFICATES, None) == 401
    assert status(PLAIN, certificate) == 401


def test_proofs_and_nonces_pass(machine, issuer, clock, registration_factory):
    """RFC9449-8-nonce: at both origins, each of which is a good htu."""
    site = registration_factory(
        "tax",
        token_endpoint_auth_method="client_secret_post",
        grant_types=["authorization_code", "client_credentials"],
    )
    key = DPoPKey()
    fields = {"grant_type": "client_credentials", "client_id": "tax", "client_secret": site.client_secret}
    for host, origin in ((PLAIN, issuer), (WITH_CERTIFICATES, MUTUAL_TLS["IDP_MTLS_ORIGIN"])):
        proof = key.proof("POST", f"{origin}/token", clock.now())
        status, body, headers = machine.send(host, "POST", "/token", headers={"DPoP": proof}, **fields)
        assert (status, body["token_type"]) == (200, "DPoP")
        assert headers["DPoP-Nonce"]


def test_the_origin_for_certificates_has_the_machine_endpoints_and_nothing_else(machine):
    for endpoint in ENDPOINTS:
        assert machine.send(WITH_CERTIFICATES, "POST", endpoint.path)[0] in {400, 401, 405}, endpoint.path
    assert machine.send(WITH_CERTIFICATES, "GET", "/login")[0] == 404
    assert machine.send(PLAIN, "GET", "/.well-known/openid-configuration")[0] == 200


def test_only_the_recommended_ciphers_are_offered():
    """FAPI2-SP-5.2.1-tls, FAPI2-SP-5.2.2-ciphers (BCP 195): TLS 1.2 with forward secrecy and AEAD, or 1.3."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert set(re.findall(r"ssl_protocols ([^;]+);", text)) == {"TLSv1.2 TLSv1.3"}
    (suites,) = set(re.findall(r"ssl_ciphers ([^;]+);", text))
    assert all(suite.startswith("ECDHE-") and "-GCM-" in suite for suite in suites.split(":"))
    assert "ssl_session_tickets on" not in text


def test_the_file_says_which_settings_belong_to_it():
    """Each setting that it names exists, and so does the port of `idp serve`."""
    from idp.foundation.settings import Settings

    text = Path(CONFIGURATION).read_text(encoding="utf-8")
    names = re.findall(r"IDP_([A-Z_]+)=", text)
    assert len(names) == 5
    assert {name.lower() for name in names} <= set(Settings.model_fields)
