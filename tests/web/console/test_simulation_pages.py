"""A draft says beside its differences what it would have meant lately: to its author, and to whoever approves it."""

from tests.interventions.conftest import setting_changes
from tests.protocol.conftest import citizen, tax, visitor, visitor_of
from tests.registry.conftest import tax as registration

__all__ = ["citizen", "setting_changes", "tax", "visitor", "visitor_of"]

VERSION = "/console/clients/tax/versions/2"


def ask(services, officer, **policy):
    given = registration(policy=policy)
    request = services.client_changes.propose(given, officer(), "stricter", services.changes, client_id="tax")
    return f"/console/requests/{request}"


def test_who_approves_a_stricter_draft_reads_whom_it_would_have_stopped(
    services, officer, at_console, tax, visitor, visitor_of, account_factory
):
    visitor.tokens(tax)
    visitor_of(account_factory(), ("password", "totp")).tokens(tax)
    request = ask(services, officer, min_acr="urn:idp:acr:aal2")
    browser = at_console()
    for path in (VERSION, request):
        text = browser.get(path).text
        assert "Sign-ins looked at 2" in text
        assert "Would have been asked for a stronger sign-in 1" in text
        assert "Would have gone as before 1" in text
    browser.get(request)
    browser.submit("approve")
    assert services.registry.get("tax").version == 2
    for path in (VERSION, request):
        assert "Tried on the sign-ins" not in browser.get(path).text, "what is in force is no draft any more"


def test_a_service_that_nobody_used_says_so_and_other_drafts_nothing(services, officer, at_console, tax):
    assert services.registry.get(tax.client_id)
    assert "Nobody signed in here" in at_console().get(ask(services, officer, account_kinds=["enterprise"])).text
    assert "Tried on the sign-ins" not in at_console().get(ask(services, officer, sector="other")).text
