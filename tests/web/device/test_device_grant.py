"""The device authorization grant from the outside: the device's endpoints and the person's pages (RFC 8628)."""

import re

import pytest

from tests.protocol.conftest import refused
from tests.support.racing import together
from tests.support.relying_party import claims_of
from tests.web.device.conftest import DEVICE

ALLOW, DENY, ENTER = "device-allow", "device-deny", "device-submit"


def open_request(browser, codes):
    """Type a device's code; the page that asks for the decision is what comes."""
    browser.get("/device")
    return browser.submit(ENTER, user_code=codes["user_code"])


def allow(browser, codes):
    open_request(browser, codes)
    return browser.submit(ALLOW)


def endings_of(page):
    return re.findall(r'name="ending" value="([A-Z]{4})"', page.source)


def test_a_device_gets_codes_that_are_long_and_easy_to_type(television, services):
    """RFC8628-3.2-response."""
    codes = television.ask().get_json()
    assert set(codes) == {
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    }
    assert len(codes["device_code"]) * 6 >= 128
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", codes["user_code"])
    assert codes["verification_uri"] == services.settings.issuer + "/device"
    assert codes["verification_uri_complete"].endswith(f"?user_code={codes['user_code']}")
    assert (codes["expires_in"], codes["interval"]) == (600, 5)


def test_two_devices_get_different_codes(television):
    """RFC8628-3.2-response."""
    first, second = television.ask().get_json(), television.ask().get_json()
    assert first["device_code"] != second["device_code"]
    assert first["user_code"] != second["user_code"]


def test_neither_code_is_stored_as_it_is(television, services):
    """ASVS-11.4.1: digests only."""
    from sqlalchemy import select

    from idp.protocol.artefacts.device_authorization import DeviceAuthorizationRow

    codes = television.ask().get_json()
    with services.database.read() as connection:
        row = connection.execute(select(*DeviceAuthorizationRow.__table__.columns)).one()
    text = repr(tuple(row))
    assert codes["device_code"] not in text
    assert codes["user_code"].replace("-", "") not in text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": None}, "invalid_scope"),
        ({"scope": "address"}, "invalid_scope"),
        ({"scope": "unheard"}, "invalid_scope"),
    ],
)
def test_a_device_cannot_ask_for_what_it_is_not_registered_for(television, change, error):
    """RFC8628-3.2-response."""
    assert refused(television.ask(**change), error)


def test_only_registered_clients_may_use_the_grant(tax):
    """RFC8628-3.2-response."""
    assert refused(tax.post("/device_authorization", scope="openid"), "unauthorized_client")
    assert refused(tax.token(grant_type=DEVICE, device_code="x"), "unauthorized_client")


def test_an_unknown_client_gets_no_codes(television):
    television.site.client_id = "nobody"
    assert refused(television.ask(), "invalid_client", 401)


def test_a_person_allows_a_device_and_it_gets_tokens(television, visitor, services):
    """RFC8628-3.3-page, RFC8628-3.5-poll."""
    codes = television.ask().get_json()
    assert refused(television.poll(), "authorization_pending")
    page = open_request(visitor.browser, codes)
    assert page.path == "/device/confirm"
    assert "television" in page.text
    assert codes["user_code"] in page.text
    assert "张*明" in page.text
    done = visitor.browser.submit(ALLOW)
    assert done.path == "/device/done"

    tokens = television.poll().get_json()
    assert tokens["token_type"] == "Bearer"
    identity = services.keyring.verify(tokens["id_token"], typ="JWT")
    assert identity["aud"] == "television"
    assert "nonce" not in identity
    claims = television.site.userinfo(tokens["access_token"]).get_json()
    assert claims["sub"] == identity["sub"]
    assert claims["name"] == "张小明"
    assert television.site.refresh(tokens["refresh_token"]).status_code == 200
    assert "device.decided" in {record.action for record in services.audit.of_account(visitor.account_id)}
    assert [consent.client_id for consent in services.consents.list(visitor.account_id)] == ["television"]


