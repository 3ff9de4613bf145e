"""What happens at the same moment, with real threads on both databases (rules P1, P2, P3 and S2)."""

import threading
import time
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import and_, func, or_, select

from idp.consents.models import Consent
from idp.foundation.outbox import OutboxMessage
from idp.protocol.artefacts.refresh_family import RefreshFamilyRow
from idp.sessions.models import AuthorizationGrant, ClientSession, OPSession, Subject
from idp.sessions.values import Selector
from tests.protocol.conftest import refused
from tests.support.racing import together
from tests.support.relying_party import claims_of

TWENTY = 20
ROUNDS = 300


class Tab:
    """A tab of somebody's browser: it shares the cookies and may be used beside the others."""

    def __init__(self, app, browser):
        self._client = app.test_client(use_cookies=False)
        self._issuer = browser.issuer
        names = ("idp_session", "idp_presession")
        self._cookies = "; ".join(f"{name}={browser.cookie(name)}" for name in names if browser.cookie(name))

    def get(self, path):
        return self._client.get(path, base_url=self._issuer, headers={"Cookie": self._cookies})

    def post(self, path, fields):
        headers = {"Cookie": self._cookies, "Origin": self._issuer, "Sec-Fetch-Site": "same-origin"}
        return self._client.post(path, base_url=self._issuer, data=fields, headers=headers)


def answer_of(response):
    parts = urlsplit(response.headers.get("Location", ""))
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def count(services, statement):
    with services.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(statement.subquery()))


def test_of_twenty_parallel_redemptions_exactly_one_succeeds(tax, visitor, services):
    """OIDC-CORE-3.1.3.2-code-bound, ASVS-10.4.2; rule P1."""
    code = visitor.code(tax)
    answers = together([lambda: tax.redeem(code)] * TWENTY)
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert all(refused(answer, "invalid_grant") for answer in answers if answer not in good)
    assert tax.userinfo(good[0].get_json()["access_token"]).status_code == 401, "a code used twice was stolen once"
    assert count(services, select(RefreshFamilyRow.id)) == 1


def test_twenty_parallel_refreshes_rotate_once_and_every_success_carries_the_same_token(tax, visitor, services):
    """RFC9700-4.14.2; rule P2."""
    token = visitor.tokens(tax)["refresh_token"]
    answers = together([lambda: tax.refresh(token)] * TWENTY)
    good = [answer.get_json()["refresh_token"] for answer in answers if answer.status_code == 200]
    assert 1 <= len(good) <= 3
    assert len(set(good)) == 1
    assert all(refused(answer, "invalid_grant") for answer in answers if answer.status_code != 200)
    with services.database.read() as connection:
        assert connection.scalar(select(RefreshFamilyRow.generation)) == 1
    assert tax.refresh(good[0]).status_code == 200


def test_two_first_visits_at_once_find_one_sub_and_one_sid(app, tax, visitor):
    """OIDC-CORE-8.1-pairwise, OIDC-BCL-2.4-sid."""
    forms = []
    for _ in range(4):
        page = tax.authorize(visitor.browser)
        form = page.form("consent-allow")
        fields = form.successful(form.button("consent-allow"))
        forms.append((f"{urlsplit(page.url).path}?{urlsplit(page.url).query}", dict(fields), tax.verifier))
    tabs = [Tab(app, visitor.browser) for _ in forms]
    answers = together([partial(tab.post, form[0], form[1]) for tab, form in zip(tabs, forms, strict=True)])
    tokens = [
        claims_of(tax.redeem(answer_of(answer)["code"], code_verifier=form[2]).get_json()["id_token"])
        for answer, form in zip(answers, forms, strict=True)
    ]
    assert len({token["sub"] for token in tokens}) == 1
    assert len({token["sid"] for token in tokens}) == 1


def test_a_consent_form_sent_twice_at_once_gives_a_code_both_times(app, tax, visitor):
    """Rule S2: a double click is not an error, neither here nor at the client."""
    page = tax.authorize(visitor.browser)
    form = page.form("consent-allow")
    fields = dict(form.successful(form.button("consent-allow")))
    path = f"{urlsplit(page.url).path}?{urlsplit(page.url).query}"
    tabs = [Tab(app, visitor.browser) for _ in range(4)]
    answers = together([partial(tab.post, path, fields) for tab in tabs])
    codes = [answer_of(answer).get("code") for answer in answers]
    assert [answer.status_code for answer in answers] == [303] * 4
    assert None not in codes
    assert len(set(codes)) == 4
    assert all(tax.redeem(code).status_code == 200 for code in codes)


def test_a_sign_in_racing_a_sign_out_loses(app, tax, visitor_of, citizen, services, entropy):
    """Rule P3, SESS-global-logout: afterwards nothing hangs on an ended session, and every site that was let in was
    told.
    """
    asked = _AuthorizeWorker(app, tax, "openid profile")
    visitor_of(citizen)
    first = visitor_of(citizen)
    first.tokens(tax)
    with asked:
        for number in range(ROUNDS):
            visitor = visitor_of(citizen)
            if number % 3 == 0:
                tax.authorize(visitor.browser)  # the site is in the session already: only a grant is new
            asked.begin(visitor.browser, lead := _lead(entropy))
            time.sleep(max(lead, 0))
            services.sessions.terminate(Selector(session_id=visitor.session_id), reason="race", actor="command:test")
            asked.finish()
    _nothing_is_left_alive(services)
    assert asked.codes > 20, "the sign-in must come first now and then"
    assert asked.codes < ROUNDS, "and the sign-out as well"


