"""The Chinese catalogue says everything, nothing twice, and no word that citizens do not understand (pages 2.8)."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent.parent
TRANSLATIONS = ROOT / "idp" / "translations"
PLACES = re.compile(r"%\((\w+)\)s")
TAGS = re.compile(r"</?(?:strong|a)\b")
BANNED = re.compile("令牌|会话|客户端|非法|无效|请求失败|！|亲|感谢")
HOW = "See idp/translations/babel.cfg for the two commands that bring the catalogue up to date."


@pytest.fixture(scope="module")
def said():
    """Every message in code and templates."""
    with (TRANSLATIONS / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    return {
        message
        for folder in ("idp", "templates")
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, methods, options)
    }


@pytest.fixture(scope="module")
def catalogue():
    with (TRANSLATIONS / "zh_Hans" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file)


def test_every_message_is_translated(said, catalogue):
    translated = {entry.id for entry in catalogue if entry.id and entry.string}
    assert len(said) > 200
    assert not said - translated, f"Not translated: {sorted(said - translated)}. {HOW}"


def test_no_translation_is_obsolete_or_uncertain(said, catalogue):
    assert not catalogue.obsolete, HOW
    known = {entry.id for entry in catalogue if entry.id}
    assert not known - said, f"No longer said: {sorted(known - said)}. {HOW}"
    assert not [entry.id for entry in catalogue if entry.id and entry.fuzzy]


def test_translations_keep_the_places_and_links_of_their_message(catalogue):
    for entry in catalogue:
        if entry.id:
            assert sorted(set(PLACES.findall(entry.string))) == sorted(set(PLACES.findall(entry.id))), entry.id
            assert sorted(TAGS.findall(entry.string)) == sorted(TAGS.findall(entry.id)), entry.id


def test_no_translation_for_citizens_uses_a_banned_word(catalogue):
    bad = [entry.string for entry in catalogue if entry.id and BANNED.search(entry.string) and not for_staff(entry.id)]
    assert not bad, f"these are words of the trade; say it in plain ones: {bad}"


def for_staff(message):
    """Tell whether a text is used on pages of the console only, whose readers know the exact terms (look.md §6)."""
    sources = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("idp/**/*.py")]
    using = [path for path in sources if f'"{message}"' in path.read_text(encoding="utf-8")]
    return bool(using) and all({"console", "staff", "interventions"} & set(path.parts) for path in using)


def test_chinese_is_typed_without_spaces_around_latin_words(catalogue):
    # text-autospace sets the gap; a link is an inline box across which it does not reach.
    spaced = re.compile(r"[\u4e00-\u9fff] [A-Za-z0-9%]|[A-Za-z0-9)] [\u4e00-\u9fff]")
    assert not [entry.string for entry in catalogue if entry.id and spaced.search(entry.string)]
