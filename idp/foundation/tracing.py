"""Traces by OpenTelemetry, where the standard environment variables ask for them (OTEL_*); otherwise nothing of it is
imported and a span costs one comparison.

A span says what was done and how long it took, never to whom: no query, no path beyond its first part, no value of a
statement. What a stranger's request says about traces is not believed; every trace begins here.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

from sqlalchemy import Engine, event

from idp.foundation.errors import ConfigurationError

Kind = Literal["server", "client"]

_ADDRESSES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_MISSING: Final = (
    "OpenTelemetry is configured (OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER) but not installed: "
    "install the package with its extra `otel`, or set OTEL_SDK_DISABLED=true"
)
_EXPORTERS: Final = frozenset({"otlp", "console"})
_ACCEPTED: Final = 400


class _Tracer:
    """The tracer of this process, None while traces are off."""

    value: Any = None


def is_configured(environment: Mapping[str, str]) -> bool:
    """Tell whether the environment asks for traces (OpenTelemetry Environment Variable Specification)."""
    if environment.get("OTEL_SDK_DISABLED", "").casefold() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    return exporter != "none" and (bool(exporter) or any(environment.get(name) for name in _ADDRESSES))


def require_installed(environment: Mapping[str, str]) -> None:
    """Refuse to start without what the environment asks for. Raises ConfigurationError."""
    exporter = environment.get("OTEL_TRACES_EXPORTER") or "otlp"
    if is_configured(environment):
        if exporter not in _EXPORTERS:
            raise ConfigurationError(f"OTEL_TRACES_EXPORTER={exporter} is not known here; use otlp, console or none")
        _import_all()


def start(environment: Mapping[str, str], service: str, engines: tuple[Engine, ...]) -> None:
    """Begin to trace this process, if the environment asks for it. Raises ConfigurationError.

    Called after forking: the thread that sends spans does not survive a fork.
    """
    if not is_configured(environment):
        return
    require_installed(environment)
    sdk, processors, resources, exporter = _import_all()
    sends_out = environment.get("OTEL_TRACES_EXPORTER") == "console"
    sender = processors.ConsoleSpanExporter() if sends_out else exporter.OTLPSpanExporter()
    named = resources.Resource.create({"service.name": environment.get("OTEL_SERVICE_NAME") or service})
    provider = sdk.TracerProvider(resource=named)
    provider.add_span_processor(processors.BatchSpanProcessor(sender))
    _Tracer.value = provider.get_tracer("idp")
    statements = _Statements()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", statements.begin)
        event.listen(engine, "after_cursor_execute", statements.end)
        event.listen(engine, "handle_error", statements.fail)


def is_on() -> bool:
    """Tell whether this process traces."""
    return _Tracer.value is not None


@contextmanager
def span(name: str, kind: Kind, **attributes: str | int) -> Iterator[Any]:
    """Trace what happens within; yields the span, None while traces are off. Write attributes with ``_`` for dots."""
    if _Tracer.value is None:
        yield None
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - imported only where traces are on

    given = {key.replace("_", "."): value for key, value in attributes.items()}
    kinds = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT}
    # Exceptions are not recorded: their text may name somebody.
    with _Tracer.value.start_as_current_span(
        name, kind=kinds[kind], attributes=given, record_exception=False, set_status_on_exception=False
    ) as one:
        try:
            yield one
        except BaseException as error:
            _mark_failed(one, type(error).__name__)
            raise


def note_status(one: Any, status: int) -> None:  # noqa: ANN401 - a span, or None
    """Note the HTTP status of an answer."""
    if one is not None:
        one.set_attribute("http.response.status_code", status)
        if status >= _ACCEPTED + 100:
            _mark_failed(one, str(status))


class _Statements:
    """A span for each statement, with its text as it was compiled: values are never in it."""

    def __init__(self) -> None:
        self._local = threading.local()

    def begin(self, *arguments: Any) -> None:
        """Begin the span of a statement; one that never ended was given up by the driver and is done again."""
        self._finish(failure="given_up")
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - as above

        connection, statement = arguments[0], str(arguments[2])
        operation = statement.split(None, 1)[0].upper()
        self._local.open = _Tracer.value.start_span(
            operation,
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": connection.dialect.name,
                "db.operation.name": operation,
                "db.query.text": statement,
            },
        )

    def end(self, *_arguments: Any) -> None:
        """End the span."""
        self._finish()

    def fail(self, context: Any) -> None:  # noqa: ANN401 - SQLAlchemy's ExceptionContext
        """End the span of a statement that the database refused; only the kind of error is told."""
        self._finish(failure=type(context.original_exception).__name__)

    def _finish(self, failure: str = "") -> None:
        one = getattr(self._local, "open", None)
        if one is not None:
            self._local.open = None
            if failure:
                _mark_failed(one, failure)
            one.end()


def _mark_failed(one: Any, kind: str) -> None:  # noqa: ANN401 - a span
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - as above

    one.set_attribute("error.type", kind)
    one.set_status(Status(StatusCode.ERROR))


def _import_all() -> tuple[Any, Any, Any, Any]:
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter as exporter  # noqa: PLC0415 - as above
        import opentelemetry.sdk.resources as resources  # noqa: PLC0415, PLR0402 - as above
        import opentelemetry.sdk.trace as sdk  # noqa: PLC0415 - as above
        import opentelemetry.sdk.trace.export as processors  # noqa: PLC0415 - as above
    except ImportError:
        raise ConfigurationError(_MISSING) from None
    return sdk, processors, resources, exporter
