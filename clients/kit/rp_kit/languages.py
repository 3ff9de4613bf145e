"""Which language a page of the site speaks: what the person chose there, else what the browser asks for, else Chinese.

A choice is ``?lang=en`` or ``?lang=zh`` in an address and is remembered in a cookie. Only a choice is handed on to the
provider (``ui_locales``): it asks the browser itself.
"""

from rp_kit.exchange import Cookie, Visit

CHINESE = "zh-Hans"
ENGLISH = "en"
_REMEMBERED_SECONDS = 365 * 86_400


def chosen(visit: Visit, cookie_name: str) -> str | None:
    """Return the language the person chose, in this address or before."""
    return _spoken(visit.parameter("lang") or "") or _spoken(visit.cookies.get(cookie_name, ""))


def language(visit: Visit, cookie_name: str) -> str:
    """Return the language to answer in (RFC 9110 §12.5.4)."""
    return chosen(visit, cookie_name) or _asked_for(visit.headers.get("accept-language") or "") or CHINESE


def remembered(visit: Visit, cookie_name: str) -> Cookie | None:
    """Return the cookie that keeps a choice made in this address."""
    found = _spoken(visit.parameter("lang") or "")
    return Cookie(cookie_name, found, _REMEMBERED_SECONDS) if found else None


def _asked_for(accept_language: str) -> str | None:
    spoken = ((_quality(weight), _spoken(tag)) for tag, _, weight in _ranges(accept_language))
    wanted = [(quality, tag) for quality, tag in spoken if tag and quality > 0]
    return max(wanted, key=lambda pair: pair[0])[1] if wanted else None


def _ranges(accept_language: str) -> list[tuple[str, str, str]]:
    return [part.replace(" ", "").partition(";q=") for part in accept_language.split(",")]


def _quality(weight: str) -> float:
    try:
        return float(weight or 1)
    except ValueError:
        return 0


def _spoken(tag: str) -> str | None:
    return {"zh": CHINESE, "en": ENGLISH}.get(tag.lower().partition("-")[0])
