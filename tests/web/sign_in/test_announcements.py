"""Announcements on the sign-in pages: while they last, in the language of the page, as text, within the budget."""

import gzip
from datetime import timedelta

import pytest

from idp.banners.values import Draft

MOST_BYTES = 14 * 1024


@pytest.fixture
def announce(services, clock):
    def schedule(zh="验证器服务维护中。", en="The authenticator is being maintained.", about="sign_in", hours=1):
        now = clock.now()
        draft = Draft(zh, en, about, now, now + timedelta(hours=hours))
        return services.banners.schedule(draft, actor="system", reason="maintenance")

    return schedule


def test_it_stands_on_the_first_page_while_it_lasts_in_the_language_of_the_page(
    browser, new_browser, announce, clock, services
):
    banner_id = announce()
    page = browser.get("/login")
    assert "验证器服务维护中。" in page.text
    assert 'role="status"' in page.source
    assert "being maintained" in new_browser(language="en").get("/login").text
    services.banners.withdraw(banner_id, 1, actor="system", reason="mended")
    assert "验证器服务维护中。" not in browser.get("/login").text
    announce()
    clock.advance(3600)
    assert "验证器服务维护中。" not in browser.get("/login").text


def test_what_is_about_a_method_names_it_and_stands_on_its_page_and_the_first_one(
    new_browser, account_factory, announce
):
    announce(about="totp")
    announce("恢复码暂时不能使用。", "Recovery codes do not work.", about="recovery_code")
    person = account_factory(with_totp=True, with_recovery_codes=True)
    browser = new_browser(language="en")
    text = browser.get("/login").text
    assert "Authenticator app: The authenticator is being maintained." in text
    assert "Recovery codes: Recovery codes do not work." in text
    page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/totp"
    assert "is being maintained." in page.text
    assert "do not work" not in page.text
    assert "being maintained" not in new_browser(language="en").get("/").text


def test_it_is_text_and_never_markup(browser, announce):
    announce("<a href=//evil>点这里</a>", "<script>alert(1)</script> %(name)s {{ 7*7 }}")
    assert "<a href=//evil>" not in browser.get("/login").source
    page = browser.get("/login?lang=en")
    assert "<script>alert" not in page.source
    assert "%(name)s {{ 7*7 }}" in page.text


def test_the_first_page_with_the_longest_announcements_holds_its_budget(browser, announce, new_relying_party):
    """14 KB compressed, the first ten packets of a slow line."""
    for number in range(3):
        zh = "".join(chr(0x4E00 + 97 * number + 211 * place % 20000) for place in range(200))
        announce(zh, f"{number}" * 200, about="totp")
    page = new_relying_party("tax").authorize(browser)
    assert page.path == "/login"
    assert page.text.count("至") >= 3
    assert len(gzip.compress(page.source.encode())) < MOST_BYTES
