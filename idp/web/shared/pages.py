"""How a page is made: a template, its context and what every page has (language, size, service slip, footer).

Views call ``render`` and nothing else; business never comes here. Templates are compiled from the template folder
only, never from data (security rule A8), and every value in them is escaped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from flask import Response

from idp.foundation.errors import UserError
from idp.foundation.logging import request_context
from idp.foundation.translation import DEFAULT_LOCALE
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.navigation import account_menu, footer_links
from idp.web.shared.preferences import CLASSES, current_size, is_elder, switch_links
from idp.web.shared.state import page_state, shared


@dataclass(frozen=True, slots=True)
class ServiceSlip:
    """The service one is signing in to, only ever made from a verified registration, in the language of the page."""

    name: str
    agency: str = ""
    home_url: str = ""
    theme_url: str = ""
    logo_url: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the person can correct: shown in the summary and, with a ``field``, at that field in the same words."""

    message: str
    field: str = ""

    @classmethod
    def of(cls, error: UserError, field: str = "") -> Self:
        """Return what a service refused, in the language of the page; at this field if the error names none."""
        return cls(gettext(error.message, **error.values), error.field or field)


def render(
    template: str,
    status: int | None = None,
    *,
    service: ServiceSlip | None = None,
    form_targets: Iterable[str] = (),
    problems: Iterable[Problem | None] = (),
    **context: Any,
) -> Response:
    """Answer with a page: with 400 if there are problems, else with 200, unless a status is given.

    ``form_targets`` are addresses at which a form of this page may end after redirects, usually the redirect_uri.
    ``problems`` are shown above the heading and change the title; their messages are already translated.
    """
    page_state().form_targets = tuple(form_targets)
    shown = tuple(problem for problem in problems if problem is not None)
    text = render_text(template, service=service, problems=shown, **context)
    response = Response(text, status or (400 if shown else 200), content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = current_locale()
    response.headers["Cache-Control"] = "no-store"
    return response


def render_text(template: str, **context: Any) -> str:
    """Return the HTML of a page, with what every page has."""
    return shared().templates[current_locale()].get_template(template).render({**_of_every_page(), **context})


def reference_number() -> str:
    """Return the reference of this request as people read it out: groups of four."""
    return in_fours(request_context.get().request_id)


def in_fours(text: str) -> str:
    """Return a key or a number in groups of four characters."""
    plain = text.replace("-", "").replace(" ", "")
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def _of_every_page() -> dict[str, object]:
    settings = shared().settings
    locale = current_locale()
    size = current_size()
    return {
        "locale": locale,
        "elder": is_elder(size),
        "size_classes": CLASSES[size],
        "switch_links": switch_links(size, locale),
        "footer_links": footer_links(),
        "account_menu": account_menu,
        "issuer_host": urlsplit(shared().surface.origin).netloc,
        "environment": settings.environment,
        "hotline": settings.hotline,
        "operator_name": settings.operator_name if locale == DEFAULT_LOCALE else settings.operator_name_en,
    }
