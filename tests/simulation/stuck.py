"""Applications that cannot go on, each situation for one reason, and the work of the controller for them.

`python -m tests.simulation.stuck [NUMBER]` prints the requests and reconciles for each situation, by time.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from rudr_py.api import Kind, Manifest, Rendered, Trait, TraitContext
from rudr_py.errors import ApiError
from rudr_py.local.registry.resources import KindInfo
from rudr_py.testing import rendering
from tests.simulation import cluster as clusters
from tests.simulation import virtual_loop, work
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import (
    TASK,
    Document,
    Gate,
    GateScope,
    application,
    binding,
    component,
    gate,
)
from tests.simulation.network import Exchange
from tests.simulation.virtual_loop import VirtualLoop

MONITOR = Kind("monitoring.example/v1", "Monitor")
DEPLOYMENT = KindInfo("apps/v1", "Deployment")
INSTANCE = KindInfo("core.oam.dev/v1alpha1", "ComponentInstance")
CONFIGURATION = KindInfo("core.oam.dev/v1alpha1", "ApplicationConfiguration")
NAMESPACE = KindInfo("v1", "Namespace")
STUCK = "stuck"
"""The namespace of the applications."""

FOREVER = "example.com/forever"
"""A finalizer that nothing removes."""

Refuse = Callable[[Exchange, Document], ApiError | None]


class Monitor(Trait[dict[str, Any]]):
    """Produces an object of a kind that the cluster does not serve."""

    name = "monitor"
    produces = (MONITOR,)

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """One object."""
        return Rendered(add=(Manifest(kind=MONITOR, name=ctx.name("monitor"), body={"spec": {}}),))


class StuckCluster:
    """A cluster whose API server can refuse requests, and the requests of its controller that are no watches."""

    def __init__(self, loop: VirtualLoop | None = None) -> None:
        self.cluster = SimulatedCluster(STUCK, loop or VirtualLoop())
        types = (Gate(), GateScope(), Monitor(), *clusters._plugin_types())
        self.cluster.catalog = rendering.catalog(types)
        self.refuse: Refuse = lambda _exchange, _document: None
        self.sent: list[tuple[float, Exchange, Document]] = []
        self.cluster.network.direct = self._direct

    def _direct(self, exchange: Exchange) -> None:
        if ("watch", "true") in exchange.request.query:
            return
        body = msgspec.json.decode(exchange.request.body) if exchange.request.body else {}
        document: Document = body if isinstance(body, dict) else {}
        self.sent.append((self.cluster.loop.time(), exchange, document))
        if exchange.is_write and (error := self.refuse(exchange, document)) is not None:
            exchange.fault, exchange.error = "refuse", error

    def create(self, document: Document, namespace: str = STUCK) -> None:
        metadata = {**document["metadata"], "namespace": namespace}
        self.cluster.local.client.create({**document, "metadata": metadata})

    def update(self, kind: KindInfo, name: str, change: Callable[[Document], object], namespace: str = STUCK) -> None:
        live = self.cluster.local.client.get(kind, namespace, name)
        assert live is not None, name
        document: Document = msgspec.json.decode(msgspec.json.encode(live))
        change(document)
        self.cluster.local.client.update(document)

    def delete(self, kind: KindInfo, namespace: str, name: str) -> None:
        self.cluster.local.client.delete(kind, namespace, name)

    async def begin(self, *namespaces: str) -> None:
        await self.cluster.start()
        for name in (STUCK, *namespaces):
            self.cluster.local.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def reconciles(self) -> int:
        return work._reconciles(self.cluster)


Situation = Callable[[StuckCluster, int], None]


def _writes(plural: str) -> Callable[[Exchange], bool]:
    return lambda exchange: f"/{plural}/" in exchange.request.path and exchange.is_write


def _refused(plural: str, error: ApiError) -> Situation:
    """Every write of a resource is refused."""
    concerns = _writes(plural)

    def prepare(stuck: StuckCluster, number: int) -> None:
        stuck.refuse = lambda exchange, _document: error if concerns(exchange) else None
        simple(stuck, number)

    return prepare


def forbidden(message: str) -> ApiError:
    return ApiError(message, status=403, reason="Forbidden")


def simple(stuck: StuckCluster, number: int, *traits: Document) -> None:
    stuck.create(component("web"))
    for index in range(number):
        stuck.create(application(f"app-{index}", binding("web", f"app-{index}-web", *traits)))


def with_trait(trait: Document) -> Situation:
    return lambda stuck, number: simple(stuck, number, trait)


def conflict(stuck: StuckCluster, number: int) -> None:
    """Each Deployment exists and belongs to another client."""
    for index in range(number):
        labels = {"app": "foreign"}
        stuck.create(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": f"app-{index}-web"},
                "spec": {
                    "replicas": 0,
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {"containers": [{"name": "main", "image": "registry.example/other:1"}]},
                    },
                },
            }
        )
    simple(stuck, number)


def no_component(stuck: StuckCluster, number: int) -> None:
    for index in range(number):
        stuck.create(application(f"app-{index}", binding("absent", f"app-{index}-web")))


def invalid_component(stuck: StuckCluster, number: int) -> None:
    simple(stuck, number)
    document = component("broken")
    document["spec"]["workloadType"] = "core.oam.dev/v1alpha1.Nothing"
    stuck.create(document)
    for index in range(number):
        stuck.create(application(f"broken-{index}", binding("broken", f"broken-{index}-web")))


def quota(stuck: StuckCluster, number: int) -> None:
    stuck.create(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "limits"},
            "spec": {"hard": {"count/deployments.apps": "0"}},
        }
    )
    simple(stuck, number)


def terminating(stuck: StuckCluster, number: int) -> None:
    """The namespace is being deleted, but its content is not yet."""
    simple(stuck, number)
    end_namespace(stuck, STUCK)


def end_namespace(stuck: StuckCluster, name: str) -> None:
    """Begin to delete a namespace whose content another client keeps."""
    store = stuck.cluster.local.backend.store
    live = store.get("namespaces", "", name)
    assert live is not None
    metadata = {**live["metadata"], "deletionTimestamp": "2026-01-02T03:04:05Z"}
    store.put("namespaces", {**live, "metadata": metadata, "spec": {"finalizers": [FOREVER]}})


def waiting(stuck: StuckCluster, number: int) -> None:
    """An instance waits for another one that never becomes ready."""
    stuck.create(component("web"))
    stuck.create(component("migrate", TASK, image="registry.example/absent:1"))
    for index in range(number):
        wait = {"name": "depends-on", "properties": {"instances": [{"name": f"m-{index}"}]}}
        bindings = (binding("migrate", f"m-{index}"), binding("web", f"app-{index}-web", wait))
        stuck.create(application(f"app-{index}", *bindings))


def deleting(stuck: StuckCluster, number: int) -> None:
    """The applications are being deleted, and another client holds them by a finalizer."""
    stuck.create(component("web"))
    for index in range(number):
        document = application(f"app-{index}", binding("web", f"app-{index}-web"))
        document["metadata"]["finalizers"] = [FOREVER]
        stuck.create(document)
        stuck.delete(CONFIGURATION, STUCK, f"app-{index}")


def too_large(stuck: StuckCluster, number: int) -> None:
    stuck.create(component("web"))
    for index in range(number):
        names = (f"app-{index}-{instance}" for instance in range(1100))
        stuck.create(application(f"app-{index}", *(binding("web", name) for name in names)))


SITUATIONS: Mapping[str, Situation] = {
    "conflict": conflict,
    "namespace terminating": terminating,
    "kind missing": with_trait({"name": "monitor", "properties": {}}),
    "right missing": _refused(
        "deployments",
        forbidden(
            'deployments.apps "web" is forbidden: User "rudr" cannot patch resource "deployments" in API group "apps" '
            f'in the namespace "{STUCK}"'
        ),
    ),
    "quota": quota,
    "webhook": _refused(
        "deployments", forbidden('admission webhook "validate.example.com" denied the request: no deployments')
    ),
    "webhook of the owner": _refused(
        "componentinstances", forbidden('admission webhook "validate.example.com" denied the request: none')
    ),
    "invalid": _refused(
        "deployments", ApiError("Deployment.apps is invalid: spec", status=422, reason="Invalid")
    ),
    "server error of a webhook": _refused(
        "deployments",
        ApiError('failed calling webhook "x": connection refused', status=500, reason="InternalError"),
    ),
    "status refused": _refused("status", forbidden("no status")),
    "component missing": no_component,
    "component invalid": invalid_component,
    "waiting": waiting,
    "held": with_trait(gate(is_open=False)),
    "deletion held": deleting,
    "too large": too_large,
}

SPANS = (0, 600, 4200, 7800, 11400)


async def _count(stuck: StuckCluster, situation: Situation, number: int) -> list[tuple[Counter[str], int]]:
    await stuck.begin()
    situation(stuck, number)
    stuck.cluster.start_controller("main")
    result, before = [], 0
    for begin, end in zip(SPANS, SPANS[1:], strict=False):
        await asyncio.sleep(end - begin)
        sent = Counter(
            f"{work.described(exchange.request)}{' refused' if exchange.fault == 'refuse' else ''}"
            for _, exchange, _ in stuck.sent
        )
        result.append((sent, stuck.reconciles() - before))
        before = stuck.reconciles()
        stuck.sent.clear()
    return result


def main() -> None:
    """Print the work for each situation."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for name, situation in SITUATIONS.items():
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        random.seed(0)
        stuck = StuckCluster()
        counts = virtual_loop.run(_count(stuck, situation, number), stuck.cluster.loop)
        for end, (requests, reconciles) in zip(SPANS[1:], counts, strict=True):
            total = sum(requests.values()) / number
            print(f"{name:28} until {end:6} s: {total:6.2f} requests, {reconciles / number:6.2f} reconciles each")
            if end in (600, 4200):
                print("      ", ", ".join(f"{key} {value}" for key, value in requests.most_common(9)))


if __name__ == "__main__":
    main()
