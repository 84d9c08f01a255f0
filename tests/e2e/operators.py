"""Stand-ins for the operators of the kinds in tests/data/crds: they set the status of an object that works."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from rudr_py.api import Kind
from rudr_py.testing.cluster import TIMEOUT, Cluster
from tests import upstream_crds
from tests.e2e.documents import CRD, Document, established

KNATIVE = Kind("serving.knative.dev/v1", "Service")
FUNCTION = Kind("openfaas.com/v1", "Function")
PROMETHEUS = Kind("monitoring.coreos.com/v1", "Prometheus")
SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject")
CRON_HPA = Kind("autoscaling.alibabacloud.com/v1beta1", "CronHorizontalPodAutoscaler")

_TIME = "2026-01-02T03:04:05Z"


def _status(*names: str, **further: Any) -> Callable[[int], Document]:
    """The status of a generation with these conditions. The API server drops the fields that a kind does not have."""

    def status(generation: int) -> Document:
        condition = {"status": "True", "reason": "Works", "message": "", "lastTransitionTime": _TIME}
        conditions = [{"type": name, "observedGeneration": generation, **condition} for name in names]
        return {"observedGeneration": generation, "conditions": conditions, **further}

    return status


STATUS: dict[Kind, Callable[[int], Document]] = {
    KNATIVE: _status("ConfigurationsReady", "RoutesReady", "Ready"),
    FUNCTION: _status("Ready", "Healthy"),
    PROMETHEUS: _status("Reconciled", "Available"),
    SCALED_OBJECT: _status("Ready"),
}
"""The status that the operator of a kind sets, by the generation. Kinds whose objects have no status are absent."""


async def install(cluster: Cluster, *kinds: Kind, seconds: float = TIMEOUT) -> None:
    """Apply the definitions of kinds, of all by default, and wait until they are served."""
    definitions = [upstream_crds.definition(kind) for kind in kinds] or upstream_crds.definitions().values()
    await cluster.apply(*definitions)
    await served(cluster, *definitions, seconds=seconds)


async def served(cluster: Cluster, *definitions: Document, seconds: float = TIMEOUT) -> None:
    """Wait until definitions are served. Raises TimeoutError."""
    for definition in definitions:
        await cluster.until(CRD, definition["metadata"]["name"], established, seconds=seconds)
    cluster.discovery.invalidate()


@contextlib.asynccontextmanager
async def running(cluster: Cluster) -> AsyncIterator[None]:
    """Run the operators of all kinds until the context exits."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_operate(cluster, kind)) for kind in STATUS]
        yield
        for task in tasks:
            task.cancel()


async def _operate(cluster: Cluster, kind: Kind) -> None:
    """Set the status of every object of a kind after each change. A write without a change causes no event."""
    async with contextlib.aclosing(cluster.changes(kind, "")) as changes:
        async for live in changes:
            if live is not None:
                metadata = live.document()["metadata"]
                target = await cluster.target(kind, metadata["name"], "status")
                content = {"status": STATUS[kind](metadata.get("generation", 0))}
                await cluster.client.merge_patch(target, msgspec.json.encode(content), "operator")
