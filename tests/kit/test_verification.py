"""A token that is not exactly what it should be is refused (ASVS-10.5.1 to -10.5.5, OIDC-BCL-2.4, RFC 9068 §4, P10)."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from rp_kit import RelyingParty, Requirement, TokenRefused
from rp_kit.verification import Expected

from tests.kit.provider import LOGOUT_EVENT, Provider, b64url, signing_key

NONCE, ACCESS_TOKEN = "the nonce of this browser", "an access token"
AT_HASH = b64url(hashlib.sha256(ACCESS_TOKEN.encode()).digest()[:16])
EXPECTED = Expected(nonce=NONCE, access_token=ACCESS_TOKEN)

ID_TOKEN_MUST_HAVE = ("iss", "aud", "sub", "exp", "iat", "azp", "nonce", "sid")
LOGOUT_TOKEN_MUST_HAVE = ("iss", "aud", "exp", "iat", "jti", "events")
ACCESS_TOKEN_MUST_HAVE = ("iss", "aud", "sub", "exp", "iat", "client_id", "jti")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
one_server_is_enough = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def good_id_claims(provider: Provider, **changes: Any) -> dict[str, Any]:
    return provider.id_claims(**{"nonce": NONCE, "at_hash": AT_HASH} | changes)


def good_access_claims(provider: Provider) -> dict[str, Any]:
    claims = {name: provider.id_claims()[name] for name in ("iss", "sub", "iat", "exp")}
    return claims | {"aud": "https://api.example", "client_id": "tax", "jti": "j", "scope": "openid"}


def test_good_id_token_is_believed(provider: Provider, party: RelyingParty) -> None:
    claims = party.verifier.id_token(provider.sign(good_id_claims(provider), "JWT"), EXPECTED)
    assert claims["sub"] == "pairwise-subject"


def test_audience_may_be_a_list_of_this_site_alone(provider: Provider, party: RelyingParty) -> None:
    party.verifier.id_token(provider.sign(good_id_claims(provider, aud=["tax"]), "JWT"), EXPECTED)


@pytest.mark.parametrize("name", ID_TOKEN_MUST_HAVE)
def test_id_token_without_a_claim_is_refused(provider: Provider, party: RelyingParty, name: str) -> None:
    token = provider.sign(good_id_claims(provider, **{name: None}), "JWT")
    with pytest.raises(TokenRefused, match=name):
        party.verifier.id_token(token, EXPECTED)


@pytest.mark.parametrize("name", LOGOUT_TOKEN_MUST_HAVE)
def test_logout_token_without_a_claim_is_refused(provider: Provider, party: RelyingParty, name: str) -> None:
    with pytest.raises(TokenRefused, match=name):
        party.verifier.logout_token(provider.logout_token(**{name: None}))


@pytest.mark.parametrize("name", ACCESS_TOKEN_MUST_HAVE)
def test_access_token_without_a_claim_is_refused(provider: Provider, party: RelyingParty, name: str) -> None:
    claims = good_access_claims(provider)
    party.verifier.access_token(provider.sign(claims, "at+jwt"), "https://api.example")
    del claims[name]
    with pytest.raises(TokenRefused, match=name):
        party.verifier.access_token(provider.sign(claims, "at+jwt"), "https://api.example")


@one_server_is_enough
@given(name=st.sampled_from([*ID_TOKEN_MUST_HAVE, "at_hash", "acr", "auth_time", "nbf"]), value=json_values)
def test_id_token_with_any_other_value_is_refused_or_harmless(
    provider: Provider, party: RelyingParty, name: str, value: Any
) -> None:
    claims = good_id_claims(provider) | {name: value}
    try:
        believed = party.verifier.id_token(provider.sign(claims, "JWT"), EXPECTED)
    except TokenRefused:
        return
    # What is believed although it was changed must be as good as the original: another subject, session or time.
    assert isinstance(believed["sub"], str)
    assert isinstance(believed["sid"], str)
    assert believed["iss"] == provider.issuer
    assert believed["aud"] in ("tax", ["tax"])
    assert (believed["azp"], believed["nonce"], believed["at_hash"]) == ("tax", NONCE, AT_HASH)
    assert all(type(believed[time]) is int for time in ("exp", "iat", "auth_time"))
    assert isinstance(believed["acr"], str)


@one_server_is_enough
@given(name=st.sampled_from([*LOGOUT_TOKEN_MUST_HAVE, "sub", "sid", "nonce"]), value=json_values)
def test_logout_token_with_any_other_value_is_refused_or_harmless(
    provider: Provider, party: RelyingParty, name: str, value: Any
) -> None:
    try:
        logout = party.verifier.logout_token(provider.sign(provider.logout_claims() | {name: value}, "logout+jwt"))
    except TokenRefused:
        return
    assert name in {"jti", "sub", "sid"} or (name == "events" and isinstance(value[LOGOUT_EVENT], dict))
    assert isinstance(logout.jti, str)
    assert logout.sub or logout.sid


@one_server_is_enough
@given(token=st.text(max_size=60) | st.text(alphabet="abcAB.-_=~", max_size=200))
def test_nonsense_is_refused(party: RelyingParty, token: str) -> None:
    with pytest.raises(TokenRefused):
        party.verifier.id_token(token, EXPECTED)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "http://127.0.0.1:1"}, "iss"),
        ({"aud": "welfare"}, "aud"),
        ({"aud": ["tax", "welfare"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"azp": "welfare"}, "azp"),
        ({"nonce": "of another browser"}, "nonce"),
        ({"at_hash": "AAAA"}, "at_hash"),
        ({"events": {LOGOUT_EVENT: {}}}, "events"),
        ({"exp": True}, "exp"),
        ({"exp": 9_999_999_999}, "exp"),
        ({"iat": "1700000000"}, "iat"),
        ({"sub": "主体"}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sid": 7}, "sid"),
        ({"acr": ["urn:idp:acr:aal2"]}, "acr"),
    ],
)
def test_id_token_with_a_wrong_claim_is_refused(
    provider: Provider, party: RelyingParty, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TokenRefused, match=reason):
        party.verifier.id_token(provider.sign(good_id_claims(provider, **changes), "JWT"), EXPECTED)


@pytest.mark.parametrize(("moved", "reason"), [(611, "exp is over"), (-11, "iat lies in the future")])
def test_token_outside_its_time_is_refused(
    provider: Provider, party: RelyingParty, now, moved: int, reason: str
) -> None:
    token = provider.sign(good_id_claims(provider), "JWT")
    now.moved += moved - 0.5 if moved < 0 else moved
    with pytest.raises(TokenRefused, match=reason):
        party.verifier.id_token(token, EXPECTED)


@pytest.mark.parametrize(
    ("requirement", "changes"),
    [
        (Requirement(acr="urn:idp:acr:aal3"), {}),
        (Requirement(acr="urn:idp:acr:aal1"), {"acr": "urn:elsewhere"}),
        (Requirement(acr="urn:idp:acr:aal1"), {"acr": None}),
        (Requirement(max_age=60), {"auth_time": None}),
        (Requirement(max_age=60), {"auth_time": 1}),
    ],
)
def test_weaker_or_older_sign_in_than_asked_for_is_refused(
    provider: Provider, party: RelyingParty, requirement: Requirement, changes: dict[str, Any]
) -> None:
    token = provider.sign(good_id_claims(provider, **changes), "JWT")
    expected = Expected(nonce=NONCE, access_token=ACCESS_TOKEN, requirement=requirement)
    with pytest.raises(TokenRefused, match=r"acr is weaker, or auth_time older"):
        party.verifier.id_token(token, expected)


def test_stronger_sign_in_than_asked_for_is_believed(provider: Provider, party: RelyingParty) -> None:
    requirement = Requirement(acr="urn:idp:acr:aal1", max_age=60)
    expected = Expected(nonce=NONCE, access_token=ACCESS_TOKEN, requirement=requirement)
    party.verifier.id_token(provider.sign(good_id_claims(provider), "JWT"), expected)


@pytest.mark.parametrize("typ", [None, "jwt", "JWT ", "logout+jwt", "at+jwt", "application/jwt"])
def test_id_token_of_another_type_is_refused(provider: Provider, party: RelyingParty, typ: str | None) -> None:
    with pytest.raises(TokenRefused, match="typ"):
        party.verifier.id_token(provider.sign(good_id_claims(provider), typ), EXPECTED)


def test_logout_token_is_no_id_token(provider: Provider, party: RelyingParty) -> None:
    """The library alone accepts this one."""
    both = good_id_claims(provider) | provider.logout_claims()
    for typ in ("logout+jwt", "JWT"):
        with pytest.raises(TokenRefused):
            party.verifier.id_token(provider.sign(both, typ), EXPECTED)


def test_id_token_is_no_logout_token_and_no_access_token(provider: Provider, party: RelyingParty) -> None:
    token = provider.sign(good_id_claims(provider), "JWT")
    with pytest.raises(TokenRefused, match="typ"):
        party.verifier.logout_token(token)
    with pytest.raises(TokenRefused, match="typ"):
        party.verifier.access_token(token, "tax")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nonce": "n"}, "nonce"),
        ({"events": {}}, "events"),
        ({"events": {LOGOUT_EVENT: True}}, "events"),
        ({"events": [LOGOUT_EVENT]}, "events"),
        ({"sub": None, "sid": None}, "neither sub nor sid"),
        ({"sid": ""}, "sid"),
        ({"aud": "welfare"}, "aud"),
        ({"exp": 9_999_999_999}, "exp"),
    ],
)
def test_logout_token_that_breaks_a_rule_is_refused(
    provider: Provider, party: RelyingParty, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TokenRefused, match=reason):
        party.verifier.logout_token(provider.logout_token(**changes))


@pytest.mark.parametrize("absent", ["sub", "sid"])
def test_logout_token_may_name_a_person_or_a_session(provider: Provider, party: RelyingParty, absent: str) -> None:
    logout = party.verifier.logout_token(provider.logout_token(**{absent: None}))
    assert (logout.sub is None, logout.sid is None) == (absent == "sub", absent == "sid")


def test_alg_none_is_refused(provider: Provider, party: RelyingParty) -> None:
    payload = b64url(json.dumps(good_id_claims(provider)).encode())
    for alg in ("none", "None", ""):
        header = b64url(json.dumps({"alg": alg, "typ": "JWT", "kid": "es-1"}).encode())
        for signature in ("", b64url(b"x")):
            with pytest.raises(TokenRefused):
                party.verifier.id_token(f"{header}.{payload}.{signature}", EXPECTED)


@pytest.mark.parametrize("kid", ["es-1", "rs-1"])
def test_public_key_does_not_serve_as_a_secret(provider: Provider, party: RelyingParty, kid: str) -> None:
    key: Any = {"es-1": provider.es256, "rs-1": provider.rs256}[kid]
    for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
        data = _unsigned({"alg": "HS256", "kid": kid, "typ": "JWT"}, json.dumps(good_id_claims(provider)).encode())
        token = f"{data}.{b64url(hmac.digest(secret, data.encode(), 'sha256'))}"
        with pytest.raises(TokenRefused, match="alg"):
            party.verifier.id_token(token, EXPECTED)


def test_published_key_of_another_algorithm_than_registered_is_refused(provider: Provider, party: RelyingParty) -> None:
    token = provider.sign(good_id_claims(provider), "JWT", provider.rs256)
    with pytest.raises(TokenRefused, match="alg"):
        party.verifier.id_token(token, EXPECTED)


def test_rs256_is_believed_where_it_is_registered(provider: Provider, configure, now) -> None:
    party = RelyingParty(configure(id_token_algorithm="RS256"), now=now)
    party.verifier.id_token(provider.sign(good_id_claims(provider), "JWT", provider.rs256), EXPECTED)
    with pytest.raises(TokenRefused, match="alg"):
        party.verifier.id_token(provider.sign(good_id_claims(provider), "JWT"), EXPECTED)


def test_unknown_and_missing_kid_are_refused(provider: Provider, party: RelyingParty) -> None:
    payload = json.dumps(good_id_claims(provider)).encode()
    for header in ({"kid": "invented"}, {}, {"kid": None}, {"kid": 7}, {"kid": ""}, {"kid": ["es-1"]}):
        token = _sign_by_hand(provider.es256, {"alg": "ES256", "typ": "JWT"} | header, payload)
        with pytest.raises(TokenRefused, match="kid"):
            party.verifier.id_token(token, EXPECTED)


def test_key_under_the_kid_of_another_is_refused(provider: Provider, party: RelyingParty) -> None:
    forged = provider.sign(good_id_claims(provider), "JWT", signing_key("es-1"))
    with pytest.raises(TokenRefused, match="signature"):
        party.verifier.id_token(forged, EXPECTED)


def test_key_that_the_token_brings_is_never_used(provider: Provider, party: RelyingParty) -> None:
    key: ECKey = signing_key("es-1")
    for header in (
        {"jwk": key.as_dict(private=False)},
        {"jku": provider.issuer},
        {"x5u": provider.issuer},
        {"x5c": [""]},
    ):
        for signer in (key, provider.es256):
            with pytest.raises(TokenRefused, match="own key"):
                party.verifier.id_token(provider.sign(good_id_claims(provider), "JWT", signer, **header), EXPECTED)


def test_critical_extension_is_refused(provider: Provider, party: RelyingParty) -> None:
    token = _sign_by_hand(provider.es256, {"alg": "ES256", "kid": "es-1", "typ": "JWT", "crit": ["x"]}, b"{}")
    with pytest.raises(TokenRefused, match="critical"):
        party.verifier.id_token(token, EXPECTED)


def test_payload_with_a_duplicate_member_is_refused(provider: Provider, party: RelyingParty) -> None:
    claims = json.dumps(good_id_claims(provider))[:-1] + ', "sub": "somebody else"}'
    token = _sign_by_hand(provider.es256, {"alg": "ES256", "kid": "es-1", "typ": "JWT"}, claims.encode())
    with pytest.raises(TokenRefused, match="duplicate"):
        party.verifier.id_token(token, EXPECTED)


@pytest.mark.parametrize("payload", [b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 9000, b'{"exp": NaN}'])
def test_payload_that_is_no_json_object_is_refused(provider: Provider, party: RelyingParty, payload: bytes) -> None:
    token = _sign_by_hand(provider.es256, {"alg": "ES256", "kid": "es-1", "typ": "JWT"}, payload)
    with pytest.raises(TokenRefused, match="payload"):
        party.verifier.id_token(token, EXPECTED)


def test_token_has_one_spelling_only(provider: Provider, party: RelyingParty) -> None:
    header, payload, signature = provider.sign(good_id_claims(provider), "JWT").split(".")
    respelt = signature[:-1] + chr(ord(signature[-1]) + 1)
    for changed in (
        f"{header}.{payload}.{signature}=",
        f"{header}.{payload}.{respelt}",
        f" {header}.{payload}.{signature}",
    ):
        with pytest.raises(TokenRefused):
            party.verifier.id_token(changed, EXPECTED)


def test_changed_payload_is_refused(provider: Provider, party: RelyingParty) -> None:
    header, payload, signature = provider.sign(good_id_claims(provider), "JWT").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = b64url(json.dumps(claims | {"sub": "somebody else"}).encode())
    with pytest.raises(TokenRefused, match="signature"):
        party.verifier.id_token(f"{header}.{changed}.{signature}", EXPECTED)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", {"kty": "oct", "k": b64url(b"x" * 32)}),
        ("ES256", ECKey.generate_key("P-256").as_dict(private=True)),
        ("ES256", ECKey.generate_key("P-256", {"use": "enc"}).as_dict(private=False)),
        ("ES256", ECKey.generate_key("P-256", {"alg": "ECDH-ES"}).as_dict(private=False)),
        ("ES256", ECKey.generate_key("P-384").as_dict(private=False)),
        ("ES256", {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
        ("ES256", {"kty": "EC", "crv": "P-256"}),
        ("RS256", {"kty": "RSA", "n": b64url(b"x" * 128), "e": "AQAB"}),
        ("RS256", {"kty": "RSA", "n": 5, "e": []}),
    ],
)
def test_unfit_key_in_the_published_set_is_never_used(provider: Provider, configure, now, algorithm, key) -> None:
    """Private, symmetric, for encryption, of another curve, broken, or short."""
    provider.published = [key | {"kid": "unfit"}]
    party = RelyingParty(configure(id_token_algorithm=algorithm), now=now)
    data = _unsigned({"alg": algorithm, "kid": "unfit", "typ": "JWT"}, json.dumps(good_id_claims(provider)).encode())
    with pytest.raises(TokenRefused, match=r"kid is not a published|signature"):
        party.verifier.id_token(f"{data}.{b64url(b'x' * 64)}", EXPECTED)


def _sign_by_hand(key: Any, header: dict[str, Any], payload: bytes) -> str:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    data = _unsigned(header, payload)
    r, s = decode_dss_signature(key.private_key.sign(data.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{data}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _unsigned(header: dict[str, Any], payload: bytes) -> str:
    return f"{b64url(json.dumps(header).encode())}.{b64url(payload)}"
