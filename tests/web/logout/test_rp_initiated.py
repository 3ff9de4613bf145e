"""Signing out at a client's wish (OpenID Connect RP-Initiated Logout 1.0), seen from the browser."""

from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from idp.foundation.outbox import OutboxMessage
from tests.protocol.forgery import changed, unsigned
from tests.support.relying_party import claims_of

HOME = "http://localhost:8001/"


def leave(browser, *, follow=True, **parameters):
    """Go to the end-session endpoint."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return browser.get(f"/end_session?{query}", follow=follow)


def is_signed_in(services, visitor):
    return services.sessions.load(visitor.browser.cookie("idp_session")) is not None


def messages(services):
    with services.database.read() as connection:
        rows = connection.execute(select(OutboxMessage.lane, OutboxMessage.payload).order_by(OutboxMessage.id))
        return [(row.lane, row.payload) for row in rows]


def is_question(page):
    return page.path == "/logout" and page.has("logout-confirm")


@pytest.fixture
def hint(tax, visitor):
    return visitor.tokens(tax)["id_token"]


class TestWithAHint:
    def test_the_sites_own_hint_ends_the_session_and_leads_back(self, tax, visitor, hint, services):
        """OIDC-RPLOGOUT-2-get-post, OIDC-RPLOGOUT-3-exact-uri."""
        page = leave(visitor.browser, id_token_hint=hint, post_logout_redirect_uri=HOME, state='"&x=1 状态')
        assert page.left_to == HOME + "?" + urlencode({"state": '"&x=1 状态'})
        assert not is_signed_in(services, visitor)
        assert visitor.browser.cookie("idp_session") in {None, ""}
        assert tax.authorize(visitor.browser, prompt="none").answer["error"] == "login_required"

    def test_every_site_is_told_before_the_browser_goes_on(self, tax, welfare, visitor, services):
        """OIDC-RPLOGOUT-2-notify-first, OIDC-BCL-2.4-sid: the messages have committed when the answer comes."""
        tokens = {site.client_id: claims_of(visitor.tokens(site)["id_token"]) for site in (tax, welfare)}
        hint = visitor.tokens(tax)["id_token"]
        assert not messages(services)
        leave(visitor.browser, id_token_hint=hint, post_logout_redirect_uri=HOME, follow=False)
        told = dict(messages(services))
        assert len(messages(services)) == 2
        for name, claims in tokens.items():
            assert told[name] == {"client_id": name, "sid": claims["sid"], "sub": claims["sub"]}

    @pytest.mark.only_on("sqlite")
    def test_an_expired_hint_is_as_good(self, visitor, hint, clock, services):
        """OIDC-RPLOGOUT-2-hint-validation."""
        clock.advance(1200)
        page = leave(visitor.browser, id_token_hint=hint, post_logout_redirect_uri=HOME)
        assert page.left_to == HOME
        assert not is_signed_in(services, visitor)

    @pytest.mark.only_on("sqlite")
    def test_the_same_request_again_is_answered_the_same(self, visitor, hint, services):
        """OIDC-RPLOGOUT-4-idempotent."""
        for _ in range(3):
            assert leave(visitor.browser, id_token_hint=hint, post_logout_redirect_uri=HOME, state="s").left_to
        assert len(messages(services)) == 1
        page = leave(visitor.browser, id_token_hint=hint)
        assert (page.status, page.left_to) == (200, "")

    @pytest.mark.only_on("sqlite")
    def test_a_post_does_the_same(self, visitor, hint, services):
        """OIDC-RPLOGOUT-2-get-post: posted by the site's page, so without our cookies."""
        fields = {"id_token_hint": hint, "post_logout_redirect_uri": HOME, "client_id": "tax"}
        client = visitor.browser.client.application.test_client(use_cookies=False)
        answer = client.post("/end_session", base_url=visitor.browser.issuer, data=fields)
        assert answer.status_code == 303
        assert hint not in answer.headers["Location"]
        assert visitor.browser.get(answer.headers["Location"]).left_to == HOME
        assert not is_signed_in(services, visitor)

    @pytest.mark.only_on("sqlite")
    def test_only_a_registered_address_to_the_letter_is_followed(self, visitor_of, citizen, tax, services):
        """OIDC-RPLOGOUT-3-exact-uri."""
        for uri in (
            HOME.rstrip("/"),
            HOME + "?",
            HOME + "?x=1",
            HOME + "#",
            HOME + "callback",
            HOME.upper(),
            "http://localhost:8001//",
            "http://localhost:8002/",
            "https://evil.example/",
            "//evil.example/",
            "javascript:alert(1)",
            "/",
        ):
            visitor = visitor_of(citizen)
            hint = visitor.tokens(tax)["id_token"]
            page = leave(visitor.browser, id_token_hint=hint, post_logout_redirect_uri=uri, state="s")
            assert (page.status, page.left_to) == (200, ""), uri
            assert not is_signed_in(services, visitor), "signing out itself goes on"

    @pytest.mark.only_on("sqlite")
    def test_the_developer_of_the_site_is_told_why_nobody_came_back(self, visitor_of, citizen, tax):
        visitor = visitor_of(citizen)
        hint = visitor.tokens(tax)["id_token"]
        page = leave(visitor.browser, id_token_hint=hint, post_logout_redirect_uri=HOME.rstrip("/"))
        assert "It differs from the nearest registered one in: path." in page.text
        unvouched = leave(visitor.browser, client_id="tax", post_logout_redirect_uri=HOME)
        assert "Without an id_token_hint nobody vouches for the post_logout_redirect_uri." in unvouched.text
        assert "For developers" not in leave(visitor.browser, id_token_hint=hint).text


