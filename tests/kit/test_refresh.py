"""Access tokens for calling an API stay alive while the sign-in does (RFC 6749 §6, OIDC Core §12.2)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from rp_kit import ProviderUnreachable, RelyingParty

from tests.kit.provider import Provider
from tests.kit.visitor import Visitor


def test_access_token_is_refreshed_when_nearly_over(provider: Provider, visitor: Visitor, now) -> None:
    assert visitor.get("/token").text == "no token"
    visitor.sign_in(provider)
    assert visitor.get("/token").text == "access-0"
    now.moved += 575
    assert visitor.get("/token").text == "access-1"
    assert visitor.get("/token").text == "access-1"
    assert provider.calls["/token"] == 2


def test_parallel_requests_refresh_once(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider)
    now.moved += 575
    with ThreadPoolExecutor(8) as pool:
        shown = list(pool.map(lambda _: visitor.get("/token").text, range(8)))
    assert shown == ["access-1"] * 8
    assert provider.calls["/token"] == 2


def test_refused_refresh_ends_the_sign_in(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider)
    now.moved += 575
    provider.answers["/token"] = (400, b'{"error": "invalid_grant"}')
    assert visitor.get("/token").text == "no token"
    assert visitor.get("/").text == "signed out"


@pytest.mark.parametrize(
    ("status", "error"), [(401, "invalid_client"), (400, "unauthorized_client"), (400, "invalid_scope")]
)
def test_fault_of_the_site_ends_nobodys_sign_in(
    provider: Provider, party: RelyingParty, make_site, kit_site, now, status: int, error: str
) -> None:
    """A wrong secret while it is replaced must not sign everybody out, one by one."""
    kit_site.application, visitor = make_site(party), Visitor(kit_site.origin)
    visitor.sign_in(provider)
    now.moved += 575
    provider.answers["/token"] = (status, f'{{"error": "{error}"}}'.encode())
    with pytest.raises(ProviderUnreachable, match=error):
        party.access_token(visitor.cookies)
    provider.answers.clear()
    assert party.access_token(visitor.cookies) == "access-1"


@pytest.mark.parametrize("change", [{"sub": "somebody-else"}, {"sid": "session-2"}, {"iss": "http://127.0.0.1:1"}])
def test_refresh_for_somebody_else_ends_the_sign_in(provider: Provider, visitor: Visitor, now, change) -> None:
    visitor.sign_in(provider)
    now.moved += 575
    provider.id_token = change
    assert visitor.get("/token").text == "no token"
    assert visitor.get("/").text == "signed out"


def test_logout_during_a_refresh_is_not_undone(provider: Provider, visitor: Visitor, now) -> None:
    visitor.sign_in(provider)
    now.moved += 575
    grant = provider._refreshed  # noqa: SLF001 - the moment between question and answer

    def logged_out_meanwhile(refresh_token: str) -> tuple[int, bytes]:
        visitor.elsewhere().post("/backchannel-logout", {"logout_token": provider.logout_token()})
        return grant(refresh_token)

    provider._refreshed = logged_out_meanwhile  # type: ignore[method-assign]  # noqa: SLF001
    assert visitor.get("/token").text == "no token"
    assert visitor.get("/").text == "signed out"
