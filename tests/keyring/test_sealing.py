"""Sealed values, keyed digests and encrypted columns stay where they belong (S2, S6, P7; ASVS-11.3.2, ASVS-11.3.4)."""

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from idp.foundation.digests import b64url, unb64url
from idp.keyring.errors import CiphertextBroken, KeyUnknown, SealBroken
from idp.keyring.service import Keyring
from tests.keyring.nodes import OTHER_ROW, ROW, Deployment
from tests.support.clock import FrozenClock

MINUTE = timedelta(minutes=1)
NAME = "natural_person.legal_name"
one_node = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@one_node
@given(data=st.binary(max_size=300), context=st.binary(max_size=40))
def test_sealed_value_comes_back_for_its_purpose_and_context(node: Keyring, data, context):
    assert (
        node.unseal("interaction", node.seal("interaction", data, context=context, lifetime=MINUTE), context=context)
        == data
    )


@one_node
@given(context=st.binary(max_size=40), other=st.binary(max_size=40))
def test_sealed_value_is_refused_in_another_context(node: Keyring, context, other):
    assume(context != other)
    token = node.seal("interaction", b"data", context=context, lifetime=MINUTE)
    with pytest.raises(SealBroken):
        node.unseal("interaction", token, context=other)


def test_sealed_value_is_refused_for_another_purpose(node: Keyring):
    token = node.seal("interaction", b"data", context=b"c", lifetime=MINUTE)
    for purpose in ("consent", "interactio", "interactionc", ""):
        with pytest.raises(SealBroken):
            node.unseal(purpose, token, context=b"c")
    with pytest.raises(SealBroken):
        node.unseal("interactio", token, context=b"nc")


def test_sealed_value_expires(node: Keyring, clock: FrozenClock):
    token = node.seal("interaction", b"data", context=b"c", lifetime=MINUTE)
    clock.advance(59.999999)
    assert node.unseal("interaction", token, context=b"c") == b"data"
    clock.advance(0.000001)
    with pytest.raises(SealBroken):
        node.unseal("interaction", token, context=b"c")


def test_expiry_cannot_be_put_off(node: Keyring, clock: FrozenClock):
    sealed = bytearray(unb64url(node.seal("interaction", b"data", context=b"c", lifetime=MINUTE)))
    sealed[5:13] = (int.from_bytes(sealed[5:13], "big") + 10**12).to_bytes(8, "big")
    clock.advance(61)
    with pytest.raises(SealBroken):
        node.unseal("interaction", b64url(bytes(sealed)), context=b"c")


@one_node
@given(data=st.binary(max_size=300), context=st.binary(max_size=40), other=st.binary(max_size=40))
def test_a_deterministic_seal_comes_out_alike_and_opens_in_its_context_only(node: Keyring, data, context, other):
    """RFC 8452 §1: misuse-resistant, and so the same for the same data."""
    assume(context != other)
    sealed = node.seal_deterministically("refresh", data, context=context)
    assert node.seal_deterministically("refresh", data, context=context) == sealed
    assert node.seal_deterministically("refresh", data, context=other)[4:] != sealed[4:]
    assert node.unseal_deterministic("refresh", sealed, context=context) == data
    for purpose, place in (("refresh", other), ("refres", context), ("refresh/1", context)):
        with pytest.raises(SealBroken):
            node.unseal_deterministic(purpose, sealed, context=place)


@one_node
@given(data=st.data())
def test_no_changed_byte_of_a_deterministic_seal_gets_through(node: Keyring, data):
    """Key id, ciphertext and tag alike; nor one that was cut or never was one."""
    sealed = node.seal_deterministically("refresh", b"data", context=b"c")
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytes([sealed[place] ^ data.draw(st.integers(1, 255))])
    for broken in (sealed[:place] + changed + sealed[place + 1 :], sealed[:place], data.draw(st.binary(max_size=60))):
        with pytest.raises(SealBroken):
            node.unseal_deterministic("refresh", broken, context=b"c")


@one_node
@given(data=st.data())
def test_no_changed_character_of_a_seal_gets_through(node: Keyring, data):
    """Version, key id, expiry, nonce, ciphertext and tag alike."""
    token = node.seal("interaction", b"data", context=b"c", lifetime=MINUTE)
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters(codec="utf-8").filter(lambda drawn: drawn != token[place]))
    for changed in (token[:place] + character + token[place + 1 :], token[:place], token + character):
        with pytest.raises(SealBroken):
            node.unseal("interaction", changed, context=b"c")


