"""What ends between looking and issuing: it is slipped in right after the statement that looked (rules P1 and P3)."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, select

from idp.sessions.models import AuthorizationGrant
from idp.sessions.values import Selector
from tests.protocol.conftest import refused

OTHER_CLAIMS = '{"userinfo":{"name":{"essential":true}}}'
"""A request with these needs a grant of its own, where the plain one goes on under the grant it has."""


@contextmanager
def slipped_in(services, act):
    """Do something once, after the next statement that reads the session with what it has at a client."""
    pending = [act]

    def after(_connection, _cursor, statement, *_rest):
        if pending and statement.startswith("SELECT") and "subject" in statement:
            pending.pop()()

    for engine in services.database.engines:
        event.listen(engine, "after_cursor_execute", after)
    yield
    for engine in services.database.engines:
        event.remove(engine, "after_cursor_execute", after)
    assert not pending


@pytest.fixture
def ways_to_end(services, visitor):
    """What may happen at any moment."""
    session = services.sessions.load(visitor.browser.cookie("idp_session"))
    return {
        "sign-out": lambda: services.sessions.terminate(
            Selector(session_id=session.id), reason="logout", actor="command:test"
        ),
        "withdrawal": lambda: services.consents.withdraw(session.account_id, "tax", actor="command:test"),
        "leaving": lambda: services.sessions.leave(session, "tax"),
        "lock": lambda: services.accounts.lock(session.account_id, reason="test", actor="command:test"),
    }


def live_grants(services):
    with services.database.read() as connection:
        live = select(func.count()).select_from(AuthorizationGrant).where(AuthorizationGrant.ended_at.is_(None))
        return connection.scalar(live)


@pytest.mark.parametrize(
    ("way", "path", "error"),
    [("sign-out", "/login", "login_required"), ("withdrawal", "/consent", "consent_required")],
)
def test_a_new_grant_finds_what_it_rests_on_gone(tax, visitor, services, ways_to_end, way, path, error):
    """SESS-global-logout, DEC-9-consent: the person is asked again, and nothing is left behind."""
    visitor.visit(tax)
    with slipped_in(services, ways_to_end[way]):
        page = tax.authorize(visitor.browser, claims=OTHER_CLAIMS)
    assert (page.path, page.left_to) == (path, "")
    assert live_grants(services) == 0
    assert tax.authorize(visitor.browser, claims=OTHER_CLAIMS, prompt="none").answer["error"] == error


@pytest.mark.parametrize("way", ["sign-out", "withdrawal", "leaving", "lock"])
def test_a_code_under_a_grant_that_ended_is_worth_nothing(tax, visitor, services, ways_to_end, way):
    """Rule P1: redemption asks again whether session, grant and account are alive."""
    visitor.visit(tax)
    with slipped_in(services, ways_to_end[way]):
        page = tax.authorize(visitor.browser)
    assert refused(tax.redeem(page.answer["code"]), "invalid_grant")


def test_a_code_is_for_somebody_who_is_there_even_if_its_grant_outlives_them(tax, visitor, services, ways_to_end):
    """Rule P1, DEC-3-rotation: an offline grant survives the logout, a code under it does not."""
    scope = "openid offline_access"
    tokens = visitor.tokens(tax, scope=scope)
    with slipped_in(services, ways_to_end["sign-out"]):
        page = tax.authorize(visitor.browser, scope=scope)
    assert refused(tax.redeem(page.answer["code"]), "invalid_grant")
    assert tax.refresh(tokens["refresh_token"]).status_code == 200


def test_a_site_left_meanwhile_is_entered_anew(tax, visitor, services, ways_to_end):
    """OIDC-BCL-2.4-sid: the new grant belongs to a new part of the session, which a logout will name."""
    before = services.keyring.verify(visitor.tokens(tax)["id_token"], typ="JWT")["sid"]
    with slipped_in(services, ways_to_end["leaving"]):
        page = tax.authorize(visitor.browser, claims=OTHER_CLAIMS)
    tokens = tax.redeem(page.answer["code"]).get_json()
    assert services.keyring.verify(tokens["id_token"], typ="JWT")["sid"] != before
    assert live_grants(services) == 1


def test_a_consent_given_while_the_session_ends_lets_nobody_in(tax, visitor, services, ways_to_end):
    """Rule P3: the form was ours and the answer yes, but the session is over."""
    tax.authorize(visitor.browser)
    with slipped_in(services, ways_to_end["sign-out"]):
        page = visitor.browser.submit("consent-allow")
    assert (page.path, page.left_to) == ("/login", "")
    assert live_grants(services) == 0
