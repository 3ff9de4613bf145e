"""The template environments: one a language, apart from Flask's own, with autoescaping always on and translation built
in.

The packaged template folder is used where there is one, else the one at the top of the tree. Holds the filters that
show dates, keys, foreign words and lists of words; they decide nothing.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import cast

from flask import request
from jinja2 import Environment, FileSystemLoader, Template, nodes
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from idp.foundation.translation import DEFAULT_LOCALE, LOCALES, Translator, marked
from idp.web.shared.csrf import csrf_field
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.pages import in_fours, reference_number
from idp.web.shared.qr import qr_svg
from idp.web.shared.state import shared

_PACKAGE = Path(__file__).parent.parent.parent
_DAYS_A_MONTH = 365 / 12
# More than all templates say.
_MOST_TEXTS = 4096
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def template_folder() -> Path:
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"


def build_environments(translator: Translator) -> dict[str, Environment]:
    """Return the environment that pages of each language are rendered with. A template is read once: to see a change,
    start again.
    """
    return {locale: _environment(_speaker(translator, locale)) for locale in LOCALES}


Speaker = Callable[..., Markup]
"""Returns a message of ours in one language: its values are escaped, itself never."""


def _speaker(translator: Translator, locale: str) -> Speaker:
    @lru_cache(maxsize=_MOST_TEXTS)
    def text(message: str) -> Markup:
        return Markup(translator.lookup(locale, message))  # noqa: S704 - from our own templates and catalogues only (rule A8)

    def translated(message: str, /, **values: object) -> Markup:
        return text(message) % values if values else text(message)

    return translated


def _environment(speak: Speaker) -> Environment:
    environment = _Environment(
        loader=FileSystemLoader(template_folder()),
        autoescape=True,
        # Each page is made of sixteen templates, and would look at the time of each.
        auto_reload=False,
        # All are kept, and so none has to be noted as used last.
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.template_class = _Template
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    environment.globals.update(
        _=speak,
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
        span=_span,
        clock=_clock,
        iso=_iso,
        qr=qr_svg,
        fours=in_fours,
        spoken=_spoken,
        whole=_whole,
        translated=partial(_pairs, speak),
        options=partial(_options, speak),
    )
    return environment


class _Environment(Environment):
    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,  # noqa: FBT001, FBT002 - as Jinja defines it
    ) -> str:
        return super()._generate(_Spoken(cast("Speaker", self.globals["_"])).visit(source), name, filename, defer_init)


class _Spoken(NodeTransformer):
    """Puts a text in its language into a template as this is compiled, in place of a look-up for each page."""

    def __init__(self, speak: Speaker) -> None:
        self._speak = speak

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802 - named after the node
        self.generic_visit(call)
        match call:
            case nodes.Call(node=nodes.Name(name="_"), args=[nodes.Const(value=message)], kwargs=[], dyn_kwargs=None):
                return nodes.Const(self._speak(message), lineno=call.lineno, environment=call.environment)
        return call


class _Template(Template):
    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:  # noqa: ARG002
        # All templates see the same globals. Without this every import compares all of their names, a fifth of a page.
        return super()._get_default_module()


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


def _span(seconds: int) -> str:
    return shared().translator.span(current_locale(), seconds)


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


def _pairs(speak: Speaker, words: Mapping[str, str]) -> list[tuple[str, Markup]]:
    """Return values with their words, for a list to choose from."""
    return [(value, speak(text)) for value, text in words.items()]


def _options(speak: Speaker, words: Mapping[str, str]) -> list[dict[str, str]]:
    """Return values with their words, as radio buttons take them."""
    return [{"value": value, "label": text} for value, text in _pairs(speak, words)]
