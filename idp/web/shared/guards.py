"""Who may call a view. Every view declares its guard; a test walks the URL map and fails on any without one.

``public`` views decide for themselves whom they answer. ``signed_in`` views are called with the live session; without
one, the person is sent to sign in and comes back.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from flask import request
from flask.globals import request_ctx
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from idp.factors.assurance import ACR_AAL1
from idp.sessions.values import Session
from idp.web.shared.journeys import came_alone, current_session, path_with, seal, see_other
from idp.web.shared.services import services

P = ParamSpec("P")
GUARD = "idp_guard"
UNSAVED: Final = "unsaved"
"""In the address of the sign-in page: a form was sent after its session had ended."""


def public(view: Callable[P, Response]) -> Callable[P, Response]:
    """Let anybody call the view."""
    setattr(view, GUARD, "public")
    return view


def signed_in(view: Callable[Concatenate[Session, P], Response]) -> Callable[P, Response]:
    """Call the view with the browser's live session, or have the person sign in first."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        session = current_session()
        if session is None:
            return to_sign_in()
        services().sessions.touch(session)
        return view(session, *args, **kwargs)

    setattr(guarded, GUARD, "signed_in")
    return guarded


def to_sign_in(*, acr_needed: str = ACR_AAL1, fresh_login: bool = False) -> Response:
    """Send the person to sign in, or to prove more, and back to this page. Of what was posted nothing is kept, and that
    is said.
    """
    sealed = seal(came_alone(_this_page(), acr_needed=acr_needed, fresh_login=fresh_login))
    if sealed is None:
        raise BadRequest
    is_lost = request.method == "POST" and not fresh_login
    return see_other(path_with("/login", sealed) + (f"&{UNSAVED}=1" if is_lost else ""))


def _this_page() -> str:
    """Return the address of the page, or, after a POST, of the form, which stands where it is sent to; empty if no page
    is there.
    """
    adapter = request_ctx.url_adapter
    is_page = request.method == "GET" or (adapter is not None and adapter.test(method="GET"))
    return request.full_path.rstrip("?") if is_page else ""
