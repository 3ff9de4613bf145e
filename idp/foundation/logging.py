"""Structured logs: one JSON object a line on standard error, with the request id, and only declared fields.

Secrets and personal values are never passed to a logger; as a second line of defence, fields whose names say that they
hold one are dropped before anything is written (ASVS 16.2.5). Line breaks cannot be injected because JSON escapes them
(ASVS 16.4.1).
"""

import json
import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import structlog

from idp.foundation.log_stream import LogStream

_FORBIDDEN = ("password", "secret", "token", "code", "cookie", "authorization", "id_number", "phone", "email")
_ALLOWED = {"status_code", "error_code", "client_id", "token_endpoint", "exit_code"}


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What is known about the request under way: its public reference and the network it came from."""

    request_id: str = ""
    network: str = ""
    user_agent: str = ""


_NONE = RequestContext()
request_context: ContextVar[RequestContext] = ContextVar("request_context", default=_NONE)


def configure_logging(*, level: int = logging.INFO) -> None:
    """Send every log record of this process to standard error as JSON lines."""
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_names: LogStream(sys.stderr),
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def _add_request(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401
    context = request_context.get()
    if context.request_id:
        event["request_id"] = context.request_id
    return event


def _drop_sensitive(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401
    for name in [name for name in event if _is_forbidden(name)]:
        event[name] = "[dropped]"
    return event


# The names of fields stand in our code, so that there are few.
@lru_cache(maxsize=1024)
def _is_forbidden(name: str) -> bool:
    return name not in _ALLOWED and any(word in name for word in _FORBIDDEN)


def line_of(event: MutableMapping[str, Any], **options: Any) -> str:
    """Return an event as one line of ASCII. The quick way knows no escapes for what is not, such as Unicode's own line
    ends.
    """
    try:
        line = orjson.dumps(event, option=_AS_JSON, default=options["default"])
    except orjson.JSONEncodeError:
        return json.dumps(event, **options)
    return line.decode("ascii") if line.isascii() else json.dumps(event, **options)


# Objects are written by their representation, which leaves out what is personal.
_AS_JSON = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS

# One list for the whole life of the process: a logger keeps the list it was first used with. With a second
# list after a second configuration, whoever listens in (`structlog.testing.capture_logs` changes the list in
# place) would hear some loggers only.
_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _add_request,
    _drop_sensitive,
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(line_of),
]
