"""Who is stopped where they would prove who they are, by where they come from (block list): told that, and who helps,
whatever was typed (rule S4).
"""

from collections.abc import Callable
from functools import wraps

from werkzeug.wrappers import Response

from idp.blocks.values import Entry
from idp.sessions.values import Session
from idp.web.shared import cookies
from idp.web.shared.journeys import address
from idp.web.shared.pages import ServiceSlip, render
from idp.web.shared.services import services
from idp.web.shared.state import present_request, shared


def stopping() -> Entry | None:
    """Return what stops this request; None if nothing does."""
    return services().gate.stopping(address(), cookies.device_cookie(), shared().surface.name)


def blocked_page(entry: Entry, service: ServiceSlip | None = None) -> Response:
    """Say that nobody may sign in from here now."""
    return render("sign_in/blocked.html", 403, service=service, code=entry.code, retry_url=present_request().full_path)


def where_allowed(view: Callable[[Session], Response]) -> Callable[[Session], Response]:
    """Call a view that sets up a means of sign-in, unless sign-ins are blocked from here: it would raise the session,
    and let whoever has taken that in again from anywhere.
    """

    @wraps(view)
    def asked(session: Session) -> Response:
        entry = stopping()
        return view(session) if entry is None else blocked_page(entry)

    return asked
