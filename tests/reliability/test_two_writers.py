"""Never two writers: an Exclusive volume has one pod, and a singleton has one replica."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Rendered, Scale, Trait, TraitContext
from rudr_py.builtin.workloads.replicated import Server as ServerType
from rudr_py.catalog import Catalog
from rudr_py.controller.apply.contention import LIMIT
from rudr_py.testing import rendering
from rudr_py.testing.cluster import Cluster
from rudr_py.testing.protocols import RenderError
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    DEPLOYMENT,
    EVENT,
    JOB,
    STATEFUL_SET,
    Document,
    application,
    component,
    synced,
)

VOLUME = {"name": "data", "mountPath": "/data"}
CORE = "core.oam.dev/v1alpha1"


class Sized(Trait[dict[str, Any]]):
    """Requests a scale."""

    name = "sized"
    requires = frozenset({"scale"})

    def __init__(self, scale: Scale) -> None:
        self._scale = scale

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        return Rendered(scale=self._scale)


def with_volume(workload: str = "Server", **volume: Any) -> Document:
    """A component with a volume; by default an Exclusive one."""
    document = component("web", workloadType=f"{CORE}.{workload}")
    container = document["spec"]["containers"][0]
    container["resources"]["volumes"] = [{**VOLUME, **volume}]
    if workload != "Server":
        del container["ports"]
    return document


def typed(workload: str) -> Document:
    """The component `web` of a core workload type."""
    document = component("web", workloadType=f"{CORE}.{workload}")
    if "Server" not in workload:
        del document["spec"]["containers"][0]["ports"]
    return document


TOO_MANY = (
    Scale.exact(3),
    Scale.between(1, 2),
    Scale.hold(2),
    Scale.hold(1, peak=2),  # now one replica, more at another time
    Scale.external(),
)


@pytest.mark.parametrize("scale", TOO_MANY, ids=str)
@pytest.mark.parametrize("workload", ["Server", "Worker"])
def test_more_than_one_replica_with_an_exclusive_volume_is_refused_at_the_trait(workload: str, scale: Scale) -> None:
    with pytest.raises(RenderError) as refusal:
        rendering.render_one(Sized(scale), component=with_volume(workload)["spec"])
    ((message, path),) = refusal.value.problems
    assert path == "$.spec.components[0].traits[0]"
    assert 'Exclusive volume "data" of component' in message
    assert "sharingPolicy: Shared" in message


@pytest.mark.parametrize("scale", [Scale.exact(1), Scale.exact(0), Scale.between(1, 1), Scale.hold(1)], ids=str)
def test_one_replica_with_an_exclusive_volume_is_accepted(scale: Scale) -> None:
    rendered = rendering.render_one(Sized(scale), component=with_volume()["spec"])
    assert rendered.one("Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_without_a_scale_an_exclusive_volume_has_one_replica() -> None:
    rendered = rendering.render_one(ServerType(), component=with_volume()["spec"])
    assert rendered.one("Deployment")["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    "volume",
    [
        {"sharingPolicy": "Shared"},
        {"accessMode": "RO"},
        {"disk": {"required": "1Gi", "ephemeral": True}},
    ],
    ids=str,
)
def test_a_volume_that_several_pods_may_mount_limits_neither_replicas_nor_updates(volume: Document) -> None:
    rendered = rendering.render_one(Sized(Scale.exact(3)), component=with_volume(**volume)["spec"])
    spec = rendered.one("Deployment")["spec"]
    assert spec["replicas"] == 3
    assert "strategy" not in spec


def test_a_task_with_an_exclusive_volume_has_no_parallel_pods() -> None:
    with pytest.raises(RenderError) as refusal:
        rendering.render_one(Sized(Scale.exact(2)), component=with_volume("Task")["spec"])
    assert "Exclusive" in str(refusal.value)


async def test_the_strategy_of_a_live_deployment_follows_the_sharing_policy(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(with_volume(sharingPolicy="Shared"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(with_volume(sharingPolicy="Exclusive"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"]["strategy"] == {"type": "Recreate"})
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(with_volume(sharingPolicy="Shared"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"]["strategy"]["type"] == "RollingUpdate")
        await cluster.until(APPLICATION, "shop", synced)


@pytest.mark.parametrize("workload", ["SingletonServer", "SingletonWorker"])
async def test_a_scaled_singleton_is_reverted_and_an_event_names_the_client(
    cluster: Cluster, catalog: Catalog, server: Server, workload: str
) -> None:
    await cluster.apply(typed(workload), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.patch(STATEFUL_SET, "shop-web", {"spec": {"replicas": 3}}, manager="scaler")
        await cluster.until(STATEFUL_SET, "shop-web", lambda d: d["spec"]["replicas"] == 1)
        await waiting.until_any(
            cluster, EVENT, lambda d: d["reason"] == "DriftReverted" and "spec.replicas" in d["note"]
        )
        event = next(e for e in await cluster.list(EVENT) if e["reason"] == "DriftReverted")
    assert "scaler" in event["note"]


async def test_a_singleton_that_another_client_keeps_scaling_is_reverted_within_seconds(
    cluster: Cluster, catalog: Catalog
) -> None:
    """A contested object is left alone for a minute and longer, but not with three pods of a singleton."""
    await cluster.apply(typed("SingletonServer"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        for _ in range(LIMIT + 1):
            await cluster.until(STATEFUL_SET, "shop-web", lambda d: d["spec"]["replicas"] == 1)
            await cluster.patch(STATEFUL_SET, "shop-web", {"spec": {"replicas": 3}}, manager="scaler")
        await waiting.until_any(cluster, EVENT, lambda d: d["reason"] == "Contested" and "for 5 s" in d["note"])
        await cluster.until(STATEFUL_SET, "shop-web", lambda d: d["spec"]["replicas"] == 1)
        await cluster.until(APPLICATION, "shop", synced)


async def test_more_parallel_pods_of_a_singleton_task_are_reverted(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(typed("SingletonTask"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.patch(JOB, "shop-web", {"spec": {"parallelism": 3}}, manager="scaler")
        await cluster.until(JOB, "shop-web", lambda d: d["spec"]["parallelism"] == 1)
