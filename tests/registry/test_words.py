"""Why a registration is refused is said in the language of who reads it: programs read English, officers their own."""

import ast
import re
from pathlib import Path

import pytest

from idp.foundation.translation import Said, Translator, all_said, said
from idp.registry.rules import check
from tests.registry.conftest import tax
from tests.registry.test_rules import deployment

PACKAGE = Path(__file__).parent.parent.parent / "idp" / "registry"
# Read by clients that register themselves, in the answers of RFC 7591, which are English.
FOR_PROGRAMS = {"dynamic.py", "sectors.py"}
REASONS = {"Problem", "Malformed", "BrandRefused", "_refused"}
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": "x" * 61},
        {"redirect_uris": ["http://tax.gov.example/cb"]},
        {"redirect_uris": ["https://tax.gov.example/*"]},
        {"scopes": "openid"},
        {"grant_types": "code"},
        {"jwks": {"keys": [{"kty": "oct", "k": "x"}]}, "token_endpoint_auth_method": "private_key_jwt"},
        {"policy": {"agency": "tax-bureau", "theme": {"action": "#ff0000"}}},
        {"policy": {"agency": "tax-bureau", "logo": "<svg"}},
        {"policy": {"agency": "Tax Bureau!", "consent": "statutory"}},
        {"backchannel_logout_uri": "https://10.0.0.1/bcl"},
    ],
)
def test_every_reason_has_a_chinese_wording_and_stays_english_for_programs(changes):
    problems = check(tax(**changes), deployment("sandbox"))
    translator = Translator()
    assert isinstance(problems, tuple)
    for problem in problems:
        assert not CHINESE.search(str(problem))
        in_chinese = translator.say("zh-Hans", problem.said)
        assert CHINESE.search(in_chinese), in_chinese
        assert problem.member in in_chinese


def test_a_reason_made_of_others_is_translated_to_the_last_word():
    text = all_said(
        [said("%(value)s %(problem)s", value="'x'", problem=said("must begin with https://")), said("is missing")]
    )
    assert text == "'x' must begin with https://; is missing"
    assert Translator().say("zh-Hans", text) == "'x'：须以https://开头；缺失"
    assert Translator().say("en", text) == text
    assert all_said([]) == ""


def test_what_a_registration_holds_is_never_taken_for_a_text_of_ours():
    """A value with places in it fills a place, and nothing fills those in it."""
    text = said("must be one of %(names)s", names="%(names)s %s %(x)d")
    assert Translator().say("zh-Hans", text) == "须是%(names)s %s %(x)d之一"


def test_no_reason_is_written_past_the_catalogue():
    bare = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REASONS and node.args:
                reason = node.args[-1]
                if isinstance(reason, ast.Constant | ast.JoinedStr) and path.name not in FOR_PROGRAMS:
                    bare.append(f"{path.name}:{node.lineno}")
    assert not bare, f"write said(…), so that the console can say it in Chinese: {bare}"
    assert isinstance(said("is missing"), Said)
