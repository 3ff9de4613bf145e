"""The template environment: one, apart from Flask's own, with autoescaping always on and translation built in.

The packaged template folder is used where there is one, else the one at the top of the tree. Holds the filters that
show dates, keys, foreign words and lists of words; they decide nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from flask import request
from jinja2 import Environment, FileSystemLoader, Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from markupsafe import Markup, escape

from idp.foundation.translation import DEFAULT_LOCALE, Translator, marked
from idp.web.shared.csrf import csrf_field
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.pages import in_fours, reference_number
from idp.web.shared.qr import qr_svg
from idp.web.shared.state import shared

_PACKAGE = Path(__file__).parent.parent.parent
_DAYS_A_MONTH = 365 / 12
# More than all templates say, in both languages.
_MOST_TEXTS = 8192
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def template_folder() -> Path:
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"


def build_environment() -> Environment:
    """Return the environment all pages are rendered with. A template is read once: to see a change, start again."""
    environment = Environment(
        loader=FileSystemLoader(template_folder()),
        autoescape=True,
        # Each page is made of sixteen templates, and would look at the time of each.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.template_class = _Template
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    environment.globals.update(
        _=_translated,
        asset=_asset,
        csrf_field=csrf_field,
        here=_here,
        later=_later,
        now=_now,
        reference_number=reference_number,
    )
    environment.filters.update(
        date=_date,
        moment=_moment,
        stamp=_stamp,
        lasting=_lasting,
        clock=_clock,
        iso=_iso,
        qr=qr_svg,
        fours=in_fours,
        spoken=_spoken,
        whole=_whole,
        translated=_pairs,
        options=_options,
    )
    return environment


class _Template(Template):
    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:  # noqa: ARG002
        # All templates see the same globals. Without this every import compares all of their names, a fifth of a page.
        return super()._get_default_module()


def _translated(message: str, /, **values: object) -> Markup:
    """Return a message of ours in the language of the page: its values are escaped, itself never."""
    text = _text(shared().translator, current_locale(), message)
    return text % values if values else text


@lru_cache(maxsize=_MOST_TEXTS)
def _text(translator: Translator, locale: str, message: str) -> Markup:
    return Markup(translator.lookup(locale, message))  # noqa: S704 - from our own templates and catalogues only (rule A8)


def _asset(name: str) -> str:
    return shared().assets.url(name)


def _now() -> datetime:
    return shared().clock.now()


def _later(seconds: int) -> datetime:
    return _now() + timedelta(seconds=seconds)


def _here() -> str:
    return request.full_path.rstrip("?")


def _date(at: datetime) -> str:
    return shared().translator.date(current_locale(), at, _now())


def _moment(at: datetime) -> str:
    return shared().translator.moment(current_locale(), at, _now())


def _stamp(at: datetime) -> str:
    """The full date and time, for tables and for what is read out or kept."""
    return shared().translator.stamp(current_locale(), at)


def _clock(at: datetime) -> str:
    return shared().translator.time(current_locale(), at)


def _lasting(days: int) -> str:
    """Return 30天 or 12个月: the unit people would use."""
    months = round(days / _DAYS_A_MONTH)
    if months > 1:
        return gettext(marked("%(number)s months"), number=months)
    return gettext(marked("%(number)s days"), number=days)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _spoken(text: str) -> Markup:
    """Mark Chinese words on a page in another language, so that a screen reader speaks them as Chinese (WCAG 3.1.2)."""
    if current_locale() == DEFAULT_LOCALE or not _HAN.search(text):
        return escape(text)
    return Markup('<span lang="{}">{}</span>').format(DEFAULT_LOCALE, text)


def _whole(text: str) -> Markup:
    """Mark a name in a Chinese heading, which without spaces would otherwise be broken wherever a line ends."""
    return Markup('<span class="whole">{}</span>').format(_spoken(text))


def _pairs(words: Mapping[str, str]) -> list[tuple[str, Markup]]:
    """Return values with their words, for a list to choose from."""
    return [(value, _translated(text)) for value, text in words.items()]


def _options(words: Mapping[str, str]) -> list[dict[str, str]]:
    """Return values with their words, as radio buttons take them."""
    return [{"value": value, "label": text} for value, text in _pairs(words)]
