"""Which language a page speaks: a choice made in this journey, then ui_locales > cookie > account > Accept-Language >
Chinese.

``ui_locales`` (OpenID Connect Core §3.1.2.1) comes from the service. It stands above the cookie, or a service shown
in English would lead to a Chinese page; but the switch on the page has to work during the same journey. So the cookie
says for which journey the choice was made, by a short digest of the sealed interaction in the address.
"""

from collections.abc import Iterable
from typing import Final

from idp.foundation.digests import b64url, sha256
from idp.foundation.translation import DEFAULT_LOCALE, LOCALES, locale_of
from idp.web.shared.cookies import LANGUAGE, PREFERENCE_LIFETIME_SECONDS, put_cookie, read_cookie
from idp.web.shared.state import page_state, present_request, shared

PARAMETER: Final = "lang"
JOURNEY_PARAMETER: Final = "i"


def prefer(ui_locales: Iterable[str] = (), account_locale: str | None = None) -> None:
    """Tell what the service (``ui_locales``, best first) and the account ask for. Call before anything is rendered."""
    state = page_state()
    state.ui_locales = tuple(ui_locales) or state.ui_locales
    state.account_locale = account_locale or state.account_locale
    state.locale = None


def current_locale() -> str:
    """Return the language of this page; a language chosen in the address is remembered in the cookie."""
    state = page_state()
    if state.locale is None:
        chosen = locale_of(present_request().args.get(PARAMETER, ""))
        if chosen:
            put_cookie(LANGUAGE, f"{chosen}.{_journey()}", PREFERENCE_LIFETIME_SECONDS)
        state.locale = chosen or _negotiate()
    return state.locale


def translate(msgid: str) -> str:
    """Return the translation for this page with its places unfilled; what ``_("…")`` in templates calls."""
    return shared().translator.lookup(current_locale(), msgid)


def gettext(msgid: str, /, **values: object) -> str:
    """Return the translation for this page with its places filled, for the few texts that views put together."""
    return shared().translator.gettext(current_locale(), msgid, **values)


def say(text: str) -> str:
    """Return a text that others have made, in the language of this page."""
    return shared().translator.say(current_locale(), text)


def _negotiate() -> str:
    state = page_state()
    remembered, _, journey = (read_cookie(LANGUAGE) or "").partition(".")
    asked_by_service = _first_spoken(state.ui_locales)
    if asked_by_service and not (remembered in LOCALES and journey and journey == _journey()):
        return asked_by_service
    if remembered in LOCALES:
        return remembered
    accepted = (tag for tag, quality in present_request().accept_languages if quality > 0)
    return locale_of(state.account_locale or "") or _first_spoken(accepted) or DEFAULT_LOCALE


def _first_spoken(tags: Iterable[str]) -> str | None:
    return next(filter(None, map(locale_of, tags)), None)


def _journey() -> str:
    interaction = present_request().args.get(JOURNEY_PARAMETER, "")
    return b64url(sha256(interaction)[:6]) if interaction else ""
