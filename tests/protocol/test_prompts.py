"""What a client may ask of the sign-in: prompt, max_age, acr, whom it expects (OpenID Connect Core §3.1.2.1, §5.5.1.1;
rules S1 and S7).
"""

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.protocol.forgery import changed, unsigned
from tests.protocol.test_authorization_errors import error_of
from tests.support.relying_party import claims_of

pytestmark = pytest.mark.only_on("sqlite")

AAL2 = "urn:idp:acr:aal2"


def asks_password(page):
    return page.path == "/login" and page.has("login-submit")


def identity(site, page):
    response = site.redeem(page.answer["code"])
    assert response.status_code == 200, response.text
    return claims_of(response.get_json()["id_token"])


def test_prompt_none_never_shows_a_page(tax, visitor, browser):
    """OIDC-CORE-3.1.2.1-prompt-none."""
    assert error_of(tax.authorize(browser, prompt="none"), tax) == "login_required"
    assert error_of(tax.authorize(visitor.browser, prompt="none"), tax) == "consent_required"
    visitor.visit(tax)
    assert "code" in tax.authorize(visitor.browser, prompt="none").answer


def test_prompt_none_for_an_account_that_is_not_admitted_is_an_error(tax, visitor_of, account_factory):
    staff = visitor_of(account_factory(kind="staff"), ("password", "totp"))
    assert error_of(tax.authorize(staff.browser, prompt="none"), tax) == "access_denied"
    assert tax.authorize(staff.browser).path == "/login/not-admitted"


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"prompt": "login select_account"}, {"max_age": "0"}])
def test_a_fresh_sign_in_is_asked_and_counts_once(tax, visitor, citizen, clock, asked):
    """OIDC-CORE-3.1.2.1-prompt-login, OIDC-CORE-3.1.2.1-max-age-0; rule S1."""
    before = identity(tax, visitor.visit(tax))
    clock.advance(100)
    page = tax.authorize(visitor.browser, **asked)
    assert asks_password(page)
    login = page.url

    # Going on without signing in, by hand or by Back, leads to the same question.
    sealed = login.partition("?")[2]
    for path in ("/authorize/resume", "/consent"):
        assert asks_password(visitor.browser.get(f"{path}?{sealed}")), path

    visitor.browser.get(login)
    after = identity(tax, visitor.browser.sign_in(citizen.username, citizen.password))
    assert after["auth_time"] == before["auth_time"] + 100
    assert (after["sub"], after["sid"]) == (before["sub"], before["sid"])

    assert asks_password(visitor.browser.get(f"/authorize/resume?{sealed}")), "the answer has been given"
    assert asks_password(tax.authorize(visitor.browser, **asked)), "a next request needs a next sign-in"


def test_a_sign_in_for_one_tab_does_not_count_for_another(tax, visitor, citizen, clock):
    """Rule S1: a factor verified for this interaction, not for some other one."""
    visitor.visit(tax)
    first = tax.authorize(visitor.browser, prompt="login").url
    clock.advance(1)
    second = tax.authorize(visitor.browser, prompt="login").url
    assert "code" in visitor.browser.sign_in(citizen.username, citizen.password).answer
    sealed = first.partition("?")[2]
    assert first != second
    assert asks_password(visitor.browser.get(f"/authorize/resume?{sealed}"))


def test_prompt_consent_shows_a_remembered_consent_again(tax, visitor):
    """OIDC-CORE-3.1.2.1-prompt-consent."""
    visitor.visit(tax)
    page = tax.authorize(visitor.browser, prompt="consent")
    assert page.has("consent-allow")
    assert "code" in visitor.browser.submit("consent-allow").answer


def test_prompts_are_answered_one_after_the_other(tax, visitor, citizen):
    visitor.visit(tax)
    assert asks_password(tax.authorize(visitor.browser, prompt="consent login"))
    page = visitor.browser.sign_in(citizen.username, citizen.password)
    assert page.has("consent-allow")
    assert "code" in visitor.browser.submit("consent-allow").answer


def test_max_age_is_measured_from_the_last_factor(tax, visitor, citizen, clock):
    """OIDC-CORE-3.1.2.1-max-age."""
    before = identity(tax, visitor.visit(tax))
    clock.advance(60)
    assert identity(tax, tax.authorize(visitor.browser, max_age="60"))["auth_time"] == before["auth_time"]
    assert identity(tax, tax.authorize(visitor.browser, max_age="999999999"))["auth_time"] == before["auth_time"]
    clock.advance(1)
    assert error_of(tax.authorize(visitor.browser, max_age="60", prompt="none"), tax) == "login_required"
    assert asks_password(tax.authorize(visitor.browser, max_age="60"))
    after = identity(tax, visitor.browser.sign_in(citizen.username, citizen.password))
    assert after["auth_time"] == before["auth_time"] + 61


