"""Signed tokens: what ours look like, who else can read them, and what is refused (RFC 7515, RFC 8725, ASVS-11.6.1)."""

import json
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jws as other_jws
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy.exc import SQLAlchemyError

from idp.foundation.digests import b64url, unb64url
from idp.keyring.errors import KeyUnknown, TokenInvalid
from idp.keyring.service import Keyring
from idp.keyring.signers import ALGORITHMS
from tests.keyring.nodes import Deployment
from tests.support.clock import FrozenClock

CLAIMS = {"iss": "http://localhost:8000", "sub": "s", "name": "张三", "amr": ["pwd", "otp"], "exp": 1_800_000_000}
one_node = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.fixture
def full(deployment: Deployment) -> Keyring:
    return deployment.node(algorithms=ALGORITHMS)


def test_token_of_every_algorithm_comes_back_as_it_was(full: Keyring):
    """ASVS-11.2.2."""
    for alg in ALGORITHMS:
        token = full.sign(CLAIMS, typ="JWT", alg=alg)
        assert header_of(token) == {"alg": alg, "kid": full.signer(alg).kid, "typ": "JWT"}
        assert full.verify(token, typ="JWT") == CLAIMS


def test_claims_may_be_any_mapping(node: Keyring):
    assert node.verify(node.sign(MappingProxyType(CLAIMS), typ="JWT"), typ="JWT") == CLAIMS


@pytest.mark.parametrize("claims", [{"exp": datetime(2026, 1, 1, tzinfo=UTC)}, {"sub": object()}])
def test_claim_that_is_no_json_is_refused(node: Keyring, claims):
    with pytest.raises(TypeError):
        node.sign(claims, typ="JWT")


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_python_jose_verifies_our_tokens(full: Keyring, alg):
    from jose import jwt

    key = next(key for key in full.jwks()["keys"] if key["kid"] == full.signer(alg).kid)
    options = {"verify_exp": False}
    assert jwt.decode(full.sign(CLAIMS, typ="JWT", alg=alg), key, algorithms=[alg], options=options) == CLAIMS


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_joserfc_verifies_our_tokens_of_every_algorithm(full: Keyring):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set({"keys": full.jwks()["keys"]})
    for alg in ALGORITHMS:
        assert jwt.decode(full.sign(CLAIMS, typ="JWT", alg=alg), keys, algorithms=[alg]).claims == CLAIMS


def test_unknown_algorithm_does_not_sign(node: Keyring):
    for alg in ("none", "HS256", "RS256", ""):
        with pytest.raises(KeyUnknown):
            node.sign(CLAIMS, typ="JWT", alg=alg)


def test_token_of_another_type_is_refused(node: Keyring):
    """RFC 8725 §3.11."""
    token = node.sign(CLAIMS, typ="at+jwt")
    for typ in ("JWT", "logout+jwt", "AT+JWT", ""):
        with pytest.raises(TokenInvalid):
            node.verify(token, typ=typ)
    assert node.verify(token, typ="at+jwt") == CLAIMS
    with pytest.raises(TokenInvalid):
        node.verify(token, typ="JWT")


def test_header_with_anything_more_is_refused(node: Keyring):
    """RFC 8725 §3.1: even when it is signed by our own key."""
    signer = node.signer("ES256")
    ours = {"alg": "ES256", "kid": signer.kid, "typ": "JWT"}
    forged = [
        ours | {"crit": ["exp"]},
        ours | {"jku": "https://evil.example/jwks"},
        ours | {"x5u": "https://evil.example/x"},
        ours | {"jwk": {"kty": "EC"}},
        ours | {"alg": "EdDSA"},
        ours | {"alg": "none"},
        ours | {"alg": ["ES256"]},
        ours | {"kid": "other"},
        {"alg": "ES256", "typ": "JWT"},
        {"alg": "ES256", "kid": signer.kid},
        {},
    ]
    for header in forged:
        signed = f"{segment(header)}.{segment(CLAIMS)}"
        token = f"{signed}.{b64url(signer.sign(signed.encode()))}"
        with pytest.raises(TokenInvalid):
            node.verify(token, typ="JWT")
    # The same members in another order are the same header: a former release may have written them so.
    signed = f"{segment(dict(reversed(ours.items())))}.{segment(CLAIMS)}"
    assert node.verify(f"{signed}.{b64url(signer.sign(signed.encode()))}", typ="JWT") == CLAIMS


