"""The WSGI front: what stands before Flask. It names each request, finds out where it comes from, and answers machines
directly.

The machine endpoints are plain functions; going through Flask would cost more than their own work. This is the only
route to them. Forwarded addresses are believed only from trusted proxies (rule O4, RFC 9700 §4.13).
"""

import base64
import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from string import punctuation
from urllib.parse import quote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from idp.foundation.database import DatabaseFailure
from idp.foundation.errors import ProtocolError
from idp.foundation.logging import RequestContext, get_logger, request_context
from idp.protocol.messages import Answer, error_answer
from idp.registry.errors import RegistryUnavailable
from idp.sessions.values import PROVIDER
from idp.web.protocol import silent
from idp.web.protocol.client_certificate import forget_certificate
from idp.web.protocol.machine import answer_machine, is_machine_path, method_not_allowed, preflight
from idp.web.shared.headers import machine_headers
from idp.web.shared.surfaces import Surface
from idp.wiring import Services

_REASONS = {
    200: "200 OK",
    201: "201 Created",
    202: "202 Accepted",
    204: "204 No Content",
    303: "303 See Other",
    304: "304 Not Modified",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    409: "409 Conflict",
    413: "413 Content Too Large",
    429: "429 Too Many Requests",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}
_LONGEST_AGENT = 300
_UNAVAILABLE = ProtocolError("temporarily_unavailable", "The service cannot answer now. Try again shortly.", status=503)
_COME_BACK = error_answer(_UNAVAILABLE, headers=(("Retry-After", "2"),))
_READING = frozenset({"GET", "HEAD"})
_log = get_logger(__name__)


class Front:
    """The outermost WSGI application."""

    def __init__(self, services: Services, pages: WSGIApplication, surface: Surface) -> None:
        self._services = services
        self._pages = pages
        self._serves_machines = surface.name == PROVIDER
        self._headers = list(machine_headers(is_https=services.settings.is_https))
        self._proxies = services.settings.proxy_networks
        self._surface = surface
        origin = urlsplit(surface.origin)
        self._origin = {"wsgi.url_scheme": origin.scheme, "HTTP_HOST": origin.netloc}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        document = self._document(path, environ) if self._serves_machines else None
        if document is not None and document.status == 200:  # noqa: PLR2004 - the HTTP status
            return self._send_document(document, environ, start_response)
        reference = base64.b32encode(self._services.entropy.token_bytes(5)).decode()
        if not self._is_proxy(environ.get("REMOTE_ADDR") or ""):
            forget_certificate(environ, self._services.settings)
        environ["REMOTE_ADDR"] = address = self._client_address(environ)
        # Where we are reached is a setting; what a request says about it is never believed.
        environ |= self._origin
        _encode_query(environ)
        context = RequestContext(reference, network_of(address), environ.get("HTTP_USER_AGENT", "")[:_LONGEST_AGENT])
        token = request_context.set(context)
        try:
            answer = document or self._answer(path, environ)
            return (
                self._pages(environ, start_response)
                if answer is None
                else self._send(answer, reference, start_response)
            )
        finally:
            request_context.reset(token)

    def _document(self, path: str, environ: WSGIEnvironment) -> Answer | None:
        """Return the document at a path, or why it cannot be had; None if there is none."""
        try:
            document = self._services.protocol.documents.find(path)
        except DatabaseFailure:
            _log.exception("machine_endpoint_unavailable", path=path)
            return _COME_BACK
        method = environ["REQUEST_METHOD"]
        if document is None or method in _READING:
            return document
        is_preflight = method == "OPTIONS" and "HTTP_ORIGIN" in environ
        return preflight(_READING, "*") if is_preflight else method_not_allowed(_READING)

    def _answer(self, path: str, environ: WSGIEnvironment) -> Answer | None:
        """Return the answer to a machine, or to a browser that needs no page; None where Flask is to answer."""
        if not self._serves_machines:
            return None
        if path == silent.PATH:
            return silent.answer_silently(environ, self._services, self._surface)
        return self._machine_answer(environ) if is_machine_path(self._services.protocol, path) else None

    def _machine_answer(self, environ: WSGIEnvironment) -> Answer:
        try:
            return answer_machine(environ, self._services)
        except ProtocolError as error:
            return error_answer(error)
        except (DatabaseFailure, RegistryUnavailable):
            _log.exception("machine_endpoint_unavailable", path=environ["PATH_INFO"])
            return _COME_BACK
        except Exception:  # noqa: BLE001 - the last resort: whatever it was, the client gets an answer (ASVS 16.5.4)
            _log.exception("machine_endpoint_failed", path=environ["PATH_INFO"])
            return error_answer(ProtocolError("server_error", "Something went wrong here.", status=500))

    def _send(self, answer: Answer, reference: str, start_response: StartResponse) -> Iterable[bytes]:
        headers = [
            *answer.headers,
            *self._headers,
            ("Content-Length", str(len(answer.body))),
            ("Request-Id", reference),
        ]
        start_response(_REASONS[answer.status], headers)
        return [answer.body]

    def _send_document(
        self, document: Answer, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        etag = next(value for name, value in document.headers if name == "ETag")
        headers = [*document.headers, *self._headers]
        if etag in _entity_tags(environ.get("HTTP_IF_NONE_MATCH", "")):
            start_response(_REASONS[304], [header for header in headers if header[0] != "Content-Type"])
            return []
        start_response(_REASONS[200], [*headers, ("Content-Length", str(len(document.body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [document.body]

    def _client_address(self, environ: WSGIEnvironment) -> str:
        """Return the nearest address that is no trusted proxy; what clients write further left is not believed."""
        peer: str = environ.get("REMOTE_ADDR") or "127.0.0.1"
        if not self._proxies or not self._is_proxy(peer):
            return peer
        for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            address = hop.strip()
            if not address:
                continue
            if _parsed(address) is None:
                return peer
            if not self._is_proxy(address):
                return str(address)
        return peer

    def _is_proxy(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._proxies)


def _encode_query(environ: WSGIEnvironment) -> None:
    """Encode the raw bytes that some clients leave in a query, so that everything behind us reads plain ASCII."""
    query: str = environ.get("QUERY_STRING", "")
    if not query.isascii():
        environ["QUERY_STRING"] = quote(query.encode("latin-1"), safe=punctuation)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the network an address is counted by: its /24, or its /48 (rule S3); empty for what is no address."""
    parsed = _parsed(address)
    if parsed is None:
        return ""
    prefix = 24 if parsed.version == 4 else 48  # noqa: PLR2004 - the IP version
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address, None for what is none; what a socket for both versions writes as ::ffff:192.0.2.1 is
    192.0.2.1.
    """
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, ipaddress.IPv6Address) else parsed


def _entity_tags(header: str) -> set[str]:
    """Return the tags that a cache has, weak ones as well: a proxy that compresses weakens them (RFC 9110 §13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")} if header else set()