def test_the_registered_max_age_holds_where_the_request_names_none(new_relying_party, visitor, clock):
    site = new_relying_party("strict", default_max_age=30)
    visitor.visit(site)
    clock.advance(31)
    assert asks_password(site.authorize(visitor.browser))
    assert "code" in site.authorize(visitor.browser, max_age="3600").answer


def test_acr_values_raise_the_level_when_they_can_be_reached(tax, visitor, account_factory, visitor_of, clock):
    """OIDC-CORE-3.1.2.1-locales-display-acr, NIST-63C-2.5-xal."""
    person = account_factory(with_totp=True)
    other = visitor_of(person)
    first = identity(tax, other.visit(tax))
    assert (first["acr"], first["amr"]) == ("urn:idp:acr:aal1", ["pwd"])
    assert error_of(tax.authorize(other.browser, acr_values=AAL2, prompt="none"), tax) == "login_required"
    page = tax.authorize(other.browser, acr_values=f"gold {AAL2}")
    assert page.path == "/login/totp"
    second = identity(tax, other.browser.submit(code=person.code(clock)))
    assert second["acr"] == AAL2
    assert {"mfa", "otp", "pwd"} <= set(second["amr"])
    assert "code" in tax.authorize(other.browser, acr_values=AAL2, prompt="none").answer

    # What nobody can reach, and what is unknown, is a wish that is not fulfilled.
    visitor.visit(tax)
    for wish in ("urn:idp:acr:aal3", "gold", "  ", "urn:idp:acr:aal1"):
        assert identity(tax, tax.authorize(visitor.browser, acr_values=wish))["acr"] == "urn:idp:acr:aal1"


def test_an_essential_acr_is_reached_or_the_login_fails(tax, account_factory, visitor_of, clock):
    """OIDC-CORE-5.5.1.1-acr-essential."""
    person = account_factory(with_totp=True)
    visitor = visitor_of(person)
    visitor.visit(tax)

    def asked(**wish):
        return orjson.dumps({"id_token": {"acr": wish}}).decode()

    for claims in (asked(essential=True, value=AAL2), asked(essential=True, values=["gold", AAL2])):
        assert error_of(tax.authorize(visitor.browser, claims=claims, prompt="none"), tax) == "login_required"
    any_of_two = asked(essential=True, values=[AAL2, "urn:idp:acr:aal1"])
    assert "code" in tax.authorize(visitor.browser, claims=any_of_two, prompt="none").answer
    voluntary = asked(value="urn:idp:acr:aal3")
    assert "code" in tax.authorize(visitor.browser, claims=voluntary, prompt="none").answer
    for odd in (asked(essential="true", value="x"), asked(essential=True, values={}), asked(essential=True, value=1)):
        assert "code" in tax.authorize(visitor.browser, claims=odd, prompt="none").answer

    page = tax.authorize(visitor.browser, claims=asked(essential=True, value=AAL2))
    assert page.path == "/login/totp"
    assert identity(tax, visitor.browser.submit(code=person.code(clock)))["acr"] == AAL2


def test_a_client_that_needs_a_strong_sign_in_gets_one(new_relying_party, account_factory, visitor_of, clock):
    site = new_relying_party("strong", policy={"min_acr": AAL2})
    person = account_factory(with_totp=True)
    visitor = visitor_of(person)
    assert error_of(site.authorize(visitor.browser, prompt="none"), site) == "login_required"
    assert site.authorize(visitor.browser, acr_values="urn:idp:acr:aal1").path == "/login/totp"
    visitor.browser.submit(code=person.code(clock))
    assert identity(site, visitor.browser.submit("consent-allow"))["acr"] == AAL2


