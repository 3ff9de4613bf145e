"""From WSGI to the machine endpoints: method, form, headers, and cross-origin rules (RFC 6749 §3.2; Fetch standard for
CORS).
"""

from collections.abc import Iterable
from wsgiref.types import WSGIEnvironment

from idp.foundation.errors import ProtocolError
from idp.protocol.endpoints import Endpoint
from idp.protocol.endpoints.userinfo import USERINFO
from idp.protocol.messages import FORM_TYPE, JSON_TYPE, LARGEST_FORM, Answer, Request, parse_form, parse_parameters
from idp.protocol.service import Protocol
from idp.web.protocol.client_certificate import certificate_of
from idp.wiring import Services

_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


def is_machine_path(protocol: Protocol, path: str) -> bool:
    """Tell whether a path is one of a machine endpoint."""
    return protocol.endpoint(path) is not None


def answer_machine(environ: WSGIEnvironment, services: Services) -> Answer:
    """Answer a request to a machine endpoint. Raises ProtocolError for what cannot be parsed."""
    endpoint = services.protocol.endpoint(environ["PATH_INFO"])
    if endpoint is None:
        raise RuntimeError("not a machine endpoint")
    method, origin = environ["REQUEST_METHOD"], environ.get("HTTP_ORIGIN")
    if method == "OPTIONS" and endpoint.allows_cors and origin:
        return preflight(endpoint.methods, origin)
    if method not in endpoint.methods:
        return method_not_allowed(endpoint.methods)
    request = _request(environ, method, endpoint, services)
    answer = services.protocol.answer(endpoint, request)
    return _with_origin(answer, endpoint, request, services, origin) if origin and endpoint.allows_cors else answer


def method_not_allowed(methods: Iterable[str]) -> Answer:
    """Return the answer to a method that is not among those of an address (RFC 9110 §15.5.6)."""
    refusal = ProtocolError("invalid_request", "This method is not allowed here.", status=405)
    headers = (("Content-Type", "application/json"), ("Allow", ", ".join(sorted(methods))))
    return Answer(405, _body_of(refusal), headers)


def _request(environ: WSGIEnvironment, method: str, endpoint: Endpoint, services: Services) -> Request:
    query = parse_parameters(environ.get("QUERY_STRING", "")) if environ.get("QUERY_STRING") else {}
    body = _body(environ, JSON_TYPE if endpoint.takes_json else FORM_TYPE) if method not in _BODILESS else b""
    proof = environ.get("HTTP_DPOP")
    headers = {"accept": environ.get("HTTP_ACCEPT", "")} | ({} if proof is None else {"dpop": proof})
    return Request(
        method,
        {} if endpoint.takes_json else parse_form(body),
        query,
        environ.get("HTTP_AUTHORIZATION", ""),
        headers,
        environ["PATH_INFO"],
        certificate_of(environ, services.settings),
        body if endpoint.takes_json else b"",
    )


def _body(environ: WSGIEnvironment, media_type: str) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise ProtocolError("invalid_request", "The Content-Length is not a number.")
    if int(length) > LARGEST_FORM:
        raise ProtocolError("invalid_request", "The request is too large.", status=413)
    # Only a chunked body may be read to its end: servers need not end the others (PEP 3333).
    is_chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    body: bytes = environ["wsgi.input"].read(LARGEST_FORM + 1 if is_chunked else int(length))
    if len(body) > LARGEST_FORM:
        raise ProtocolError("invalid_request", "The request is too large.", status=413)
    if body and environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != media_type:
        raise ProtocolError("invalid_request", f"The request must be {media_type}.")
    return body


def preflight(methods: Iterable[str], origin: str) -> Answer:
    """Return what a page may send from its own origin, which the browser asks first (Fetch standard §3.2.2)."""
    headers = (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", ", ".join(sorted(methods))),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
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
    headers = (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate"),
        ("Vary", "Origin"),
    )
    return Answer(answer.status, answer.body, answer.headers + headers)


def _body_of(error: ProtocolError) -> bytes:
    return f'{{"error":"{error.error}","error_description":"{error.description}"}}'.encode()
