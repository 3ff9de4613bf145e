"""A provider in another process, reached over HTTP but offering what the browser stand-in needs of an application."""

import http.client
from collections.abc import Iterable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import Client

_OWN_TO_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}
_TIMEOUT_SECONDS = 30


class RemoteApplication:
    """Hands every request on to a server: ``Browser(RemoteApplication(url), issuer)`` is a browser on the real one."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)

    def test_client(self, *, use_cookies: bool = True) -> Client:
        return Client(self, use_cookies=use_cookies)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connection = http.client.HTTPConnection(
            self._address.hostname or "localhost", self._address.port, timeout=_TIMEOUT_SECONDS
        )
        query = environ.get("QUERY_STRING", "")
        # WSGI hands the path over decoded; the characters that need it are encoded again by whoever asked for them.
        path = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]
        target = path if "?" in path or not query else f"{path}?{query}"
        with closing(connection):
            connection.request(environ["REQUEST_METHOD"], target, self._body(environ), self._headers(environ))
            answer = connection.getresponse()
            body = answer.read()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OWN_TO_ONE_CONNECTION]
        start_response(f"{answer.status} {answer.reason}", headers)
        return [body]

    @staticmethod
    def _body(environ: dict[str, Any]) -> bytes | None:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        return environ["wsgi.input"].read(length) if length else None

    @staticmethod
    def _headers(environ: dict[str, Any]) -> dict[str, str]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        return headers
