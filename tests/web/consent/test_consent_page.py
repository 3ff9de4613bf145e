"""The consent page from the outside (OpenID Connect Core §3.1.2.4, DEC-9-consent, PIPL-23; rules P6 and S2)."""

from urllib.parse import urlencode, urlsplit

import orjson
import pytest

from tests.protocol.conftest import refused

ALLOW, DENY = "consent-allow", "consent-deny"


def wish(*names, essential=False):
    claims = {name: {"essential": True} if essential else None for name in names}
    return orjson.dumps({"userinfo": claims}).decode()


def claims_at(site, page):
    tokens = site.redeem(page.answer["code"]).get_json()
    return site.userinfo(tokens["access_token"]).get_json()


def consents_of(services, account_id):
    return {consent.client_id: consent for consent in services.consents.list(account_id)}


@pytest.mark.only_on("sqlite")
def test_the_first_visit_shows_who_learns_what(tax, visitor):
    """NIST-63C-4.6.1-consent-view, FAPI2-SP-5.3.2.2-13-consent, PIPL-17: masked values, nothing ticked."""
    page = tax.authorize(visitor.browser, scope="openid profile phone")
    assert page.status == 200
    assert page.path == "/consent"
    assert "税务局网上办税" in page.text
    assert "张*明" in page.text
    assert "张小明" not in page.text
    assert "code=" not in page.source
    assert page.headers["Cache-Control"] == "no-store"


def test_denying_goes_back_with_an_error_and_stores_nothing(tax, visitor, services):
    """OIDC-CORE-3.1.2.4-consent."""
    tax.authorize(visitor.browser)
    page = visitor.browser.submit(DENY)
    assert page.left_to.startswith(tax.redirect_uri + "?")
    assert page.answer["error"] == "access_denied"
    assert page.answer["state"] == tax.state
    assert not services.consents.list(visitor.account_id)
    assert tax.authorize(visitor.browser, prompt="none").answer["error"] == "consent_required"
    assert "consent.denied" in {record.action for record in services.audit.of_account(visitor.account_id)}


def test_denying_holds_although_another_tab_has_allowed_it(tax, visitor):
    """OIDC-CORE-3.1.2.4-consent: who says no is not signed in."""
    page = tax.authorize(visitor.browser)
    visitor.visit(tax)
    visitor.browser.get(page.url.replace("/consent?", "/consent?x=1&"))  # Back, to the page as it was
    visitor.browser._page = page  # noqa: SLF001 - the browser shows it from its own cache
    assert visitor.browser.submit(DENY).answer["error"] == "access_denied"


def test_a_form_sent_twice_gives_a_code_both_times(tax, visitor):
    """Rule S2: the interaction is used up, the request is judged anew."""
    page = tax.authorize(visitor.browser)
    first = visitor.browser.submit(ALLOW).answer["code"]
    visitor.browser._page = page  # noqa: SLF001 - Back
    second = visitor.browser.submit(ALLOW).answer["code"]
    assert first != second
    assert tax.redeem(first).status_code == tax.redeem(second).status_code == 200


def test_a_form_for_an_explicit_consent_sent_twice_asks_again(tax, visitor, clock):
    visitor.visit(tax)
    clock.advance(120)  # long enough that the session's use is noted again
    page = tax.authorize(visitor.browser, prompt="consent")
    assert "code" in visitor.browser.submit(ALLOW).answer
    visitor.browser._page = page  # noqa: SLF001 - Back
    again = visitor.browser.submit(ALLOW)
    assert again.has(ALLOW)
    assert "code" in visitor.browser.submit(ALLOW).answer


def test_a_form_sent_again_after_a_withdrawal_is_a_new_consent(tax, visitor, services, clock):
    page = tax.authorize(visitor.browser)
    code = visitor.browser.submit(ALLOW).answer["code"]
    services.consents.withdraw(visitor.account_id, "tax", actor="command:test")
    clock.advance(61)
    visitor.browser._page = page  # noqa: SLF001 - Back
    again = visitor.browser.submit(ALLOW).answer["code"]
    assert tax.redeem(again).status_code == 200
    assert refused(tax.redeem(code), "invalid_grant"), "what was withdrawn stays so"


