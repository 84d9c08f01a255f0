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
HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute")
GRPC_ROUTE = Kind("gateway.networking.k8s.io/v1", "GRPCRoute")
CRON_HPA = Kind("autoscaling.alibabacloud.com/v1beta1", "CronHorizontalPodAutoscaler")

_TIME = "2026-01-02T03:04:05Z"


def _conditions(document: Document, *names: str) -> list[Document]:
    condition = {"status": "True", "reason": "Works", "message": "", "lastTransitionTime": _TIME}
    return [{"type": name, "observedGeneration": _generation(document), **condition} for name in names]


def _generation(document: Document) -> int:
    generation: int = document["metadata"].get("generation", 0)
    return generation


def _status(*names: str, **further: Any) -> Callable[[Document], Document]:
    """The status of an object with these conditions. The API server drops the fields that a kind does not have."""

    def status(document: Document) -> Document:
        return {"observedGeneration": _generation(document), "conditions": _conditions(document, *names), **further}

    return status


def accepted(route: Document) -> Document:
    """The status of a route that the controllers of all its parents have accepted."""
    conditions = _conditions(route, "Accepted", "ResolvedRefs")
    parents = [
        {"parentRef": parent, "controllerName": "example.com/controller", "conditions": conditions}
        for parent in route["spec"]["parentRefs"]
    ]
    return {"parents": parents}


def selected(document: Document) -> Document:
    """The status of a monitor or of rules that a Prometheus has accepted."""
    prometheus = {"group": PROMETHEUS.group, "resource": "prometheuses", "name": "main", "namespace": "monitoring"}
    return {"bindings": [{**prometheus, "conditions": _conditions(document, "Accepted")}]}


STATUS: dict[Kind, Callable[[Document], Document]] = {
    KNATIVE: _status("ConfigurationsReady", "RoutesReady", "Ready"),
    FUNCTION: _status("Ready", "Healthy"),
    PROMETHEUS: _status("Reconciled", "Available"),
    SCALED_OBJECT: _status("Ready"),
    HTTP_ROUTE: accepted,
    GRPC_ROUTE: accepted,
    **{Kind(PROMETHEUS.api_version, kind): selected for kind in ("PodMonitor", "PrometheusRule", "ServiceMonitor")},
}
"""The status that the operator of a kind sets on an object. Kinds whose objects have no status are absent."""


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
                document = live.document()
                await report(cluster, kind, document["metadata"]["name"], STATUS[kind](document))


async def report(cluster: Cluster, kind: Kind, name: str, status: Document) -> None:
    """Set the status of an object, as its operator does."""
    target = await cluster.target(kind, name, "status")
    await cluster.client.merge_patch(target, msgspec.json.encode({"status": status}), "operator")
