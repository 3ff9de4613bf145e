"""Passkeys (Web Authentication Level 3 §7.1, §7.2): what is accepted once, and what is never accepted."""

import json
import threading
from uuid import UUID

import cbor2
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from idp.factors.models import Passkey
from idp.factors.passkey import ceremony
from idp.factors.passkey.attestation import AttestationPolicy
from idp.factors.passkey.values import PasskeyRefused, RelyingParty, VerifiedPasskey
from idp.foundation.digests import b64url
from tests.support.software_authenticator import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    MODEL,
    PRESENT,
    USUAL,
    VERIFIED,
    Device,
    Maker,
    altered,
)

BROWSER, OTHER_BROWSER = "presession-1", "presession-2"


@pytest.fixture
def make(services):
    """Have a device make a passkey of an account, and return what became of it."""

    def enrol(person, device, *, needs_attestation=False, **lies):
        options = services.factors.begin_passkey(
            BROWSER, person.account_id, person.username, needs_attestation=needs_attestation
        )
        return services.factors.add_passkey(
            BROWSER,
            person.account_id,
            device.make(options, **lies),
            "phone",
            needs_attestation=needs_attestation,
            actor=f"account:{person.account_id}",
        )

    return enrol


@pytest.fixture
def use(services):
    """Have a device answer a fresh challenge, and return what became of it."""

    def answer(device, **lies):
        return services.factors.verify_passkey(BROWSER, device.use(services.factors.ask_passkey(BROWSER), **lies))

    return answer


@pytest.fixture
def person(account_factory):
    return account_factory()


@pytest.fixture
def device(issuer, make, person):
    """A device with a passkey of this person."""
    device = Device(issuer)
    assert make(person, device) == VerifiedPasskey(person.account_id, "passkey")
    return device


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_passkey_of_every_algorithm_is_accepted(person, issuer, make, use, algorithm):
    device = Device(issuer, algorithm)
    assert make(person, device) == VerifiedPasskey(person.account_id, "passkey")
    for _ in range(2):
        assert use(device) == VerifiedPasskey(person.account_id, "passkey")


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://localhost.evil.example"},
        {"origin": "https://localhost:8000"},
        {"origin": "http://localhost:8000/"},
        {"site": "evil.example"},
        {"type": "webauthn.create"},
        {"flags": VERIFIED},
        {"flags": PRESENT},
        {"flags": USUAL | BACKED_UP},
        {"flags": USUAL | BACKUP_ELIGIBLE},
        {"signature": b"\x00" * 70},
        {"data": b"\x00" * 37},
        {"data": b""},
    ],
    ids=str,
)
def test_answer_that_is_wrong_in_one_thing_is_refused(device, use, person, lies):
    """NIST-63B-3.2.5-phishing, NIST-63B-3.2.8-intent: origin, site, kind, presence, verification, flags, signature."""
    assert use(device, **lies) == PasskeyRefused("wrong", person.account_id)
    assert isinstance(use(device), VerifiedPasskey)


def test_answer_from_a_frame_is_refused(device, use):
    assert use(device, crossOrigin=True, topOrigin="https://evil.example") == PasskeyRefused("malformed")


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://evil.example"},
        {"site": "evil.example"},
        {"type": "webauthn.get"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"algorithm": -65535},
        {"algorithm": -36},
        {"algorithm": 0},
        {"key": cbor2.dumps({1: 2, 3: -7, -1: 3, -2: b"\x01" * 66, -3: b"\x01" * 66})},
        {"key": cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32})},
        {"key": cbor2.dumps({1: 3, 3: -257, -1: b"\xff" * 64, -2: b"\x03"})},
        {"key": cbor2.dumps({1: 3, 3: -257, -1: b"\xff" * 4000, -2: b"\x03"})},
        {"key": cbor2.dumps([])},
        {"attestation": {"fmt": "fido-u2f"}},
        {"attestation": {"fmt": "tpm", "attStmt": {"ver": "2.0"}}},
        {"attestation": {"attStmt": {"sig": b"x"}}},
        {"attestation": {"fmt": ["none"]}},
    ],
    ids=lambda lies: str(lies)[:60],
)
def test_new_passkey_that_is_wrong_in_one_thing_is_refused(person, issuer, make, services, lies):
    assert make(person, Device(issuer), **lies) == PasskeyRefused("wrong")
    assert not services.factors.enrolled(person.account_id).of_kind("passkey")