def test_payload_that_is_no_object_is_refused(node: Keyring):
    signer = node.signer("ES256")
    head = node.sign({}, typ="JWT").split(".")[0]
    for payload in (b"[]", b'"x"', b"1", b"null", b"", b"{", b"\xff"):
        signed = f"{head}.{b64url(payload)}"
        with pytest.raises(TokenInvalid):
            node.verify(f"{signed}.{b64url(signer.sign(signed.encode()))}", typ="JWT")


def test_foreign_keys_do_not_sign_for_us(full: Keyring):
    """The classic confusions: none, HMAC with our public key, a key of the attacker under our kid (CVE-2024-33663)."""
    kid = full.signer("RS256").kid
    public = next(key for key in full.jwks()["keys"] if key["kid"] == kid)
    payload = json.dumps(CLAIMS)
    head = {"alg": "RS256", "kid": kid, "typ": "JWT"}
    pem = RSAKey.import_key(public).as_pem(private=False)
    attempts = [
        other_jws.serialize_compact(head, payload, RSAKey.generate_key(2048), algorithms=["RS256"]),
        other_jws.serialize_compact(
            head | {"alg": "ES256"}, payload, ECKey.generate_key("P-256"), algorithms=["ES256"]
        ),
        other_jws.serialize_compact(
            head | {"alg": "HS256"}, payload, OctKey.import_key(b64url(pem)), algorithms=["HS256"]
        ),
        f"{segment(head | {'alg': 'none'})}.{segment(CLAIMS)}.",
    ]
    for token in attempts:
        with pytest.raises(TokenInvalid):
            full.verify(token, typ="JWT")


@one_node
@given(st.data())
def test_no_changed_character_gets_through(node: Keyring, data):
    """Also not in the last character, whose unused bits other decoders ignore (RFC 4648 §3.5)."""
    token = node.sign(CLAIMS, typ="JWT")
    place = data.draw(st.one_of(st.integers(0, len(token) - 1), st.integers(len(token) - 3, len(token) - 1)))
    character = data.draw(st.characters(codec="utf-8").filter(lambda drawn: drawn != token[place]))
    with pytest.raises(TokenInvalid):
        node.verify(token[:place] + character + token[place + 1 :], typ="JWT")


@one_node
@given(st.text(max_size=200))
def test_any_other_text_is_refused(node: Keyring, text):
    for token in (text, f"{text}.{text}.{text}", f"{node.sign({}, typ='JWT')}{text or '='}"):
        with pytest.raises(TokenInvalid):
            node.verify(token, typ="JWT")


def test_es256_signature_of_another_form_is_refused(node: Keyring):
    """The DER form, and r and s that are zero or too long, are not JWS signatures (RFC 7518 §3.4)."""
    signed, _, signature = node.sign(CLAIMS, typ="JWT").rpartition(".")
    raw = unb64url(signature)
    for wrong in (b"", raw[:-1], raw + b"\0", bytes(64), b"\xff" * 64, b"0" + raw):
        with pytest.raises(TokenInvalid):
            node.verify(f"{signed}.{b64url(wrong)}", typ="JWT")


def test_published_bytes_are_the_key_set_and_change_their_tag_with_it(node: Keyring, clock: FrozenClock):
    before = node.published_jwks_bytes()
    assert json.loads(before.body) == node.jwks()
    assert before.etag.startswith('"')
    assert before.etag.endswith('"')
    clock.advance(1)
    assert node.published_jwks_bytes().etag == before.etag
    node.rotate(emergency=True)
    assert node.published_jwks_bytes().etag != before.etag


def test_key_set_is_void_when_the_database_is_silent_for_a_second(
    deployment: Deployment, node: Keyring, clock: FrozenClock
):
    """Architecture rule 6: a key may have been revoked meanwhile."""
    token = node.sign(CLAIMS, typ="JWT")
    rename(deployment, "key_set_version", "hidden")
    try:
        clock.advance(0.9)
        assert node.verify(token, typ="JWT") == CLAIMS
        clock.advance(0.1)
        for use in (lambda: node.verify(token, typ="JWT"), lambda: node.sign({}, typ="JWT"), node.jwks):
            with pytest.raises(SQLAlchemyError):
                use()
    finally:
        rename(deployment, "hidden", "key_set_version")
    assert node.verify(token, typ="JWT") == CLAIMS


def rename(deployment: Deployment, table: str, name: str) -> None:
    with deployment.database.transaction() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def header_of(token: str):
    return json.loads(unb64url(token.split(".", maxsplit=1)[0]))


def segment(value) -> str:
    return b64url(json.dumps(value).encode())
