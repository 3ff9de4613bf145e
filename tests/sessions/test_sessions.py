"""Sessions: opened, used, raised, and the one way out (ASVS-7.2.4, SESS-global-logout; rules P3 and S8)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from idp.enrolment.values import Changed
from idp.factors.assurance import VerifiedFactor
from idp.foundation.digests import sha256
from idp.foundation.outbox import OutboxMessage
from idp.sessions.grants import PUBLIC_SECTOR
from idp.sessions.models import AuthorizationGrant, ClientSession, Device, OPSession
from idp.sessions.values import Browser, Ended, Selector
from tests.protocol.conftest import refused
from tests.support.statements import watched

OFFLINE = "openid offline_access"


@pytest.fixture
def sign_in(services):
    """Open a session for an account."""

    def open_one(person, *kinds, replacing=None, agent="", **options):
        factors = [VerifiedFactor(kind, services.clock.now()) for kind in kinds or ("password",)]
        browser = Browser("203.0.113.0/24", agent)
        return services.sessions.open(
            person.account_id, factors, services.entropy.uuid7(), browser, replacing=replacing, **options
        )

    return open_one


def live(services, table):
    with services.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table).where(table.ended_at.is_(None)))


class TestOpening:
    def test_the_cookie_is_found_by_its_digest_only(self, sign_in, citizen, services):
        """ASVS-7.2.3: the database cannot be used to take a session over."""
        opened = sign_in(citizen)
        assert len(opened.cookie) == 43
        with services.database.read() as connection:
            row = connection.execute(select(OPSession.__table__)).one()
        assert opened.cookie not in str(row)
        assert row.digest == sha256(opened.cookie)
        for cookie in (None, "", "x", opened.cookie[:-1], opened.cookie + "x", sha256(opened.cookie).hex()):
            assert services.sessions.load(cookie) is None

    def test_it_is_loaded_by_one_select_until_idle_or_over(self, sign_in, citizen, services, clock):
        """NIST-63B-2.2.3."""
        cookie = sign_in(citizen).cookie
        with watched(services.database) as seen:
            session = services.sessions.load(cookie)
        assert seen.kinds == ["SELECT"]
        clock.advance(3599)
        assert services.sessions.load(cookie)
        services.sessions.touch(session)
        clock.advance(3599)
        assert services.sessions.load(cookie)
        clock.advance(1)
        assert services.sessions.load(cookie) is None, "unused for an hour"

    def test_use_is_noted_once_a_minute_and_prolongs_nothing_beyond_the_total(self, sign_in, citizen, services, clock):
        cookie = sign_in(citizen).cookie
        for _ in range(12):
            clock.advance(minutes=59)
            services.sessions.touch(services.sessions.load(cookie))
            with watched(services.database) as seen:
                services.sessions.touch(services.sessions.load(cookie))
            assert seen.kinds == ["SELECT"]
        clock.advance(minutes=12)
        assert services.sessions.load(cookie) is None, "twelve hours are over"

    def test_staff_sessions_end_sooner(self, sign_in, account_factory, services, clock):
        cookie = sign_in(account_factory(kind="staff"), "password", "totp").cookie
        clock.advance(899)
        assert services.sessions.load(cookie)
        clock.advance(1)
        assert services.sessions.load(cookie) is None

    def test_a_locked_account_gets_none_and_loses_those_it_has(self, sign_in, citizen, services):
        """SESS-account-disable."""
        cookie = sign_in(citizen).cookie
        services.accounts.lock(citizen.account_id, reason="test", actor="command:test")
        assert sign_in(citizen) is None
        assert services.sessions.load(cookie) is None

    def test_a_step_up_changes_the_cookie_and_keeps_the_session(self, sign_in, citizen, services, clock):
        """ASVS-7.2.4; rule S8."""
        first = sign_in(citizen)
        clock.advance(100)
        second = sign_in(citizen, "totp", replacing=services.sessions.load(first.cookie))
        assert first.session_id == second.session_id
        assert services.sessions.load(first.cookie) is None
        session = services.sessions.load(second.cookie)
        assert {factor.kind for factor in session.factors} == {"password", "totp"}
        assert session.auth_time == clock.now()

    def test_somebody_else_on_the_same_browser_ends_the_first_ones_session(
        self, sign_in, tax, visitor, account_factory, services
    ):
        tokens = visitor.tokens(tax, scope=OFFLINE)
        mine = services.sessions.load(visitor.browser.cookie("idp_session"))
        other = sign_in(account_factory(), replacing=mine)
        assert other.session_id != mine.id
        assert services.sessions.load(visitor.browser.cookie("idp_session")) is None
        assert [line.lane for line in services.outbox.deliveries([mine.id])] == ["tax"]
        assert tax.refresh(tokens["refresh_token"]).status_code == 200, "as if they had signed out themselves"

    def test_a_session_that_ended_meanwhile_is_not_raised(self, sign_in, citizen, services):
        session = services.sessions.load(sign_in(citizen).cookie)
        services.sessions.terminate(Selector(session_id=session.id), reason="security", actor="command:test")
        opened = sign_in(citizen, "totp", replacing=session)
        assert opened.session_id != session.id, "a new one, with the new factor only"
        assert [one.kind for one in services.sessions.load(opened.cookie).factors] == ["totp"]
        assert services.sessions.choose_organization(session, services.entropy.uuid7()) is None


class TestGrants:
    def test_an_interaction_gives_one_grant(self, sign_in, citizen, services, tax):
        """Rule S2."""
        session = services.sessions.load(sign_in(citizen).cookie)
        options = {"sector": PUBLIC_SECTOR, "is_offline": False, "claims": {}}
        interaction = services.entropy.uuid7()
        grant = services.grants.open(session, "tax", interaction_id=interaction, **options)
        assert grant.sid
        assert services.grants.open(session, "tax", interaction_id=interaction, **options) is None
        again = services.grants.open(session, "tax", interaction_id=services.entropy.uuid7(), **options)
        assert (again.sid, again.sub) == (grant.sid, grant.sub)
        assert again.reference != grant.reference
        assert tax.client_id == "tax"

    def test_an_ended_session_gives_none(self, sign_in, citizen, services):
        """Rule P3."""
        session = services.sessions.load(sign_in(citizen).cookie)
        services.sessions.terminate(Selector(session_id=session.id), reason="security", actor="command:test")
        grant = services.grants.open(
            session, "tax", sector="x", interaction_id=services.entropy.uuid7(), is_offline=True, claims={}
        )
        assert grant is None
        assert live(services, ClientSession) == live(services, AuthorizationGrant) == 0

    def test_a_subject_is_random_and_stays(self, citizen, services):
        """Rule P6."""
        first, second = (services.grants.subject(citizen.account_id, sector) for sector in ("one", "two"))
        assert first != second
        assert len(first) == 22
        assert services.grants.subject(citizen.account_id, "one") == first
        assert str(citizen.account_id) not in first

    def test_a_grant_ends_once(self, visitor, tax, services):
        visitor.tokens(tax)
        with services.database.read() as connection:
            grant_id = connection.scalar(select(AuthorizationGrant.id))
        assert services.grants.end(grant_id, reason="test", actor="system")
        assert not services.grants.end(grant_id, reason="test", actor="system")


class TestTheWayOut:
    def terminate(self, services, reason="security", **selector):
        return services.sessions.terminate(Selector(**selector), reason=reason, actor="command:test")

    def test_one_session_with_all_that_hangs_on_it(self, tax, welfare, visitor, visitor_of, citizen, services):
        other = visitor_of(citizen)
        for site in (tax, welfare):
            visitor.tokens(site)
        kept = other.tokens(tax)
        ended = self.terminate(services, session_id=visitor.session_id)
        assert (ended.sessions, ended.client_sessions, ended.grants) == (1, 2, 2)
        assert ended.session_ids == (visitor.session_id,)
        assert sorted(line.lane for line in services.outbox.deliveries(ended.session_ids)) == ["tax", "welfare"]
        assert self.terminate(services, session_id=visitor.session_id) == Ended(), "and once only"
        assert len(services.outbox.deliveries(ended.session_ids)) == 2
        assert tax.userinfo(kept["access_token"]).status_code == 200
        events = [one for one in services.audit.export() if one.action == "session.ended"]
        assert [(one.reason, one.actor, one.session_id) for one in events] == [
            ("security", "command:test", visitor.session_id)
        ]

    def test_all_sessions_of_an_account(self, tax, visitor, visitor_of, citizen, account_factory, services):
        """SESS-global-logout."""
        stranger = visitor_of(account_factory())
        kept = stranger.tokens(tax)
        gone = [visitor_of(citizen).tokens(tax, scope=OFFLINE) for _ in range(2)]
        device = services.devices.note(None, citizen.account_id, remember=True).cookie
        assert self.terminate(services, account_id=citizen.account_id).sessions == 3
        for tokens in gone:
            assert tax.userinfo(tokens["access_token"]).status_code == 401
            assert refused(tax.refresh(tokens["refresh_token"]), "invalid_grant")
        assert tax.userinfo(kept["access_token"]).status_code == 200
        known = services.devices.of_browser(device)
        assert not services.devices.is_remembered(known, citizen.account_id)
        assert services.sessions.load(visitor.browser.cookie("idp_session")) is None

    def test_all_but_this_one_leaves_nothing_of_the_others(self, tax, visitor, visitor_of, citizen, services):
        """RFC9700-4.14.2: after a change of password only this browser goes on, and no grant that an earlier logout
        spared.
        """
        mine = visitor.tokens(tax, scope=OFFLINE)
        other = visitor_of(citizen)
        theirs = other.tokens(tax, scope=OFFLINE)
        former = visitor_of(citizen)
        spared = former.tokens(tax, scope=OFFLINE)
        self.terminate(services, reason="logout", session_id=former.session_id)
        assert tax.userinfo(spared["access_token"]).status_code == 200
        ended = self.terminate(services, account_id=citizen.account_id, other_than=visitor.session_id)
        assert ended.sessions == 1
        assert tax.refresh(mine["refresh_token"]).status_code == 200
        for tokens in (theirs, spared):
            assert refused(tax.refresh(tokens["refresh_token"]), "invalid_grant")

    def test_a_new_password_ends_what_no_live_session_holds(self, tax, visitor, visitor_of, citizen, services):
        """RFC9700-2.2.2-refresh-public, RFC9700-4.14.2: who knew the old one may have left with a token in hand."""
        other, former = visitor_of(citizen), visitor_of(citizen)
        kept = [one.tokens(tax, scope=OFFLINE) for one in (visitor, other)]
        spared = former.tokens(tax, scope=OFFLINE)
        self.terminate(services, reason="logout", session_id=former.session_id)
        session = services.sessions.load(visitor.browser.cookie("idp_session"))
        new = "another-harbour-lamp-9"
        changed = services.enrolment.change_password(session, citizen.password, new, end_others=False)
        assert changed == Changed()
        assert refused(tax.refresh(spared["refresh_token"]), "invalid_grant")
        assert tax.userinfo(spared["access_token"]).status_code == 401
        for tokens in kept:
            assert tax.refresh(tokens["refresh_token"]).status_code == 200, "other devices go on if the person says so"

    def test_one_client_of_everybody_or_of_one_account(
        self, tax, welfare, visitor, visitor_of, account_factory, services
    ):
        other = visitor_of(account_factory())
        mine, theirs = visitor.tokens(tax, scope=OFFLINE), other.tokens(tax, scope=OFFLINE)
        elsewhere = visitor.tokens(welfare)
        self.terminate(services, client_id="tax", account_id=visitor.account_id)
        assert refused(tax.refresh(mine["refresh_token"]), "invalid_grant")
        assert tax.refresh(theirs["refresh_token"]).status_code == 200
        self.terminate(services, client_id="tax")
        assert tax.userinfo(theirs["access_token"]).status_code == 401
        assert welfare.userinfo(elsewhere["access_token"]).status_code == 200
        assert services.sessions.load(visitor.browser.cookie("idp_session")), "people stay signed in elsewhere"

    def test_one_site_of_one_session(self, tax, welfare, visitor, services):
        tokens = {site.client_id: visitor.tokens(site) for site in (tax, welfare)}
        with services.database.read() as connection:
            chosen = connection.scalar(select(ClientSession.id).where(ClientSession.client_id == "welfare"))
        assert self.terminate(services, client_session_id=chosen).client_sessions == 1
        assert welfare.userinfo(tokens["welfare"]["access_token"]).status_code == 401
        assert tax.userinfo(tokens["tax"]["access_token"]).status_code == 200

    def test_everything_in_batches(self, citizen, services, clock):
        """Each batch is a transaction of its own, so that nobody waits for a million rows."""
        now = clock.now()
        rows = [
            {
                "id": services.entropy.uuid7(),
                "digest": sha256(f"cookie {number}"),
                "account_id": citizen.account_id,
                "created_at": now,
                "auth_time": now,
                "last_seen_at": now,
                "expires_at": now,
                "factors": [],
                "interaction_id": services.entropy.uuid7(),
            }
            for number in range(1001)
        ]
        with services.database.transaction() as connection:
            connection.execute(insert(OPSession), rows)
        with watched(services.database) as seen:
            ended = self.terminate(services, everything=True)
        assert ended.sessions == len(ended.session_ids) == len(set(ended.session_ids)) == 1001
        assert seen.commits == 3
        assert live(services, OPSession) == 0

    def test_a_selector_that_names_nothing_ends_nothing(self, visitor, services):
        with pytest.raises(ValueError, match="must name what to end"):
            self.terminate(services)
        assert services.sessions.load(visitor.browser.cookie("idp_session"))

    def test_whoever_leaves_a_site_while_the_session_ends_is_told_of_once(self, tax, visitor_of, citizen, services):
        """Rule P3: both find the site's part at once; one ends it, and the site gets one logout token."""
        visitors = [visitor_of(citizen) for _ in range(6)]
        for one in visitors:
            one.tokens(tax)
        sessions = [services.sessions.load(one.browser.cookie("idp_session")) for one in visitors]
        calls = [
            call
            for one in sessions
            for call in (
                lambda one=one: services.sessions.leave(one, "tax"),
                lambda one=one: self.terminate(services, session_id=one.id),
            )
        ]
        with ThreadPoolExecutor(len(calls)) as pool:
            ended = list(pool.map(lambda call: call(), calls))
        assert sum(one.client_sessions for one in ended) == len(sessions)
        assert [len(services.outbox.deliveries([one.id])) for one in sessions] == [1] * len(sessions)

    def test_what_ended_with_its_session_is_not_ended_again(self, tax, visitor, citizen, services):
        """A grant and a site's part end by the update of the session; no later end counts or tells them once more."""
        tokens = visitor.tokens(tax)
        assert self.terminate(services, session_id=visitor.session_id).grants == 1
        assert tax.userinfo(tokens["access_token"]).status_code == 401
        assert self.terminate(services, client_id="tax") == Ended()
        assert self.terminate(services, account_id=citizen.account_id) == Ended()
        assert services.sessions.end_spared(citizen.account_id, reason="security", actor="command:test") == 0
        assert len(services.outbox.deliveries([visitor.session_id])) == 1

    def test_leaving_a_site_that_one_is_not_in_tells_nobody(self, tax, visitor, services):
        session = services.sessions.load(visitor.browser.cookie("idp_session"))
        assert services.sessions.leave(session, tax.client_id) == Ended()
        with services.database.read() as connection:
            assert connection.scalar(select(func.count()).select_from(OutboxMessage)) == 0


