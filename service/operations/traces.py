"""Traces (OpenTelemetry), where whoever runs the service asks for them by the variables that all have.

They are on where ``OTEL_EXPORTER_OTLP_ENDPOINT``, or that of traces alone, is set. A span tells what was done
and how long it took: routes, statuses and kinds, never an address, a query, a statement or a text that
somebody sent.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from importlib.metadata import version
from typing import TYPE_CHECKING

from sqlalchemy import Engine, event

from geo.errors import ChiikiError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.trace import Span, SpanKind

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
OVER_HTTP = "http/protobuf"
#: How long the end of the service waits for what was not sent yet.
SENDING_S = 2

#: What may name the service among others.
RESOURCE = "OTEL_RESOURCE_ATTRIBUTES"

#: The id of the request that this task or thread works for, and of its trace.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
#: The span of the statement that is being executed.
_statements: ContextVar[AbstractContextManager[None] | None] = ContextVar("statements", default=None)

#: Begins a span within that of the request, where there are any: ``with traces.span("read vectors"): …``
span: Callable[[str], AbstractContextManager[object]] = nullcontext


class NoTraces(ChiikiError):
    """Traces are asked for and cannot be sent."""


def are_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether traces are asked for.

    Raises
    ------
    NoTraces : in a way that there is none of here
    """
    off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    if off or exporter == "none" or not any(environment.get(name, "").strip() for name in ENDPOINTS):
        return False
    protocol = next((told for name in PROTOCOLS if (told := environment.get(name, "").strip())), OVER_HTTP)
    if exporter != "otlp" or protocol != OVER_HTTP:
        raise NoTraces(
            "Traces are sent by OTLP over HTTP alone: leave OTEL_TRACES_EXPORTER and "
            "OTEL_EXPORTER_OTLP_PROTOCOL empty, or set them to otlp and http/protobuf"
        )
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace  # noqa: F401 (whether it is there)
    except ImportError as error:
        raise NoTraces(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages for traces are not installed: "
            'pip install "chiiki[traces]"'
        ) from error
    return True


class Traces:
    """Sends spans; it is made where they are wanted."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        told = {"service.version": version("chiiki")}
        if "OTEL_SERVICE_NAME" not in os.environ and "service.name=" not in os.environ.get(RESOURCE, ""):
            told["service.name"] = "chiiki"
        provider = TracerProvider(resource=Resource.create(told), id_generator=_ids(), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._provider = provider
        self._tracer = provider.get_tracer("chiiki", version("chiiki"))
        global span
        span = self._within

    async def close(self) -> None:
        """Send what was not sent yet, and end; a receiver that hangs does not hold up the end."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, SENDING_S)

    def watch(self, engine: Engine) -> None:
        """Tell of the statements of an engine: that there was one, and how long it took."""

        def before(*_of_the_statement: object) -> None:
            entered = self._within("database")
            entered.__enter__()
            _statements.set(entered)

        def after(*_of_the_statement: object) -> None:
            entered = _statements.get()
            _statements.set(None)
            if entered is not None:
                entered.__exit__(None, None, None)

        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "after_cursor_execute", after)
        event.listen(engine, "handle_error", after)

    @contextmanager
    def request(self, kind: str, traceparent: str | None) -> Iterator[Span]:
        """Give the span of a request, whose trace has its id; what is done for it meanwhile is within.

        Parameters
        ----------
        traceparent : of a proxy that is trusted, as it was sent
        """
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        sent = {} if traceparent is None else {"traceparent": traceparent}
        parent = TraceContextTextMapPropagator().extract(sent, Context())
        with self._begun(kind, SpanKind.SERVER, parent) as begun:
            yield begun

    @contextmanager
    def _within(self, name: str) -> Iterator[None]:
        from opentelemetry.trace import SpanKind, get_current_span

        if get_current_span().get_span_context().is_valid:
            with self._begun(name, SpanKind.INTERNAL, None):
                yield
        else:  # what nobody asked for belongs to no trace
            yield

    @contextmanager
    def _begun(self, name: str, kind: SpanKind, parent: Context | None) -> Iterator[Span]:
        from opentelemetry.trace import StatusCode

        # the text of an error may hold what somebody sent
        with self._tracer.start_as_current_span(
            name, parent, kind, record_exception=False, set_status_on_exception=False
        ) as begun:
            try:
                yield begun
            except Exception as error:
                begun.set_attribute("error.type", type(error).__name__)
                begun.set_status(StatusCode.ERROR)
                raise


def _ids() -> IdGenerator:
    """Return what makes the ids of traces: those of requests, which logs and answers have too."""
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return int(REQUEST_ID.get() or "0", 16) or super().generate_trace_id()

    return Ids()