def test_challenge_is_answered_once(services, device):
    """ASVS-6.7.2, NIST-63B-3.2.7-replay."""
    answer = device.use(services.factors.ask_passkey(BROWSER))
    assert isinstance(services.factors.verify_passkey(BROWSER, answer), VerifiedPasskey)
    assert services.factors.verify_passkey(BROWSER, answer) == PasskeyRefused("expired")


def test_wrong_answer_spends_the_challenge_too(services, device):
    options = services.factors.ask_passkey(BROWSER)
    services.factors.verify_passkey(BROWSER, device.use(options, flags=PRESENT))
    assert services.factors.verify_passkey(BROWSER, device.use(options)) == PasskeyRefused("expired")


def test_challenge_counts_for_its_browser_its_ceremony_and_five_minutes(services, device, person, clock):
    """Rule H4, NIST-63B-3.1.6.2-challenge."""
    ask, verify = services.factors.ask_passkey, services.factors.verify_passkey
    assert verify(OTHER_BROWSER, device.use(ask(BROWSER))) == PasskeyRefused("expired")
    to_make = services.factors.begin_passkey(BROWSER, person.account_id, person.username, needs_attestation=False)
    as_if = json.dumps({"challenge": json.loads(to_make)["challenge"], "rpId": "localhost"})
    assert verify(BROWSER, device.use(as_if)) == PasskeyRefused("expired")
    options = ask(BROWSER)
    clock.advance(minutes=5)
    assert verify(BROWSER, device.use(options)) == PasskeyRefused("expired")
    made_up = json.dumps({"challenge": b64url(b"x" * 57), "rpId": "localhost"})
    assert verify(BROWSER, device.use(made_up)) == PasskeyRefused("expired")


def test_challenges_are_long_and_never_the_same(services):
    """ASVS-6.7.2: no repeat in 1,000; at least 64 bits."""
    asked = {json.loads(services.factors.ask_passkey(BROWSER))["challenge"] for _ in range(1000)}
    assert len(asked) == 1000
    assert all(len(challenge) >= 22 for challenge in asked)


@pytest.mark.usefixtures("device")
def test_question_is_the_same_whoever_asks(services):
    """Rule S4: nothing is said of keys or accounts."""
    asked = json.loads(services.factors.ask_passkey(BROWSER))
    asked.pop("challenge")
    assert asked == {"rpId": "localhost", "timeout": 300_000, "allowCredentials": [], "userVerification": "required"}


def test_counter_that_goes_back_is_a_copy_perhaps(services, device, use, person):
    """Web Authentication Level 3 §6.1.1: refused and recorded; the device that counts on is still accepted."""
    assert isinstance(use(device, count=7), VerifiedPasskey)
    for count in (7, 6, 0):
        assert use(device, count=count) == PasskeyRefused("cloned", person.account_id)
    assert isinstance(use(device, count=8), VerifiedPasskey)
    records = services.audit.of_account(person.account_id, limit=50)
    assert [record.action for record in records].count("authenticator.clone_suspected") == 3


def test_device_that_does_not_count_is_accepted(person, issuer, make, use):
    device = Device(issuer, counts=False, flags=USUAL | BACKUP_ELIGIBLE | BACKED_UP)
    make(person, device)
    for _ in range(3):
        assert isinstance(use(device), VerifiedPasskey)


