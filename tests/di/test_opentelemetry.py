"""The OpenTelemetry adapter of F2, read with the SDK's in-memory exporters."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from di import Container
from di.opentelemetry import instrument


class Session: ...


class Orders:
    def __init__(self, session: Session) -> None:
        raise LookupError("no orders")


def open_session() -> Iterator[Session]:
    yield Session()


async def test_f2_builds_and_teardowns_become_spans_and_histograms() -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    container = Container()
    container.scoped(Session, open_session)
    container.scoped(Orders)
    end = instrument(container, tracer_provider=tracers, meter_provider=meters)
    async with container.scope() as scope:
        with tracers.get_tracer("test").start_as_current_span("request"), pytest.raises(LookupError):
            await scope.resolve(Orders)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert list(spans) == ["di.build Session", "di.build Orders", "request", "di.teardown Session"]
    built, failed, request, closed = spans.values()
    assert dict(built.attributes or {})["di.lifetime"] == "scoped"
    assert (dict(failed.attributes or {}))["di.type"] == "Orders"
    assert float(str(dict(failed.attributes or {})["di.wait"])) > 0
    assert not failed.status.is_ok
    assert failed.events[0].name == "exception"
    assert built.parent is not None
    assert request.context is not None
    assert built.parent.span_id == request.context.span_id
    assert (built.end_time or 0) >= (built.start_time or 0)
    assert closed.status.is_unset
    data = reader.get_metrics_data()
    assert data is not None
    counts = {
        (metric.name, str((point.attributes or {})["di.type"])): point.count
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
        if isinstance(point, HistogramDataPoint)
    }
    assert counts == {
        ("di.build.duration", "Session"): 1,
        ("di.build.duration", "Orders"): 1,
        ("di.teardown.duration", "Session"): 1,
    }

    end()
    async with container.scope() as scope:
        await scope.resolve(Session)
    assert len(exporter.get_finished_spans()) == 4
