"""The series as Prometheus sees them."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import rudr_py
from rudr_py import catalog
from rudr_py.api import Trait
from rudr_py.catalog import Catalog, Offer, PluginState, State
from rudr_py.controller.metrics import Metrics
from rudr_py.controller.outcome import Result
from rudr_py.controller.queue import LOW_PRIORITY, Queue
from rudr_py.testing.clock import FakeClock

ME = {"controller": "applicationconfiguration"}
QUEUE = {"name": "applicationconfiguration", **ME}

NAMES = {
    "controller_runtime_reconcile_total": {"controller", "result"},
    "controller_runtime_reconcile_errors_total": {"controller"},
    "controller_runtime_terminal_reconcile_errors_total": {"controller"},
    "controller_runtime_reconcile_panics_total": {"controller"},
    "controller_runtime_reconcile_time_seconds_count": {"controller"},
    "controller_runtime_max_concurrent_reconciles": {"controller"},
    "controller_runtime_active_workers": {"controller"},
    "workqueue_depth": {"name", "controller", "priority"},
    "workqueue_adds_total": {"name", "controller"},
    "workqueue_retries_total": {"name", "controller"},
    "workqueue_queue_duration_seconds_count": {"name", "controller"},
    "workqueue_work_duration_seconds_count": {"name", "controller"},
    "workqueue_unfinished_work_seconds": {"name", "controller"},
    "workqueue_longest_running_processor_seconds": {"name", "controller"},
    "rudr_build_info": {"version", "python_version"},
    "process_cpu_seconds_total": set(),
    "python_info": {"implementation", "major", "minor", "patchlevel", "version"},
    "python_gc_collections_total": {"generation"},
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def metrics(clock: FakeClock) -> Metrics:
    return Metrics(clock, host="cluster:6443")


def value(metrics: Metrics, name: str, /, **labels: str) -> float | None:
    """The value of one series; None if it is not there."""
    for sample in samples(metrics):
        if sample.name == name and sample.labels == labels:
            return float(sample.value)
    return None


def samples(metrics: Metrics) -> list[Any]:
    text = metrics.exposition()[0].decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


async def test_the_series_of_controller_runtime_exist_from_the_start(metrics: Metrics, clock: FakeClock) -> None:
    Queue[str](clock, retry_initial=1, retry_maximum=1, metrics=metrics.queue)
    found = {sample.name: set(sample.labels) for sample in samples(metrics)}
    assert {name: found.get(name) for name in NAMES} == NAMES


def test_two_controllers_in_one_process_count_for_themselves(clock: FakeClock) -> None:
    first, second = Metrics(clock), Metrics(clock)
    first.request("200", "GET")
    assert value(first, "rest_client_requests_total", code="200", method="GET", host="") == 1
    assert value(second, "rest_client_requests_total", code="200", method="GET", host="") is None


@pytest.mark.parametrize(
    ("result", "counted", "errors", "terminal"),
    [
        ("success", "success", 0, 0),
        ("requeue_after", "requeue_after", 0, 0),
        ("error", "error", 1, 0),
        ("refused", "error", 1, 0),
        ("invalid", "error", 1, 1),
    ],
)
def test_a_reconcile_is_counted_by_its_result(
    metrics: Metrics, result: Result, counted: str, errors: int, terminal: int
) -> None:
    with metrics.reconciling() as measured:
        measured.result(result)
    total = {name: value(metrics, "controller_runtime_reconcile_total", result=name, **ME) for name in (counted, "x")}
    assert total == {counted: 1, "x": None}
    assert value(metrics, "controller_runtime_reconcile_errors_total", **ME) == errors
    assert value(metrics, "controller_runtime_terminal_reconcile_errors_total", **ME) == terminal
    assert value(metrics, "controller_runtime_reconcile_panics_total", **ME) == 0


def test_what_nobody_foresaw_is_counted_as_panic_and_as_error(metrics: Metrics) -> None:
    with metrics.reconciling() as measured:
        measured.panicked()
        measured.result("error")
    assert value(metrics, "controller_runtime_reconcile_panics_total", **ME) == 1
    assert value(metrics, "controller_runtime_reconcile_errors_total", **ME) == 1


def test_a_reconcile_is_timed_and_its_worker_counts_as_active_meanwhile(metrics: Metrics, clock: FakeClock) -> None:
    metrics.workers(16)
    with metrics.reconciling() as measured:
        assert value(metrics, "controller_runtime_active_workers", **ME) == 1
        clock.jump(0.07)
        measured.result("success")
    assert value(metrics, "controller_runtime_active_workers", **ME) == 0
    assert value(metrics, "controller_runtime_max_concurrent_reconciles", **ME) == 16
    assert value(metrics, "controller_runtime_reconcile_time_seconds_sum", **ME) == pytest.approx(0.07)
    assert value(metrics, "controller_runtime_reconcile_time_seconds_bucket", le="0.05", **ME) == 0
    assert value(metrics, "controller_runtime_reconcile_time_seconds_bucket", le="0.1", **ME) == 1


def test_a_reconcile_that_was_cut_off_is_not_counted_and_frees_its_worker(metrics: Metrics) -> None:
    with pytest.raises(KeyboardInterrupt), metrics.reconciling():
        raise KeyboardInterrupt
    assert value(metrics, "controller_runtime_active_workers", **ME) == 0
    assert value(metrics, "controller_runtime_reconcile_time_seconds_count", **ME) == 0


def test_a_reconcile_without_a_result_is_not_counted(metrics: Metrics) -> None:
    with metrics.reconciling():
        pass
    assert value(metrics, "controller_runtime_reconcile_time_seconds_count", **ME) == 0


async def test_the_queue_is_measured(metrics: Metrics, clock: FakeClock) -> None:
    queue: Queue[str] = Queue(clock, retry_initial=1, retry_maximum=1, metrics=metrics.queue)
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


async def test_the_depth_of_a_priority_that_was_seen_goes_back_to_zero(metrics: Metrics, clock: FakeClock) -> None:
    queue: Queue[str] = Queue(clock, retry_initial=1, retry_maximum=1, metrics=metrics.queue)
    assert value(metrics, "workqueue_depth", priority="-100", **QUEUE) is None
    queue.add("a", priority=LOW_PRIORITY)
    assert value(metrics, "workqueue_depth", priority="-100", **QUEUE) == 1
    await queue.get()
    assert value(metrics, "workqueue_depth", priority="-100", **QUEUE) == 0


def test_requests_are_counted_by_code_and_method(metrics: Metrics) -> None:
    metrics.request("200", "GET")
    metrics.request("200", "GET")
    metrics.request("<error>", "PATCH")
    assert value(metrics, "rest_client_requests_total", code="200", method="GET", host="cluster:6443") == 2
    assert value(metrics, "rest_client_requests_total", code="<error>", method="PATCH", host="cluster:6443") == 1


def test_applications_are_counted_when_asked_and_every_status_is_there(metrics: Metrics) -> None:
    counts: dict[str, int] = {}
    metrics.applications_from(lambda: counts)
    counts["True"] = 3
    assert {status: value(metrics, "rudr_applications", ready=status) for status in ("True", "False", "Unknown")} == {
        "True": 3,
        "False": 0,
        "Unknown": 0,
    }


class _Small(Trait[Any]):
    name = "small"


def _installed(*packages: str, plugins: tuple[PluginState, ...] = ()) -> Catalog:
    offers: dict[str, Offer[Trait[Any]]] = {package: catalog.offer(_Small(), package=package) for package in packages}
    return Catalog(traits=offers, plugins=plugins)


def test_plugins_are_those_named_last(metrics: Metrics) -> None:
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
    metrics.plugin_failed("rudr-py-x 1.0", "small")
    assert value(metrics, "rudr_plugin_errors_total", plugin="rudr-py-x", type="small") == 1


def test_the_build_names_our_version(metrics: Metrics) -> None:
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
def test_any_accept_header_gets_an_answer(metrics: Metrics, accept: str, kind: str) -> None:
    body, content_type = metrics.exposition(accept)
    assert content_type.startswith(kind)
    assert b"rudr_build_info" in body
