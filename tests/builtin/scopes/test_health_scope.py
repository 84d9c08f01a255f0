"""HealthScope: what it asks of whom, when a member and the whole are healthy, and what stands in its status."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from rudr_py.api import Health, InvalidProperties, Member, ScopeContext, properties
from rudr_py.api.component import Component, Port
from rudr_py.builtin.scopes.health_scope import HealthScope
from rudr_py.catalog import offer
from rudr_py.model import paths
from rudr_py.render.types import properties as check

KUBE_GET = {"probe-method": "kube-get", "probe-endpoint": ".status"}
HTTP = {"probe-method": "httpGet", "probe-endpoint": "/healthz"}
TCP = {"probe-method": "tcp", "probe-endpoint": ""}
READY, FAILED = Health("ready", "Ready"), Health("failed", "CrashLoopBackOff")
PORTS = (
    Port(name="dns", container_port=53, protocol="UDP"),
    Port(name="http", container_port=80),
    Port(name="admin", container_port=8080),
)

MakeComponent = Callable[..., Component]
MakeContext = Callable[..., ScopeContext[Any]]
Make = Callable[..., ScopeContext[Any]]


def _member(instance: str, health: Health = READY, component: str = "shop-v1", **fields: Any) -> Member:
    found: dict[str, Any] = {"service": instance, "ports": PORTS, **fields}
    return Member(
        application="store", instance=instance, component=component, workload="x/v1.Y", health=health, **found
    )


@pytest.fixture(name="scope")
def _scope(component: MakeComponent, context: MakeContext) -> Make:
    def make(given: dict[str, Any], *members: Member, **changes: Any) -> ScopeContext[Any]:
        nothing = component({"name": "none", "image": "none"})
        return context(
            HealthScope(), nothing, given, application="watch", instance="health", members=members, **changes
        )

    return make


def _states(ctx: ScopeContext[Any]) -> list[str]:
    status = HealthScope().status(ctx)
    assert status is not None
    return [entry["status"] for entry in status["components"]]


def _whole(ctx: ScopeContext[Any]) -> str:
    status = HealthScope().status(ctx)
    assert status is not None
    return str(status["health"])


def test_the_object_has_the_name_of_the_application_and_fields_of_rudr(scope: Make) -> None:
    given = {
        **KUBE_GET,
        "probe-interval": 60,
        "failure-rate-threshold": 0,
        "required-healthy-components": "web, db,",
    }
    (manifest,) = HealthScope().render(scope(given)).add
    assert str(manifest.ref) == "healthscope.core.oam.dev/watch"
    assert manifest.body["spec"] == {
        "probeMethod": "kube-get",
        "probeEndpoint": ".status",
        "probeTimeout": 30,
        "probeInterval": 60,
        "failureRateThreshold": 0.0,
        "healthThresholdPercentage": 100.0,
        "requiredHealthyComponents": ["web", "db"],
    }


def test_a_second_health_scope_of_an_application_has_a_name_of_its_own(scope: Make) -> None:
    names = [
        HealthScope().render(scope(KUBE_GET, siblings=siblings)).add[0].name
        for siblings in [("health",), ("health", "other"), ("first", "health")]
    ]
    assert names == ["watch", "watch", "watch-health"]


def test_without_probes_a_member_has_the_health_of_its_workload(scope: Make) -> None:
    ctx = scope(KUBE_GET, _member("web"), _member("db", FAILED), _member("new", Health("unknown", "Unknown")))
    assert HealthScope().render(ctx).probes == ()
    assert _states(ctx) == ["healthy", "unhealthy", "unhealthy"]


@pytest.mark.parametrize(
    ("given", "ports", "path"),
    [
        (HTTP, [80], "/healthz"),
        ({**HTTP, "probe-endpoint": ":8080/live?full=1"}, [8080], "/live?full=1"),
        ({**HTTP, "probe-endpoint": ":admin/"}, [8080], "/"),
        (TCP, [80, 8080], "/"),
        ({**TCP, "probe-endpoint": ":http"}, [80], "/"),
        ({**TCP, "probe-endpoint": "8080"}, [8080], "/"),
    ],
)
def test_the_endpoint_selects_the_probed_ports_of_the_service(
    given: dict[str, Any], ports: list[int], path: str, scope: Make
) -> None:
    probes = HealthScope().render(scope(given, _member("web"))).probes
    assert [(probe.port, probe.path, str(probe.target)) for probe in probes] == [
        (port, path, "service/web") for port in ports
    ]


@pytest.mark.parametrize(
    ("method", "endpoint"),
    [
        ("kube-get", ".spec"),
        ("httpGet", "http://example.com/"),
        ("httpGet", "healthz"),
        ("httpGet", "/a\r\nHost: example.com"),
        ("httpGet", ""),
        ("tcp", "example.com:80"),
        ("tcp", "/path"),
    ],
)
def test_an_endpoint_with_a_host_is_rejected(method: str, endpoint: str, scope: Make) -> None:
    with pytest.raises(InvalidProperties) as refused:
        HealthScope().render(scope({"probe-method": method, "probe-endpoint": endpoint}, _member("web")))
    assert [problem.path for problem in refused.value.problems] == ["$.probe-endpoint"]


def test_an_unknown_method_is_rejected_with_the_valid_ones() -> None:
    made = offer(HealthScope(), package="rudr-py")
    given = {"probe-method": "ping", "probe-endpoint": "/"}
    (problem,) = check.check(made, given, functools.partial(paths.child, "$"), "SC-13")
    assert "httpGet, kube-get, tcp" in problem.message


def test_other_spellings_of_properties_are_read() -> None:
    made = offer(HealthScope(), package="rudr-py")
    given, warnings, _ = check.renamed(
        made, {**KUBE_GET, "healthThresholdPercentage": 50, "probe_interval": 5}, functools.partial(paths.child, "$")
    )
    loaded = properties.load(HealthScope.properties, given)
    assert (loaded.health_threshold_percentage, loaded.probe_interval) == (50, 5)
    assert len(warnings) == 2


@pytest.mark.parametrize(("reason", "state"), [("Running", "healthy"), ("Starting", "unhealthy")])
def test_a_running_task_is_healthy(reason: str, state: str, scope: Make) -> None:
    assert _states(scope(KUBE_GET, _member("job", Health("progressing", reason)))) == [state]


def test_a_probe_result_takes_precedence_over_the_health_of_the_workload(scope: Make) -> None:
    members = _member("web", FAILED), _member("db")
    results = {"store/web:80": None, "store/db:80": "connection refused"}
    assert _states(scope(HTTP, *members, probe_results=results)) == ["healthy", "unhealthy"]


def test_one_closed_port_makes_a_member_unhealthy(scope: Make) -> None:
    results = {"store/web:80": None, "store/web:8080": "refused"}
    assert _states(scope(TCP, _member("web"), probe_results=results)) == ["unhealthy"]


def test_a_member_without_a_port_to_probe_causes_a_warning_and_uses_the_health_of_its_workload(scope: Make) -> None:
    ctx = scope(HTTP, _member("batch", service="", ports=()))
    rendered = HealthScope().render(ctx)
    assert rendered.probes == ()
    assert "batch of store" in rendered.warnings[0]
    assert _states(ctx) == ["healthy"]


def test_a_member_without_a_result_keeps_its_previous_state(scope: Make) -> None:
    entry = {"name": "shop-v1", "instanceName": "web", "status": "healthy"}
    live = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "HealthScope",
        "metadata": {"name": "watch"},
        "status": {"components": [entry]},
    }
    unseen = _member("web", Health("unknown", "Unknown"))
    for given, member in ((HTTP, _member("web")), (KUBE_GET, unseen)):
        assert _states(scope(given, member, observed=(live,))) == ["healthy"]
        assert _states(scope(given, member)) == ["unhealthy"]


def test_probes_have_rates_only_if_they_are_set(scope: Make) -> None:
    (plain,) = HealthScope().render(scope(HTTP, _member("web"))).probes
    (rated,) = HealthScope().render(scope({**HTTP, "failure-rate-threshold": 20}, _member("web"))).probes
    assert plain.window == 1
    assert (rated.window, rated.failure_rate, rated.healthy_rate) == (10, 20.0, 100.0)


@pytest.mark.parametrize(("percentage", "whole"), [(100, "unhealthy"), (50, "healthy"), (51, "unhealthy")])
def test_a_share_of_the_members_may_be_unhealthy(percentage: int, whole: str, scope: Make) -> None:
    ctx = scope({**KUBE_GET, "health-threshold-percentage": percentage}, _member("web"), _member("db", FAILED))
    assert _whole(ctx) == whole


@pytest.mark.parametrize("required", [["db-v1"], ["db"], "web,db", ["gone"]])
def test_a_required_component_or_instance_must_be_healthy_and_a_member(required: object, scope: Make) -> None:
    given = {**KUBE_GET, "health-threshold-percentage": 0, "required-healthy-components": required}
    assert _whole(scope(given, _member("web"), _member("db", FAILED, "db-v1"))) == "unhealthy"


def test_a_required_name_without_a_member_causes_a_warning(scope: Make) -> None:
    (warning,) = HealthScope().render(scope({**KUBE_GET, "required-healthy-components": ["gone"]})).warnings
    assert '"gone"' in warning


def test_a_scope_without_members_is_healthy(scope: Make) -> None:
    assert _whole(scope(KUBE_GET)) == "healthy"


def test_the_status_is_that_of_rudr_and_its_time_changes_only_with_it(scope: Make) -> None:
    first = scope(KUBE_GET, _member("web"))
    status = HealthScope().status(first)
    assert status == {
        "components": [{"name": "shop-v1", "instanceName": "web", "status": "healthy"}],
        "health": "healthy",
        "lastAggregateTimestamp": "2026-03-01T12:00:00Z",
    }
    live = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "HealthScope",
        "metadata": {"name": "watch"},
        "status": status,
    }
    later = {"observed": (live,), "now": first.now + timedelta(minutes=1)}
    assert HealthScope().status(scope(KUBE_GET, _member("web"), **later)) == status
    changed = HealthScope().status(scope(KUBE_GET, _member("web", FAILED), **later))
    assert changed is not None
    assert changed["lastAggregateTimestamp"] == "2026-03-01T12:01:00Z"


@pytest.mark.parametrize("status", [None, "healthy", [], {"components": 3}, {"components": [None, {"name": []}]}])
def test_an_invalid_status_is_replaced(status: Any, scope: Make) -> None:
    live = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "HealthScope",
        "metadata": {"name": "watch"},
        "status": status,
    }
    assert _states(scope(HTTP, _member("web"), observed=(live,))) == ["unhealthy"]


def test_a_scope_that_reports_unhealthy_is_ready(scope: Make) -> None:
    ctx = scope(KUBE_GET, _member("web"), _member("db", FAILED))
    health = HealthScope().health(ctx)
    assert health.ok
    assert health.show == {"health": "unhealthy", "members": "1/2"}


_MEMBERS = st.lists(
    st.builds(
        _member,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from([READY, FAILED, Health("unknown", "Unknown")]),
        st.sampled_from(["x", "y"]),
        service=st.sampled_from(["", "a"]),
    ),
    max_size=4,
)
_RESULTS = st.dictionaries(
    st.builds("store/{}:{}".format, st.sampled_from("abc"), st.sampled_from([80, 8080])), st.none() | st.just("refused")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@hypothesis.given(
    given=st.sampled_from([KUBE_GET, HTTP, TCP]),
    members=_MEMBERS,
    results=_RESULTS,
    percentage=st.floats(0, 100),
    required=st.lists(st.sampled_from(["a", "x", "gone"])),
)
def test_one_more_failure_never_makes_a_scope_healthy(
    given: dict[str, Any],
    members: list[Member],
    results: dict[str, str | None],
    percentage: float,
    required: list[str],
    scope: Make,
) -> None:
    whole = {**given, "health-threshold-percentage": percentage, "required-healthy-components": required}
    before = scope(whole, *members, probe_results=results)
    worse = scope(
        whole,
        *(msgspec.structs.replace(member, health=FAILED) for member in members),
        probe_results=dict.fromkeys(results, "refused"),
    )
    assert len(_states(before)) == len(members)
    assert _whole(before) == "healthy" or _whole(worse) == "unhealthy"