def test_a_device_code_is_redeemed_once(television, visitor):
    """RFC8628-3.5-poll: a lost answer cannot be asked for again, and nothing that was given ends."""
    allow(visitor.browser, television.ask().get_json())
    tokens = television.poll().get_json()
    assert refused(television.poll(), "invalid_grant")
    assert television.site.userinfo(tokens["access_token"]).status_code == 200


def test_parallel_polls_give_tokens_once(television, visitor):
    """RFC8628-3.5-poll: one conditional statement decides."""
    allow(visitor.browser, television.ask().get_json())
    answers = together([lambda: television.poll().status_code] * 8)
    assert answers.count(200) == 1


def test_a_device_that_polls_too_fast_must_slow_down_for_good(television, clock):
    """RFC8628-3.5-poll."""
    television.ask()
    assert refused(television.poll(), "authorization_pending")
    assert refused(television.poll(), "slow_down")
    clock.advance(6)
    assert refused(television.poll(), "slow_down"), "the interval is 10 s now"
    clock.advance(15)
    assert refused(television.poll(), "authorization_pending"), "15 s are enough after two warnings"
    clock.advance(10)
    assert refused(television.poll(), "slow_down"), "and they stay needed"


def test_a_denied_device_gets_nothing(television, visitor, services):
    """RFC8628-3.5-poll."""
    open_request(visitor.browser, television.ask().get_json())
    page = visitor.browser.submit(DENY)
    assert page.path == "/device/done"
    assert refused(television.poll(), "access_denied")
    assert not services.consents.list(visitor.account_id)


def test_codes_expire_after_ten_minutes(television, visitor, clock):
    """RFC8628-3.5-poll."""
    codes = television.ask().get_json()
    page = open_request(visitor.browser, codes)
    clock.advance(601)
    assert refused(television.poll(), "expired_token")
    visitor.browser._page = page  # noqa: SLF001 - the page was open all the time
    assert visitor.browser.submit(ALLOW).path in {"/device", "/device/done"}
    assert refused(television.poll(), "expired_token")
    assert open_request(visitor.browser, codes).status == 400


@pytest.mark.parametrize("code", [None, "", "x", "A" * 43])
def test_a_made_up_device_code_is_refused(television, code):
    """RFC8628-3.5-poll."""
    television.ask()
    response = television.poll(device_code=code)
    assert refused(response, "invalid_grant" if code else "invalid_request")


def test_another_client_cannot_redeem_a_device_code(television, new_television, visitor):
    """RFC8628-3.5-poll."""
    thief = new_television("thief").site
    allow(visitor.browser, television.ask().get_json())
    assert refused(thief.token(grant_type=DEVICE, device_code=television.codes["device_code"]), "invalid_grant")
    assert television.poll().status_code == 200


def test_tokens_of_a_device_end_with_the_session_that_allowed_it(television, visitor):
    allow(visitor.browser, television.ask().get_json())
    tokens = television.poll().get_json()
    visitor.browser.get("/logout")
    visitor.browser.submit("logout-confirm")
    assert television.site.userinfo(tokens["access_token"]).status_code == 401


def test_a_device_allowed_just_before_signing_out_gets_nothing(television, visitor):
    allow(visitor.browser, television.ask().get_json())
    visitor.browser.get("/logout")
    visitor.browser.submit("logout-confirm")
    assert refused(television.poll(), "invalid_grant")


def test_an_offline_device_outlives_the_session_until_consent_is_withdrawn(television, visitor, services):
    page = open_request(visitor.browser, television.ask(scope="openid offline_access").get_json())
    assert page.status == 200
    visitor.browser.submit(ALLOW)
    visitor.browser.get("/logout")
    visitor.browser.submit("logout-confirm")
    tokens = television.poll().get_json()
    refreshed = television.site.refresh(tokens["refresh_token"])
    assert refreshed.status_code == 200
    services.consents.withdraw(visitor.account_id, "television", actor="command:test")
    assert refused(television.site.refresh(refreshed.get_json()["refresh_token"]), "invalid_grant")


def test_signing_in_comes_first_and_leads_back_to_the_device(television, new_browser, citizen):
    """RFC8628-3.3-page."""
    browser, codes = new_browser(), television.ask().get_json()
    page = browser.get("/device")
    assert page.path == "/login"
    page = browser.sign_in(citizen.username, citizen.password)
    assert page.path == "/device"
    browser.submit(ENTER, user_code=codes["user_code"])
    assert browser.submit(ALLOW).path == "/device/done"
    assert television.poll().status_code == 200


