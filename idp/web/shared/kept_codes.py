"""Recovery codes between the page that shows them and the tick that they are kept.

They are shown once; but whoever forgets the tick, goes back, or makes the letters larger to read them must see the
same codes again and not new ones. So they wait for ten minutes in a cookie that only we can read, bound to the
pre-session, until a session is opened, and no GET ever shows them.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from idp.foundation.digests import sha256
from idp.keyring.errors import SealBroken
from idp.web.shared import cookies
from idp.web.shared.services import services

COOKIE: Final = "codes"
SHOW_CODES: Final = "show"
"""The answer of a form that asks to see them again."""

_PURPOSE: Final = "kept_codes"
_LIFETIME: Final = timedelta(minutes=10)


def show_once(codes: Sequence[str]) -> None:
    """Keep codes that the present answer shows."""
    data = " ".join(codes).encode("ascii")
    context = sha256(cookies.ensure_presession())
    sealed = services().keyring.seal(_PURPOSE, data, context=context, lifetime=_LIFETIME)
    cookies.put_cookie(COOKIE, sealed, int(_LIFETIME.total_seconds()))


def codes_to_show_again() -> tuple[str, ...]:
    """Return the codes that were shown last; none after ten minutes, or once they are kept."""
    presession, sealed = cookies.presession_cookie(), cookies.read_cookie(COOKIE)
    if not presession or not sealed:
        return ()
    try:
        data = services().keyring.unseal(_PURPOSE, sealed, context=sha256(presession))
    except SealBroken:
        return ()
    return tuple(data.decode("ascii").split())


def forget_codes() -> None:
    """Forget the codes: they are kept."""
    if cookies.read_cookie(COOKIE):
        cookies.put_cookie(COOKIE, "", 0)
