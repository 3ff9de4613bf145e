"""The WSGI layer that traces requests: the method and the first part of the path, what came of it, and the reference
that a person was shown. Nothing else of a request is told.
"""

from collections.abc import Iterable
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from idp.foundation import tracing
from idp.web.ops.metrics import endpoint_of

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Traced:
    """A WSGI layer that makes a span of each request."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in _METHODS else "_OTHER"
        route = f"/{endpoint_of(environ.get('PATH_INFO', '/'))}"
        with tracing.span(f"{method} {route}", "server", http_route=route) as one:
            one.set_attribute("http.request.method", method)

            def note(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:  # noqa: ANN401 - as WSGI has it
                tracing.note_status(one, int(status[:3]))
                reference = next((value for name, value in headers if name == "Request-Id"), None)
                if reference is not None:
                    one.set_attribute("idp.request_id", reference)
                return start_response(status, headers, *rest)

            return self._application(environ, note)
