"""For whom an enterprise account acts: chosen once a session."""

import pytest

from idp.accounts.organizations import NewMembership
from idp.sign_in.journey import Step
from idp.sign_in.values import Continue, Finished
from tests.factories import numbers


@pytest.fixture
def accountant(account_factory):
    """One person who works for two firms."""
    firms = tuple(
        NewMembership(uscc=numbers.uscc(), role="agent", name=name, name_en=name) for name in ("海州贸易", "临江物流")
    )
    return account_factory(kind="enterprise", memberships=firms)


def test_single_organization_is_chosen_by_itself(visitor, services, account_factory, clock):
    person = account_factory(kind="enterprise")
    visitor.sign_in(person, clock)
    only = services.accounts.memberships(person.account_id)[0]
    assert visitor.session.organization_id == only.organization_id


def test_several_organizations_are_asked_for(visitor, services, accountant):
    interaction = visitor.interaction()
    assert visitor.password(accountant.username, accountant.password, interaction) == Continue(Step.ORGANIZATION)
    offered = visitor.situation(interaction).memberships
    assert [membership.name for membership in offered] == ["海州贸易", "临江物流"]
    chosen = offered[1].organization_id
    outcome = services.sign_in.choose_organization(visitor.visit, interaction, chosen)
    assert isinstance(visitor.keep(outcome), Finished)
    assert visitor.session.organization_id == chosen


def test_organization_of_others_cannot_be_chosen(visitor, services, accountant, account_factory):
    """ASVS-8.2.2."""
    other = services.accounts.memberships(account_factory(kind="enterprise").account_id)[0]
    interaction = visitor.interaction()
    visitor.password(accountant.username, accountant.password, interaction)
    outcome = services.sign_in.choose_organization(visitor.visit, interaction, other.organization_id)
    assert outcome == Continue(Step.ORGANIZATION)


def test_organization_chosen_at_a_fresh_sign_in_is_the_one_acted_for(visitor, services, accountant, clock):
    """ASVS 7.2.4: who signs in anew for another organization does not go on acting for the one before."""
    first = visitor.interaction()
    visitor.password(accountant.username, accountant.password, first)
    before, after = (one.organization_id for one in visitor.situation(first).memberships)
    visitor.keep(services.sign_in.choose_organization(visitor.visit, first, before))
    clock.advance(60)
    fresh = visitor.interaction(fresh=True)
    assert visitor.password(accountant.username, accountant.password, fresh) == Continue(Step.ORGANIZATION)
    assert isinstance(visitor.keep(services.sign_in.choose_organization(visitor.visit, fresh, after)), Finished)
    assert visitor.session.organization_id == after
