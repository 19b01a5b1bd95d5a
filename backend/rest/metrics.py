"""Figures for Prometheus (text format 0.0.4): what was asked, how it ended, how long it took.

Labels have few values each: what a stranger sends never becomes one. Nothing tells of a single participant, and nothing
counts what the pools hold (PCP-ENUM-1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.exchanges import Exchange
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web
    from prometheus_client import Counter, Histogram

PATH = "/metrics"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds: most answers take some milliseconds, one that asks somebody else's responder may take ten seconds."""


class Metrics:
    """The figures of one process; :meth:`read` counts an exchange."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._answers = Counter(
            "pnc_answers", "Requests answered.", ("service", "operation", "status"), registry=self.registry
        )
        self._refusals = Counter(
            "pnc_refusals", "Requests refused, by the rule that decided.", ("service", "rule"), registry=self.registry
        )
        self._seconds = Histogram(
            "pnc_answer_seconds",
            "Seconds from a request's header to its answer.",
            ("service", "operation"),
            buckets=BUCKETS,
            registry=self.registry,
        )

        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def read(self, exchange: Exchange) -> None:
        """Count an exchange."""
        service, operation = exchange.service or "none", exchange.operation or "none"
        series = self._series.get((service, operation, exchange.status))
        if series is None:
            answers = self._answers.labels(service, operation, str(exchange.status))
            series = answers, self._seconds.labels(service, operation)
            self._series[service, operation, exchange.status] = series
        series[0].inc()
        series[1].observe(exchange.seconds)
        if exchange.rule:
            self._refusals.labels(service, exchange.rule).inc()

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
