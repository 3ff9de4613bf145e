"""What a stopped site or replaced keys make void: refused at once, ended in batches, never revived (decision 0016)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select, update

from idp.foundation.digests import sha256
from idp.foundation.errors import UserError
from idp.foundation.outbox import OutboxMessage
from idp.interventions import client_changes
from idp.interventions.key_changes import ENDED_BY_EMERGENCY
from idp.sessions import sweeps, termination
from idp.sessions.models import AuthorizationGrant, ClientSession, OPSession, SessionSweep
from idp.sessions.values import Selector
from tests.protocol.conftest import refused
from tests.support.statements import watched

MANY = 2_600
OFFLINE = "openid offline_access"
ME = {"actor": "system", "reason": "its server was taken over"}


@pytest.fixture
def crowd(services, account_factory, clock):
    """Many people who are signed in to the tax site, and granted it something."""
    account, now, make = account_factory().account_id, clock.now(), services.entropy.uuid7
    sessions, sites, grants = [], [], []
    for number in range(MANY):
        session, site = make(), make()
        common = {"account_id": account, "created_at": now}
        seen = {"auth_time": now, "last_seen_at": now, "expires_at": now.replace(year=now.year + 1), "factors": []}
        at_tax = {"client_id": "tax", "sub": "x", "op_session_id": session}
        sessions.append(common | seen | {"id": session, "digest": sha256(f"{number}"), "interaction_id": make()})
        sites.append(common | at_tax | {"id": site, "sid": f"sid{number}"})
        granted = {"is_offline": number % 10 == 0, "claims": {}, "client_session_id": site, "interaction_id": make()}
        grants.append(common | at_tax | granted | {"id": make(), "reference": f"r{number}"})
    with services.database.transaction() as connection:
        for table, rows in ((OPSession, sessions), (ClientSession, sites), (AuthorizationGrant, grants)):
            connection.execute(insert(table), rows)


@pytest.fixture
def before_any_batch(monkeypatch):
    """The decision has committed, and nothing else has happened yet."""
    monkeypatch.setattr(client_changes, "_AT_ONCE", 0)


def left(services, table):
    with services.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table).where(table.ended_at.is_(None)))


@pytest.mark.usefixtures("crowd")
def test_a_site_with_many_sessions_is_stopped_in_batches_of_a_transaction_each(services, new_relying_party):
    new_relying_party("tax", backchannel_logout_uri="http://localhost:8001/backchannel-logout")
    with watched(services.database) as seen:
        ended = services.client_changes.stop("tax", **ME)
    assert (ended.client_sessions, ended.grants) == (2_000, 2_000), "what a second or so allows"
    assert seen.commits == 1 + 1 + 4 + 1, "the decision, whose turn it is, four batches, the turn given back"
    assert services.sessions.sweeps.unfinished("tax").client_sessions == 2_000
    assert services.sessions.sweeps.run().client_sessions == 600
    assert (left(services, ClientSession), left(services, AuthorizationGrant)) == (0, 0)
    assert left(services, OPSession) == MANY, "people stay signed in elsewhere"
    with services.database.read() as connection:
        told = connection.scalar(select(func.count()).select_from(OutboxMessage))
    assert told == MANY
    batches = [record for record in services.audit.export() if record.action == "session.ended"]
    assert max(record.detail["client_sessions"] for record in batches) == 500


@pytest.mark.usefixtures("before_any_batch")
def test_a_stopped_site_is_refused_before_any_batch_has_ended(services, tax, visitor):
    tokens = visitor.tokens(tax, scope=OFFLINE)
    assert services.client_changes.stop("tax", **ME).client_sessions == 0
    assert left(services, ClientSession) == 1
    assert tax.userinfo(tokens["access_token"]).status_code == 401
    assert tax.refresh(tokens["refresh_token"]).status_code >= 400
    assert "code" not in tax.authorize(visitor.browser).answer


@pytest.mark.usefixtures("before_any_batch")
def test_what_a_site_held_does_not_come_back_with_it(services, tax, visitor, clock):
    """Let in again before the worker has come by: the rest is ended first, and who signs in afterwards stays."""
    old = visitor.tokens(tax, scope=OFFLINE)
    services.client_changes.stop("tax", **ME)
    services.client_changes.resume("tax", actor="system", reason="set up anew")
    assert left(services, ClientSession) == left(services, AuthorizationGrant) == 0
    assert refused(tax.refresh(old["refresh_token"]), "invalid_grant")
    assert tax.userinfo(old["access_token"]).status_code == 401
    clock.advance(1)
    new = visitor.tokens(tax, scope=OFFLINE)
    clock.advance(minutes=1)
    services.sessions.sweeps.run()
    assert tax.userinfo(new["access_token"]).status_code == 200


@pytest.mark.usefixtures("before_any_batch", "crowd", "tax")
def test_a_site_is_not_let_in_while_much_is_still_being_ended(services, monkeypatch):
    monkeypatch.setattr(sweeps, "_CONCLUDED_IN", 1)
    services.client_changes.stop("tax", **ME)
    with pytest.raises(UserError, match="still being ended"):
        services.client_changes.resume("tax", actor="system", reason="set up anew")
    assert services.registry.show("tax").state == "suspended"
    assert left(services, ClientSession) == MANY, "what is refused leaves everything as it was"
    services.sessions.sweeps.run()
    services.client_changes.resume("tax", actor="system", reason="set up anew")
    assert services.registry.show("tax").state == "active"


def test_whoever_signs_in_at_a_node_that_does_not_know_yet_is_ended_too(services, tax, visitor, clock):
    """For a second a node may take the site for active; the last look is after that."""
    visitor.tokens(tax)
    services.client_changes.stop("tax", **ME)
    with services.database.transaction() as connection:
        for table in (ClientSession, AuthorizationGrant):
            connection.execute(update(table).values(ended_at=None))
    assert services.sessions.sweeps.run().client_sessions == 0, "nobody looks twice within the same seconds"
    clock.advance(6)
    assert services.sessions.sweeps.run().client_sessions == 1
    assert left(services, AuthorizationGrant) == 0
    assert services.sessions.sweeps.unfinished("tax") is None


@pytest.fixture
def _left_by_a_dead_worker(services, tax, visitor_of, account_factory, monkeypatch):
    """One of three people's sessions at the site has ended; nobody has given the turn back."""
    for _ in range(3):
        visitor_of(account_factory()).tokens(tax)
    monkeypatch.setattr(termination, "_BATCH", 1)
    services.client_changes.stop("tax", **ME)

    def die(_sweep_id):
        raise OSError("the worker dies")

    with monkeypatch.context() as dying:
        dying.setattr(services.sessions.sweeps, "_leave", die)
        with pytest.raises(OSError, match="dies"):
            services.sessions.sweeps.run(most_batches=1)
    assert left(services, ClientSession) == 2
    assert services.sessions.sweeps.run().client_sessions == 0, "the dead worker's turn"


