"""The key cache: looks again for an unknown key id, but once a minute; one thread fetches for all (rules P10, P11)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from rp_kit import ProviderUnreachable, RelyingParty, TokenRefused

from tests.kit.provider import Provider, signing_key


def publish(provider: Provider, kid: str):
    """Publish another signing key, as a rotation does."""
    key = signing_key(kid)
    provider.published = [*provider.published, key.as_dict(private=False)]
    return key


def test_keys_are_fetched_once_while_they_are_fresh(provider: Provider, party: RelyingParty, now) -> None:
    for _ in range(3):
        party.verifier.logout_token(provider.logout_token())
    assert provider.calls["/jwks.json"] == 1
    now.moved += 301
    party.verifier.logout_token(provider.logout_token())
    assert provider.calls["/jwks.json"] == 2


def test_new_key_is_found_at_once(provider: Provider, party: RelyingParty) -> None:
    party.verifier.logout_token(provider.logout_token())
    key = publish(provider, "es-2")
    party.verifier.logout_token(provider.sign(provider.logout_claims(), "logout+jwt", key))
    assert provider.calls["/jwks.json"] == 2


def test_invented_key_ids_cause_one_fetch_a_minute(provider: Provider, party: RelyingParty, now) -> None:
    party.verifier.logout_token(provider.logout_token())
    for number in range(20):
        token = provider.sign(provider.logout_claims(), "logout+jwt", signing_key(f"invented-{number}"))
        with pytest.raises(TokenRefused, match="kid"):
            party.verifier.logout_token(token)
    assert provider.calls["/jwks.json"] == 2
    now.moved += 61
    key = publish(provider, "es-3")
    party.verifier.logout_token(provider.sign(provider.logout_claims(), "logout+jwt", key))
    assert provider.calls["/jwks.json"] == 3


def test_many_threads_cause_one_fetch(provider: Provider, party: RelyingParty) -> None:
    together = threading.Barrier(16)
    tokens = [provider.logout_token() for _ in range(16)]

    def verify(token: str) -> None:
        together.wait()
        party.verifier.logout_token(token)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(verify, tokens))
        assert provider.calls["/jwks.json"] == 1
        key = publish(provider, "es-2")
        list(pool.map(verify, [provider.sign(provider.logout_claims(), "logout+jwt", key) for _ in range(16)]))
    assert provider.calls["/jwks.json"] == 2


def test_withdrawn_key_is_refused_when_the_cache_is_over(provider: Provider, party: RelyingParty, now) -> None:
    """An emergency rotation must reach departments within the published max-age."""
    party.verifier.logout_token(provider.logout_token())
    provider.published = [signing_key("es-2").as_dict(private=False)]
    now.moved += 301
    with pytest.raises(TokenRefused, match="kid"):
        party.verifier.logout_token(provider.logout_token())


def test_provider_that_is_down_is_not_asked_by_every_visitor(provider: Provider, party: RelyingParty, now) -> None:
    provider.answers["/jwks.json"] = (500, b"")
    for _ in range(5):
        with pytest.raises(ProviderUnreachable):
            party.verifier.logout_token(provider.logout_token())
    assert provider.calls["/jwks.json"] == 1
    del provider.answers["/jwks.json"]
    now.moved += 3
    party.verifier.logout_token(provider.logout_token())


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"keys": {}}', b"not json", b'{"keys": null}'])
def test_answer_that_is_no_key_set_is_an_outage(provider: Provider, party: RelyingParty, body: bytes) -> None:
    provider.answers["/jwks.json"] = (200, body)
    with pytest.raises(ProviderUnreachable):
        party.verifier.logout_token(provider.logout_token())


def test_odd_entries_of_a_key_set_do_not_hide_the_good_ones(provider: Provider, party: RelyingParty) -> None:
    provider.published = [1, None, {}, {"kid": "es-1"}, *provider.published]  # type: ignore[list-item]
    party.verifier.logout_token(provider.logout_token())
