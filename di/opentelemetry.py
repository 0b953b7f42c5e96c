"""An OpenTelemetry adapter: builds and teardowns as spans and as histograms.

Needs the package `opentelemetry-api`. Call `instrument(container)` once; it costs nothing before, and afterwards what
`Container.add_listener` costs plus the spans.
"""

import time
from collections.abc import Callable

from opentelemetry import metrics, trace

from di._container import Container
from di._events import BuildEvent, TeardownEvent

__all__ = ["instrument"]

_NANOSECONDS = 1_000_000_000


def instrument(
    container: Container,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> Callable[[], None]:
    """Report every build and teardown of a container; return what ends it.

    Spans are called `di.build <type>` and `di.teardown <type>`, children of whatever span is current, with the
    attributes `di.type`, `di.lifetime` and, for builds, `di.wait` in seconds. The histograms `di.build.duration` and
    `di.teardown.duration` are in seconds. A failure is recorded on its span.

    Args:
        container: whose events are reported.
        tracer_provider, meter_provider: left out, the global ones.
    """
    tracer = trace.get_tracer("di", tracer_provider=tracer_provider)
    meter = metrics.get_meter("di", meter_provider=meter_provider)
    histograms = {
        kind: meter.create_histogram(f"di.{kind}.duration", unit="s", description=f"Duration of each {kind}")
        for kind in ("build", "teardown")
    }

    def report(event: BuildEvent | TeardownEvent) -> None:
        kind = "build" if isinstance(event, BuildEvent) else "teardown"
        attributes: dict[str, str | float] = {"di.type": event.name, "di.lifetime": event.lifetime.value}
        histograms[kind].record(event.duration, attributes)
        if isinstance(event, BuildEvent):
            attributes["di.wait"] = event.wait
        end = time.time_ns()
        begin = end - int(event.duration * _NANOSECONDS)
        span = tracer.start_span(f"di.{kind} {event.name}", attributes=attributes, start_time=begin)
        if event.error is not None:
            span.record_exception(event.error)
            span.set_status(trace.Status(trace.StatusCode.ERROR, str(event.error)))
        span.end(end)

    container.add_listener(report)
    return lambda: container.remove_listener(report)