@pytest.mark.usefixtures("before_any_batch", "_left_by_a_dead_worker")
def test_a_worker_that_dies_loses_none_and_repeats_none(services, clock):
    clock.advance(31)
    assert services.sessions.sweeps.run().client_sessions == 2
    assert services.sessions.sweeps.unfinished("tax") is None


@pytest.mark.usefixtures("before_any_batch", "_left_by_a_dead_worker")
def test_a_turn_given_under_a_clock_that_was_ahead_holds_up_nobody(services, clock):
    clock.advance(days=-2)
    assert services.sessions.sweeps.run().client_sessions == 2


@pytest.mark.usefixtures("crowd", "tax")
def test_workers_at_once_end_nothing_twice(services, clock):
    services.client_changes.stop("tax", **ME)
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: services.sessions.sweeps.run().client_sessions, range(4)))
    assert sum(ended) == MANY - 2_000
    clock.advance(6)
    services.sessions.sweeps.run()
    with services.database.read() as connection:
        (row,) = connection.execute(select(SessionSweep.client_sessions, SessionSweep.finished_at)).all()
    assert (row.client_sessions, row.finished_at) == (MANY, clock.now())


@pytest.mark.usefixtures("crowd")
def test_one_site_of_everybody_is_ended_in_batches_without_being_stopped(services, tax, visitor):
    tokens = visitor.tokens(tax)
    with watched(services.database) as seen:
        ended = services.sessions.terminate(Selector(client_id="tax"), reason="revoked", actor="system")
    assert ended.client_sessions == MANY + 1
    assert seen.commits == 6
    assert tax.userinfo(tokens["access_token"]).status_code == 401


class TestAnEmergencyOfKeys:
    @pytest.fixture
    def replaced(self, services, tax, visitor_of, citizen, clock):
        """Return two people's browsers and their tokens for offline use, one of them having signed out since; then the
        keys are replaced, and nothing has been ended yet.
        """
        here, gone = visitor_of(citizen), visitor_of(citizen)
        tokens = [one.tokens(tax, scope=OFFLINE) for one in (here, gone)]
        services.sessions.terminate(
            Selector(session_id=gone.session_id), reason="logout", actor=f"account:{gone.account_id}"
        )
        clock.advance(1)
        services.key_changes.replace_at_once(actor="system", reason="stolen")
        clock.advance(1)
        return here, tokens

    def test_no_session_and_no_token_is_of_use_before_any_batch(self, services, tax, replaced):
        here, tokens = replaced
        assert left(services, OPSession) == 1
        assert services.sessions.load(here.browser.cookie("idp_session")) is None
        assert "code" not in tax.authorize(here.browser, prompt="none").answer
        for one in tokens:
            assert tax.userinfo(one["access_token"]).status_code == 401
            assert refused(tax.refresh(one["refresh_token"]), "invalid_grant")

    def test_all_is_ended_and_told_and_nobody_after_it(self, services, tax, replaced, visitor_of, account_factory):
        here, tokens = replaced
        later = visitor_of(account_factory())
        new = later.tokens(tax, scope=OFFLINE)
        assert services.sessions.sweeps.run().sessions == 1
        services.clock.advance(6)
        services.sessions.sweeps.run()
        assert services.sessions.sweeps.unfinished(None) is None
        with services.database.read() as connection:
            reasons = set(connection.scalars(select(OPSession.end_reason).where(OPSession.id == here.session_id)))
            spared = connection.scalars(
                select(AuthorizationGrant.account_id).where(AuthorizationGrant.ended_at.is_(None))
            ).all()
        assert reasons == {ENDED_BY_EMERGENCY}
        assert spared == [later.account_id], "nor what an earlier sign-out had spared"
        for one in tokens:
            assert refused(tax.refresh(one["refresh_token"]), "invalid_grant")
        assert tax.userinfo(new["access_token"]).status_code == 200
        assert services.sessions.load(later.browser.cookie("idp_session")) is not None