@pytest.mark.only_on("sqlite")
def test_a_changed_seal_shows_the_page_again(tax, visitor, services):
    """Rule S2: allowed is what was displayed, nothing else."""
    tax.authorize(visitor.browser)
    for displayed in ("", "x", "ü", None, "A" * 43):
        page = visitor.browser.submit(ALLOW, displayed=displayed)
        assert page.status == 200
        assert page.has(ALLOW)
        assert not services.consents.list(visitor.account_id)
    assert "code" in visitor.browser.submit(ALLOW).answer


@pytest.mark.only_on("sqlite")
def test_a_seal_is_good_for_its_own_interaction_and_session_only(tax, visitor, visitor_of, citizen):
    page = tax.authorize(visitor.browser, scope="openid")
    seal = next(control.value for control in page.form(ALLOW).controls if control.name == "displayed")
    tax.authorize(visitor.browser, scope="openid profile")
    assert visitor.browser.submit(ALLOW, displayed=seal).has(ALLOW)
    other = visitor_of(citizen)
    tax.authorize(other.browser, scope="openid")
    assert other.browser.submit(ALLOW, displayed=seal).has(ALLOW)


@pytest.mark.only_on("sqlite")
def test_a_registration_that_changed_meanwhile_shows_the_page_again(tax, visitor, registration_factory):
    tax.authorize(visitor.browser)
    scope = "openid profile phone email address offline_access organization assurance"
    registration_factory("tax", scope=scope, client_name="税务局新版")
    page = visitor.browser.submit(ALLOW)
    assert page.has(ALLOW)
    assert "税务局新版" in page.text


@pytest.mark.only_on("sqlite")
def test_all_checks_run_again_when_the_answer_comes(tax, visitor, services, registration_factory):
    """Rule S2: client, redirect URI and all checks run again at resume."""
    page = tax.authorize(visitor.browser)
    registration_factory("tax", redirect_uris=["http://localhost:8001/new"])
    for button in (ALLOW, DENY):
        visitor.browser._page = page  # noqa: SLF001 - Back
        answer = visitor.browser.submit(button)
        assert (answer.status, answer.left_to) == (400, "")
    registration_factory("tax")
    services.registry.suspend("tax", actor="command:test")
    for button in (ALLOW, DENY):
        visitor.browser._page = page  # noqa: SLF001 - Back
        answer = visitor.browser.submit(button)
        assert (answer.status, answer.left_to) == (400, "")


@pytest.mark.only_on("sqlite")
class TestOptionalClaims:
    """What a client names one by one without calling it essential is a box that starts unticked."""

    def test_what_is_not_ticked_is_not_released_and_not_asked_again(self, tax, visitor, services):
        """PIPL-16, DEC-9-consent."""
        asked = {"scope": "openid", "claims": wish("email", "birthdate")}
        page = tax.authorize(visitor.browser, **asked)
        boxes = [control for control in page.form(ALLOW).controls if control.name == "claim"]
        assert {box.value for box in boxes} == {"email", "birthdate"}
        assert not any("checked" in box.attributes for box in boxes), "PIPL-17"
        assert set(claims_at(tax, visitor.browser.submit(ALLOW, claim="email"))) == {"sub", "email"}

        again = tax.authorize(visitor.browser, prompt="none", **asked)
        assert set(claims_at(tax, again)) == {"sub", "email"}
        assert consents_of(services, visitor.account_id)["tax"].claims == ("email",)

    def test_a_claim_once_declined_is_asked_for_again_when_its_scope_is(self, tax, visitor):
        tax.authorize(visitor.browser, scope="openid", claims=wish("birthdate"))
        assert "birthdate" not in claims_at(tax, visitor.browser.submit(ALLOW))
        assert "1990" in tax.authorize(visitor.browser, scope="openid profile").text
        assert "birthdate" in claims_at(tax, visitor.browser.submit(ALLOW))

    def test_an_essential_claim_is_no_box(self, tax, visitor):
        page = tax.authorize(visitor.browser, scope="openid", claims=wish("email", essential=True))
        assert not [control for control in page.form(ALLOW).controls if control.name == "claim"]
        assert "email" in claims_at(tax, visitor.browser.submit(ALLOW))

    def test_a_part_of_the_name_is_told_where_the_name_itself_is_not_asked_for(self, tax, visitor):
        """PIPL-17: nothing is released that the page does not name."""
        page = tax.authorize(visitor.browser, scope="openid", claims=wish("family_name", essential=True))
        assert "由您填写 姓 张 " in page.text
        assert "family_name" in claims_at(tax, visitor.browser.submit(ALLOW))

    def test_a_ticked_claim_that_was_not_offered_is_not_released(self, tax, visitor):
        tax.authorize(visitor.browser, scope="openid", claims=wish("email"))
        info = claims_at(tax, visitor.browser.submit(ALLOW, claim="phone_number"))
        assert set(info) == {"sub"}


