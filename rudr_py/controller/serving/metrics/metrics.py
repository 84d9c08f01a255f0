"""The metrics of the controller, named as in controller-runtime and client-go, so that existing dashboards work.

Only this module and `series` use prometheus_client. Each `Metrics` has its own registry; there is no global one.
"""

from __future__ import annotations

import contextlib
import functools
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
from rudr_py.catalog import Catalog, FailedCall, package_and_version
from rudr_py.controller.apply.contention import ContentionMetrics
from rudr_py.controller.queue.queue import QueueMetrics
from rudr_py.controller.results.measure import Measure, ReconcileMetrics
from rudr_py.controller.serving.metrics.series import (
    ContentionSeries,
    Labelled,
    PluginSeries,
    QueueSeries,
    ReconcileSeries,
    StateCollector,
)
from rudr_py.controller.state.applications import Applications
from rudr_py.kube import requests
from rudr_py.kube.clock import Clock
from rudr_py.kube.requests import Request

CONTROLLER = "applicationconfiguration"
"""The name of the controller of applications: the kind in lower case, as in controller-runtime."""

SERIES = 1000
"""The series of requests that are kept for the next request."""

OPENMETRICS_TYPE = "application/openmetrics-text"
OPENMETRICS = f"{OPENMETRICS_TYPE}; version=1.0.0"


class Metrics(ReconcileMetrics):
    """All series of one process. `host` is the API server, for the label of requests; `controller` the main one."""

    def __init__(self, clock: Clock, *, host: str = "", controller: str = CONTROLLER) -> None:
        self._clock = clock
        self._host = host
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._reconciles = ReconcileSeries(self._registry, controller)
        self.queue: QueueMetrics = QueueSeries(self._registry, controller)
        """The metrics of the queue."""
        self.contention: ContentionMetrics = ContentionSeries(self._registry)
        """The metrics of reverted drift."""
        self._series = functools.lru_cache(SERIES)(Counter.labels)  # its own search is slow for each request
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
        Labelled(self._registry, build).gauge("rudr_build_info", "Always 1; the labels contain the versions.").set(1)

    def workers(self, count: int) -> None:
        """Set the maximum number of concurrent reconciles."""
        self._reconciles.maximum.set(count)

    def follow_applications(self, applications: Applications) -> None:
        """Read the numbers of applications, instances and health scopes from these at each scrape."""
        self._registry.register(StateCollector(applications))

    @contextlib.contextmanager
    def reconciling(self) -> Iterator[Measure]:
        """The context of one reconcile, which is timed, and counted if it has a result at the end."""
        measure = Measure()
        started = self._clock.monotonic()
        with self._reconciles.active.track_inprogress():
            yield measure
        if measure.panicked:
            self._reconciles.panicked()
        if measure.result is not None:
            self._reconciles.ended(measure.result, self._clock.monotonic() - started)

    def request(self, code: str, request: Request) -> None:
        """Count a request to the API server; `code` is the HTTP status, or `<error>` when there was no answer."""
        self._series(self._requests, code, request.method, self._host).inc()
        written = requests.write(request)
        if written is not None and code.startswith("2"):
            self._series(self._writes, *written).inc()

    def plugins(self, catalog: Catalog) -> None:
        """Set the packages that offer types, and the number of plugins in each state."""
        self._plugins.set(catalog)

    def plugin_failed(self, failed_call: FailedCall) -> None:
        """Count a failed call of a type."""
        self._plugins.errors.labels(package_and_version(failed_call.package)[0], failed_call.type_name).inc()

    def leader(self, lease: str, leads: bool) -> None:
        """Set whether this process holds the lease of this name. The series exists from the first call."""
        self._leader.labels(lease).set(leads)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """The exposition and its content type: OpenMetrics if the header `Accept` names it, else the text format."""
        # the library raises on a header with an invalid version
        encode, content_type = exposition.choose_encoder(OPENMETRICS if OPENMETRICS_TYPE in accept else "")
        return encode(self._registry), content_type