def test_backup_state_is_kept_up_to_date(services, person, issuer, make, use):
    device = Device(issuer, flags=USUAL | BACKUP_ELIGIBLE)
    make(person, device)
    assert not services.factors.enrolled(person.account_id).of_kind("passkey")[0].is_backed_up
    assert isinstance(use(device, flags=USUAL | BACKUP_ELIGIBLE | BACKED_UP), VerifiedPasskey)
    assert services.factors.enrolled(person.account_id).of_kind("passkey")[0].is_backed_up


def test_same_answer_at_the_same_time_is_accepted_once(services, device):
    answer = device.use(services.factors.ask_passkey(BROWSER))
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(services.factors.verify_passkey(BROWSER, answer)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, VerifiedPasskey) for outcome in outcomes) == 1


def test_credential_id_belongs_to_one_account(services, device, person, account_factory, issuer, make, use):
    """Web Authentication Level 3 §7.1: whoever has learnt an id cannot take it."""
    thief = account_factory()
    assert make(thief, Device(issuer, credential_id=device.credential_id)) == PasskeyRefused("taken")
    assert not services.factors.enrolled(thief.account_id).has_second_factor
    assert use(device) == VerifiedPasskey(person.account_id, "passkey")


def test_key_of_one_account_does_not_answer_for_another(device, use, account_factory, issuer, make):
    other = Device(issuer)
    make(account_factory(), other)
    assert use(device, handle=other.handle) == PasskeyRefused("unknown")
    assert use(device, handle=None) == PasskeyRefused("unknown")


def test_unknown_and_removed_passkeys_are_refused(services, device, use, issuer, person):
    stranger = Device(issuer)
    stranger.handle = device.handle
    assert use(stranger) == PasskeyRefused("unknown")
    (view,) = services.factors.enrolled(person.account_id).of_kind("passkey")
    assert services.factors.remove(person.account_id, view.id, actor="system") == "passkey"
    assert use(device) == PasskeyRefused("unknown")
    with services.database.read() as connection:
        assert connection.execute(select(Passkey.credential_id)).all() == []


def test_device_that_has_a_passkey_of_the_account_is_excluded(services, device, person):
    """excludeCredentials, and a handle that is not the account's id and stays the same."""
    ask = services.factors.begin_passkey
    options = json.loads(ask(BROWSER, person.account_id, person.username, needs_attestation=False))
    assert options["excludeCredentials"] == [
        {"id": b64url(device.credential_id), "type": "public-key", "transports": ["usb"]}
    ]
    assert options["user"]["id"] == device.handle
    assert b64url(person.account_id.bytes) not in options["user"]["id"]
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["attestation"] == "none"
    selection = options["authenticatorSelection"]
    assert (selection["residentKey"], selection["userVerification"]) == ("required", "required")


# Attestation


@pytest.fixture(scope="module")
def maker():
    return Maker(MODEL)


@pytest.fixture
def setting_changes(maker):
    return {"IDP_ATTESTATION_ROOTS": maker.pem.decode(), "IDP_ATTESTATION_AAGUIDS": str(MODEL)}


def test_device_of_a_listed_model_is_attested(person, issuer, make, use, maker):
    """NIST-63B-2.3-aal3."""
    device = Device(issuer, maker=maker)
    assert make(person, device, needs_attestation=True) == VerifiedPasskey(person.account_id, "attested_passkey")
    assert use(device) == VerifiedPasskey(person.account_id, "attested_passkey")


def _of_another_model(maker):
    other = Maker(UUID(int=7))
    other.key, other.certificate = maker.key, maker.certificate
    return other


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _maker: None, "not_attested"),
        (_of_another_model, "not_attested"),
        (lambda _maker: Maker(MODEL, unit="Something else"), "not_attested"),
        (lambda _maker: Maker(MODEL, names=UUID(int=7)), "not_attested"),
        (lambda _maker: Maker(MODEL), "wrong"),
    ],
    ids=["nobody vouches", "model not listed", "not for attestation", "vouches for another model", "another maker"],
)
def test_staff_need_a_device_that_a_listed_maker_vouches_for(services, person, issuer, make, maker, change, reason):
    device = Device(issuer, maker=change(maker))
    assert make(person, device, needs_attestation=True) == PasskeyRefused(reason)
    assert not services.factors.enrolled(person.account_id).has_second_factor


