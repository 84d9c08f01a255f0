"""What the controller counts, under the names that controller-runtime and client-go use, so that stock dashboards fit.

The only module that knows prometheus_client. Each `Metrics` has a registry of its own; there is no global one.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    exposition,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import rudr_py
from rudr_py.catalog import STATES, Catalog
from rudr_py.controller.outcome import Result
from rudr_py.controller.queue import QueueGauges, QueueMetrics
from rudr_py.kube.clock import Clock

CONTROLLER = "applicationconfiguration"
"""The value of the label `controller`: the kind that is reconciled, in lower case, as controller-runtime has it."""

RESULTS = ("success", "requeue", "requeue_after", "error")
"""The values of the label `result`."""

READY = ("True", "False", "Unknown")
"""The values of a condition, and of the label `ready`."""

OPENMETRICS_TYPE = "application/openmetrics-text"
OPENMETRICS = f"{OPENMETRICS_TYPE}; version=1.0.0"

_TO_ONE = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)
_FROM_ONE = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60)
RECONCILE_SECONDS = _TO_ONE + _FROM_ONE
QUEUE_SECONDS = tuple(float(f"1e{exponent}") for exponent in range(-8, 4))


class Metrics:
    """All series of one controller. `host` is the API server's, for the label of the requests to it."""

    def __init__(self, clock: Clock, *, host: str = "", controller: str = CONTROLLER) -> None:
        self._clock = clock
        self._host = host
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._reconciles = _ReconcileSeries(self._registry, controller)
        self.queue: QueueMetrics = _QueueSeries(self._registry, controller)
        """What the queue of the controller reports to."""
        self._requests = Counter(
            "rest_client_requests_total",
            "Number of HTTP requests, partitioned by status code, method, and host.",
            ["code", "method", "host"],
            registry=self._registry,
        )
        self._plugins = _PluginSeries(self._registry)
        self._leader = Gauge(
            "leader_election_master_status",
            "Whether this process holds the lease: 1 for the leader, 0 for a standby. Group by name.",
            ["name"],
            registry=self._registry,
        )
        build = {"version": rudr_py.__version__, "python_version": platform.python_version()}
        _Labelled(self._registry, build).gauge("rudr_build_info", "Always 1; the labels say what runs.").set(1)

    def workers(self, count: int) -> None:
        """How many applications may be reconciled at once."""
        self._reconciles.maximum.set(count)

    @contextlib.contextmanager
    def reconciling(self) -> Iterator[Measured]:
        """Around one reconcile. It is counted and timed if its result is told before the end."""
        measured = Measured()
        started = self._clock.monotonic()
        with self._reconciles.active.track_inprogress():
            yield measured
        self._reconciles.ended(measured, self._clock.monotonic() - started)

    def request(self, code: str, method: str) -> None:
        """A request to the API server was answered with `code`, or with `<error>` when no answer came."""
        self._requests.labels(code, method, self._host).inc()

    def plugins(self, catalog: Catalog) -> None:
        """The packages that offer types, and how many plugins are in which state; replaces what was said before."""
        self._plugins.say(catalog)

    def plugin_failed(self, package: str, type_name: str) -> None:
        """A call of a type failed; `package` is with its version."""
        self._plugins.errors.labels(_named(package)[0], type_name).inc()

    def leader(self, lease: str, leads: bool) -> None:
        """Whether this process holds the lease of that name. The series is there once this was told."""
        self._leader.labels(lease).set(leads)

    def applications_from(self, count: Callable[[], Mapping[str, int]]) -> None:
        """At each scrape, call `count` for the number of applications by the status of their condition Ready.

        To be called once.
        """
        self._registry.register(_Applications(count))

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """All series, in OpenMetrics if the header `Accept` names it, else in Prometheus' text; and the type."""
        # the library's own reading of the header raises on a version that is none
        encode, content_type = exposition.choose_encoder(OPENMETRICS if OPENMETRICS_TYPE in accept else "")
        return encode(self._registry), content_type


class Measured:
    """What is to be said of one reconcile."""

    def __init__(self) -> None:
        self.ended: Result | None = None
        self.unforeseen = False

    def result(self, result: Result) -> None:
        """How it ended. `refused` and `invalid` are counted as errors, `invalid` as terminal too: no retry follows."""
        self.ended = result

    def panicked(self) -> None:
        """It raised what nobody foresaw; the result is still to be told."""
        self.unforeseen = True


class _Labelled:
    """Makes series whose labels have these values; they exist from then on, at zero, so that rates see the first."""

    def __init__(self, registry: CollectorRegistry, labels: Mapping[str, str]) -> None:
        self._registry = registry
        self._names = list(labels)
        self._values = list(labels.values())

    def counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, self._names, registry=self._registry).labels(*self._values)

    def gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, self._names, registry=self._registry).labels(*self._values)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        made = Histogram(name, text, self._names, buckets=buckets, registry=self._registry)
        return made.labels(*self._values)


