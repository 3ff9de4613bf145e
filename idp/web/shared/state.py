"""What the page machinery keeps: one ``Shared`` value an application, one ``PageState`` a request.

The state of a request is made when a page or a cookie first asks for it, so an endpoint for machines never pays for
it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from flask import Flask, Request, current_app, g, request
from jinja2 import Environment
from werkzeug.local import LocalProxy

from idp.foundation.clock import Clock
from idp.foundation.entropy import Entropy
from idp.foundation.settings import Settings
from idp.foundation.translation import Translator
from idp.web.shared.static import Assets
from idp.web.shared.surfaces import Surface

EXTENSION = "idp_shared"

# What Flask's proxies stand for: asked for each attribute, they would take eight times as long, hundreds of times a
# sign-in.
present_app: Callable[[], Flask] = cast("LocalProxy[Flask]", current_app)._get_current_object  # noqa: SLF001 - documented
present_request: Callable[[], Request] = cast("LocalProxy[Request]", request)._get_current_object  # noqa: SLF001
_present_globals: Callable[[], Any] = cast("LocalProxy[Any]", g)._get_current_object  # noqa: SLF001


class Mac(Protocol):
    """A message authentication code and the id of the key that made it."""

    @property
    def kid(self) -> str: ...

    @property
    def digest(self) -> bytes: ...


class KeyringMac(Protocol):
    """``Keyring.mac``, handed in so that pages need to know nothing else of the keyring."""

    def __call__(self, purpose: str, *parts: bytes, kid: str | None = None) -> Mac: ...


@dataclass(frozen=True, slots=True)
class Shared:
    """What every page needs and no page decides."""

    settings: Settings
    surface: Surface
    mac: KeyringMac
    translator: Translator
    entropy: Entropy
    clock: Clock
    assets: Assets
    templates: Mapping[str, Environment]


@dataclass(frozen=True, slots=True)
class NewCookie:
    """A cookie to be set on the response of this request; ``lifetime_seconds`` None means until the browser closes."""

    name: str
    value: str
    lifetime_seconds: int | None = None


@dataclass(slots=True)
class PageState:
    """What is known about the page being answered."""

    ui_locales: tuple[str, ...] = ()
    account_locale: str | None = None
    locale: str | None = None
    presession: str | None = None
    form_targets: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    new_cookies: list[NewCookie] = field(default_factory=list)


def shared() -> Shared:
    return cast("Shared", present_app().extensions[EXTENSION])


def page_state() -> PageState:
    """Return the state of this request, made at the first call."""
    state = existing_page_state()
    if state is None:
        state = _present_globals().page_state = PageState()
    return state


def existing_page_state() -> PageState | None:
    """Return the state of this request, None if nothing asked for it."""
    return cast("PageState | None", _present_globals().get("page_state"))
