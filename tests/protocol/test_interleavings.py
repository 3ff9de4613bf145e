"""What happens between looking and issuing: it is slipped in right after the statement that looked (rules P1 to P3)."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, select

from idp.sessions.models import AuthorizationGrant, OPSession
from idp.sessions.values import Selector
from tests.protocol.conftest import refused

OTHER_CLAIMS = '{"userinfo":{"name":{"essential":true}}}'
"""A request with these needs a grant of its own, where the plain one goes on under the grant it has."""


@contextmanager
def slipped_in(services, act, read="subject"):
    """Do something once, after the next statement that reads a table: the session with what it has at a client."""
    pending = [act]

    def after(_connection, _cursor, statement, *_rest):
        if pending and statement.startswith("SELECT") and read in statement:
            pending.pop()()

    for engine in services.database.engines:
        event.listen(engine, "after_cursor_execute", after)
    yield
    for engine in services.database.engines:
        event.remove(engine, "after_cursor_execute", after)
    assert not pending


@contextmanager
def slipped_in_before_writing(services, act):
    """Do something once, when a token request has decided everything and begins to write."""
    pending = [act]

    def before(_connection, _cursor, statement, *_rest):
        if pending and statement.startswith(("BEGIN", "WITH")):
            pending.pop()()

    for engine in services.database.engines:
        event.listen(engine, "before_cursor_execute", before)
    yield
    for engine in services.database.engines:
        event.remove(engine, "before_cursor_execute", before)
    assert not pending


def actions(services):
    return [record.action for record in services.audit.export()]


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
        # A grant ends with its session, or by itself.
        grants = select(func.count()).join_from(
            AuthorizationGrant, OPSession, OPSession.id == AuthorizationGrant.op_session_id
        )
        return connection.scalar(grants.where(AuthorizationGrant.ended_at.is_(None), OPSession.ended_at.is_(None)))


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


@pytest.mark.parametrize("way", ["sign-out", "withdrawal", "leaving", "lock"])
def test_what_ends_while_tokens_are_made_gives_none(tax, visitor, services, ways_to_end, way):
    """Rules P1 and P2, decision 0008: the write asks again, and without it nothing is stored."""
    first = visitor.tokens(tax)
    code = visitor.code(tax)
    before = actions(services)
    with slipped_in_before_writing(services, ways_to_end[way]):
        assert refused(tax.redeem(code), "invalid_grant")
    assert refused(tax.refresh(first["refresh_token"]), "invalid_grant")
    assert not {"token.issued", "token.refreshed", "token.code_replayed"} & set(actions(services)[len(before) :])


@pytest.mark.parametrize("way", ["sign-out", "withdrawal", "leaving", "lock"])
def test_what_ends_while_a_retry_is_judged_gives_none(tax, visitor, services, ways_to_end, way):
    """Rules P1 and P2: the retry of a lost answer asks again as well, in the statement that counts it."""
    first = visitor.tokens(tax)["refresh_token"]
    assert tax.refresh(first).status_code == 200
    before = actions(services)
    with slipped_in(services, ways_to_end[way], read="refresh_family"):
        assert refused(tax.refresh(first), "invalid_grant")
    assert "token.refreshed" not in actions(services)[len(before) :]


def test_a_code_redeemed_twice_at_once_is_a_replay(tax, visitor, services):
    """RFC6749-10.5; rule P1: both requests found the code unused."""
    code = visitor.code(tax)
    answers = []
    with slipped_in_before_writing(services, lambda: answers.append(tax.redeem(code))):
        assert refused(tax.redeem(code), "invalid_grant")
    assert answers[0].status_code == 200
    assert tax.userinfo(answers[0].get_json()["access_token"]).status_code == 401
    assert actions(services).count("token.issued") == 1


@pytest.mark.parametrize("changes", [{"redirect_uri": "https://elsewhere.example/"}, {"code_verifier": "v" * 43}])
def test_a_code_that_is_refused_is_burnt_and_nothing_is_recorded(tax, visitor, services, changes):
    """RFC9700-4.5, ASVS-10.4.2; rule P1."""
    code = visitor.code(tax)
    assert refused(tax.redeem(code, **changes), "invalid_grant")
    assert "token.issued" not in actions(services)
    assert refused(tax.redeem(code), "invalid_grant")
    assert "token.code_replayed" in actions(services)


def test_a_refresh_that_comes_second_gets_the_same_successor(tax, visitor, services):
    """RFC9700-4.14.2; rule P2: both requests found their generation to be the newest."""
    token = visitor.tokens(tax)["refresh_token"]
    answers = []
    with slipped_in_before_writing(services, lambda: answers.append(tax.refresh(token))):
        second = tax.refresh(token)
    assert second.get_json()["refresh_token"] == answers[0].get_json()["refresh_token"]
    assert actions(services).count("token.refreshed") == 2


def test_a_refresh_overtaken_by_two_ends_the_family(tax, visitor, services):
    """RFC9700-4.14.2; rule P2: by the time it writes, its token is proven to be in two hands."""
    token = visitor.tokens(tax)["refresh_token"]
    following = []

    def overtake():
        following.append(tax.refresh(token).get_json()["refresh_token"])
        following.append(tax.refresh(following[0]).get_json()["refresh_token"])

    with slipped_in_before_writing(services, overtake):
        assert refused(tax.refresh(token), "invalid_grant")
    assert refused(tax.refresh(following[1]), "invalid_grant")
    assert actions(services).count("token.refresh_replayed") == 1