class TestLists:
    def test_a_person_sees_where_they_are_signed_in(self, sign_in, tax, visitor, citizen, services, clock):
        visitor.visit(tax)
        clock.advance(1)
        later = sign_in(citizen, agent="Mozilla/5.0 " + "x" * 900)
        lines = services.sessions.list(account_id=citizen.account_id)
        assert [line.id for line in lines] == [later.session_id, visitor.session_id]
        assert [line.client_ids for line in lines] == [(), ("tax",)]
        assert len(lines[0].user_agent) == 300
        assert [line.id for line in services.sessions.list(client_id="tax")] == [visitor.session_id]
        sites = services.sessions.sites(services.sessions.load(visitor.browser.cookie("idp_session")))
        assert [site.client_id for site in sites] == ["tax"]

    def test_what_has_ended_is_listed_when_asked_for(self, sign_in, citizen, services, clock):
        opened = sign_in(citizen)
        began = clock.now()
        clock.advance(10)
        services.sessions.terminate(Selector(session_id=opened.session_id), reason="logout", actor="system")
        assert services.sessions.list(account_id=citizen.account_id) == []
        (line,) = services.sessions.list(account_id=citizen.account_id, ended_since=began)
        assert (line.end_reason, line.ended_at) == ("logout", clock.now())

    def test_what_its_own_time_has_ended_is_listed_as_ended_then(self, tax, visitor, citizen, services, clock):
        """It is over on the second, though nobody writes that down, and no site is told."""
        visitor.tokens(tax)
        began = clock.now()
        clock.advance(hours=12)
        assert services.sessions.list(account_id=citizen.account_id) == []
        clock.advance(hours=5)
        (line,) = services.sessions.list(account_id=citizen.account_id, ended_since=began)
        assert (line.end_reason, line.ended_at) == ("expired", began + timedelta(hours=12))
        assert services.sessions.list(account_id=citizen.account_id, ended_since=clock.now()) == []
        assert services.outbox.deliveries([visitor.session_id]) == []

    def test_an_account_that_is_signed_out_everywhere_is_signed_out_where_its_session_expired(
        self, tax, visitor, citizen, services, clock
    ):
        """A site may let somebody in for longer than the session it came from."""
        visitor.tokens(tax)
        clock.advance(hours=13)
        ended = services.sessions.terminate(
            Selector(account_id=citizen.account_id), reason="security", actor="command:test"
        )
        assert ended.client_sessions == 1
        assert [line.lane for line in services.outbox.deliveries([visitor.session_id])] == ["tax"]


class TestDevices:
    def test_a_browser_is_known_for_each_account_that_used_it(self, citizen, account_factory, services, clock):
        """Rule S3; rule S7: it adds nothing to acr or amr."""
        other = account_factory()
        value = services.devices.note(None, citizen.account_id, remember=True).cookie
        assert services.devices.note(value, other.account_id, remember=False).cookie == value
        known = services.devices.of_browser(value)
        assert {device.account_id for device in known} == {citizen.account_id, other.account_id}
        assert services.devices.is_remembered(known, citizen.account_id)
        assert not services.devices.is_remembered(known, other.account_id)
        clock.advance(days=30)
        assert not services.devices.is_remembered(services.devices.of_browser(value), citizen.account_id)
        services.devices.note(value, citizen.account_id, remember=True)
        services.devices.forget(citizen.account_id)
        assert not services.devices.is_remembered(services.devices.of_browser(value), citizen.account_id)
        assert services.devices.of_browser(None) == services.devices.of_browser("x") == ()
        with services.database.read() as connection:
            assert connection.scalar(select(func.count()).select_from(Device)) == 2
