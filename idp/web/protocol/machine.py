"""From WSGI to the machine endpoints: method, form, headers, and cross-origin rules (RFC 6749 §3.2; Fetch standard for
CORS).
"""

from typing import Any

from idp.foundation.errors import ProtocolError
from idp.protocol.endpoints import Endpoint
from idp.protocol.endpoints.userinfo import USERINFO
from idp.protocol.messages import FORM_TYPE, JSON_TYPE, LARGEST_FORM, Answer, Request, parse_form, parse_parameters
from idp.protocol.service import Protocol
from idp.wiring import Services

Environ = dict[str, Any]


def is_machine_path(protocol: Protocol, path: str) -> bool:
    """Tell whether a path is one of a machine endpoint."""
    return protocol.endpoint(path) is not None


def answer_machine(environ: Environ, services: Services) -> Answer:
    """Answer a request to a machine endpoint. Raises ProtocolError for what cannot be parsed."""
    endpoint = services.protocol.endpoint(environ["PATH_INFO"])
    if endpoint is None:
        raise RuntimeError("not a machine endpoint")
    method, origin = environ["REQUEST_METHOD"], environ.get("HTTP_ORIGIN")
    if method == "OPTIONS" and endpoint.allows_cors and origin:
        return _preflight(endpoint, origin)
    if method not in endpoint.methods:
        refusal = ProtocolError("invalid_request", "This method is not allowed here.", status=405)
        return Answer(
            405,
            _body_of(refusal),
            (("Content-Type", "application/json"), ("Allow", ", ".join(sorted(endpoint.methods)))),
        )
    request = _request(environ, method, endpoint)
    answer = services.protocol.answer(endpoint, request)
    return _with_origin(answer, endpoint, request, services, origin) if origin and endpoint.allows_cors else answer


def _request(environ: Environ, method: str, endpoint: Endpoint) -> Request:
    query = parse_parameters(environ.get("QUERY_STRING", "")) if environ.get("QUERY_STRING") else {}
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if endpoint.takes_json:
        return Request(method, {}, query, authorization, body=_json(environ))
    form = _form(environ) if method == "POST" else {}
    return Request(method, form, query, authorization)


def _json(environ: Environ) -> bytes:
    body = _body(environ)
    if body and environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != JSON_TYPE:
        raise ProtocolError("invalid_request", f"The request must be {JSON_TYPE}.")
    return body


def _form(environ: Environ) -> dict[str, str]:
    body = _body(environ)
    if body and environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise ProtocolError("invalid_request", f"The request must be {FORM_TYPE}.")
    return parse_form(body)


def _body(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise ProtocolError("invalid_request", "The Content-Length is not a number.")
    if int(length) > LARGEST_FORM:
        raise ProtocolError("invalid_request", "The request is too large.", status=413)
    body: bytes = environ["wsgi.input"].read(LARGEST_FORM + 1)
    if len(body) > LARGEST_FORM:
        raise ProtocolError("invalid_request", "The request is too large.", status=413)
    return body


def _preflight(endpoint: Endpoint, origin: str) -> Answer:
    headers = (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", ", ".join(sorted(endpoint.methods))),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
        ("Access-Control-Max-Age", "600"),
        ("Vary", "Origin"),
    )
    return Answer(204, b"", headers)


def _with_origin(answer: Answer, endpoint: Endpoint, request: Request, services: Services, origin: str) -> Answer:
    """Let a page read the answer: any page that holds a token for userinfo, else pages that the client registered."""
    if endpoint is not USERINFO:
        client = services.registry.get(request.form.get("client_id", ""))
        if client is None or origin not in client.cors_origins:
            return answer
    return Answer(
        answer.status, answer.body, (*answer.headers, ("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
    )


def _body_of(error: ProtocolError) -> bytes:
    return f'{{"error":"{error.error}","error_description":"{error.description}"}}'.encode()
