"""What a person sees when something cannot go on: a page in their language, a reference number, a way back, never a
trace.

Only here and in the surfaces' own ``errors`` modules are status codes known. Blueprints for machines register their
own handlers, which come first. Each kind of error is one template in ``templates/errors/``; the text lives there.
"""

from http import HTTPStatus
from typing import Any, Final, Protocol

from flask import Flask, Response, current_app
from werkzeug.exceptions import HTTPException, InternalServerError

from idp.foundation.database import DatabaseFailure
from idp.foundation.errors import UserError
from idp.foundation.logging import get_logger
from idp.registry.errors import RegistryUnavailable
from idp.web.shared.csrf import CSRFRefused
from idp.web.shared.developers import for_developers
from idp.web.shared.environment import template_folder
from idp.web.shared.locale import gettext
from idp.web.shared.pages import render

BAD_REQUEST: Final = "errors/400.html"
FORBIDDEN: Final = "errors/403.html"
NOT_FOUND: Final = "errors/404.html"
WRONG_METHOD: Final = "errors/405.html"
TOO_LARGE: Final = "errors/413.html"
TOO_MANY: Final = "errors/429.html"
INTERNAL: Final = "errors/500.html"
STATIC: Final = "errors/503.html"
BUSY: Final = "errors/busy.html"
STALE_FORM: Final = "errors/stale_form.html"
UNSAFE_RETURN: Final = "errors/unsafe_return.html"
UNKNOWN_SERVICE: Final = "errors/unknown_service.html"
SUSPENDED_SERVICE: Final = "errors/suspended_service.html"

_TEMPLATES: Final = {
    HTTPStatus.FORBIDDEN: FORBIDDEN,
    HTTPStatus.NOT_FOUND: NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: WRONG_METHOD,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS: TOO_MANY,
    HTTPStatus.INTERNAL_SERVER_ERROR: INTERNAL,
    HTTPStatus.SERVICE_UNAVAILABLE: BUSY,
}
_PASSING: Final = (DatabaseFailure, RegistryUnavailable)
_RETRY_SECONDS: Final = 60
_KEPT_HEADERS: Final = frozenset({"allow", "retry-after"})

_FRAME: Final = "idp_error_frame"
_log = get_logger(__name__)


class ErrorFrame(Protocol):
    """What a surface adds to the pages of errors: its layout, and what that shows."""

    def __call__(self, *, is_ours: bool) -> dict[str, Any]:
        """Return the context; ``is_ours``: the fault is our own, and may be the database's."""


def register_errors(app: Flask, frame: ErrorFrame | None = None) -> None:
    """Answer every error of the application with a page; ``frame`` says what its surface shows around it."""
    app.extensions[_FRAME] = frame
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(UserError, _user_error)


def error_page(template: str, status: int, *, detail: str = "", retry_seconds: int = 0) -> Response:
    """Answer with an error page.

    ``detail`` is for developers, is shown outside production only, and holds no personal value.
    """
    shown = for_developers(detail)
    response = render(template, status, detail=shown, retry_seconds=retry_seconds, **_frame(status))
    if retry_seconds:
        response.headers["Retry-After"] = str(retry_seconds)
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(error, InternalServerError):
        cause = error.original_exception or error
        _log.error("unhandled_error", exc_info=cause)
        # Those who only pass the answer on, and programs, shall know that it is not for long.
        return _last_resort(HTTPStatus.SERVICE_UNAVAILABLE if isinstance(cause, _PASSING) else status)
    if isinstance(error, CSRFRefused):
        return error_page(STALE_FORM, status)
    page = error_page(_TEMPLATES.get(HTTPStatus(status), BAD_REQUEST), status)
    for name, value in error.get_headers():
        if name.lower() in _KEPT_HEADERS:
            page.headers[name] = value
    return page


def _last_resort(status: int) -> Response:
    """Answer even when the fault lies in the pages themselves (ASVS 16.5.4)."""
    try:
        is_passing = status == HTTPStatus.SERVICE_UNAVAILABLE
        return error_page(INTERNAL, status, retry_seconds=_RETRY_SECONDS if is_passing else 0)
    except Exception:  # noqa: BLE001 - nothing may stop the last handler; the first fault is logged already
        _log.error("error_page_failed", exc_info=True)
        text = (template_folder() / STATIC).read_text(encoding="utf-8")
        return Response(text, status, content_type="text/html; charset=utf-8")


def _user_error(error: UserError) -> Response:
    status = HTTPStatus.BAD_REQUEST
    return render("errors/error.html", status, explanation=gettext(error.message, **error.values), **_frame(status))


def _frame(status: int) -> dict[str, Any]:
    frame: ErrorFrame | None = current_app.extensions.get(_FRAME)
    return {} if frame is None else frame(is_ours=status >= HTTPStatus.INTERNAL_SERVER_ERROR)