class _ReconcileSeries:
    """The `controller_runtime_*` series."""

    def __init__(self, registry: CollectorRegistry, controller: str) -> None:
        name = "controller_runtime_reconcile_total"
        text = "Total number of reconciliations per controller"
        total = Counter(name, text, ["controller", "result"], registry=registry)
        self._total = {result: total.labels(controller, result) for result in RESULTS}
        series = _Labelled(registry, {"controller": controller})
        self._errors = series.counter(
            "controller_runtime_reconcile_errors_total", "Total number of reconciliation errors per controller"
        )
        self._terminal = series.counter(
            "controller_runtime_terminal_reconcile_errors_total",
            "Total number of reconciliation errors per controller that wait for a change",
        )
        self._panics = series.counter(
            "controller_runtime_reconcile_panics_total",
            "Total number of reconciliations per controller that raised what nobody foresaw",
        )
        self._seconds = series.histogram(
            "controller_runtime_reconcile_time_seconds",
            "Length of time per reconciliation per controller",
            RECONCILE_SECONDS,
        )
        self.maximum = series.gauge(
            "controller_runtime_max_concurrent_reconciles", "Maximum number of concurrent reconciles per controller"
        )
        self.active = series.gauge(
            "controller_runtime_active_workers", "Number of currently used workers per controller"
        )

    def ended(self, measured: Measured, seconds: float) -> None:
        """Count one reconcile."""
        if measured.unforeseen:
            self._panics.inc()
        if measured.ended is None:
            return
        self._seconds.observe(seconds)
        if measured.ended in ("error", "refused", "invalid"):
            self._errors.inc()
            self._total["error"].inc()
        else:
            self._total[measured.ended].inc()
        if measured.ended == "invalid":
            self._terminal.inc()


def _named(package: str) -> tuple[str, str]:
    """Name and version of a package that is named as in `Offer.package`."""
    name, _, version = package.rpartition(" ")
    return (name, version) if name else (version, "")


class _PluginSeries:
    """The `rudr_plugin*` series."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._info = Gauge(
            "rudr_plugin_info",
            "Always 1, for each package that offers types.",
            ["plugin", "version"],
            registry=registry,
        )
        self._states = Gauge("rudr_plugins", "Number of plugins by state", ["state"], registry=registry)
        self.errors = Counter(
            "rudr_plugin_errors_total",
            "Total number of calls of a plugin's type that failed",
            ["plugin", "type"],
            registry=registry,
        )

    def say(self, catalog: Catalog) -> None:
        """What the catalog holds; errors of each type exist from then on, at zero."""
        self._info.clear()
        for offer in catalog.offers():
            package, version = _named(offer.package)
            self._info.labels(package, version).set(1)
            self.errors.labels(package, offer.name)
        for state in STATES:
            self._states.labels(state).set(sum(plugin.state == state for plugin in catalog.plugins))


class _QueueSeries(QueueMetrics):
    """The `workqueue_*` series of one queue."""

    def __init__(self, registry: CollectorRegistry, name: str) -> None:
        self._registry = registry
        self._labels = {"name": name, "controller": name}
        series = _Labelled(registry, self._labels)
        self._adds = series.counter("workqueue_adds_total", "Total number of adds handled by workqueue")
        self._retries = series.counter("workqueue_retries_total", "Total number of retries handled by workqueue")
        self._waited = series.histogram(
            "workqueue_queue_duration_seconds",
            "How long in seconds an item stays in workqueue before being requested",
            QUEUE_SECONDS,
        )
        self._worked = series.histogram(
            "workqueue_work_duration_seconds",
            "How long in seconds processing an item from workqueue takes.",
            QUEUE_SECONDS,
        )

    def follow(self, queue: QueueGauges) -> None:
        self._registry.register(_QueueCollector(queue, self._labels))

    def added(self) -> None:
        self._adds.inc()

    def retried(self) -> None:
        self._retries.inc()

    def taken(self, waited: float) -> None:
        self._waited.observe(waited)

    def finished(self, worked: float) -> None:
        self._worked.observe(worked)


class _QueueCollector(Collector):
    """What is read off a queue at a scrape."""

    def __init__(self, queue: QueueGauges, labels: Mapping[str, str]) -> None:
        self._queue = queue
        self._labels = labels
        self._priorities = {0}  # seen so far: a series that was there goes to zero, it does not vanish

    def collect(self) -> Iterator[Metric]:
        """The three gauges."""
        depths = self._queue.depths()
        self._priorities.update(depths)
        names, values = list(self._labels), list(self._labels.values())
        text = "Current depth of workqueue by workqueue and priority"
        depth = GaugeMetricFamily("workqueue_depth", text, labels=[*names, "priority"])
        for priority in sorted(self._priorities):
            depth.add_metric([*values, str(priority)], depths.get(priority, 0))
        yield depth
        ages = self._queue.ages()
        for name, text, age in (
            ("workqueue_unfinished_work_seconds", "Seconds of work in progress, summed up", sum(ages)),
            ("workqueue_longest_running_processor_seconds", "Seconds of the longest work", max(ages, default=0.0)),
        ):
            gauge = GaugeMetricFamily(name, text, labels=names)
            gauge.add_metric(values, age)
            yield gauge


class _Applications(Collector):
    """The number of applications, counted at a scrape."""

    def __init__(self, count: Callable[[], Mapping[str, int]]) -> None:
        self._count = count

    def describe(self) -> Iterator[Metric]:
        """The name alone, so that registering does not count yet."""
        yield GaugeMetricFamily("rudr_applications", "")

    def collect(self) -> Iterator[Metric]:
        """One gauge, with every status."""
        counts = self._count()
        family = GaugeMetricFamily(
            "rudr_applications", "Number of applications by the status of their condition Ready", labels=["ready"]
        )
        for status in READY:
            family.add_metric([status], counts.get(status, 0))
        yield family
