"""What the controller counts, under the names that controller-runtime and client-go use, so that stock dashboards fit.

The only module that knows prometheus_client. Each `Metrics` has a registry of its own; there is no global one.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    exposition,
)

import rudr_py
from rudr_py.catalog import Catalog, package_and_version
from rudr_py.controller.apply.contention import ContentionMetrics
from rudr_py.controller.queue.queue import QueueMetrics
from rudr_py.controller.results.result import ResultLabel
from rudr_py.controller.serving.metrics.series import (
    ContentionSeries,
    Labelled,
    PluginSeries,
    QueueSeries,
    ReconcileSeries,
    StateCollector,
)
from rudr_py.controller.serving.metrics.tally import StateCounts
from rudr_py.kube import requests
from rudr_py.kube.clock import Clock
from rudr_py.kube.requests import Request

CONTROLLER = "applicationconfiguration"
"""The value of the label `controller`: the kind that is reconciled, in lower case, as controller-runtime has it."""

OPENMETRICS_TYPE = "application/openmetrics-text"
OPENMETRICS = f"{OPENMETRICS_TYPE}; version=1.0.0"


class Metrics:
    """All series of one controller. `host` is the API server's, for the label of the requests to it."""

    def __init__(self, clock: Clock, *, host: str = "", controller: str = CONTROLLER) -> None:
        self._clock = clock
        self._host = host
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._reconciles = ReconcileSeries(self._registry, controller)
        self.queue: QueueMetrics = QueueSeries(self._registry, controller)
        """What the queue of the controller reports to."""
        self.tally = StateCounts()
        """What reconciles tell of their applications to."""
        self._registry.register(StateCollector(self.tally))
        self.contention: ContentionMetrics = ContentionSeries(self._registry)
        """What set-backs are reported to."""
        self._requests = Counter(
            "rest_client_requests_total",
            "Number of HTTP requests, partitioned by status code, method, and host.",
            ["code", "method", "host"],
            registry=self._registry,
        )
        self._writes = Counter(
            "rudr_writes_total",
            "Total number of writes that the API server took, by verb and resource",
            ["verb", "resource"],
            registry=self._registry,
        )
        self._plugins = PluginSeries(self._registry)
        self._leader = Gauge(
            "leader_election_master_status",
            "Whether this process holds the lease: 1 for the leader, 0 for a standby. Group by name.",
            ["name"],
            registry=self._registry,
        )
        build = {"version": rudr_py.__version__, "python_version": platform.python_version()}
        Labelled(self._registry, build).gauge("rudr_build_info", "Always 1; the labels say what runs.").set(1)

    def workers(self, count: int) -> None:
        """How many applications may be reconciled at once."""
        self._reconciles.maximum.set(count)

    @contextlib.contextmanager
    def reconciling(self) -> Iterator[ReconcileMeasure]:
        """Around one reconcile. It is counted and timed if its result is told before the end."""
        measured = ReconcileMeasure()
        started = self._clock.monotonic()
        with self._reconciles.active.track_inprogress():
            yield measured
        if measured.unforeseen:
            self._reconciles.panicked()
        if measured.ended is not None:
            self._reconciles.ended(measured.ended, self._clock.monotonic() - started)

    def request(self, code: str, request: Request) -> None:
        """A request to the API server was answered with `code`, or with `<error>` when no answer came."""
        self._requests.labels(code, request.method, self._host).inc()
        written = requests.write(request)
        if written is not None and code.startswith("2"):
            self._writes.labels(*written).inc()

    def plugins(self, catalog: Catalog) -> None:
        """The packages that offer types, and how many plugins are in which state; replaces what was said before."""
        self._plugins.say(catalog)

    def plugin_failed(self, package: str, type_name: str) -> None:
        """A call of a type failed; `package` is with its version."""
        self._plugins.errors.labels(package_and_version(package)[0], type_name).inc()

    def leader(self, lease: str, leads: bool) -> None:
        """Whether this process holds the lease of that name. The series is there once this was told."""
        self._leader.labels(lease).set(leads)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """All series, in OpenMetrics if the header `Accept` names it, else in Prometheus' text; and the type."""
        # the library's own reading of the header raises on a version that is none
        encode, content_type = exposition.choose_encoder(OPENMETRICS if OPENMETRICS_TYPE in accept else "")
        return encode(self._registry), content_type


class ReconcileMeasure:
    """What is to be said of one reconcile."""

    def __init__(self) -> None:
        self.ended: ResultLabel | None = None
        self.unforeseen = False

    def result(self, result: ResultLabel) -> None:
        """How it ended."""
        self.ended = result

    def panicked(self) -> None:
        """It raised what nobody foresaw; the result is still to be told."""
        self.unforeseen = True
