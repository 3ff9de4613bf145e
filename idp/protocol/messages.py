"""Plain requests and answers of the machine endpoints, and the one parser of their forms (RFC 6749 §3.1, §3.2; rule
P8).

A parameter without a value is treated as if it were left out; one given twice is an error, but for ``resource`` (RFC
8707 §2), whose values are joined by blanks; nothing but UTF-8 without NUL passes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from idp.foundation.digests import b64url, sha256
from idp.foundation.errors import ProtocolError

LARGEST_FORM = 64 * 1024
_MOST_FIELDS = 100
REPEATABLE = "resource"
_NUL = rb"\u0000"
FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate of a client's TLS handshake (RFC 8705 §2). ``is_verified``: an authority vouches for it."""

    der: bytes = field(repr=False)
    is_verified: bool

    @property
    def thumbprint(self) -> str:
        """The x5t#S256 of RFC 8705 §3.1."""
        return b64url(sha256(self.der))


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a machine endpoint. ``form`` holds the body's parameters, ``query`` the URL's, header names are
    lower case.
    """

    method: str
    form: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    authorization: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    path: str = ""
    certificate: ClientCertificate | None = None
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: status, body bytes and headers."""

    status: int
    body: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...]


def json_answer(
    status: int, value: Mapping[str, Any] | Sequence[Any], *, headers: tuple[tuple[str, str], ...] = NO_STORE
) -> Answer:
    """Return a JSON answer that nobody stores (RFC 6749 §5.1)."""
    return Answer(status, orjson.dumps(value), (("Content-Type", "application/json"), *headers))


def error_answer(error: ProtocolError, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return the JSON form of an error (RFC 6749 §5.2)."""
    value = {"error": error.error, "error_description": error.description}
    return json_answer(error.http_status, value, headers=NO_STORE + headers)


def read_error(answer: Answer) -> ProtocolError:
    """Return the error that an answer tells; an API of ours that speaks no OAuth tells its status only."""
    try:
        value = parse_json(answer.body)
    except ProtocolError:
        value = {}
    error, description = (str(value.get(name, "")) for name in ("error", "error_description"))
    return ProtocolError(error or str(answer.status), description, status=answer.status)


def parse_json(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON object. Raises ProtocolError(invalid_request)."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise ProtocolError("invalid_request", "The body is not a JSON object.")
    if _NUL in body:
        raise ProtocolError("invalid_request", "The body holds a NUL character.")
    return value


def parse_form(body: bytes) -> dict[str, str]:
    """Return the parameters of an urlencoded body. Raises ProtocolError(invalid_request)."""
    if len(body) > LARGEST_FORM:
        raise ProtocolError("invalid_request", "The request is too large.", status=413)
    try:
        return parse_parameters(body.decode("ascii"))
    except UnicodeDecodeError:
        raise ProtocolError("invalid_request", "The form is not urlencoded.") from None


def parse_parameters(text: str) -> dict[str, str]:
    """Return the parameters of an urlencoded text. Raises ProtocolError(invalid_request)."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise ProtocolError(
            "invalid_request", "The parameters are not urlencoded UTF-8, or there are too many."
        ) from None
    if "%00" in text or "\0" in text:
        raise ProtocolError("invalid_request", "A parameter holds a NUL character.")
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters and name == REPEATABLE:
            value = f"{parameters[name]} {value}".strip()  # noqa: PLW2901 - the joined value takes its place
        elif name in parameters:
            raise ProtocolError("invalid_request", "A parameter is given more than once.")
        parameters[name] = value
    return {name: value for name, value in parameters.items() if value}