class TestRemembering:
    def test_only_what_is_new_is_asked(self, tax, visitor, services):
        """DEC-9-consent."""
        visitor.visit(tax, scope="openid profile")
        page = tax.authorize(visitor.browser, scope="openid profile phone")
        assert page.has(ALLOW)
        visitor.browser.submit(ALLOW)
        for scope in ("openid profile", "openid phone", "openid profile phone"):
            assert "code" in tax.authorize(visitor.browser, scope=scope, prompt="none").answer
        offline = tax.authorize(visitor.browser, scope="openid offline_access", prompt="none")
        assert offline.answer["error"] == "consent_required", "OIDC-CORE-11-offline-access"
        assert set(consents_of(services, visitor.account_id)["tax"].scopes) == {"openid", "profile", "phone"}

    def test_a_new_consent_is_stored_over_the_old_one(self, tax, visitor, services):
        visitor.visit(tax, scope="openid profile", prompt="consent")
        visitor.visit(tax, scope="openid email", prompt="consent")
        consent = consents_of(services, visitor.account_id)["tax"]
        assert set(consent.scopes) == {"openid", "profile", "email"}
        assert "email" in consent.claims

    def test_a_withdrawn_consent_asks_again_and_ends_what_rested_on_it(self, tax, visitor, services):
        """DEC-9-consent, PIPL-15; rule P5."""
        tokens = visitor.tokens(tax, scope="openid profile offline_access")
        code = visitor.code(tax)
        assert services.consents.withdraw(visitor.account_id, "tax", actor="command:test")
        assert tax.userinfo(tokens["access_token"]).status_code == 401
        assert tax.post("/introspect", token=tokens["access_token"]).get_json() == {"active": False}
        assert refused(tax.refresh(tokens["refresh_token"]), "invalid_grant")
        assert refused(tax.redeem(code), "invalid_grant")
        assert tax.authorize(visitor.browser, prompt="none").answer["error"] == "consent_required"
        assert tax.authorize(visitor.browser).has(ALLOW)
        assert not services.consents.withdraw(visitor.account_id, "tax", actor="command:test"), "only once"

    @pytest.mark.parametrize("consent", ["required", "statutory"])
    def test_another_purpose_is_asked_about_again(self, new_relying_party, registration_factory, visitor, consent):
        """PIPL-14, DEC-9-consent: it was allowed for this; words about what is not asked change nothing."""

        def policy(**words):
            return {"consent": consent, "legal_basis": "某法第一条", "purposes": words}

        told = {"profile": "核对您的身份", "profile#en": "To check who you are", "phone": "提醒您缴费"}
        site = new_relying_party("site", policy=policy(**told))
        visitor.visit(site)
        for other, is_new in (
            ({"phone": "向您推荐服务"}, False),
            ({"profile#en": "To know you"}, True),
            ({"profile": "研究"}, True),
            ({"name": "给您写信"}, False),
            ({"name": "给您打电话"}, True),
        ):
            told |= other
            registration_factory("site", policy=policy(**told))
            page = site.authorize(visitor.browser, prompt="none")
            assert page.answer.get("error") == ("consent_required" if is_new else None), other
            assert site.authorize(visitor.browser).has(ALLOW) is is_new
            if is_new:
                assert "code" in visitor.browser.submit(ALLOW).answer
            else:
                visitor.visit(site, prompt="consent")

    def test_a_consent_is_asked_for_again_after_a_year(self, tax, visitor, visitor_of, citizen, clock):
        visitor.visit(tax)
        clock.advance(days=364)
        assert "code" in tax.authorize(visitor_of(citizen).browser, prompt="none").answer
        clock.advance(days=1)
        later = visitor_of(citizen)
        assert tax.authorize(later.browser, prompt="none").answer["error"] == "consent_required"
        assert tax.authorize(later.browser).has(ALLOW)


