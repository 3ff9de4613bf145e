"""An account of another deployment whose rows were copied here (rule O1): its sign-in is over, whatever it holds."""

import pytest
from sqlalchemy import select, update

from idp.accounts.deployment import is_of_deployment
from idp.accounts.models import Account
from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser as From
from tests.protocol.conftest import refused


@pytest.fixture
def now_made_for(services):
    """Make every account one of another environment."""

    def make(environment: str) -> None:
        with services.database.transaction() as connection:
            connection.execute(update(Account).values(environment=environment))

    return make


@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
def test_nothing_that_was_given_before_is_worth_anything(tax, visitor, services, now_made_for, scope):
    """Rule O1: session, code, refresh and access token alike; and what was not spent by it works again at home."""
    tokens = visitor.tokens(tax, scope=scope)
    code = visitor.code(tax, scope=scope)
    verifier = tax.verifier
    now_made_for("sandbox")
    assert tax.authorize(visitor.browser, scope=scope, prompt="none").answer["error"] == "login_required"
    assert tax.authorize(visitor.browser, scope=scope).has("login-submit")
    assert visitor.browser.get("/account", follow=False).status == 303
    tax.verifier = verifier
    assert refused(tax.redeem(code), "invalid_grant")
    assert refused(tax.refresh(tokens["refresh_token"]), "invalid_grant")
    assert tax.userinfo(tokens["access_token"]).status_code == 401
    assert tax.post("/introspect", token=tokens["access_token"]).get_json() == {"active": False}
    assert tax.post("/introspect", token=tokens["refresh_token"]).get_json() == {"active": False}
    now_made_for(services.settings.environment)
    assert tax.refresh(tokens["refresh_token"]).status_code == 200


def test_no_session_is_opened_for_it(services, citizen, now_made_for):
    """Rule O1: not even for who has proved the right password meanwhile."""
    now_made_for("production")
    proved = [VerifiedFactor("password", services.clock.now())]
    assert services.sessions.open(citizen.account_id, proved, services.entropy.uuid7(), From()) is None


@pytest.mark.parametrize(
    ("here", "is_demonstration", "is_known"),
    [
        ("production", False, True),
        ("production", True, False),
        ("sandbox", True, True),
        ("development", False, False),
    ],
)
def test_demonstration_accounts_are_unknown_in_production(
    services, citizen, now_made_for, here, is_demonstration, is_known
):
    """Rule O1: seeded accounts are marked."""
    now_made_for("sandbox" if here == "sandbox" else "production")
    with services.database.transaction() as connection:
        connection.execute(update(Account).values(is_demonstration=is_demonstration))
        found = connection.scalars(select(Account.id).where(is_of_deployment()), {"environment": here}).all()
    assert (citizen.account_id in found) is is_known
