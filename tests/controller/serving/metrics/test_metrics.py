"""The series as Prometheus sees them."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

import rudr_py
from rudr_py import catalog
from rudr_py.api import Kind, Ref, Trait
from rudr_py.catalog import Catalog, FailedCall, Offer, PluginState, State
from rudr_py.controller.apply.contention import LIMIT, Contention
from rudr_py.controller.queue.queue import LOW_PRIORITY, PriorityQueue
from rudr_py.controller.results.result import Result
from rudr_py.controller.serving.metrics import series
from rudr_py.controller.serving.metrics.metrics import Metrics
from rudr_py.controller.state.applications import Applications
from rudr_py.controller.state.status_summary import StatusSummary
from rudr_py.kube.requests import APPLY_PATCH, Request
from rudr_py.model.identity import ObjectKey
from rudr_py.testing.clock import FakeClock

ME = {"controller": "applicationconfiguration"}
QUEUE = {"name": "applicationconfiguration", **ME}

PLAIN = {"controller"}
QUEUED = {"name", "controller"}
SERIES: dict[str, tuple[str, set[str]]] = {
    # controller-runtime and client-go
    "controller_runtime_reconcile_total": ("counter", {"controller", "result"}),
    "controller_runtime_reconcile_errors_total": ("counter", PLAIN),
    "controller_runtime_terminal_reconcile_errors_total": ("counter", PLAIN),
    "controller_runtime_reconcile_panics_total": ("counter", PLAIN),
    "controller_runtime_reconcile_time_seconds": ("histogram", PLAIN),
    "controller_runtime_max_concurrent_reconciles": ("gauge", PLAIN),
    "controller_runtime_active_workers": ("gauge", PLAIN),
    "workqueue_depth": ("gauge", QUEUED | {"priority"}),
    "workqueue_adds_total": ("counter", QUEUED),
    "workqueue_retries_total": ("counter", QUEUED),
    "workqueue_queue_duration_seconds": ("histogram", QUEUED),
    "workqueue_work_duration_seconds": ("histogram", QUEUED),
    "workqueue_unfinished_work_seconds": ("gauge", QUEUED),
    "workqueue_longest_running_processor_seconds": ("gauge", QUEUED),
    "rest_client_requests_total": ("counter", {"code", "method", "host"}),
    "leader_election_master_status": ("gauge", {"name"}),
    # our own
    "rudr_applications": ("gauge", {"ready"}),
    "rudr_status_refused_applications": ("gauge", set()),
    "rudr_build_info": ("gauge", {"version", "python_version"}),
    "rudr_component_instances": ("gauge", {"state"}),
    "rudr_drift_reverted_total": ("counter", set()),
    "rudr_fights_total": ("counter", set()),
    "rudr_health_scopes": ("gauge", {"health"}),
    "rudr_plugin_errors_total": ("counter", {"plugin", "type"}),
    "rudr_plugin_info": ("gauge", {"plugin", "version"}),
    "rudr_plugins": ("gauge", {"state"}),
    "rudr_writes_total": ("counter", {"verb", "resource"}),
    # the process
    "process_cpu_seconds_total": ("counter", set()),
    "process_resident_memory_bytes": ("gauge", set()),
    "process_open_fds": ("gauge", set()),
    "process_start_time_seconds": ("gauge", set()),
    "python_info": ("gauge", {"implementation", "major", "minor", "patchlevel", "version"}),
    "python_gc_collections_total": ("counter", {"generation"}),
    "python_gc_objects_collected_total": ("counter", {"generation"}),
}
"""All that there is, but for what the libraries add to the last part: name -> type, labels."""


@pytest.fixture
def applications() -> Applications:
    return Applications()


@pytest.fixture
def metrics(clock: FakeClock, applications: Applications) -> Metrics:
    created = Metrics(clock, host="cluster:6443")
    created.follow_applications(applications)
    return created


def value(metrics: Metrics, name: str, /, **labels: str) -> float | None:
    """The value of one series; None if it is not there."""
    for sample in samples(metrics):
        if sample.name == name and sample.labels == labels:
            return float(sample.value)
    return None


def samples(metrics: Metrics) -> list[Any]:
    text = metrics.exposition()[0].decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def used(metrics: Metrics, clock: FakeClock) -> None:
    """Let every series be there that is made by its first use."""
    PriorityQueue[str](clock, retry_initial=1, retry_maximum=1, metrics=metrics.queue)
    metrics.leader("rudr-py", leads=True)
    metrics.plugins(_installed("rudr-py 0.1"))
    metrics.request("200", Request("PATCH", "/api/v1/namespaces/shop/services/web", content_type=APPLY_PATCH))


async def test_every_series_has_its_name_type_and_labels(metrics: Metrics, clock: FakeClock) -> None:
    used(metrics, clock)
    found: dict[str, tuple[str, set[str]]] = {}
    for family in text_string_to_metric_families(metrics.exposition()[0].decode()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels if label != "le"}
        assert family.documentation or not name.startswith("rudr_")
        if not name.endswith("_created"):
            found[name] = (family.type, labels)
    assert {name: found.get(name) for name in SERIES} == SERIES
    assert [name for name in set(found) - set(SERIES) if not name.startswith(("process_", "python_"))] == []


async def test_both_exposition_formats_can_be_parsed_and_agree(metrics: Metrics, clock: FakeClock) -> None:
    used(metrics, clock)
    with metrics.reconciling() as measure:
        measure.result = Result()
    text, _ = metrics.exposition()
    modern, _ = metrics.exposition("application/openmetrics-text;version=1.0.0")

    def values(families: Any) -> dict[Any, float]:
        names = ("rudr_", "controller_", "workqueue_", "rest_client_", "leader_")
        listed = [sample for family in families for sample in family.samples if sample.name.startswith(names)]
        return {
            (one.name, tuple(sorted(one.labels.items()))): one.value for one in listed if "_created" not in one.name
        }

    old = values(text_string_to_metric_families(text.decode()))
    parse: Any = openmetrics_parser.text_string_to_metric_families
    assert old == values(parse(modern.decode()))
    assert len(old) > 100


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("controller_runtime_reconcile_time_seconds", series.RECONCILE_SECONDS),
        ("workqueue_queue_duration_seconds", series.QUEUE_SECONDS),
        ("workqueue_work_duration_seconds", series.QUEUE_SECONDS),
    ],
)
def test_buckets_are_those_of_controller_runtime(metrics: Metrics, name: str, bounds: tuple[float, ...]) -> None:
    found = [float(sample.labels["le"]) for sample in samples(metrics) if sample.name == f"{name}_bucket"]
    assert found == [*bounds, float("inf")]
    assert (len(series.RECONCILE_SECONDS), series.RECONCILE_SECONDS[-1]) == (40, 60)
    assert pytest.approx([1e-8 * 10**step for step in range(12)]) == series.QUEUE_SECONDS


def test_two_instances_of_metrics_are_independent(clock: FakeClock) -> None:
    first, second = Metrics(clock), Metrics(clock)
    first.request("200", Request("GET", "/api/v1/pods"))
    assert value(first, "rest_client_requests_total", code="200", method="GET", host="") == 1
    assert value(second, "rest_client_requests_total", code="200", method="GET", host="") is None


@pytest.mark.parametrize(
    ("result", "counted", "errors", "terminal"),
    [
        (Result(), "success", 0, 0),
        (Result(requeue_after=60.0), "requeue_after", 0, 0),
        (Result(error="failed"), "error", 1, 0),
        (Result(error="refused", retry="slow", requeue_after=1.0), "error", 1, 0),
        (Result(error="invalid", retry="never"), "error", 1, 1),
    ],
)
def test_a_reconcile_is_counted_by_its_result(
    metrics: Metrics, result: Result, counted: str, errors: int, terminal: int
) -> None:
    with metrics.reconciling() as measure:
        measure.result = result
    total = {name: value(metrics, "controller_runtime_reconcile_total", result=name, **ME) for name in (counted, "x")}
    assert total == {counted: 1, "x": None}
    assert value(metrics, "controller_runtime_reconcile_errors_total", **ME) == errors
    assert value(metrics, "controller_runtime_terminal_reconcile_errors_total", **ME) == terminal
    assert value(metrics, "controller_runtime_reconcile_panics_total", **ME) == 0


def test_an_unexpected_exception_counts_as_panic_and_as_error(metrics: Metrics) -> None:
    with metrics.reconciling() as measure:
        measure.panicked = True
        measure.result = Result(error="raised")
    assert value(metrics, "controller_runtime_reconcile_panics_total", **ME) == 1
    assert value(metrics, "controller_runtime_reconcile_errors_total", **ME) == 1


def test_a_reconcile_is_timed_and_counts_as_an_active_worker(metrics: Metrics, clock: FakeClock) -> None:
    metrics.workers(16)
    with metrics.reconciling() as measure:
        assert value(metrics, "controller_runtime_active_workers", **ME) == 1
        clock.jump(0.07)
        measure.result = Result()
    assert value(metrics, "controller_runtime_active_workers", **ME) == 0
    assert value(metrics, "controller_runtime_max_concurrent_reconciles", **ME) == 16
    assert value(metrics, "controller_runtime_reconcile_time_seconds_sum", **ME) == pytest.approx(0.07)
    assert value(metrics, "controller_runtime_reconcile_time_seconds_bucket", le="0.05", **ME) == 0
    assert value(metrics, "controller_runtime_reconcile_time_seconds_bucket", le="0.1", **ME) == 1


def test_a_cancelled_reconcile_is_not_counted(metrics: Metrics) -> None:
    with pytest.raises(KeyboardInterrupt), metrics.reconciling():
        raise KeyboardInterrupt
    assert value(metrics, "controller_runtime_active_workers", **ME) == 0
    assert value(metrics, "controller_runtime_reconcile_time_seconds_count", **ME) == 0


def test_a_reconcile_without_a_result_is_not_counted(metrics: Metrics) -> None:
    with metrics.reconciling():
        pass
    assert value(metrics, "controller_runtime_reconcile_time_seconds_count", **ME) == 0


async def test_the_queue_is_measured(metrics: Metrics, clock: FakeClock) -> None:
    queue: PriorityQueue[str] = PriorityQueue(clock, retry_initial=1, retry_maximum=1, metrics=metrics.queue)
    for key in "abc":
        queue.add(key, priority=LOW_PRIORITY)
    clock.jump(2)
    for _ in range(3):
        await queue.get()
        clock.jump(1)
    queue.retry("a")
    queue.done("a")
    queue.add("x")
    assert value(metrics, "workqueue_adds_total", **QUEUE) == 4
    assert value(metrics, "workqueue_retries_total", **QUEUE) == 1
    assert value(metrics, "workqueue_queue_duration_seconds_sum", **QUEUE) == 2 + 3 + 4
    assert value(metrics, "workqueue_work_duration_seconds_sum", **QUEUE) == 3
    assert value(metrics, "workqueue_unfinished_work_seconds", **QUEUE) == 2 + 1
    assert value(metrics, "workqueue_longest_running_processor_seconds", **QUEUE) == 2
    assert value(metrics, "workqueue_depth", priority="0", **QUEUE) == 1


async def test_the_depth_of_a_used_priority_goes_back_to_zero(metrics: Metrics, clock: FakeClock) -> None:
    queue: PriorityQueue[str] = PriorityQueue(clock, retry_initial=1, retry_maximum=1, metrics=metrics.queue)
    assert value(metrics, "workqueue_depth", priority="-100", **QUEUE) is None
    queue.add("a", priority=LOW_PRIORITY)
    assert value(metrics, "workqueue_depth", priority="-100", **QUEUE) == 1
    await queue.get()
    assert value(metrics, "workqueue_depth", priority="-100", **QUEUE) == 0


def test_requests_are_counted_by_code_and_method(metrics: Metrics) -> None:
    metrics.request("200", Request("GET", "/api/v1/pods"))
    metrics.request("200", Request("GET", "/api/v1/pods"))
    metrics.request("<error>", Request("PATCH", "/api/v1/namespaces/shop/pods/web"))
    assert value(metrics, "rest_client_requests_total", code="200", method="GET", host="cluster:6443") == 2
    assert value(metrics, "rest_client_requests_total", code="<error>", method="PATCH", host="cluster:6443") == 1


def test_applications_instances_and_scopes_are_counted_and_every_value_has_a_series(
    metrics: Metrics, applications: Applications
) -> None:
    assert value(metrics, "rudr_applications", ready="True") == 0
    applications.get(ObjectKey("shop", "web")).summary = StatusSummary(
        "False", ("ready", "ready", "failed"), ("unhealthy",)
    )
    found = {(sample.name, *sample.labels.values()): sample.value for sample in samples(metrics)}
    assert {name: count for name, count in found.items() if name[0] in ("rudr_applications", "rudr_health_scopes")} == {
        ("rudr_applications", "True"): 0,
        ("rudr_applications", "False"): 1,
        ("rudr_applications", "Unknown"): 0,
        ("rudr_health_scopes", "healthy"): 0,
        ("rudr_health_scopes", "unhealthy"): 1,
    }
    states = {name[1]: count for name, count in found.items() if name[0] == "rudr_component_instances"}
    assert states == {"ready": 2, "progressing": 0, "failed": 1, "unknown": 0}


def test_accepted_writes_are_counted_by_verb_and_resource(metrics: Metrics) -> None:
    status = Request("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/status", content_type=APPLY_PATCH)
    for code, request in (("200", status), ("409", status), ("<error>", status), ("200", Request("GET", status.path))):
        metrics.request(code, request)
    found = [(sample.labels, sample.value) for sample in samples(metrics) if sample.name == "rudr_writes_total"]
    assert found == [({"verb": "apply", "resource": "deployments/status"}, 1)]


def test_reverts_and_contested_objects_are_counted_from_zero_on(metrics: Metrics, clock: FakeClock) -> None:
    contention = Contention(clock, metrics.contention)
    place = ("shop", Ref(Kind("v1", "Service"), "web"), "hash")
    for _ in range(LIMIT):
        assert not contention.is_due(place)
        contention.reverted(place)
    assert value(metrics, "rudr_fights_total") == 0
    contention.begin(place)
    assert value(metrics, "rudr_drift_reverted_total") == LIMIT
    assert value(metrics, "rudr_fights_total") == 1


class _Small(Trait[Any]):
    name = "small"


def _installed(*packages: str, plugins: tuple[PluginState, ...] = ()) -> Catalog:
    offers: dict[str, Offer[Trait[Any]]] = {package: catalog.offer(_Small(), package=package) for package in packages}
    return Catalog(traits=offers, plugins=plugins)


def test_the_plugins_of_the_last_catalog_are_reported(metrics: Metrics) -> None:
    metrics.plugins(_installed("rudr-py-faas 1.0", "rudr-py 0.1"))
    metrics.plugins(_installed("rudr-py 0.2"))
    found = [sample.labels for sample in samples(metrics) if sample.name == "rudr_plugin_info"]
    assert found == [{"plugin": "rudr-py", "version": "0.2"}]


def test_plugins_are_counted_in_every_state(metrics: Metrics) -> None:
    states: tuple[State, ...] = ("loaded", "loaded", "failed", "quarantined")
    plugins = tuple(PluginState(name="x", package="rudr-py-x", version="1", state=state) for state in states)
    metrics.plugins(_installed(plugins=plugins))
    found = {sample.labels["state"]: sample.value for sample in samples(metrics) if sample.name == "rudr_plugins"}
    assert found == {"loaded": 2, "failed": 1, "quarantined": 1, "disabled": 0, "incompatible": 0}


def test_failed_calls_are_counted_by_package_and_type_from_zero_on(metrics: Metrics) -> None:
    metrics.plugins(_installed("rudr-py-x 1.0"))
    assert value(metrics, "rudr_plugin_errors_total", plugin="rudr-py-x", type="small") == 0
    metrics.plugin_failed(FailedCall(package="rudr-py-x 1.0", type_name="small"))
    assert value(metrics, "rudr_plugin_errors_total", plugin="rudr-py-x", type="small") == 1


def test_the_build_info_has_the_version(metrics: Metrics) -> None:
    (labels,) = [sample.labels for sample in samples(metrics) if sample.name == "rudr_build_info"]
    assert labels["version"] == rudr_py.__version__


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text;version=what", "application/openmetrics-text; version=1.0.0"),
        ("*/*;;=,=;", "text/plain; version=0.0.4"),
    ],
)
def test_any_accept_header_gets_a_valid_exposition(metrics: Metrics, accept: str, kind: str) -> None:
    body, content_type = metrics.exposition(accept)
    assert content_type.startswith(kind)
    assert b"rudr_build_info" in body
