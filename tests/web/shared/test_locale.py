"""Which language and size a page has, and how the choice travels."""

import re

import pytest

GERMAN_THEN_ENGLISH = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.8"}


def language(response):
    return re.findall(r'<html lang="([^"]+)"', response.text)[0]


def size(response):
    found = re.search(r'<html lang="[^"]+" class="([^"]+)"', response.text)
    return found[1] if found else ""


def test_page_is_chinese_when_nobody_says_otherwise(visitor):
    response = visitor.get("/login")
    assert language(response) == "zh-Hans"
    assert response.headers["Content-Language"] == "zh-Hans"


def test_browser_language_counts_when_nothing_better_is_known(visitor):
    assert language(visitor.get("/login", headers=GERMAN_THEN_ENGLISH)) == "en"
    assert language(visitor.get("/login", headers={"Accept-Language": "fr"})) == "zh-Hans"
    assert language(visitor.get("/login", headers={"Accept-Language": "en;q=0, zh"})) == "zh-Hans"


def test_account_language_stands_above_the_browser(visitor):
    assert language(visitor.get("/login?account_locale=zh-Hans", headers=GERMAN_THEN_ENGLISH)) == "zh-Hans"


def test_cookie_stands_above_account_and_browser(visitor):
    visitor.get("/login?lang=en")
    assert language(visitor.get("/login?account_locale=zh-Hans", headers={"Accept-Language": "zh"})) == "en"


def test_service_language_stands_above_the_cookie(visitor):
    # OIDC-CORE-3.1.2.1 ui_locales
    visitor.get("/login?lang=en")
    assert language(visitor.get("/login?ui_locales=fr+zh-CN+en")) == "zh-Hans"


def test_choice_made_in_a_journey_stands_above_the_service_in_that_journey_only(visitor):
    visitor.get("/login?i=one&ui_locales=zh&lang=en")
    assert language(visitor.get("/login/totp?i=one&ui_locales=zh")) == "en"
    assert language(visitor.get("/login?i=two&ui_locales=zh")) == "zh-Hans"


def test_unknown_language_or_size_in_the_address_changes_nothing(visitor):
    response = visitor.get("/login?lang=xx&size=giant")
    assert language(response) == "zh-Hans"
    assert size(response) == ""
    assert not [name for name, _, _ in visitor.cookies_of(response) if name.endswith(("idp_lang", "idp_size"))]


@pytest.mark.parametrize(
    ("chosen", "classes"),
    [("m", ""), ("l", "size-l"), ("xl", "size-xl"), ("elder", "elder"), ("elder-xl", "elder size-xl")],
)
def test_size_is_remembered(visitor, chosen, classes):
    visitor.get(f"/login?size={chosen}")
    assert size(visitor.get("/account")) == classes


def test_switch_links_keep_the_other_parameters_and_escape_them(visitor):
    text = visitor.get('/login?i=sealed.value&kind=a%26b&x="><b>').text
    assert 'href="?i=sealed.value&amp;kind=a%26b&amp;x=%22%3E%3Cb%3E&amp;size=l"' in text
    assert 'href="?i=sealed.value&amp;kind=a%26b&amp;x=%22%3E%3Cb%3E&amp;lang=en"' in text


def test_switch_links_drop_an_address_too_long_to_keep(visitor):
    assert 'href="?size=l"' in visitor.get(f"/login?x={'a' * 9000}").text


def test_language_is_named_in_itself(visitor):
    assert '<a href="?lang=en" lang="en" hreflang="en">English</a>' in visitor.get("/login?lang=zh").text
    assert '<a href="?lang=zh" lang="zh-Hans" hreflang="zh-Hans">中文</a>' in visitor.get("/login?lang=en").text


def test_chinese_name_on_an_english_page_is_marked_as_chinese(visitor):
    # WCAG 3.1.2
    assert '<span lang="zh-Hans">张*三</span>' in visitor.get("/account?lang=en").text
    assert "<span lang" not in visitor.get("/account?lang=zh").text.split("<main")[1]
