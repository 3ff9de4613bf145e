"""Turns English message ids into the language of a page, a mail or a command, and says dates the way people do.

Catalogues are ``.po`` files read once in a process; English needs none, because its text is the message
id. Knows no Flask, so that the worker, which has no request, speaks the same words as the pages. Times are shown in
Asia/Shanghai.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from functools import cache, reduce
from pathlib import Path
from typing import Final, Literal, Self

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.messages.pofile import read_po

DEFAULT_LOCALE: Final = "zh-Hans"
LOCALES: Final = (DEFAULT_LOCALE, "en")
# China has kept one offset without summer time since 1991, so no time zone database has to be installed.
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")

_CATALOGUES = Path(__file__).parent.parent / "translations"
_DATE_PATTERNS = {"zh-Hans": "y年M月d日", "en": "d MMMM y"}
_STAMP_PATTERNS = {"zh-Hans": "y年M月d日HH:mm", "en": "d MMM y, HH:mm"}
_BABEL_LOCALES = {"zh-Hans": "zh_Hans", "en": "en_GB"}
_JUST_NOW = timedelta(minutes=1)
_UNITS: Final[Mapping[Literal["day", "hour", "minute", "second"], int]] = {
    "day": 86_400,
    "hour": 3_600,
    "minute": 60,
    "second": 1,
}


def marked(message: str) -> str:
    """Return the message unchanged: marks a text for extraction where it is defined, long before it is shown."""
    return message


class Said(str):
    """An English text that also knows its message id and what fills its places, so that a page can say it in another
    language. Wherever texts go it is the English one.
    """

    __slots__ = ("message", "values")
    message: str
    values: Mapping[str, object]

    def __new__(cls, message: str, values: Mapping[str, object]) -> Self:
        text = super().__new__(cls, message % values if values else message)
        text.message = message
        text.values = values
        return text


def said(message: str, /, **values: object) -> Said:
    """Return a text with its places filled; one that is made of others is translated with them."""
    return Said(message, values)


def all_said(texts: Iterable[str]) -> str:
    """Return texts as one, in the order given."""
    listed = tuple(texts)
    return reduce(lambda one, other: said("%(one)s; %(other)s", one=one, other=other), listed) if listed else ""


def locale_of(tag: str) -> str | None:
    """Return the locale that serves a BCP 47 language tag, None if we do not speak it."""
    language = tag.strip().lower().partition("-")[0]
    return {"zh": "zh-Hans", "en": "en"}.get(language)


class Translator:
    """Messages and dates in the languages of this product."""

    def __init__(self, directory: Path = _CATALOGUES) -> None:
        self._messages = {locale: _read_catalogue(directory, locale) for locale in LOCALES}

    def lookup(self, locale: str, msgid: str) -> str:
        """Return the translation with its ``%(name)s`` places unfilled; the message id itself where there is none."""
        return self._messages.get(locale, {}).get(msgid) or msgid

    def gettext(self, locale: str, msgid: str, /, **values: object) -> str:
        """Return the translation with its ``%(name)s`` places filled."""
        filled = {name: self.say(locale, value) if isinstance(value, str) else value for name, value in values.items()}
        return self.lookup(locale, msgid) % filled

    def say(self, locale: str, text: str) -> str:
        """Return a text in the language, if it is one that knows how it is said there."""
        return self.gettext(locale, text.message, **text.values) if isinstance(text, Said) else text

    def time(self, locale: str, at: datetime) -> str:
        """Return the time of day as 15:32."""
        return format_time(at.astimezone(SHANGHAI), "HH:mm", locale=_BABEL_LOCALES[locale])

    def date(self, locale: str, at: datetime, now: datetime | None = None) -> str:
        """Return 今天, 昨天 or 2026年3月2日; without ``now`` always the full date."""
        day = at.astimezone(SHANGHAI).date()
        if now is not None:
            today = now.astimezone(SHANGHAI).date()
            if day == today:
                return self.gettext(locale, marked("today"))
            if day == today - timedelta(days=1):
                return self.gettext(locale, marked("yesterday"))
        return format_date(day, _DATE_PATTERNS[locale], locale=_BABEL_LOCALES[locale])

    def moment(self, locale: str, at: datetime, now: datetime | None = None) -> str:
        """Return 刚刚, 今天09:14, 昨天20:41 or 2026年3月2日15:22; without ``now`` always the full date and time."""
        if now is not None and timedelta(0) <= now - at < _JUST_NOW:
            return self.gettext(locale, marked("just now"))
        return self.gettext(
            locale, marked("%(day)s at %(time)s"), day=self.date(locale, at, now), time=self.time(locale, at)
        )

    def stamp(self, locale: str, at: datetime) -> str:
        """Return the full date and time as short as it can be read: 2026年3月2日15:22 or 2 Mar 2026, 15:22."""
        return format_datetime(at.astimezone(SHANGHAI), _STAMP_PATTERNS[locale], locale=_BABEL_LOCALES[locale])

    def span(self, locale: str, seconds: int) -> str:
        """Return so many seconds, exactly, in the largest unit in which they are a whole number: 90天 or 90 days."""
        unit = next(name for name, size in _UNITS.items() if seconds % size == 0)
        # Above no number does the library go over to a larger unit, which would round.
        return format_timedelta(
            timedelta(seconds=seconds), granularity=unit, threshold=float("inf"), locale=_BABEL_LOCALES[locale]
        )


@cache
def _read_catalogue(directory: Path, locale: str) -> dict[str, str]:
    path = directory / locale.replace("-", "_") / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string and not entry.fuzzy}
