"""New pods are compared with the nodes, and the setting decides whether a shortage refuses the application."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.api import Ref
from rudr_py.controller.apply.preconditions.capacity_check import UNKNOWN, CapacityCheck, Shortage
from rudr_py.controller.apply.preconditions.nodes import NodeReader
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.client import Client
from rudr_py.model.kinds import DEPLOYMENT
from rudr_py.render.values.plan import Plan, PlannedObject
from rudr_py.settings import ResourceCheck
from rudr_py.testing.clock import FakeClock
from tests.controller.apply.preconditions.test_nodes import NodeServer, node

APPLICATION = live_object.decode(
    b'{"apiVersion": "core.oam.dev/v1alpha1", "kind": "ApplicationConfiguration",'
    b' "metadata": {"name": "shop", "namespace": "shop"}}'
)


def plan(cpu: str) -> Plan:
    container = {"name": "main", "resources": {"requests": {"cpu": cpu}}}
    body: dict[str, Any] = {"metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [container]}}}}
    ref = Ref(DEPLOYMENT, "web")
    return Plan(manifests=(PlannedObject(ref=ref, body=body, instance="web", made_by="test"),))


async def shortage(mode: ResourceCheck, server: NodeServer, cpu: str = "5") -> Shortage | None:
    check = CapacityCheck(NodeReader(Client(server), FakeClock()), ClusterState(), mode)
    return await check.shortage(APPLICATION, plan(cpu))


@pytest.mark.parametrize(
    ("mode", "provider", "is_refused"),
    [
        ("auto", "", True),
        ("auto", "aws:///eu-central-1a/i-0123456789abcdef0", False),
        ("refuse", "aws:///eu-central-1a/i-0123456789abcdef0", True),
        ("warn", "", False),
    ],
)
async def test_the_setting_and_the_nodes_decide_whether_a_shortage_refuses_the_application(
    mode: ResourceCheck, provider: str, is_refused: bool
) -> None:
    reported = await shortage(mode, NodeServer([node("a", provider)]))
    assert reported is not None
    assert reported.lines == ("deployment.apps/web: a pod requests 5 of cpu, and the largest node has 4",)
    assert reported.is_refused == is_refused


async def test_nodes_are_not_read_when_the_check_is_off_or_there_are_no_new_pods() -> None:
    server = NodeServer([node("a")])
    assert await shortage("off", server) is None
    check = CapacityCheck(NodeReader(Client(server), FakeClock()), ClusterState(), "refuse")
    assert await check.shortage(APPLICATION, Plan()) is None
    assert server.paths == []


async def test_pods_that_fit_need_one_read() -> None:
    server = NodeServer([node("a")])
    assert await shortage("auto", server, cpu="4") is None
    assert len(server.paths) == 1


async def test_a_larger_node_that_has_joined_ends_a_shortage() -> None:
    server = NodeServer([node("a")])
    check = CapacityCheck(NodeReader(Client(server), FakeClock()), ClusterState(), "refuse")
    assert await check.shortage(APPLICATION, plan("4")) is None
    server.pages = [[node("a"), node("b", cpu="8")]]
    assert await check.shortage(APPLICATION, plan("5")) is None


@pytest.mark.parametrize("mode", ["auto", "warn"])
async def test_a_hundred_applications_that_fit_nowhere_cause_one_list_for_each_change(mode: ResourceCheck) -> None:
    server, clock = NodeServer([node("a")]), FakeClock()
    nodes = NodeReader(Client(server), clock)
    check = CapacityCheck(nodes, ClusterState(), mode)
    for changes in range(1, 4):
        for _ in range(100):
            assert await check.shortage(APPLICATION, plan("5")) is not None
            nodes.is_watched = lambda: True  # while an application waits for a node
            await clock.advance(1.0)
        assert len(server.paths) <= changes + 1  # the watch began after the first list
        nodes.changed()


@pytest.mark.parametrize(("mode", "lines"), [("auto", ()), ("warn", ()), ("refuse", (UNKNOWN,))])
async def test_unknown_nodes_refuse_nothing_and_are_reported_if_refusal_is_required(
    mode: ResourceCheck, lines: tuple[str, ...]
) -> None:
    server = NodeServer([node("a")])
    server.status = 403
    reported = await shortage(mode, server)
    assert (reported.lines if reported else ()) == lines
    assert reported is None or not reported.is_refused


@pytest.mark.parametrize(("cpu", "is_checked"), [("5", False), ("4", False), ("6", True)])
async def test_pods_that_request_no_more_than_the_live_ones_are_not_checked(
    cpu: str, is_checked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_object.decode(msgspec.json.encode(plan("5").manifests[0].body), "apps/v1", "Deployment")
    state = ClusterState()
    monkeypatch.setattr(state, "get", lambda *_: live)
    check = CapacityCheck(NodeReader(Client(NodeServer([node("a")])), FakeClock()), state, "refuse")
    assert (await check.shortage(APPLICATION, plan(cpu)) is not None) == is_checked
