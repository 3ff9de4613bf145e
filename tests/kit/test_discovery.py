"""What a site may be told about its provider, and what it must refuse (OIDC Discovery §4.3, RFC 9207 §2.3)."""

import contextlib
import socket
import threading
import time

import pytest
from rp_kit import ConfigurationError, ProviderUnreachable, RelyingParty, configuration_from
from rp_kit.outbound import Outbound

from tests.kit.provider import Provider


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "http://127.0.0.1:1"}, "another issuer"),
        ({"issuer": None}, "another issuer"),
        ({"code_challenge_methods_supported": ["plain"]}, "S256"),
        ({"code_challenge_methods_supported": None}, "S256"),
        ({"authorization_response_iss_parameter_supported": None}, "RFC 9207"),
        ({"jwks_uri": None}, "jwks_uri"),
        ({"jwks_uri": 5}, "jwks_uri"),
        ({"jwks_uri": "file:///etc/passwd"}, "not https"),
    ],
)
def test_unfit_provider_is_refused(provider: Provider, party: RelyingParty, changes, reason: str) -> None:
    provider.metadata = changes
    with pytest.raises(ProviderUnreachable, match=reason):
        party.verifier.logout_token(provider.logout_token())


def test_issuer_with_a_slash_more_is_another_issuer(provider: Provider, configure) -> None:
    party = RelyingParty(configure(issuer=provider.issuer + "/"))
    with pytest.raises(ProviderUnreachable, match="match exactly"):
        party.verifier.logout_token(provider.logout_token())


def test_address_that_none_can_have_is_an_outage_not_a_fault_of_ours(provider: Provider, party: RelyingParty) -> None:
    provider.metadata = {"jwks_uri": "http://127.0.0.1:99999/jwks.json"}
    with pytest.raises(ProviderUnreachable, match="Port out of range"):
        party.verifier.logout_token(provider.logout_token())


def test_other_issuer_is_said_by_its_name(provider: Provider, configure) -> None:
    """The commonest mistake: a slash at the end, or http for https."""
    party = RelyingParty(configure(issuer=provider.issuer + "/"))
    with pytest.raises(ProviderUnreachable, match=f"'{provider.issuer}', not '{provider.issuer}/'"):
        party.verifier.logout_token(provider.logout_token())


def test_where_no_document_was_found_is_said(provider: Provider, configure) -> None:
    party = RelyingParty(configure(issuer=provider.issuer + "/realm"))
    with pytest.raises(ProviderUnreachable, match=r"/realm/\.well-known/openid-configuration answered with status 404"):
        party.verifier.logout_token(provider.logout_token())


def test_redirects_are_not_followed(provider: Provider) -> None:
    provider.answers["/.well-known/openid-configuration"] = (302, f"{provider.issuer}/jwks.json".encode())
    assert Outbound(2).get(f"{provider.issuer}/.well-known/openid-configuration").status == 302
    assert provider.calls["/jwks.json"] == 0


def test_proxies_of_the_environment_are_not_used(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert Outbound(2).get(f"{provider.issuer}/jwks.json").status == 200


def test_answer_without_end_is_cut_off(provider: Provider) -> None:
    provider.answers["/jwks.json"] = (200, b"x" * 600_000)
    with pytest.raises(ProviderUnreachable, match="too large"):
        Outbound(2).get(f"{provider.issuer}/jwks.json")


def test_answer_that_drips_is_cut_off() -> None:
    """Each packet comes in time; the whole does not."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_drip, args=(server,), daemon=True).start()
        with pytest.raises(ProviderUnreachable, match="too slow"):
            Outbound(0.3).get(f"http://127.0.0.1:{server.getsockname()[1]}/")


def _drip(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)


def test_nobody_there_is_an_outage_in_plain_words() -> None:
    with pytest.raises(ProviderUnreachable, match=r"GET 127\.0\.0\.1:1/x: ConnectionRefusedError"):
        Outbound(2).get("http://127.0.0.1:1/x")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": ""}, "issuer is not set"),
        ({"client_secret": ""}, "client_secret is not set"),
        ({"issuer": "http://idp.example"}, "must be https"),
        ({"origin": "http://tax.example"}, "must be https"),
        ({"origin": "https://tax.example/"}, "origin must be"),
        ({"origin": "ftp://localhost"}, "must be an https URL"),
        ({"issuer": "https://user@idp.example"}, "without user"),
        ({"issuer": "http://localhost:99999"}, "issuer has no such port"),
        ({"origin": "http://localhost:web"}, "origin has no such port"),
        ({"client_id": "tax; Path=/"}, "client_id"),
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file /nowhere/ca.pem cannot be read as certificates"),
        ({"ca_file": __file__}, "cannot be read as certificates"),
        ({"scope": "profile"}, "openid"),
        ({"id_token_algorithm": "none"}, "id_token_algorithm"),
        ({"id_token_algorithm": "HS256"}, "id_token_algorithm"),
    ],
)
def test_wrong_configuration_is_refused_at_start(configure, changes, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        configure(**changes)


def test_settings_may_come_from_the_environment(tmp_path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    environ = {
        "ISSUER": "https://idp.example",
        "CLIENT_ID": "other",
        "CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "ORIGIN": "https://tax.example",
    }
    configuration = configuration_from(environ, client_id="tax", scope="openid phone")
    assert (configuration.client_id, configuration.client_secret) == ("tax", "from a file")
    assert configuration.redirect_uri == "https://tax.example/callback"
    assert configuration.cookie_name("session") == "__Host-tax_session"
    assert "from a file" not in repr(configuration)
    with pytest.raises(ConfigurationError, match="set ISSUER"):
        configuration_from({})


@pytest.mark.parametrize("name", ["missing", "."])
def test_secret_file_that_cannot_be_read_is_named_at_start(tmp_path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"CLIENT_SECRET_FILE .* cannot be read"):
        configuration_from({"CLIENT_SECRET_FILE": str(tmp_path / name)})


def test_secret_file_of_another_encoding_is_named_at_start(tmp_path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"CLIENT_SECRET_FILE .* cannot be read"):
        configuration_from({"CLIENT_SECRET_FILE": str(tmp_path / "secret")})
