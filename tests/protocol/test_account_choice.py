"""prompt=select_account, and an essential acr that nobody can reach (OpenID Connect Core §3.1.2.1 and §5.5.1.1)."""

import orjson
import pytest

from tests.protocol.test_authorization_errors import error_of
from tests.protocol.test_prompts import asks_password, identity


@pytest.fixture
def other(account_factory):
    return account_factory()


def test_person_goes_on_with_the_account_at_hand(tax, visitor, clock):
    """OIDC-CORE-3.1.2.1-prompt-select-account: chosen, not signed in anew; and asked again at the next request."""
    before = identity(tax, visitor.visit(tax))
    clock.advance(100)
    page = tax.authorize(visitor.browser, prompt="select_account")
    assert page.path == "/login/account"
    assert page.headers["Cache-Control"] == "no-store"
    after = identity(tax, visitor.browser.submit("account-continue"))
    assert (after["sub"], after["sid"], after["auth_time"]) == (before["sub"], before["sid"], before["auth_time"])
    assert tax.authorize(visitor.browser, prompt="select_account").path == "/login/account"


def test_choice_lasts_through_consent(tax, visitor):
    page = tax.authorize(visitor.browser, prompt="select_account consent")
    page = visitor.browser.submit("account-continue")
    assert page.has("consent-allow")
    assert "code" in visitor.browser.submit("consent-allow").answer


def test_person_goes_on_with_another_account(tax, visitor, other):
    """OIDC-CORE-3.1.2.1-prompt-select-account: whoever signs in instead has chosen by that."""
    mine = identity(tax, visitor.visit(tax))
    tax.authorize(visitor.browser, prompt="select_account")
    page = visitor.browser.submit("account-other")
    assert asks_password(page)
    page = visitor.browser.sign_in(other.username, other.password)
    page = visitor.browser.submit("consent-allow") if page.has("consent-allow") else page
    theirs = identity(tax, page)
    assert theirs["sub"] != mine["sub"]
    assert theirs["sid"] != mine["sid"]


def test_without_a_session_there_is_nothing_to_choose_from(tax, browser):
    assert asks_password(tax.authorize(browser, prompt="select_account"))


def test_choice_does_not_replace_a_sign_in_that_is_asked_for(tax, visitor, clock):
    """Rule S1: prompt=login and max_age are met by a factor, never by a button."""
    visitor.visit(tax)
    clock.advance(100)
    assert asks_password(tax.authorize(visitor.browser, prompt="login select_account"))
    assert asks_password(tax.authorize(visitor.browser, prompt="select_account", max_age="10"))


def test_choice_cannot_be_skipped_or_made_for_another_account(tax, visitor, visitor_of, other, services):
    """Rule S2: the answer counts for the account that was shown, in the browser that was asked."""
    visitor.visit(tax)
    page = tax.authorize(visitor.browser, prompt="select_account")
    sealed = page.url.partition("?")[2]
    assert visitor.browser.get(f"/authorize/resume?{sealed}").path == "/login/account"
    assert visitor.browser.get(f"/consent?{sealed}").path == "/login/account"
    visitor.browser.get(page.url)
    assert visitor.browser.submit("account-continue", displayed="forged").path == "/login/account"
    stranger = visitor_of(other)
    assert stranger.browser.get(page.url).status == 400
    visitor.browser.get(page.url)
    services.accounts.get(other.account_id)
    visitor.browser.set_cookie("idp_session", stranger.browser.cookie("idp_session") or "")
    assert visitor.browser.submit("account-continue").left_to == ""


def test_prompt_none_cannot_be_combined_with_it(tax, visitor):
    page = tax.authorize(visitor.browser, prompt="none select_account")
    assert error_of(page, tax) == "invalid_request"


@pytest.mark.parametrize("wish", [{"value": "urn:idp:acr:aal3"}, {"values": ["gold", "urn:idp:acr:aal3"]}])
def test_essential_acr_that_cannot_be_met_has_its_own_error(tax, visitor, wish):
    """OIDC-CORE-5.5.1.1-acr-essential, unmet_authentication_requirements."""
    visitor.visit(tax)
    claims = orjson.dumps({"id_token": {"acr": {"essential": True} | wish}}).decode()
    for prompt in ("none", "login", None):
        page = tax.authorize(visitor.browser, claims=claims, prompt=prompt)
        assert error_of(page, tax) == "unmet_authentication_requirements"
