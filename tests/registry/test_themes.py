"""The colours of a site: readable, not like our seal or an error, and never more than five values (rule A8)."""

import re

import pytest

from idp.registry.brand.theme import SURROUNDINGS, canonical_theme, contrast, style_sheet
from idp.registry.rules import check
from tests.architecture.tree import PACKAGE
from tests.registry.conftest import tax
from tests.registry.test_rules import deployment, problems

BLUE = {"action": "#1d4b8f"}


def of_theme(theme):
    return problems(tax(policy={"theme": theme})).get("policy.theme", "")


def test_one_colour_is_enough_and_the_others_are_written_out_for_the_reviewer():
    content = check(tax(policy={"theme": BLUE}), deployment())
    assert content["policy"]["theme"] == {
        "brand": "#1d4b8f",
        "action": "#1d4b8f",
        "action_deep": "#143464",
        "on_action": "#ffffff",
        "soft": "#e8edf4",
    }
    assert check(content, deployment()) == content


def test_the_style_sheet_sets_five_tokens_each_in_its_own_surroundings():
    theme = canonical_theme(BLUE | {"dark": {"action": "#8ab4f8"}})
    light, dark = style_sheet(theme).splitlines()
    assert light == (
        "@media (prefers-color-scheme:light){:root{--idp-brand:#1d4b8f;--idp-action:#1d4b8f;--idp-action-deep:#143464;"
        "--idp-on-action:#ffffff;--idp-soft:#e8edf4}}"
    )
    assert "--idp-action:#8ab4f8" in dark
    assert len(re.findall(r"--idp-[a-z-]+:#[0-9a-f]{6}", dark)) == 5
    assert of_theme(BLUE | {"dark": {"action": "#8ab4f8"}}) == ""


@pytest.mark.parametrize(
    ("theme", "words"),
    [
        ({"action": "#7f9fd0"}, "contrast of 2."),
        (BLUE | {"on_action": "#8899aa"}, "on_action on action"),
        (BLUE | {"soft": "#1d4b90"}, "action on soft"),
        ({"action": "#000000", "soft": "#777777"}, "our text on soft"),
        (BLUE | {"dark": {"action": "#1d4b8f"}}, "in dark surroundings"),
        ({"action": "#a3201a"}, "taken for our seal"),
        ({"action": "#a5133b"}, "taken for an error"),
        (BLUE | {"soft": "#fceef1"}, "has soft, which in light"),
    ],
)
def test_colours_that_are_hard_to_read_or_pass_for_ours_are_refused_with_the_number(theme, words):
    found = [one.message for one in check(tax(policy={"theme": theme}), deployment())]
    assert any(words in message for message in found), found


@pytest.mark.parametrize(
    "theme",
    [
        "#1d4b8f",
        {},
        {"brand": "#1d4b8f"},
        {"action": "#1D4B8F"},
        {"action": "#1d4b8f\n"},
        {"action": "red"},
        {"action": "#1d4b8f;}body{background:url(https://evil.example)"},
        {"action": 1},
        BLUE | {"seal": "#1d4b8f"},
        BLUE | {"font": "Comic Sans"},
        BLUE | {"dark": "#1d4b8f"},
        BLUE | {"dark": {"brand": "#1d4b8f"}},
    ],
)
def test_a_theme_is_a_table_of_five_colours_and_nothing_else(theme):
    assert of_theme(theme)


def test_our_own_colours_are_those_of_the_style_sheet_and_would_be_accepted():
    text = (PACKAGE / "web" / "static" / "idp.css").read_text(encoding="utf-8")
    parts = dict(zip(("light", "dark"), re.findall(r":root\{(.*?)\}", text, re.DOTALL), strict=False))
    tokens = {kind: dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", part)) for kind, part in parts.items()}
    for kind, there in SURROUNDINGS.items():
        full = {
            name: value if len(value) == 7 else "#" + "".join(2 * x for x in value[1:])
            for name, value in tokens[kind].items()
        }
        assert {name: full[name] for name in there} == dict(there)
    assert round(contrast("#0d5664", "#ffffff"), 1) == 8.3


def test_a_hint_that_the_registrant_may_not_have_a_brand_of_their_own_is_kept():
    """RFC7591-logo_uri: a client that registers itself brings none; we fetch nothing (rule P9)."""
    assert "logo_uri" in problems(tax(logo_uri="https://evil.example/logo.svg"))
