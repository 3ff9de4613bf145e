"""What a registration makes us fetch, and whose word counts beside the client's (OIDC Registration §5, RFC 7591)."""

import json
import ssl
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.support.certificates import make_certificate
from tests.support.receiver import NAME, receive

__all__ = ["receive"]
HOSTS = ["https://a.example.org/callback", "https://b.example.org/callback"]
PUBLISHER = "https://publisher.example"


@pytest.fixture
def publisher_key() -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": "p1"})


@pytest.fixture
def document() -> bytes:
    return json.dumps(HOSTS).encode()


@pytest.fixture
def receiver(document: bytes, tmp_path: Any, receive: Any) -> Any:
    public, private = make_certificate(tmp_path, NAME)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(document)}\r\n\r\n".encode()
    return receive(head + document, context)


@pytest.fixture
def setting_changes(receiver: Any, tmp_path: Any, publisher_key: ECKey) -> dict[str, str]:
    trusted = tmp_path / "publishers.json"
    trusted.write_text(json.dumps({PUBLISHER: {"keys": [publisher_key.as_dict(private=False)]}}))
    return {
        "IDP_OUTBOUND_ALLOW": f"{NAME}:{receiver.port}=127.0.0.0/8",
        "IDP_OUTBOUND_CA_FILE": str(tmp_path / "ca.pem"),
        "IDP_SOFTWARE_STATEMENT_ISSUERS": str(trusted),
    }


@pytest.fixture(autouse=True)
def _name_resolves(services: Any) -> None:
    services.outbound._resolver = lambda _host, _port: ["127.0.0.1"]  # noqa: SLF001 - the name of the test's server


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (json.dumps(HOSTS).encode(), 201),
        (json.dumps(HOSTS[:1]).encode(), 400),
        (b'{"redirect_uris": []}', 400),
        (b"<html>", 400),
        (b"[1]", 400),
        (b"[" + b"1," * 40_000 + b"1]", 400),
    ],
)
def test_sector_identifier_is_fetched_and_must_list_the_addresses(newcomer, services, receiver, status):
    """OIDC Registration §5: what it says is checked before anything is written."""
    uri = f"https://{NAME}:{receiver.port}/uris.json"
    response = newcomer.post(redirect_uris=HOSTS, sector_identifier_uri=uri)
    assert response.status_code == status, response.text
    assert len(receiver.requests) == 1
    if status == 201:
        detail = services.registry.show(response.get_json()["client_id"])
        assert detail.content["policy"]["sector"] == f"host.{NAME}"
        assert response.get_json()["sector_identifier_uri"] == uri
    else:
        assert response.get_json()["error"] == "invalid_client_metadata"
        assert services.registry.list() == ()


def statement(key: ECKey, alg: str = "ES256", **claims: Any) -> str:
    content = {"iss": PUBLISHER, "software_id": "s1", "client_name": "Published App"} | claims
    return jwt.encode({"alg": alg, "kid": "p1"}, content, key, algorithms=[alg])


def test_what_a_trusted_publisher_says_takes_precedence(newcomer, publisher_key):
    """RFC7591-2.3: a software statement."""
    answer = newcomer.register(client_name="Something Else", software_statement=statement(publisher_key))
    assert (answer["client_name"], answer["software_id"]) == ("Published App", "s1")


def test_statement_cannot_set_policy_either(newcomer, publisher_key, services):
    """P9."""
    said = statement(publisher_key, policy={"sector": "tax-bureau"}, sector="tax-bureau", client_id="tax")
    answer = newcomer.register(software_statement=said)
    assert answer["client_id"] != "tax"
    assert services.registry.show(answer["client_id"]).content["policy"]["sector"] == "host.app.example.org"


def test_broken_statement_refuses_the_registration(newcomer, publisher_key, clock):
    """RFC7591-3.2.2: invalid_software_statement, unapproved_software_statement."""
    other = ECKey.generate_key("P-256", parameters={"kid": "p1"})
    now = int(clock.now().timestamp())
    good = statement(publisher_key)
    head, body, _ = good.split(".")
    for bad, error in (
        (statement(other), "invalid_software_statement"),
        (f"{head}.{body}.", "invalid_software_statement"),
        (statement(publisher_key, exp=now), "invalid_software_statement"),
        (statement(publisher_key, nbf=now + 60), "invalid_software_statement"),
        (statement(publisher_key, exp="never"), "invalid_software_statement"),
        (statement(publisher_key, iss="https://stranger.example"), "unapproved_software_statement"),
        (statement(publisher_key, iss=["x"]), "unapproved_software_statement"),
        ("x" * 20_000, "invalid_software_statement"),
    ):
        response = newcomer.post(software_statement=bad)
        assert (response.status_code, response.get_json()["error"]) == (400, error), bad
