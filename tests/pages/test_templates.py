"""Every page, in both languages, in standard size and elder mode, is sound HTML (WCAG 1.3.1, 1.3.5, 3.3.1, 3.3.2,
4.1.2).
"""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.pages.markup import Page
from tests.pages.sample_app import HTTPS_ISSUER, build_sample_app
from tests.pages.samples import samples

LABELLED = {"input", "select", "textarea"}
PATHS = [sample.path for sample in samples("zh-Hans")]
VARIANTS = [(lang, size) for lang in ("zh", "en") for size in ("m", "elder")]
BANNED = re.compile("令牌|会话|客户端|非法|无效|请求失败|！|亲，|undefined")


@pytest.fixture(scope="module")
def app():
    return build_sample_app()


@dataclass
class Look:
    """One language and size to fetch pages in."""

    client: Any
    language: str
    size: str

    def __call__(self, path):
        response = self.client.get(f"{path}?lang={self.language}&size={self.size}&i=sealed", base_url=HTTPS_ISSUER)
        assert response.content_type == "text/html; charset=utf-8"
        return Page(response.text)


@pytest.fixture(params=VARIANTS, ids=["-".join(variant) for variant in VARIANTS])
def fetch(app, request):
    language, size = request.param
    return Look(app.test_client(), language, size)


@pytest.mark.parametrize("path", PATHS)
def test_page_is_well_formed_with_one_heading_and_unique_ids(fetch, path):
    page = fetch(path)
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1
    levels = [int(heading.tag[1]) for heading in page.all("h1", "h2", "h3") if "errors" not in _classes(heading)]
    first = levels.index(1)
    assert all(later <= before + 1 for before, later in zip(levels[first:], levels[first + 1 :], strict=False)), levels
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids)), ids


@pytest.mark.parametrize("path", PATHS)
def test_page_names_its_language_its_title_and_its_issuer(fetch, path):
    page = fetch(path)
    html = page.all("html")[0]
    assert html.attributes["lang"] == {"zh": "zh-Hans", "en": "en"}[fetch.language]
    assert ("elder" in html.attributes.get("class", "")) == (fetch.size == "elder")
    title = page.all("title")[0].words
    assert title.endswith({"zh": "– 统一身份认证平台", "en": "– Unified Identity Service"}[fetch.language])
    assert not title.startswith("–")
    header = page.all("header")[0]
    assert header.attributes["class"] == "issuer"
    assert "id.example.gov.cn" in header.words
    assert page.all("a")[0].attributes == {"class": "skip", "href": "#main"}


@pytest.mark.parametrize("path", PATHS)
def test_every_field_has_a_label_and_what_describes_it_exists(fetch, path):
    page = fetch(path)
    labels = {label.attributes["for"] for label in page.all("label") if "for" in label.attributes}
    ids = {element.attributes["id"] for element in page.elements if "id" in element.attributes}
    for element in page.all(*LABELLED):
        if element.attributes.get("type") == "hidden" or "hidden" in element.attributes:
            continue
        assert element.inside("label") or element.attributes["id"] in labels, element
        assert "placeholder" not in element.attributes
        assert "maxlength" not in element.attributes
    for element in page.elements:
        for name in ("aria-describedby", "aria-labelledby", "for"):
            assert set(element.attributes.get(name, "").split()) <= ids, element
    for link in page.all("a"):
        if link.attributes["href"].startswith("#"):
            assert link.attributes["href"][1:] in ids


@pytest.mark.parametrize("path", PATHS)
def test_page_has_no_inline_style_or_script_and_no_banned_word(fetch, path):
    page = fetch(path)
    assert not page.all("style")
    for element in page.elements:
        assert "style" not in element.attributes
        assert not [name for name in element.attributes if name.startswith("on")]
        if element.tag == "script":
            assert element.attributes["src"].startswith("/assets/")
            assert not element.words
    words = page.all("html")[0].words
    assert not BANNED.search(words), BANNED.search(words)
    if fetch.language == "en":
        visible = "".join(text for element in page.all("main") for text in element.text)
        chinese = [element for element in page.elements if element.attributes.get("lang") == "zh-Hans"]
        for element in chinese:
            visible = visible.replace(element.words, "")
        assert not re.search(r"[\u3400-\u9fff]", visible), visible


@pytest.mark.parametrize("path", PATHS)
def test_forms_post_to_their_own_page_with_a_token(fetch, path):
    page = fetch(path)
    forms = page.all("form")
    for form in forms:
        assert form.attributes["method"] == "post"
        if path == "/authorize/form-post":
            continue
        assert "action" not in form.attributes
    tokens = [element for element in page.all("input") if element.attributes.get("name") == "csrf_token"]
    assert len(tokens) == len([form for form in forms if "action" not in form.attributes])
    for button in page.all("button"):
        assert button.attributes["type"] in {"submit", "button"}
        assert button.words