@pytest.mark.only_on("sqlite")
class TestWithoutAGoodHint:
    """OIDC-RPLOGOUT-2-ask-user: nobody is signed out, or sent anywhere, on the word of a stranger."""

    @pytest.mark.usefixtures("tax")
    @pytest.mark.parametrize(
        "parameters", [{}, {"state": "s"}, {"post_logout_redirect_uri": HOME}, {"logout_hint": "13800138000"}]
    )
    def test_nothing_at_all_asks(self, visitor, services, parameters):
        """OIDC-RPLOGOUT-2-ask-user, OIDC-RPLOGOUT-3-exact-uri: an address that no client stands for is not followed."""
        page = leave(visitor.browser, **parameters)
        assert is_question(page)
        assert is_signed_in(services, visitor)
        page = visitor.browser.submit("logout-confirm")
        assert (page.status, page.left_to) == (200, "")
        assert not is_signed_in(services, visitor)

    @pytest.mark.usefixtures("welfare")
    def test_a_hint_that_proves_nothing_asks(self, tax, visitor_of, citizen, services):
        """OIDC-RPLOGOUT-2-hint-validation."""
        for kind in ("garbage", "changed", "unsigned", "access", "logout", "userinfo", "foreign", "wrong_client"):
            visitor = visitor_of(citizen)
            tokens = visitor.tokens(tax)
            parameters = self.bad_hint(kind, tokens["id_token"], tokens["access_token"], services.keyring)
            page = leave(visitor.browser, post_logout_redirect_uri=HOME, state="s", **parameters)
            assert is_question(page), kind
            assert is_signed_in(services, visitor)
            page = visitor.browser.submit("logout-confirm")
            assert (page.status, page.left_to) == (200, ""), "a request that contradicts itself has named nobody"
            assert not is_signed_in(services, visitor)

    def bad_hint(self, kind, hint, access_token, keyring):
        claims = claims_of(hint)
        if kind == "wrong_client":
            return {"id_token_hint": hint, "client_id": "welfare"}
        bad = {
            "garbage": "a.b.c",
            "changed": changed(hint, sid="other"),
            "unsigned": unsigned(hint),
            "access": access_token,
            "logout": keyring.sign(claims, typ="logout+jwt"),
            "userinfo": keyring.sign({name: claims[name] for name in ("iss", "aud", "sub")}, typ="JWT"),
            "foreign": keyring.sign(claims | {"iss": "https://x.example"}, typ="JWT"),
        }
        return {"id_token_hint": bad[kind]}

    def test_a_hint_of_another_session_asks(self, tax, visitor, visitor_of, account_factory, hint, services):
        """OIDC-RPLOGOUT-2-ask-user: a site may not sign out whoever sits at the browser now."""
        other = visitor_of(account_factory())
        other.visit(tax)
        page = leave(other.browser, id_token_hint=hint, post_logout_redirect_uri=HOME)
        assert is_question(page)
        assert is_signed_in(services, other)
        assert other.browser.submit("logout-confirm").left_to == HOME
        assert is_signed_in(services, visitor), "and the session of the hint goes on"

    def test_a_named_client_leads_back_after_the_person_has_agreed(self, tax, visitor, services):
        visitor.visit(tax)
        page = leave(visitor.browser, client_id="tax", post_logout_redirect_uri=HOME, state="s")
        assert is_question(page)
        assert visitor.browser.submit("logout-confirm").left_to == HOME + "?state=s"
        assert not is_signed_in(services, visitor)

    @pytest.mark.usefixtures("tax")
    def test_without_session_and_hint_nobody_is_sent_anywhere(self, browser, visitor):
        """OIDC-RPLOGOUT-3-exact-uri: not without a trustworthy hint or confirmation."""
        page = leave(browser, client_id="tax", post_logout_redirect_uri=HOME)
        assert (page.status, page.left_to) == (200, "")
        question = leave(visitor.browser, client_id="tax", post_logout_redirect_uri=HOME)
        visitor.browser.set_cookie("idp_session", "gone")
        assert visitor.browser.get(question.url).left_to == ""

    def test_a_suspended_service_is_no_place_to_go(self, visitor, hint, services):
        services.registry.suspend("tax", actor="command:test")
        page = leave(visitor.browser, id_token_hint=hint, post_logout_redirect_uri=HOME)
        assert (page.status, page.left_to) == (200, "")

    def test_the_question_is_sealed_for_one_browser(self, tax, visitor, visitor_of, citizen):
        visitor.visit(tax)
        address = leave(visitor.browser, client_id="tax", post_logout_redirect_uri=HOME).url
        other = visitor_of(citizen)
        for url in (address, address[:-3], "/logout?l=x", "/logout?l=%ff", "/logout?l="):
            other.browser.get(url)
            assert other.browser.submit("logout-confirm").left_to == ""
            other = visitor_of(citizen)

    def test_a_question_left_open_for_long_leads_nowhere(self, tax, visitor, clock):
        visitor.visit(tax)
        leave(visitor.browser, client_id="tax", post_logout_redirect_uri=HOME)
        clock.advance(600)
        assert visitor.browser.submit("logout-confirm").left_to == ""

    def test_duplicates_are_a_page(self, visitor, hint):
        for query in (f"id_token_hint={hint}&id_token_hint={hint}", "state=a&state=b", "x=%00", "x=%ff"):
            page = visitor.browser.get(f"/end_session?{query}")
            assert (page.status, page.left_to) == (400, "")

    def test_ui_locales_choose_the_language_of_the_answer(self, browser):
        assert leave(browser, ui_locales="tlh en").document.language == "en"
        assert leave(browser, ui_locales="x" * 5000).document.language.startswith("zh")