@pytest.mark.parametrize("way", ["leave", "withdraw"])
def test_a_sign_in_racing_the_end_of_its_site_or_consent_leaves_no_grant(app, tax, visitor, services, entropy, way):
    """Rules P1 and P3: the session itself goes on, so its row alone cannot keep the two apart."""
    visitor.tokens(tax)
    session = services.sessions.load(visitor.browser.cookie("idp_session"))
    with _AuthorizeWorker(app, tax, "openid profile") as asked:
        for _ in range(40):
            asked.begin(visitor.browser, lead := _lead(entropy))
            time.sleep(max(lead, 0))
            if way == "leave":
                services.sessions.leave(session, "tax")
            else:
                services.consents.withdraw(visitor.account_id, "tax", actor="command:test")
            asked.finish()
            _nothing_is_left_alive(services)
            visitor.visit(tax)


def test_two_accounts_never_share_a_sub(tax, visitor_of, account_factory, services):
    """OIDC-CORE-2-sub-never-reassigned."""
    for _ in range(3):
        visitor_of(account_factory(kind="citizen")).tokens(tax)
    with services.database.read() as connection:
        subs = list(connection.scalars(select(Subject.sub)))
    assert len(subs) == len(set(subs)) == 3


def _lead(entropy):
    """Return by how many seconds the sign-in is sent before the sign-out, or after it: either may come first, however
    long each of them takes.
    """
    return (entropy.token_bytes(1)[0] / 255 - 0.5) * 0.024


class _AuthorizeWorker:
    """A second thread that sends silent authorization requests, one at each ``begin``."""

    def __init__(self, app, site, scope):
        self.codes = 0
        self._app = app
        self._site = site
        self._scope = scope
        self._tab: Tab | None = None
        self._path = ""
        self._wait = 0.0
        self._answers = []
        self._go = threading.Barrier(2)
        self._done = threading.Barrier(2)
        self._is_over = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over = True
        self._go.wait(timeout=30)
        self._thread.join()

    def begin(self, browser, lead):
        """Let it be sent: now or, where it has no lead, so much later."""
        # An odd claims parameter makes the grant a new one each time.
        claims = f'{{"userinfo":{{"{("name", "gender", "birthdate")[len(self._answers) % 3]}":null}}}}'
        parameters = self._site.authorization_parameters(scope=self._scope, claims=claims)
        self._tab = Tab(self._app, browser)
        self._path = "/authorize?" + urlencode(parameters)
        self._wait = max(-lead, 0)
        self._go.wait(timeout=30)

    def finish(self):
        self._done.wait(timeout=30)
        response = self._answers[-1]
        assert not isinstance(response, Exception), response
        assert response.status_code == 303, response.text
        self.codes += "code" in answer_of(response)

    def _run(self):
        while True:
            self._go.wait(timeout=60)
            if self._is_over:
                return
            time.sleep(self._wait)
            try:
                self._answers.append(self._tab.get(self._path) if self._tab else None)
            except Exception as error:  # noqa: BLE001 - it is shown by the thread that waits
                self._answers.append(error)
            self._done.wait(timeout=30)


def _nothing_is_left_alive(services):
    """A grant and a site's part end with their session's row; only what outlives it has an end of its own."""
    on_ended = and_(OPSession.id == AuthorizationGrant.op_session_id, OPSession.ended_at.is_not(None))
    grants = select(AuthorizationGrant.id).where(AuthorizationGrant.ended_at.is_(None))
    assert count(services, grants.where(on_ended, AuthorizationGrant.is_offline)) == 0
    left = and_(ClientSession.id == AuthorizationGrant.client_session_id, ClientSession.ended_at.is_not(None))
    assert count(services, grants.where(left)) == 0
    withdrawn = and_(
        Consent.account_id == AuthorizationGrant.account_id,
        Consent.client_id == AuthorizationGrant.client_id,
        Consent.withdrawn_at.is_not(None),
    )
    of_live_session = and_(OPSession.id == AuthorizationGrant.op_session_id, OPSession.ended_at.is_(None))
    assert count(services, grants.where(withdrawn, or_(AuthorizationGrant.is_offline, of_live_session))) == 0
    over = or_(ClientSession.ended_at.is_not(None), OPSession.ended_at.is_not(None))
    statement = select(ClientSession.sid).join(OPSession, OPSession.id == ClientSession.op_session_id).where(over)
    with services.database.read() as connection:
        ended = list(connection.scalars(statement))
        payloads = connection.scalars(select(OutboxMessage.payload).where(OutboxMessage.kind == "backchannel_logout"))
        told = [payload["sid"] for payload in payloads]
    assert sorted(told) == sorted(ended), "each site is told once"
