"""The logout page: what it shows, what each choice ends, and that only its own form decides."""

import pytest
from sqlalchemy import select

from idp.foundation.outbox import OutboxMessage
from idp.sessions.values import Selector
from tests.protocol.conftest import refused

HOME = "http://localhost:8001/"


def lanes(services):
    with services.database.read() as connection:
        return sorted(connection.scalars(select(OutboxMessage.lane)))


def test_it_lists_the_services_and_signs_out_of_all(tax, welfare, visitor, services):
    tokens = [visitor.tokens(site) for site in (tax, welfare)]
    page = visitor.browser.get("/logout")
    assert "税务局网上办税" in page.text
    assert "welfare" in page.text
    assert services.sessions.load(visitor.browser.cookie("idp_session")), "a GET changes nothing"
    page = visitor.browser.submit("logout-confirm")
    assert page.status == 200
    assert "税务局网上办税" in page.text, "what each service has answered so far"
    assert "正在通知" in page.text, "nobody has tried to tell them yet"
    assert "正在重试" not in page.text, "so nothing is tried again"
    assert "您不必等待" in page.text
    assert lanes(services) == ["tax", "welfare"]
    for site, token in zip((tax, welfare), tokens, strict=True):
        assert site.userinfo(token["access_token"]).status_code == 401
        assert refused(site.refresh(token["refresh_token"]), "invalid_grant")


def test_a_service_may_be_left_alone(tax, welfare, visitor, services):
    tokens = [visitor.tokens(site) for site in (tax, welfare)]
    page = visitor.browser.get("/end_session?client_id=tax&post_logout_redirect_uri=" + HOME)
    assert page.form("this")
    assert visitor.browser.submit("this").left_to == HOME
    assert tax.userinfo(tokens[0]["access_token"]).status_code == 401
    assert welfare.userinfo(tokens[1]["access_token"]).status_code == 200
    assert services.sessions.load(visitor.browser.cookie("idp_session"))
    assert lanes(services) == ["tax"], "OIDC-BCL-2.4-sid: only that site is told"
    sid = services.keyring.verify(tokens[0]["id_token"], typ="JWT")["sid"]
    again = visitor.tokens(tax)
    assert services.keyring.verify(again["id_token"], typ="JWT")["sid"] != sid, "a new part of the session"


def test_two_browsers_of_one_person_are_two_sessions(tax, visitor_of, citizen, services):
    """OIDC-BCL-2.4-sid."""
    one, two = visitor_of(citizen), visitor_of(citizen)
    sids = [services.keyring.verify(person.tokens(tax)["id_token"], typ="JWT")["sid"] for person in (one, two)]
    one.browser.get("/logout")
    one.browser.submit("logout-confirm")
    with services.database.read() as connection:
        payloads = list(connection.scalars(select(OutboxMessage.payload)))
    assert [payload["sid"] for payload in payloads] == sids[:1]
    assert sids[0] != sids[1]
    assert "code" in tax.authorize(two.browser, prompt="none").answer


@pytest.mark.only_on("sqlite")
def test_a_site_that_wants_no_message_gets_none(new_relying_party, visitor, services):
    site = new_relying_party("quiet", backchannel_logout_uri=None)
    visitor.visit(site)
    services.sessions.terminate(Selector(session_id=visitor.session_id), reason="security", actor="command:test")
    assert lanes(services) == []


@pytest.mark.only_on("sqlite")
def test_only_its_own_form_signs_anybody_out(tax, visitor, services):
    """OIDC-CORE-3.1.2.3-csrf-clickjack; rule S8."""
    visitor.visit(tax)
    page = visitor.browser.get("/logout")
    form = page.form("logout-confirm")
    fields = dict(form.successful(form.button("logout-confirm")))
    client = visitor.browser.client
    for data, headers in (
        ({"answer": "all"}, {}),
        (fields | {"csrf_token": "x"}, {}),
        (fields, {"Sec-Fetch-Site": "same-site"}),
        (fields, {"Origin": "http://localhost:8001"}),
    ):
        answer = client.post("/logout", base_url=visitor.browser.issuer, data=data, headers=headers)
        assert answer.status_code == 403
    assert services.sessions.load(visitor.browser.cookie("idp_session"))
    assert client.post("/logout", base_url=visitor.browser.issuer, data=fields).status_code == 200
    assert not services.sessions.load(visitor.browser.cookie("idp_session"))


@pytest.mark.only_on("sqlite")
def test_a_post_of_another_site_takes_no_cookie_away(tax, visitor, browser, services):
    """SameSite keeps the cookies out of such a POST, and lets its answer remove them: the session would live on, and
    its owner would read that it has ended.
    """
    page = browser.post("/logout", {"answer": "all"}, follow=False)
    assert page.status == 303
    assert page.headers.getlist("Set-Cookie") == []
    # The browser follows with the cookies that it held back.
    visitor.tokens(tax)
    page = visitor.browser.get(page.headers["Location"])
    assert page.form("logout-confirm")
    assert services.sessions.load(visitor.browser.cookie("idp_session"))


def test_who_is_signed_out_already_is_told_so(browser, visitor):
    """OIDC-RPLOGOUT-4-idempotent."""
    assert browser.get("/logout").status == 200
    page = visitor.browser.get("/logout")
    visitor.browser.submit("logout-confirm")
    visitor.browser._page = page  # noqa: SLF001 - Back, and the button once more
    assert visitor.browser.submit("logout-confirm").status == 200