@pytest.mark.parametrize(
    "typing", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code[:3]} {code[3:]} "]
)
def test_a_code_may_be_typed_as_people_type(television, visitor, typing):
    """RFC8628-3.2-response: hyphens, blanks and case do not matter (§6.1)."""
    codes = television.ask().get_json()
    visitor.browser.get("/device")
    assert visitor.browser.submit(ENTER, user_code=typing(codes["user_code"])).path == "/device/confirm"


@pytest.mark.parametrize("typed", ["", "BCDF-GHJ", "AEIO-UAEI", "!!!!", "BCDFGHJKL"])
def test_what_cannot_be_a_code_is_answered_on_the_page(television, visitor, typed):
    """RFC8628-3.3-page."""
    television.ask()
    visitor.browser.get("/device")
    page = visitor.browser.submit(ENTER, user_code=typed)
    assert page.status == 400
    assert page.path == "/device"
    assert page.has("user_code-problem")


def test_guessing_user_codes_is_blocked(television, visitor):
    """RFC8628-3.3-page: brute force of user codes is blocked, also for the right one."""
    codes = television.ask().get_json()
    for _ in range(5):
        visitor.browser.get("/device")
        assert visitor.browser.submit(ENTER, user_code="BCDF-BCDF").status == 400
    visitor.browser.get("/device")
    page = visitor.browser.submit(ENTER, user_code=codes["user_code"])
    assert page.status == 429
    assert int(page.headers["Retry-After"]) > 600


def test_a_code_of_ones_own_does_not_clear_the_wrong_ones(television, visitor):
    """RFC8628-3.3-page: an attacker with a device cannot buy more tries with it."""
    for _ in range(4):
        visitor.browser.get("/device")
        visitor.browser.submit(ENTER, user_code="BCDF-BCDF")
    open_request(visitor.browser, television.ask().get_json())
    assert open_request(visitor.browser, television.ask().get_json()).status == 429


def test_a_linked_code_is_never_believed_by_itself(television, visitor):
    """RFC8628-3.3-page: verification_uri_complete still asks for confirmation; RFC 10027."""
    codes = television.ask().get_json()
    page = visitor.browser.get(codes["verification_uri_complete"])
    assert page.path == "/device"
    assert codes["user_code"] not in page.text
    assert refused(television.poll(), "authorization_pending")
    page = visitor.browser.submit(ENTER)
    assert page.path == "/device/confirm"
    assert codes["user_code"] not in page.text
    assert len(endings_of(page)) == 3
    assert " checked" not in page.source
    page = visitor.browser.submit(ALLOW)
    assert page.status == 400
    assert page.has("ending-problem")
    assert visitor.browser.submit(ALLOW, ending=codes["user_code"][-4:]).path == "/device/done"
    assert television.poll().status_code == 200


def test_a_linked_code_survives_signing_in(television, new_browser, citizen):
    """RFC8628-3.3-page."""
    browser, codes = new_browser(), television.ask().get_json()
    browser.get(codes["verification_uri_complete"])
    browser.sign_in(citizen.username, citizen.password)
    page = browser.submit(ENTER)
    assert codes["user_code"][-4:] in endings_of(page)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Sign in to connect a device."), ("zh-CN", "登录后即可连接设备。")]
)
def test_who_is_not_signed_in_reads_that_a_device_asks_and_nothing_that_depends_on_the_code(
    television, new_browser, citizen, language, words
):
    """RFC 8628 §5.1 and §5.4: a person is warned before they sign in, and nobody finds out which codes are waiting."""
    link = television.ask().get_json()["verification_uri_complete"]
    shown = []
    for address in (link, link[:-1] + ("B" if link[-1] != "B" else "C"), "/device"):
        page = new_browser(language=language).get(address)
        assert page.path == "/login"
        assert words in page.text
        assert "television" not in page.text
        shown.append(page.text)
    assert len(set(shown)) == 1
    browser = new_browser(language=language)
    assert words not in browser.get("/login").text, "to sign in for something else"
    browser.get(link)
    assert words not in browser.sign_in(citizen.username, citizen.password).text