@pytest.mark.only_on("sqlite")
class TestStatute:
    @pytest.fixture
    def registry_office(self, new_relying_party):
        return new_relying_party("registry", policy={"consent": "statutory", "legal_basis": "某法第一条"})

    def test_the_first_visit_informs_and_the_next_does_not(self, registry_office, visitor, services):
        """PIPL-13; rule P6: prompt=none before it is interaction_required."""
        site = registry_office
        assert site.authorize(visitor.browser, prompt="none").answer["error"] == "interaction_required"
        page = site.authorize(visitor.browser, scope="openid profile", claims=wish("phone_number"))
        assert "某法第一条" in page.text
        assert not [control for control in page.form(ALLOW).controls if control.name == "claim"], "nothing is optional"
        assert {"name", "phone_number"} <= set(claims_at(site, visitor.browser.submit(ALLOW)))
        assert "code" in site.authorize(visitor.browser, prompt="none").answer
        assert consents_of(services, visitor.account_id)["registry"].is_statutory

    def test_turning_back_releases_nothing(self, registry_office, visitor):
        registry_office.authorize(visitor.browser)
        assert visitor.browser.submit(DENY).answer["error"] == "access_denied"
        assert registry_office.authorize(visitor.browser, prompt="none").answer["error"] == "interaction_required"

    def test_a_change_of_basis_is_told(self, registry_office, visitor, registration_factory):
        visitor.visit(registry_office)
        registration_factory("registry", policy={"consent": "required"})
        assert registry_office.authorize(visitor.browser, prompt="none").answer["error"] == "consent_required"
        page = registry_office.authorize(visitor.browser)
        assert page.has(ALLOW)
        assert "某法第一条" not in page.text


@pytest.mark.only_on("sqlite")
class TestTheFormIsOurs:
    """OIDC-CORE-3.1.2.3-csrf-clickjack; rule S8."""

    def form_of(self, page):
        form = page.form(ALLOW)
        return page.url.partition("localhost:8000")[2], dict(form.successful(form.button(ALLOW)))

    def post(self, visitor, path, fields, **headers):
        client = visitor.browser.client
        return client.post(path, base_url=visitor.browser.issuer, data=fields, headers=headers)

    def test_without_its_token_or_from_elsewhere_nothing_happens(self, tax, visitor, services):
        path, fields = self.form_of(tax.authorize(visitor.browser))
        without = {name: value for name, value in fields.items() if name != "csrf_token"}
        assert self.post(visitor, path, without).status_code == 403
        assert self.post(visitor, path, fields | {"csrf_token": "x" * 86 + ".1"}).status_code == 403
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "http://localhost:8001"},
            {"Origin": "null"},
        ):
            assert self.post(visitor, path, fields, **headers).status_code == 403
        assert not services.consents.list(visitor.account_id)
        assert self.post(visitor, path, fields).status_code == 303

    def test_another_browser_cannot_use_the_address(self, tax, visitor, visitor_of, account_factory):
        """Rule S2: the interaction is sealed for this browser's pre-session."""
        page = tax.authorize(visitor.browser)
        thief = visitor_of(account_factory())
        tax.authorize(thief.browser)
        for path in ("/consent", "/authorize/resume", "/login"):
            stolen = thief.browser.get(f"{path}?{urlsplit(page.url).query}")
            assert (stolen.status, stolen.left_to) == (400, "")

    def test_an_address_left_open_for_an_hour_starts_over(self, tax, visitor, clock):
        tax.authorize(visitor.browser)
        clock.advance(3600)
        assert visitor.browser.submit(ALLOW).status in {400, 403}

    def test_a_broken_or_missing_address_shows_how_to_begin_again(self, tax, visitor):
        tax.authorize(visitor.browser)
        for query in ("", "?i=", "?i=x", "?i=" + "A" * 7000, "?" + urlencode({"i": "ü"}), "?i=%ff"):
            for path in ("/consent", "/authorize/resume"):
                assert visitor.browser.get(path + query).status == 400, (path, query)

    def test_the_page_cannot_be_framed_and_posts_only_here_and_to_the_service(self, tax, visitor):
        """RFC9700-4.16-clickjacking."""
        headers = tax.authorize(visitor.browser).headers
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self' http://localhost:8001;" in policy
        assert headers["X-Frame-Options"] == "DENY"