@pytest.mark.usefixtures("maker")
def test_chain_that_does_not_verify_spoils_nothing_that_the_thread_does_next(person, issuer, make):
    """OpenSSL keeps errors in a queue for each thread; whoever looks there next would take them for its own."""
    device = Device(issuer, maker=Maker(MODEL))
    assert make(person, device, needs_attestation=True) == PasskeyRefused("wrong")
    decryptor = Cipher(AES(bytes(32)), GCM(bytes(12), bytes(16))).decryptor()
    decryptor.update(b"not what was sealed")
    with pytest.raises(InvalidTag):
        decryptor.finalize()


def test_key_that_can_be_copied_is_not_attested(person, issuer, make, maker):
    """NIST-63B-2.3-aal3: synced passkeys are refused."""
    device = Device(issuer, maker=maker, flags=USUAL | BACKUP_ELIGIBLE)
    assert make(person, device, needs_attestation=True) == PasskeyRefused("not_attested")


def test_attestation_signed_by_nobody_is_refused(services, person, issuer, maker):
    options = services.factors.begin_passkey(BROWSER, person.account_id, "x", needs_attestation=True)
    answer = json.loads(Device(issuer, maker=maker).make(options))
    attestation = cbor2.loads(ceremony.unb64url(answer["response"]["attestationObject"]))
    attestation["attStmt"]["sig"] = attestation["attStmt"]["sig"][:-1] + b"\x00"
    answer["response"]["attestationObject"] = b64url(cbor2.dumps(attestation))
    outcome = services.factors.add_passkey(
        BROWSER, person.account_id, json.dumps(answer), "", needs_attestation=True, actor="system"
    )
    assert outcome == PasskeyRefused("wrong")


# Whatever is sent: a refusal, never an exception

PARTY = RelyingParty("http://localhost:8000", "Test")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
BYTES_PARTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.binary(max_size=200).map(b64url) | JSON
        for name in (
            "clientDataJSON",
            "attestationObject",
            "authenticatorData",
            "signature",
            "userHandle",
            "transports",
        )
    },
)


@given(
    st.text() | JSON.map(json.dumps) | st.fixed_dictionaries({"rawId": JSON, "response": BYTES_PARTS}).map(json.dumps)
)
def test_garbage_is_no_answer(text):
    answer = ceremony.read(text)
    assert answer is None or isinstance(answer.challenge, bytes)


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_garbage_in_cbor_is_refused(garbage):
    device = Device(PARTY.origin)
    options = ceremony.creation_options(PARTY, b"c" * 32, ceremony.Holder(b"h", "n"), [], needs_attestation=False)
    given_answer = json.loads(device.make(options))
    given_answer["response"]["attestationObject"] = b64url(garbage)
    answer = ceremony.read(json.dumps(given_answer))
    assert ceremony.register(PARTY, answer, AttestationPolicy()) == PasskeyRefused("wrong")


@pytest.mark.parametrize("garbage", [b"\x9b" + b"\xff" * 8, b"\x81" * 12_000, b"\xbf" * 12_000, b"\x5b" + b"\xff" * 8])
def test_cbor_that_promises_or_nests_too_much_is_refused(garbage):
    test_garbage_in_cbor_is_refused.hypothesis.inner_test(garbage)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]), st.integers(0, 400))
def test_no_byte_of_an_answer_can_be_changed(part, position):
    device = Device(PARTY.origin)
    made = ceremony.creation_options(PARTY, b"c" * 32, ceremony.Holder(b"h", "n"), [], needs_attestation=False)
    passkey = ceremony.register(PARTY, ceremony.read(device.make(made)), AttestationPolicy())
    changed = ceremony.read(altered(device.use(ceremony.request_options(PARTY, b"c" * 32)), part, position))
    if changed is not None:
        assert ceremony.verify(PARTY, changed, passkey.public_key) == PasskeyRefused("wrong")