def test_seal_of_another_deployment_is_refused(node: Keyring, deployment: Deployment, tmp_path):
    deployment.keys = tmp_path / "others"
    token = node.seal("interaction", b"data", context=b"c", lifetime=MINUTE)
    forget_first_run(deployment)
    with pytest.raises(SealBroken):
        deployment.node().unseal("interaction", token, context=b"c")


@one_node
@given(value=st.binary(max_size=200))
def test_encrypted_value_comes_back_in_its_column_and_row(node: Keyring, value):
    assert node.decrypt(NAME, ROW, node.encrypt(NAME, ROW, value)) == value


def test_ciphertext_moved_to_another_row_or_column_is_refused(node: Keyring):
    """Rule S6: verifiers cannot be transplanted."""
    ciphertext = node.encrypt(NAME, ROW, b"value")
    for column, row in ((NAME, OTHER_ROW), ("natural_person.phone", ROW), ("natural_person.legal_nam", ROW)):
        with pytest.raises(CiphertextBroken) as caught:
            node.decrypt(column, row, ciphertext)
        assert str(caught.value) == f"a value of {column} cannot be decrypted"


@one_node
@given(data=st.data())
def test_no_changed_byte_of_a_ciphertext_gets_through(node: Keyring, data):
    ciphertext = bytearray(node.encrypt(NAME, ROW, b"value"))
    place = data.draw(st.integers(0, len(ciphertext) - 1))
    ciphertext[place] ^= data.draw(st.integers(1, 255))
    for changed in (bytes(ciphertext), bytes(ciphertext[:place])):
        with pytest.raises(CiphertextBroken):
            node.decrypt(NAME, ROW, changed)


def test_equal_values_encrypt_differently(node: Keyring):
    """ASVS-11.3.4."""
    assert len({node.encrypt(NAME, ROW, b"value") for _ in range(100)}) == 100


def test_index_is_stable_and_differs_by_kind(deployment: Deployment, node: Keyring):
    phone = node.index("phone", "+8613800138000")
    assert len(phone) == 32
    assert node.index("phone", "+8613800138000") == phone
    assert node.index("phone", "+8613800138001") != phone
    assert node.index("id_number", "+8613800138000") != phone
    node.new_master_key()
    assert node.index("phone", "+8613800138000") == phone
    assert deployment.node().index("phone", "+8613800138000") == phone


def test_mac_stands_under_the_key_that_it_names(node: Keyring):
    first = node.mac("refresh", b"family", b"1")
    assert len(first.digest) == 32
    node.new_master_key()
    second = node.mac("refresh", b"family", b"1")
    assert first.kid != second.kid
    assert first.digest != second.digest
    assert node.mac("refresh", b"family", b"1", kid=first.kid) == first
    assert first.digest.hex() not in repr(first)
    assert repr(first.digest) not in repr(first)


def test_mac_differs_by_purpose_and_by_every_cut_of_its_parts(node: Keyring):
    cuts = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"", b"abc"), (b"a", b"b", b"c")]
    digests = {node.mac(purpose, *parts).digest for purpose in ("refresh", "csrf") for parts in cuts}
    assert len(digests) == 12


@one_node
@given(st.text(max_size=20))
def test_mac_under_an_unknown_key_is_refused(node: Keyring, kid):
    """The id may come from a request: it must never become a path."""
    assume(kid != node.mac("refresh").kid)
    for name in (kid, f"../{kid}", "current", "../index", "index"):
        with pytest.raises(KeyUnknown):
            node.mac("refresh", b"family", kid=name)


def test_many_threads_share_one_keyring(node: Keyring):
    errors = []

    def work(number):
        for step in range(100):
            data = f"{number}:{step}".encode()
            try:
                assert node.decrypt(NAME, ROW, node.encrypt(NAME, ROW, data)) == data
                assert node.unseal("p", node.seal("p", data, context=b"", lifetime=MINUTE), context=b"") == data
                assert node.verify(node.sign({"n": number}, typ="JWT"), typ="JWT") == {"n": number}
            except Exception as error:  # noqa: BLE001 - whatever it is, the test shall fail with it
                errors.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for step in range(5):
        node.new_master_key()
        node.rotate(emergency=step == 4)
    for thread in threads:
        thread.join()
    # A token signed just before the emergency is refused just after it, as it should be.
    assert [error for error in errors if "no published key" not in str(error)] == []


def forget_first_run(deployment: Deployment) -> None:
    with deployment.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM signing_key")
        connection.exec_driver_sql("DELETE FROM key_set_version")
