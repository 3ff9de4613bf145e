"""An identity that has to be proven again counts as level 1 in what sites learn, and opens no site that needs more."""

from datetime import timedelta

import pytest

from idp.accounts.requirements import REPROVE_IDENTITY
from tests.support.relying_party import claims_of

SCOPE = "openid assurance offline_access"


@pytest.fixture
def proven(account_factory):
    return account_factory(ial=2, ial_source="population_register")


@pytest.fixture
def pension(new_relying_party):
    """A site that needs level 2."""
    return new_relying_party(
        "pension",
        grant_types=["authorization_code", "refresh_token"],
        scope=SCOPE,
        policy={"min_ial": 2},
    )


@pytest.fixture
def doubt(services):
    def place(person, hours=24):
        until = services.clock.now() + timedelta(hours=hours)
        services.requirements.place(
            person.account_id, REPROVE_IDENTITY, until, factor=None, reason="two people, one number", actor="system"
        )

    return place


def level(site, tokens):
    return site.userinfo(tokens["access_token"]).get_json()["ial"]


def test_the_claim_falls_at_the_next_use_and_rises_when_it_is_taken_back(visitor_of, proven, tax, doubt, services):
    tokens = visitor_of(proven).tokens(tax, scope=SCOPE, claims='{"id_token": {"ial": null}}')
    assert (level(tax, tokens), claims_of(tokens["id_token"])["ial"]) == (2, 2)
    doubt(proven)
    assert level(tax, tokens) == 1
    refreshed = tax.refresh(tokens["refresh_token"]).get_json()
    assert claims_of(refreshed["id_token"]).get("ial", 1) == 1
    services.requirements.waive(proven.account_id, REPROVE_IDENTITY, reason="proven", actor="system")
    assert level(tax, refreshed) == 2


def test_a_doubt_ends_with_its_time(visitor_of, proven, tax, doubt, clock):
    visitor = visitor_of(proven)
    doubt(proven, hours=1)
    tokens = visitor.tokens(tax, scope=SCOPE)
    assert level(tax, tokens) == 1
    clock.advance(hours=1)
    tokens = visitor_of(proven).tokens(tax, scope=SCOPE)
    assert level(tax, tokens) == 2


def test_a_site_that_needs_more_is_refused_with_a_page_and_learns_nothing(visitor_of, proven, pension, doubt):
    visitor = visitor_of(proven)
    doubt(proven)
    page = pension.authorize(visitor.browser, scope=SCOPE)
    assert (page.status, page.left_to) == (403, "")
    assert "实名等级" in page.text
    assert pension.authorize(visitor.browser, scope=SCOPE, prompt="none").answer["error"] == "access_denied"


def test_it_opens_again_when_the_identity_is_proven(visitor_of, proven, pension, doubt, services):
    visitor = visitor_of(proven)
    doubt(proven)
    services.requirements.waive(proven.account_id, REPROVE_IDENTITY, reason="proven", actor="system")
    assert "access_token" in visitor.tokens(pension, scope=SCOPE)


def test_who_was_never_proven_is_refused_too(visitor, pension):
    assert pension.authorize(visitor.browser, scope=SCOPE).status == 403


@pytest.mark.parametrize("level", [0, 4, True, "2"])
def test_a_registration_names_a_level_that_exists(registration_factory, level):
    with pytest.raises(Exception, match="min_ial"):
        registration_factory("pension", policy={"min_ial": level})
