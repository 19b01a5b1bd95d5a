"""Figures for Prometheus (text format 0.0.4): what was asked, how it ended, how long it took.

Labels have few values each: what a stranger sends never becomes one. Nothing tells of a single participant, and nothing
counts what the pools hold (PCP-ENUM-1).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.exchanges import Exchange
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web
    from prometheus_client.core import Metric

PATH = "/metrics"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds: most answers take some milliseconds, one that asks somebody else's responder may take ten seconds."""


class _Times(Struct):
    """How long one operation took: how often so long, by bucket, the last of them without end; and all together."""

    counts: list[int]
    total: float = 0.0


class Metrics:
    """The figures of one process; :meth:`read` counts an exchange.

    Each request is counted, so that this is done in plain numbers; they become Prometheus's when somebody asks.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, ProcessCollector

        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._times: dict[tuple[str, str], _Times] = {}
        self.registry.register(self)

    def read(self, exchange: Exchange) -> None:
        """Count an exchange."""
        service, operation = what = exchange.service or "none", exchange.operation or "none"
        status = exchange.status
        self._answers[service, operation, status] += 1
        times = self._times.get(what)
        if times is None:
            times = self._times[what] = _Times([0] * (len(BUCKETS) + 1))
        times.counts[bisect_left(BUCKETS, exchange.seconds)] += 1
        times.total += exchange.seconds
        if status >= 400 and (rule := exchange.error.errorCode):
            self._refusals[service, rule] += 1

    def collect(self) -> Iterator[Metric]:
        """As a collector of Prometheus's: what was counted until now."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        answers = CounterMetricFamily("pnc_answers", "Requests answered.", labels=("service", "operation", "status"))
        for (service, operation, status), count in self._answers.items():
            answers.add_metric((service, operation, str(status)), count)
        yield answers
        refusals = CounterMetricFamily(
            "pnc_refusals", "Requests refused, by the rule that decided.", labels=("service", "rule")
        )
        for labels, count in self._refusals.items():
            refusals.add_metric(labels, count)
        yield refusals
        seconds = HistogramMetricFamily(
            "pnc_answer_seconds", "Seconds from a request's header to its answer.", labels=("service", "operation")
        )
        for labels, times in self._times.items():
            up_to = zip((*map(str, BUCKETS), "+Inf"), accumulate(times.counts), strict=True)
            seconds.add_metric(labels, tuple(up_to), times.total)
        yield seconds

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A figure that is looked at whenever somebody asks; ``text`` says what it is."""
        from prometheus_client import Gauge

        Gauge(name, text, registry=self.registry).set_function(value)

    def routes(self) -> tuple[Route, ...]:
        """``GET /metrics``, for everybody who reaches the port."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        from pncsim.wire.web import web

        async def metrics(request: web.Request, grant: Grant) -> web.StreamResponse:
            return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

        return (Route("GET", PATH, "metrics", None, metrics),)