def test_the_offered_endings_never_change(television, visitor):
    """Two looks must not tell which ending stays."""
    codes = television.ask().get_json()
    offered = set()
    for _ in range(3):
        visitor.browser.get(codes["verification_uri_complete"])
        offered.add(tuple(endings_of(visitor.browser.submit(ENTER))))
    assert len(offered) == 1


def test_a_wrong_ending_refuses_the_device(television, visitor):
    """RFC8628-3.3-page: who cannot see the device must not connect it."""
    codes = television.ask().get_json()
    visitor.browser.get(codes["verification_uri_complete"])
    page = visitor.browser.submit(ENTER)
    wrong = next(ending for ending in endings_of(page) if ending != codes["user_code"][-4:])
    visitor.browser.submit(ALLOW, ending=wrong)
    assert refused(television.poll(), "access_denied")


def test_the_page_names_the_device_and_where_it_is(television, visitor):
    """RFC8628-3.3-page: client and device are shown before the approval, refusing is as prominent as allowing."""
    page = open_request(visitor.browser, television.ask().get_json())
    assert "television-bureau" in page.text
    assert "127.0.0.0/24" in page.text
    buttons = re.findall(r'<button[^>]*class="([^"]*)"[^>]*id="(device-[a-z]+)"', page.source)
    assert [name for _, name in buttons] == [DENY, ALLOW]
    assert len({style for style, _ in buttons}) == 1


def test_a_page_cannot_be_used_by_another_person(television, visitor, visitor_of, account_factory):
    """The address of the page is bound to the session that found the code."""
    page = open_request(visitor.browser, television.ask().get_json())
    other = visitor_of(account_factory(kind="citizen"))
    assert other.browser.get(page.url).path == "/device"


def test_an_approval_without_our_form_is_refused(television, visitor):
    """ASVS-3.5.1: cross-site posts change nothing."""
    page = open_request(visitor.browser, television.ask().get_json())
    answer = visitor.browser.post(page.url, {"answer": "allow"})
    assert answer.status == 403
    assert refused(television.poll(), "authorization_pending")


def test_a_form_sent_twice_connects_once(television, visitor):
    page = open_request(visitor.browser, television.ask().get_json())
    visitor.browser.submit(ALLOW)
    visitor.browser._page = page  # noqa: SLF001 - Back
    again = visitor.browser.submit(ALLOW)
    assert again.url.endswith("result=gone")
    assert television.poll().status_code == 200


def test_a_client_that_asks_for_more_gets_a_stronger_sign_in(new_television, visitor_of, account_factory, clock):
    """RFC 10027: the tokens are worth what this session has proved, never more."""
    television = new_television(policy={"min_acr": "urn:idp:acr:aal2"})
    person = account_factory(kind="citizen", with_totp=True)
    browser = visitor_of(person).browser
    page = open_request(browser, television.ask().get_json())
    assert page.path == "/login/totp"
    assert refused(television.poll(), "authorization_pending")
    page = browser.submit(code=person.code(clock))
    assert page.path == "/device/confirm"
    browser.submit(ALLOW)
    assert claims_of(television.poll().get_json()["id_token"])["acr"] == "urn:idp:acr:aal2"


def test_an_account_that_is_not_admitted_cannot_connect_a_device(television, visitor_of, account_factory):
    staff = visitor_of(account_factory(kind="staff"), ("password", "totp"))
    page = open_request(staff.browser, television.ask().get_json())
    assert page.status == 403
    assert refused(television.poll(), "authorization_pending")


def test_the_acr_of_the_tokens_is_that_of_the_session(television, visitor):
    """RFC 10027: never above the session's own."""
    allow(visitor.browser, television.ask().get_json())
    assert claims_of(television.poll().get_json()["id_token"])["acr"] == "urn:idp:acr:aal1"


def test_discovery_names_the_endpoint_and_the_grant(client, issuer):
    """RFC8628-4-metadata."""
    document = client.get("/.well-known/openid-configuration").get_json()
    assert document["device_authorization_endpoint"] == f"{issuer}/device_authorization"
    assert DEVICE in document["grant_types_supported"]
