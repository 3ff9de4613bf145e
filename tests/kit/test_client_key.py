"""A site that proves who it is by a key of its own (RFC 7523 §3, OpenID Connect Core §9) has no secret to lose."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from rp_kit import ConfigurationError, MemorySessions, RelyingParty, configuration_from
from rp_kit.client_key import ClientKey

from tests.kit.provider import CLIENT_SECRET, Provider
from tests.kit.visitor import Visitor

KEY = ECKey.generate_key("P-256")
PEM = KEY.as_pem(private=True).decode()


@pytest.fixture
def visitor(provider: Provider, make_site, configure, now, kit_site) -> Visitor:
    provider.client_keys = {"keys": [ClientKey(PEM).public_jwk]}
    party = RelyingParty(configure(client_secret="", client_key=PEM), MemorySessions(), now)
    kit_site.application = make_site(party)
    return Visitor(kit_site.origin)


def test_people_are_signed_in_and_tokens_refreshed(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider)
    assert visitor.get("/").text.startswith("signed in as")
    now.moved += 575
    assert visitor.get("/token").text == "access-1"
    assert len(provider.spent) == 2, "each assertion is used once"


def test_key_of_somebody_else_signs_nobody_in(provider: Provider, visitor: Visitor) -> None:
    stranger = ClientKey(ECKey.generate_key("P-256").as_pem(private=True).decode())
    provider.client_keys = {"keys": [stranger.public_jwk | {"kid": ClientKey(PEM).kid}]}
    provider.answers["/token"] = (401, b'{"error": "invalid_client"}')
    assert visitor.sign_in(provider).status == 502


@pytest.mark.parametrize(
    "pem",
    [
        "no key",
        KEY.as_pem(private=False).decode(),
        ECKey.generate_key("P-384").as_pem(private=True).decode(),
        RSAKey.generate_key(2048).as_pem(private=True).decode(),
        OKPKey.generate_key("Ed25519").as_pem(private=True).decode(),
        PEM[: len(PEM) // 2],
        KEY.as_pem(private=True, password="hunter2").decode(),
    ],
)
def test_key_that_cannot_sign_is_refused_at_start_without_being_shown(configure, pem: str) -> None:
    with pytest.raises(ConfigurationError, match="not a private key on P-256 in PEM form") as caught:
        configure(client_secret="", client_key=pem)
    assert pem not in str(caught.value)


def test_secret_beside_a_key_is_refused_at_start(configure) -> None:
    with pytest.raises(ConfigurationError, match="both set"):
        configure(client_secret=CLIENT_SECRET, client_key=PEM)


def test_key_may_come_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    environ = {"ISSUER": "https://idp.example", "CLIENT_ID": "tax", "ORIGIN": "https://tax.example"}
    configuration = configuration_from(environ | {"CLIENT_KEY_FILE": str(tmp_path / "key.pem")})
    assert configuration.client_key == PEM.strip()
    assert "PRIVATE KEY" not in repr(configuration)


def test_public_half_is_printed_for_the_registration(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    printed = subprocess.run(
        [sys.executable, "-m", "rp_kit", str(tmp_path / "key.pem")],
        check=True,
        capture_output=True,
        text=True,
    )
    [public] = json.loads(printed.stdout)["keys"]
    assert public == {**KEY.as_dict(private=False), "kid": KEY.thumbprint(), "use": "sig", "alg": "ES256"}
    assert "d" not in public


@pytest.mark.parametrize("arguments", [[], ["missing.pem"], ["a", "b"]])
def test_file_that_holds_no_key_is_said_in_a_line(tmp_path: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "rp_kit", *arguments]
    ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ended.returncode in {1, 2}
    assert (ended.stderr.count("\n"), ended.stdout) == (1, "")
