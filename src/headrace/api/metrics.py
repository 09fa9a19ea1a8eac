"""`GET /metrics`: the installation's figures from Postgres, and this process's own, as Prometheus reads them.

`docs/metrics.md` has each metric, its unit and its alerts.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate, chain

from fastapi import APIRouter, Request, Response
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from headrace.api.figures import figures_of, gauge
from headrace.api.services import services_of
from headrace.api.traffic import BUCKETS, CLASSES, Traffic
from headrace.bootstrap import celery_app
from headrace.errors import Unavailable

router = APIRouter(tags=["health"])


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Prometheus' text format 0.0.4. While the database is away or late, what this process knows by itself."""
    try:
        overview, is_up = await services_of(request).read.overview(), True
    except Unavailable:
        overview, is_up = None, False
    families = chain(
        [gauge("headrace_database_up", "Whether this API process can read the database", is_up)],
        [
            gauge(
                "headrace_figures_late", "Whether the database is up, but too late with figures", is_up and not overview
            )
        ],
        figures_of(overview) if overview else (),
        _own(request.app.state.traffic),
    )
    return Response(generate_latest(_Families(families)), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _own(traffic: Traffic) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "headrace_http_requests", "Requests that this API process answered", labels=["status"]
    )
    for class_ in CLASSES:
        requests.add_metric([class_], traffic.answers[class_])
    yield requests
    accepts = HistogramMetricFamily(
        "headrace_accept_seconds", "Time until an event of POST /events was stored and answered, in this API process"
    )
    accepts.add_metric([], _cumulated(traffic.accepts), traffic.accept_seconds)
    yield accepts
    yield CounterMetricFamily(
        "headrace_hints_dropped", "Wake-ups that this API process could not send", celery_app.hints.dropped
    )


def _cumulated(counts: Iterable[int]) -> list[tuple[str, float]]:
    """Each bucket's end with all that is not above it."""
    return list(zip([*map(str, BUCKETS), "+Inf"], map(float, accumulate(counts)), strict=True))


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