class TestTheExpectedPerson:
    """id_token_hint and the claim sub: the one whom the client expects, or nobody."""

    def test_the_clients_own_hint_is_good_even_expired(self, tax, visitor, visitor_of, citizen, clock):
        """OIDC-CORE-3.1.2.1-id-token-hint."""
        hint = visitor.tokens(tax)["id_token"]
        assert "code" in tax.authorize(visitor.browser, id_token_hint=hint, prompt="none").answer
        clock.advance(days=100)
        later = visitor_of(citizen)
        assert "code" in tax.authorize(later.browser, id_token_hint=hint, prompt="none").answer

    @pytest.mark.parametrize("has_been_there", [True, False])
    def test_somebody_else_is_never_signed_in(self, tax, visitor, visitor_of, account_factory, has_been_there):
        """OIDC-CORE-3.1.2.1-id-token-hint: never that other user, whether or not they are known to the site."""
        tokens = visitor.tokens(tax)
        person = account_factory()
        other = visitor_of(person)
        if has_been_there:
            other.visit(tax)
        claims = orjson.dumps({"id_token": {"sub": {"value": claims_of(tokens["id_token"])["sub"]}}}).decode()
        for expected in ({"id_token_hint": tokens["id_token"]}, {"claims": claims}):
            assert error_of(tax.authorize(other.browser, prompt="none", **expected), tax) == "login_required"
            assert asks_password(tax.authorize(other.browser, **expected))
            page = other.browser.sign_in(person.username, person.password)
            assert error_of(page, tax) == "login_required", "the same wrong person again"

    def test_the_expected_person_may_take_over_the_browser(self, tax, visitor, citizen, visitor_of, account_factory):
        tokens = visitor.tokens(tax)
        other = visitor_of(account_factory())
        assert asks_password(tax.authorize(other.browser, id_token_hint=tokens["id_token"]))
        page = other.browser.sign_in(citizen.username, citizen.password)
        assert identity(tax, page)["sub"] == claims_of(tokens["id_token"])["sub"]

    def test_a_hint_that_is_not_ours_and_for_this_client_is_refused(self, tax, welfare, visitor, services):
        """OIDC-CORE-3.1.2.1-id-token-hint: foreign-signed; another client's; another kind of token."""
        tokens = visitor.tokens(tax)
        good = tokens["id_token"]
        kid = services.keyring.jwks()["keys"][0]["kid"]
        for alg_kid in (kid, "foreign"):
            header = {"alg": "ES256", "typ": "JWT", "kid": alg_kid}
            foreign = jwt.encode(header, claims_of(good), ECKey.generate_key("P-256"))
            assert error_of(tax.authorize(visitor.browser, id_token_hint=foreign), tax) == "invalid_request"
        head, body, signature = good.split(".")
        for bad in (
            visitor.tokens(welfare)["id_token"],
            tokens["access_token"],
            services.keyring.sign(claims_of(good), typ="logout+jwt"),
            # What a signed userinfo answer says: the same typ, issuer and audience, and no sign-in.
            services.keyring.sign({name: claims_of(good)[name] for name in ("iss", "aud", "sub")}, typ="JWT"),
            services.keyring.sign(claims_of(good) | {"iss": "https://other.example"}, typ="JWT"),
            unsigned(good),
            changed(good, iat=1),
            f"{head}.{body}.{'A' * 8}{signature[8:]}",
            f"{head}.{body}.",
        ):
            assert error_of(tax.authorize(visitor.browser, id_token_hint=bad), tax) == "invalid_request"

    def test_two_persons_cannot_be_expected_at_once(self, tax, visitor, visitor_of, account_factory):
        """OIDC-CORE-3.1.2.1-id-token-hint: whom the claim sub demands is not overruled by a hint."""
        hint, other = visitor.tokens(tax)["id_token"], visitor_of(account_factory())
        others = other.tokens(tax)["id_token"]
        claims = orjson.dumps({"id_token": {"sub": {"value": claims_of(hint)["sub"]}}}).decode()
        for person in (visitor, other):
            page = tax.authorize(person.browser, id_token_hint=others, claims=claims)
            assert error_of(page, tax) == "invalid_request"
        assert "code" in tax.authorize(visitor.browser, id_token_hint=hint, claims=claims).answer

    def test_odd_wishes_for_sub_are_ignored(self, tax, visitor):
        visitor.visit(tax)
        for sub in ("1", "null", "[]", '{"value":1}', '{"value":null}', '{"values":["x"]}'):
            claims = f'{{"id_token":{{"sub":{sub}}}}}'
            assert "code" in tax.authorize(visitor.browser, claims=claims, prompt="none").answer


def test_the_login_hint_fills_in_the_name_and_stays_inert(tax, browser):
    """OIDC-CORE-3.1.2.1-login-hint."""
    hint = '"><script>alert(1)</script>'
    page = tax.authorize(browser, login_hint=hint)
    field = next(control for control in page.form("login-submit").controls if control.name == "username")
    assert field.value == hint
    assert "<script>alert" not in page.source


def test_ui_locales_choose_the_language_of_the_pages(tax, visitor, browser):
    """OIDC-CORE-3.1.2.1-locales-display-acr."""
    assert tax.authorize(browser).document.language.startswith("zh")
    assert tax.authorize(browser, ui_locales="tlh en-GB zh").document.language == "en"
    assert tax.authorize(visitor.browser, ui_locales="en").document.language == "en"
