"""Granting, listing and withdrawing consent (DEC-9-consent, PIPL-14, PIPL-15)."""

import pytest

from idp.consents.rules import Decision
from idp.foundation.errors import UserError


def decision(scopes, claims, declined=(), basis="consent"):
    return Decision(frozenset(scopes), frozenset(claims), frozenset(declined), basis)


@pytest.fixture
def grant(services, citizen):
    def grant(*args, **options):
        return services.consents.grant(citizen.account_id, "tax", decision(*args, **options))

    return grant


@pytest.fixture
def held(services, citizen):
    return lambda: services.consents.remembered(citizen.account_id, "tax")


def test_decisions_add_up_and_the_latest_word_on_a_claim_counts(grant, held, clock):
    grant({"openid"}, {"name", "email"}, {"birthdate"})
    clock.advance(days=1)
    after = grant({"openid", "phone"}, {"phone_number", "birthdate"}, {"email"})
    assert held() == after
    assert after.scopes == {"openid", "phone"}
    assert after.claims == {"name", "phone_number", "birthdate"}
    assert after.declined == {"email"}
    assert after.granted_at == clock.now()
    assert (after.expires_at - after.granted_at).days == 365


def test_another_basis_starts_anew(grant, held):
    """PIPL-13: what a statute allows is not mixed with what a person allowed."""
    grant({"openid", "profile"}, {"name"})
    grant({"openid"}, {"email"}, basis="statutory")
    assert (held().basis, held().scopes, held().claims) == ("statutory", {"openid"}, {"email"})


def test_a_withdrawn_consent_is_gone_and_leaves_no_trace_in_the_next(grant, held, services, citizen):
    grant({"openid", "profile"}, {"name"}, {"email"})
    assert services.consents.withdraw(citizen.account_id, "tax", actor="command:test")
    assert held() is None
    assert services.consents.held(citizen.account_id, "tax") is None
    assert services.consents.list(citizen.account_id) == []
    after = grant({"openid"}, {"birthdate"})
    assert (after.scopes, after.claims, after.declined) == ({"openid"}, {"birthdate"}, frozenset())
    assert held() == after


def test_a_statutory_one_cannot_be_withdrawn(grant, held, services, citizen):
    grant({"openid"}, {"name"}, basis="statutory")
    with pytest.raises(UserError):
        services.consents.withdraw(citizen.account_id, "tax", actor=f"account:{citizen.account_id}")
    assert held() is not None


def test_each_decision_is_audited_without_values(grant, services, citizen):
    """ASVS-16.2.5, GB22239-8.1.4.3.b."""
    grant({"openid"}, {"name"}, {"email"})
    services.consents.withdraw(citizen.account_id, "tax", actor="command:test")
    events = [one for one in services.audit.of_account(citizen.account_id) if one.action.startswith("consent.")]
    assert [one.action for one in events] == ["consent.withdrawn", "consent.granted"]
    decided = {"basis": "consent", "scopes": ["openid"], "claims": ["name"], "declined": ["email"], "services": []}
    allowed = decided | {"authorization_details": 0}
    assert events[1].detail == decided | {"authorization_details": [], "after": allowed}
    assert events[0].detail == {"before": allowed}


def test_the_list_is_the_persons_own(grant, services, citizen, account_factory, clock):
    grant({"openid"}, {"name"})
    clock.advance(1)
    services.consents.grant(citizen.account_id, "welfare", decision({"openid"}, {"email"}))
    other = account_factory()
    services.consents.grant(other.account_id, "tax", decision({"openid"}, {"email"}))
    assert [one.client_id for one in services.consents.list(citizen.account_id)] == ["welfare", "tax"]
    assert not services.consents.withdraw(other.account_id, "welfare", actor="command:test")
    assert len(services.consents.list(citizen.account_id)) == 2
