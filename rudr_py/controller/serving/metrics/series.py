"""The series of `metrics`, with the names, labels, buckets and help texts of controller-runtime and client-go.

Only this module and `metrics` use prometheus_client. No label has a value that users choose, such as a name, so that
the number of series does not grow with the cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rudr_py.catalog import STATES, Catalog, package_and_version
from rudr_py.controller.apply.contention import ContentionMetrics
from rudr_py.controller.queue.queue import QueueGauges, QueueMetrics
from rudr_py.controller.results.result import Result
from rudr_py.controller.state import status_summary
from rudr_py.controller.state.applications import Applications

RESULTS = ("success", "requeue", "requeue_after", "error")
"""The values of the label `result`."""

_TO_ONE = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)
_FROM_ONE = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60)
RECONCILE_SECONDS = _TO_ONE + _FROM_ONE
QUEUE_SECONDS = tuple(float(f"1e{exponent}") for exponent in range(-8, 4))


class Labelled:
    """Creates series with these labels; they exist from then on, at zero, so that rates include the first event."""

    def __init__(self, registry: CollectorRegistry, labels: Mapping[str, str]) -> None:
        self._registry = registry
        self._names = list(labels)
        self._values = list(labels.values())

    def counter(self, name: str, text: str) -> prometheus_client.Counter:
        """A counter; its name ends in `_total`."""
        return prometheus_client.Counter(name, text, self._names, registry=self._registry).labels(*self._values)

    def gauge(self, name: str, text: str) -> Gauge:
        """A gauge."""
        return Gauge(name, text, self._names, registry=self._registry).labels(*self._values)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        """A histogram with these upper bounds, of seconds."""
        histogram = Histogram(name, text, self._names, buckets=buckets, registry=self._registry)
        return histogram.labels(*self._values)


class ReconcileSeries:
    """The `controller_runtime_*` series."""

    def __init__(self, registry: CollectorRegistry, controller: str) -> None:
        name = "controller_runtime_reconcile_total"
        text = "Total number of reconciliations per controller"
        total = prometheus_client.Counter(name, text, ["controller", "result"], registry=registry)
        self._total = {result: total.labels(controller, result) for result in RESULTS}
        series = Labelled(registry, {"controller": controller})
        self._errors = series.counter(
            "controller_runtime_reconcile_errors_total", "Total number of reconciliation errors per controller"
        )
        self._terminal = series.counter(
            "controller_runtime_terminal_reconcile_errors_total",
            "Total number of reconciliation errors per controller that wait for a change",
        )
        self._panics = series.counter(
            "controller_runtime_reconcile_panics_total",
            "Total number of reconciliations per controller that raised an unexpected exception",
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

    def ended(self, result: Result, seconds: float) -> None:
        """Count one reconcile; the label `result` is that of controller-runtime."""
        self._seconds.observe(seconds)
        if result.error:
            self._errors.inc()
            self._total["error"].inc()
        else:
            self._total["success" if result.requeue_after is result.resync_after is None else "requeue_after"].inc()
        if result.terminal:
            self._terminal.inc()

    def panicked(self) -> None:
        """Count a reconcile that raised an unexpected exception."""
        self._panics.inc()


class PluginSeries:
    """The `rudr_plugin*` series."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._info = Gauge(
            "rudr_plugin_info",
            "Always 1, for each package that offers types.",
            ["plugin", "version"],
            registry=registry,
        )
        self._states = Gauge("rudr_plugins", "Number of plugins by state", ["state"], registry=registry)
        self.errors = prometheus_client.Counter(
            "rudr_plugin_errors_total",
            "Total number of calls of a plugin's type that failed",
            ["plugin", "type"],
            registry=registry,
        )

    def set(self, catalog: Catalog) -> None:
        """Set the numbers of the catalog; the errors of each type exist from then on, at zero."""
        self._info.clear()
        for offer in catalog.offers():
            package, version = package_and_version(offer.package)
            self._info.labels(package, version).set(1)
            self.errors.labels(package, offer.name)
        for state in STATES:
            self._states.labels(state).set(sum(plugin.state == state for plugin in catalog.plugins))


class QueueSeries(QueueMetrics):
    """The `workqueue_*` series of one queue."""

    def __init__(self, registry: CollectorRegistry, name: str) -> None:
        self._registry = registry
        self._labels = {"name": name, "controller": name}
        series = Labelled(registry, self._labels)
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
        """Read the gauges off this queue at each scrape."""
        self._registry.register(_QueueCollector(queue, self._labels))

    def added(self) -> None:
        """Count a key."""
        self._adds.inc()

    def retried(self) -> None:
        """Count a delayed key."""
        self._retries.inc()

    def taken(self, waited: float) -> None:
        """Record how long a key waited."""
        self._waited.observe(waited)

    def finished(self, worked: float) -> None:
        """Record how long the work on a key took."""
        self._worked.observe(worked)


class _QueueCollector(Collector):
    """The gauges of a queue, read at a scrape."""

    def __init__(self, queue: QueueGauges, labels: Mapping[str, str]) -> None:
        self._queue = queue
        self._labels = labels
        self._priorities = {0}  # so far: a series goes back to zero and does not vanish

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


class ContentionSeries(ContentionMetrics):
    """Counts reverted and contested objects."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reverted = prometheus_client.Counter(
            "rudr_drift_reverted_total",
            "Total number of objects reverted because another client had changed a field of rudr",
            registry=registry,
        )
        self._contested = prometheus_client.Counter(
            "rudr_fights_total",
            "Total number of pauses of an object's reverts because another client undoes each revert",
            registry=registry,
        )

    def reverted(self) -> None:
        """Count an object that was reverted."""
        self._reverted.inc()

    def paused(self) -> None:
        """Count an object whose writes pause."""
        self._contested.inc()


class StateCollector(Collector):
    """Counts applications, instances and health scopes at a scrape. Every value has a series, even at zero."""

    def __init__(self, applications: Applications) -> None:
        self._applications = applications

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        ready: Counter[str] = Counter()
        instances: Counter[str] = Counter()
        health: Counter[str] = Counter()
        refused = 0
        for summary in self._applications.summaries():
            ready[summary.ready] += 1
            instances.update(summary.instances)
            health.update(summary.health_scopes)
            refused += summary.refused
        for name, text, label, values, counts in (
            ("applications", "Number of applications by condition Ready", "ready", status_summary.READY, ready),
            (
                "component_instances",
                "Number of component instances by state",
                "state",
                status_summary.STATES,
                instances,
            ),
            ("health_scopes", "Number of health scopes by health", "health", status_summary.HEALTH, health),
        ):
            family = GaugeMetricFamily(f"rudr_{name}", text, labels=[label])
            for value in values:
                family.add_metric([value], counts[value])
            yield family
        text = "Number of applications whose status the API server refuses"
        yield GaugeMetricFamily("rudr_status_refused_applications", text, refused)
