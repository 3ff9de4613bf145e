"""What a draft of a registration would have meant lately: each sign-in counted once, for what is asked first."""

from datetime import timedelta

import pytest

from idp.interventions import simulation
from idp.interventions.simulation import Simulated, simulate
from tests.interventions.test_plans import crowd, plan_of
from tests.registry.conftest import tax as registration

__all__ = ["crowd", "plan_of"]

AAL2 = "urn:idp:acr:aal2"
PROVEN = {"ial": 2, "ial_source": "population_register"}


@pytest.fixture
def tried(services, officer):
    """Propose the tax site's registration with a policy changed; return what is said of the proposal."""

    def of(scope="openid profile phone", **policy):
        given = registration(scope=scope, policy=policy)
        services.client_changes.propose(given, officer(), "stricter", services.changes, client_id="tax")
        number = max(version.number for version in services.registry.show("tax").versions)
        return services.client_changes.simulation_of("tax", services.registry.compare("tax", number))

    return of


@pytest.fixture
def visits(tax, visitor_of, account_factory):
    """Sign somebody in at the tax site by these means."""

    def sign_in(*factors, person=None):
        visitor_of(person or account_factory(), factors or ("password",)).tokens(tax)

    return sign_in


def test_who_proved_less_would_have_been_asked_for_more(tried, visits):
    visits("password")
    visits("password", "totp")
    visits("passkey")
    assert tried(min_acr=AAL2) == Simulated(sign_ins=3, not_admitted=0, unproven=0, asked_for_more=1)
    assert tried(min_acr="urn:idp:acr:aal3").asked_for_more == 3


def test_each_sign_in_is_counted_for_what_is_asked_first(tried, visits, account_factory):
    visits("password", person=account_factory())
    visits("password", person=account_factory(**PROVEN))
    visits("password", "totp", person=account_factory(**PROVEN))
    found = tried(min_acr=AAL2, min_ial=2)
    assert found == Simulated(sign_ins=3, not_admitted=0, unproven=1, asked_for_more=1)
    assert found.as_before == 1
    assert tried(account_kinds=["enterprise"], min_acr=AAL2, min_ial=2).not_admitted == 3


def test_an_identity_in_doubt_counts_as_unproven(tried, visits, account_factory, officer, require):
    person = account_factory(**PROVEN)
    visits("password", person=person)
    require(person, officer(), "reprove_identity")
    assert tried(min_ial=2).unproven == 1


def test_only_the_last_seven_days_of_this_service_count(
    tried, visits, clock, visitor_of, account_factory, new_relying_party
):
    visits("password")
    clock.advance(timedelta(days=8).total_seconds())
    visits("password", "totp")
    visitor_of(account_factory()).tokens(new_relying_party("welfare"))
    assert tried(min_acr=AAL2) == Simulated(sign_ins=1, not_admitted=0, unproven=0, asked_for_more=0)


def test_no_more_than_the_latest_are_looked_at(tried, visits, clock, monkeypatch):
    monkeypatch.setattr(simulation, "MOST", 2)
    for factors in (("password",), ("password", "totp"), ("password", "totp")):
        visits(*factors)
        clock.advance(1)
    found = tried(min_acr=AAL2)
    assert (found.sign_ins, found.asked_for_more, found.is_all) == (2, 0, False)


def test_nothing_is_said_of_a_draft_that_changes_nothing_about_it(tried, visits):
    visits("password")
    assert tried(scope="openid") is None


@pytest.mark.only_on("postgresql")
def test_trying_it_is_one_statement_that_reads_no_table_of_sign_ins_through(services, crowd, plan_of, clock):
    assert crowd
    content = registration(client_id="site7", policy={"min_acr": AAL2})

    def look():
        with services.database.searching() as connection:
            assert simulate(connection, "site7", content, clock.now()).asked_for_more > 0

    clock.advance(1)
    count, plan = plan_of(look)
    assert count == 1
    assert not [table for table in ("client_session", "op_session") if f"Seq Scan on {table}" in plan], plan
