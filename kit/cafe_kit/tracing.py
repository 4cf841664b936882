"""W3C trace context: taken from each request, put on each sidecar call, shown in each log line.

The sidecar exports spans; a service has no network peer to export its own to, so the provider has
no exporter and only carries the context on.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_tracer = TracerProvider(shutdown_on_exit=False).get_tracer("cafe_kit")
_propagator = TraceContextTextMapPropagator()


@contextmanager
def span(name: str, headers: Mapping[str, str]) -> Generator[dict[str, str]]:
    """Continue the trace of the request, or begin one; yields trace_id and span_id in hex."""
    parent = _propagator.extract(headers)
    with _tracer.start_as_current_span(name, context=parent, kind=trace.SpanKind.SERVER) as current:
        context = current.get_span_context()
        yield {
            "trace_id": trace.format_trace_id(context.trace_id),
            "span_id": trace.format_span_id(context.span_id),
        }


def outgoing_headers() -> dict[str, str]:
    """Return the headers that carry the current trace to the next hop; empty outside a span."""
    headers: dict[str, str] = {}
    _propagator.inject(headers)
    return headers
