"""Messages and dates in both languages."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.foundation.translation import Translator, locale_of

NOW = datetime(2026, 3, 2, 7, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def translator():
    return Translator()


@pytest.mark.parametrize(
    ("tag", "locale"),
    [("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("ZH-Hant-HK", "zh-Hans"), ("en-GB", "en"), ("fr", None), ("", None)],
)
def test_language_tag_is_served_by_a_locale_or_none(tag, locale):
    assert locale_of(tag) == locale


def test_message_is_translated_and_its_values_filled(translator):
    assert translator.gettext("zh-Hans", "Go back to %(service)s", service="税务局") == "返回税务局"
    assert translator.gettext("en", "Go back to %(service)s", service="Tax") == "Go back to Tax"


def test_message_without_translation_is_shown_as_it_is(translator):
    assert translator.gettext("zh-Hans", "Never said before") == "Never said before"
    assert translator.gettext("xx", "Sign in") == "Sign in"


@pytest.mark.parametrize(
    ("ago", "chinese", "english"),
    [
        (timedelta(seconds=20), "刚刚", "just now"),
        (timedelta(hours=6, minutes=8), "今天09:14", "today at 09:14"),
        (timedelta(hours=15, minutes=22), "今天00:00", "today at 00:00"),
        (timedelta(hours=15, minutes=23), "昨天23:59", "yesterday at 23:59"),
        (timedelta(days=40), "2026年1月21日15:22", "21 January 2026 at 15:22"),
        (-timedelta(days=1), "2026年3月3日15:22", "3 March 2026 at 15:22"),
    ],
)
def test_moment_is_said_as_people_say_it_in_shanghai(translator, ago, chinese, english):
    assert translator.moment("zh-Hans", NOW - ago, NOW) == chinese
    assert translator.moment("en", NOW - ago, NOW) == english


def test_stamp_is_short_enough_for_a_table(translator):
    assert translator.stamp("zh-Hans", NOW) == "2026年3月2日15:22"
    assert translator.stamp("en", NOW) == "2 Mar 2026, 15:22"


def test_date_and_time_alone(translator):
    assert translator.date("zh-Hans", NOW, NOW) == "今天"
    assert translator.date("zh-Hans", NOW) == "2026年3月2日"
    assert translator.date("en", NOW - timedelta(days=1), NOW) == "yesterday"
    assert translator.time("en", NOW) == "15:22"
    assert translator.moment("zh-Hans", NOW) == "2026年3月2日15:22"