@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith("failed")])
def test_problems_are_first_in_main_linked_and_repeated_at_their_field(fetch, path):
    page = fetch(path)
    summary = next(element for element in page.elements if element.attributes.get("class") == "errors")
    assert summary.attributes["role"] == "alert"
    assert summary.attributes["tabindex"] == "-1"
    assert page.elements.index(summary) < page.elements.index(page.all("h1")[0])
    link = next(link for link in page.all("a") if summary in link.parents)
    field = link.attributes["href"][1:]
    at_field = page.by_id(f"{field}-problem")
    assert link.words == at_field.words
    target = page.by_id(field)
    assert target.tag == "fieldset" or target.attributes["aria-invalid"] == "true"
    assert page.all("title")[0].words.startswith({"zh": "错误：", "en": "Error: "}[fetch.language])


def test_contract_names_of_fields_and_buttons_are_kept(app):
    client = app.test_client()

    def names(path):
        page = Page(client.get(path, base_url=HTTPS_ISSUER).text)
        fields = {
            (element.attributes.get("name"), element.attributes.get("autocomplete"))
            for element in page.all("input")
            if element.attributes.get("type") != "hidden"
        }
        return fields, {button.attributes.get("id") for button in page.all("button")}

    fields, buttons = names("/login")
    assert fields == {("username", "username webauthn"), ("password", "current-password")}
    assert buttons == {"login-submit", "login-passkey"}
    for path in ("/login/totp", "/login/recovery-code", "/login/enrol"):
        assert ("code", "one-time-code") in names(path)[0]
    assert names("/consent")[1] == {"consent-allow", "consent-deny"} == names("/consent/statutory")[1]
    assert "logout-confirm" in names("/logout")[1]
    assert names("/logout/plain")[1] == {"logout-confirm"}


def test_allowing_and_denying_look_the_same_and_nothing_is_ticked_beforehand(app):
    # ASVS 10.7.2, and the look's rule for choices: same class, neither filled nor preselected.
    page = Page(app.test_client().get("/consent", base_url=HTTPS_ISSUER).text)
    allow, deny = page.by_id("consent-allow"), page.by_id("consent-deny")
    assert allow.attributes["class"] == deny.attributes["class"] == "button even"
    assert not [box for box in page.all("input") if "checked" in box.attributes]
    assert not [
        box
        for box in Page(app.test_client().get("/login/totp", base_url=HTTPS_ISSUER).text).all("input")
        if "checked" in box.attributes
    ]


def test_account_pages_offer_signing_out_on_every_page(app):
    # ASVS 7.4.4
    client = app.test_client()
    for path in PATHS:
        if path.startswith("/account"):
            page = Page(client.get(path, base_url=HTTPS_ISSUER).text)
            assert "/logout" in {link.attributes["href"] for link in page.all("a")}, path
            current = [link for link in page.all("a") if link.attributes.get("aria-current") == "page"]
            assert len(current) == 1, path


def test_error_pages_show_reference_time_and_a_way_back_and_no_slip(app):
    page = Page(app.test_client().get("/errors/unsafe_return", base_url=HTTPS_ISSUER).text)
    words = page.all("main")[0].words
    assert "7F3K 92QD" in words
    assert page.all("time")[0].attributes["datetime"] == "2026-03-02T07:22:08+00:00"
    assert page.all("time")[0].words == "2026年3月2日15:22"
    assert not page.all("aside")
    assert "/" in {link.attributes["href"] for link in page.all("a") if "button" in link.attributes.get("class", "")}


def test_values_from_data_are_escaped_everywhere(app):
    from idp.web.shared.pages import ServiceSlip, render

    name = '"><script>alert(1)</script>税'
    with app.test_request_context("/x?lang=en", base_url=HTTPS_ISSUER):
        sources = [{"name": name, "claims": [{"term": name, "value": name, "purpose": name}]}]
        response = render(
            "consent/consent.html", service=ServiceSlip(name, name), person=name, sources=sources, sign_out_url=name
        )
    assert "<script>alert" not in response.get_data(as_text=True)


def test_the_page_of_the_proxy_is_sound_and_needs_nothing_but_the_plain_style_sheet():
    from idp.web.shared.environment import template_folder

    page = Page((template_folder() / "errors" / "503.html").read_text(encoding="utf-8"))
    assert len(page.all("h1")) == 1
    assert [link.attributes["href"] for link in page.all("link")] == ["data:,", "/assets/idp.css"]
    assert not page.all("script", "style", "form")


def _classes(element):
    return {name for parent in element.parents for name in parent.attributes.get("class", "").split()}
