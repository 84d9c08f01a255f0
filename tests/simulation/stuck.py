"""Applications that cannot go on, each situation in a namespace of its own, and the requests for them.

`python -m tests.simulation.stuck [NUMBER]` prints the requests for each situation and hour.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from rudr_py.api import Kind, Manifest, Rendered, Trait, TraitContext
from rudr_py.errors import ApiError
from rudr_py.local.registry.resources import KindInfo
from rudr_py.testing import rendering
from tests import own_packages
from tests.simulation import virtual_loop, work
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import Document, Gate, application, binding, component, gate
from tests.simulation.network import Exchange
from tests.simulation.virtual_loop import VirtualLoop

APPLICATION = KindInfo("core.oam.dev/v1alpha1", "ApplicationConfiguration")
COMPONENT = KindInfo("core.oam.dev/v1alpha1", "ComponentSchematic")
DEPLOYMENT = KindInfo("apps/v1", "Deployment")

PREFIX = "app-"
"""The beginning of the names of the applications that cannot go on."""

FOREVER = "example.com/forever"
"""A finalizer that nothing removes."""

WEBHOOK = 'admission webhook "validate.example.com" denied the request: not here'
HOUR = 3600.0

_NAMESPACE = re.compile(r"/namespaces/([^/]+)/")


class Monitor(Trait[dict[str, Any]]):
    """Produces an object of a kind that the cluster does not serve."""

    name = "monitor"
    produces = (Kind("monitoring.example/v1", "Monitor"),)

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """One object."""
        return Rendered(add=(Manifest(kind=self.produces[0], name=ctx.name("monitor"), body={"spec": {}}),))


class Refusal(msgspec.Struct):
    """The answer to writes of a resource or subresource for the applications; None if they are never answered."""

    resource: str
    error: ApiError | None


class StuckCluster:
    """A cluster whose API server refuses writes by namespace, and the requests of its controller, without watches."""

    def __init__(self) -> None:
        self.cluster = SimulatedCluster("stuck", VirtualLoop())
        traits = own_packages.everything(("order",)).catalog.traits
        self.cluster.catalog = rendering.catalog((Gate(), Monitor(), traits["depends-on"].type))
        self.refusals: dict[str, Refusal] = {}
        self.sent: list[tuple[float, Exchange]] = []
        self.cluster.network.direct = self._direct

    def _direct(self, exchange: Exchange) -> None:
        if ("watch", "true") in exchange.request.query:
            return
        self.sent.append((self.cluster.loop.time(), exchange))
        refusal = self.refusals.get(namespace_of(exchange))
        if refusal is None or not exchange.is_write:
            return
        resource = work.described(exchange.request).partition(" ")[2]
        if PREFIX in exchange.request.path and refusal.resource in (resource, resource.rpartition("/")[2]):
            exchange.fault = "hang" if refusal.error is None else "refuse"
            exchange.error = refusal.error

    async def begin(self, *namespaces: str) -> None:
        """Start the cluster, without a controller of rudr."""
        await self.cluster.start()
        for name in namespaces:
            self.cluster.local.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def create(self, namespace: str, document: Document) -> None:
        """Create an object."""
        metadata = {**document["metadata"], "namespace": namespace}
        self.cluster.local.client.create({**document, "metadata": metadata})

    def put(self, namespace: str, kind: KindInfo, document: Document) -> None:
        """Create an object, or replace its spec."""
        live = self.cluster.local.client.get(kind, namespace, document["metadata"]["name"])
        if live is None:
            self.create(namespace, document)
        else:
            self.cluster.local.client.update({**live, "spec": document["spec"]})

    def requests(self, namespace: str) -> Counter[str]:
        """The requests that concern a namespace, by method and resource."""
        sent = (exchange for _, exchange in self.sent if namespace_of(exchange) == namespace)
        return Counter(work.described(exchange.request) for exchange in sent)

    def end_namespace(self, name: str) -> None:
        """Begin to delete a namespace whose content is kept by another client."""
        store = self.cluster.local.backend.store
        live = store.get("namespaces", "", name)
        assert live is not None
        metadata = {**live["metadata"], "deletionTimestamp": "2026-01-02T03:04:05Z"}
        store.put("namespaces", {**live, "metadata": metadata, "spec": {"finalizers": [FOREVER]}})


Situation = Callable[[StuckCluster, str, int], None]
"""Creates a number of applications in a namespace that cannot go on."""


def namespace_of(exchange: Exchange) -> str:
    """The namespace of a request; empty if it has none."""
    match = _NAMESPACE.search(exchange.request.path)
    return match[1] if match is not None else ""


def simple(stuck: StuckCluster, namespace: str, number: int, *traits: Document, component_name: str = "web") -> None:
    """Applications without a problem of their own."""
    stuck.create(namespace, component("web"))
    for index in range(number):
        stuck.create(
            namespace, application(f"{PREFIX}{index}", binding(component_name, f"{PREFIX}{index}-web", *traits))
        )


def _with(trait: Document) -> Situation:
    return lambda stuck, namespace, number: simple(stuck, namespace, number, trait)


def refused(resource: str, error: ApiError | None) -> Situation:
    """Every write of a resource is refused."""

    def prepare(stuck: StuckCluster, namespace: str, number: int) -> None:
        stuck.refusals[namespace] = Refusal(resource, error)
        simple(stuck, namespace, number)

    return prepare


def forbidden(message: str) -> ApiError:
    """The answer of admission or authorization."""
    return ApiError(message, status=403, reason="Forbidden")


def _conflict(stuck: StuckCluster, namespace: str, number: int) -> None:
    """Each Deployment exists and belongs to another client."""
    labels = {"app": "foreign"}
    container = {"name": "main", "image": "registry.example/other:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    for index in range(number):
        metadata = {"name": f"{PREFIX}{index}-web"}
        stuck.create(namespace, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    simple(stuck, namespace, number)


def _one_name(stuck: StuckCluster, namespace: str, number: int) -> None:
    """All applications but the first need the objects of the first one."""
    stuck.create(namespace, component("web"))
    for index in range(number):
        stuck.create(namespace, application(f"{PREFIX}{index}", binding("web", "app-web")))


def _quota(stuck: StuckCluster, namespace: str, number: int) -> None:
    spec = {"hard": {"count/deployments.apps": "0"}}
    stuck.create(namespace, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec})
    simple(stuck, namespace, number)


def _terminating(stuck: StuckCluster, namespace: str, number: int) -> None:
    simple(stuck, namespace, number)
    stuck.end_namespace(namespace)


def _component_missing(stuck: StuckCluster, namespace: str, number: int) -> None:
    simple(stuck, namespace, number, component_name="absent")


def _component_invalid(stuck: StuckCluster, namespace: str, number: int) -> None:
    document = component("broken")
    document["spec"]["workloadType"] = "core.oam.dev/v1alpha1.Nothing"
    stuck.create(namespace, document)
    simple(stuck, namespace, number, component_name="broken")


def _secret_missing(stuck: StuckCluster, namespace: str, number: int) -> None:
    """The value of a variable is in a Secret that does not exist."""
    document = component("secretive")
    source = {"secretKeyRef": {"name": "absent", "key": "password"}}
    document["spec"]["containers"][0]["env"].append({"name": "TOKEN", "valueFrom": source})
    stuck.create(namespace, document)
    simple(stuck, namespace, number, component_name="secretive")


def _dependency_not_ready(stuck: StuckCluster, namespace: str, number: int) -> None:
    """An instance waits for another one, which is held."""
    stuck.create(namespace, component("web"))
    for index in range(number):
        wait = {"name": "depends-on", "properties": {"instances": [{"name": f"m-{index}"}]}}
        bindings = (binding("web", f"m-{index}", gate(is_open=False)), binding("web", f"{PREFIX}{index}-web", wait))
        stuck.create(namespace, application(f"{PREFIX}{index}", *bindings))


def _deletion_kept(stuck: StuckCluster, namespace: str, number: int) -> None:
    """The applications are being deleted, and a finalizer of another client keeps them."""
    stuck.create(namespace, component("web"))
    for index in range(number):
        document = application(f"{PREFIX}{index}", binding("web", f"{PREFIX}{index}-web"))
        document["metadata"]["finalizers"] = [FOREVER]
        stuck.create(namespace, document)
        stuck.cluster.local.client.delete(APPLICATION, namespace, f"{PREFIX}{index}")


def _too_large(stuck: StuckCluster, namespace: str, number: int) -> None:
    stuck.create(namespace, component("web"))
    for index in range(number):
        traits = ({"name": "manual-scaler", "properties": {"replicaCount": 1}} for _ in range(101))
        stuck.create(namespace, application(f"{PREFIX}{index}", binding("web", f"{PREFIX}{index}-web", *traits)))


_MISSING_RIGHT = 'User "rudr" cannot patch resource "deployments" in API group "apps" in the namespace "right-missing"'
_WEBHOOK_DOWN = 'Internal error occurred: failed calling webhook "validate.example.com": connection refused'
_IMMUTABLE = "Deployment.apps is invalid: spec.selector: Invalid value: field is immutable"

SITUATIONS: Mapping[str, Situation] = {
    "component-invalid": _component_invalid,
    "component-missing": _component_missing,
    "conflict": _conflict,
    "conflict-of-applications": _one_name,
    "deletion-kept": _deletion_kept,
    "dependency-not-ready": _dependency_not_ready,
    "held": _with(gate(is_open=False)),
    "immutable": refused("deployments", ApiError(_IMMUTABLE, status=422, reason="Invalid")),
    "invalid": refused("deployments", ApiError("Deployment.apps is invalid", status=422, reason="Invalid")),
    "kind-missing": _with({"name": "monitor", "properties": {}}),
    "namespace-terminating": _terminating,
    "quota": _quota,
    "right-missing": refused("deployments", forbidden(_MISSING_RIGHT)),
    "secret-missing": _secret_missing,
    "status-forbidden": refused("status", forbidden(WEBHOOK)),
    "too-large": _too_large,
    "webhook": refused("deployments", forbidden(WEBHOOK)),
    "webhook-for-instances": refused("componentinstances", forbidden(WEBHOOK)),
    "webhook-down": refused("deployments", ApiError(_WEBHOOK_DOWN, status=500, reason="InternalError")),
    "webhook-hangs": refused("deployments", None),
}
"""By namespace."""


class Rest(msgspec.Struct):
    """The requests of each hour, and the reconciles of the last one."""

    hours: list[dict[str, Counter[str]]]
    reconciles: int


def at_rest(number: int, hours: int = 3) -> Rest:
    """The work for a number of applications in each situation."""
    random.seed(0)
    stuck = StuckCluster()
    return virtual_loop.run(_rest(stuck, number, hours), stuck.cluster.loop)


async def _rest(stuck: StuckCluster, number: int, hours: int) -> Rest:
    await stuck.begin(*SITUATIONS)
    for name, situation in SITUATIONS.items():
        situation(stuck, name, number)
    stuck.cluster.start_controller("main")
    rest = Rest([], 0)
    for _ in range(hours):
        before = work.reconciles(stuck.cluster)
        await asyncio.sleep(HOUR)
        rest.hours.append({name: stuck.requests(name) for name in ("", *SITUATIONS)})
        rest.reconciles = work.reconciles(stuck.cluster) - before
        stuck.sent.clear()
    return rest


def main() -> None:
    """Print the requests."""
    rest = at_rest(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    for name in ("", *SITUATIONS):
        for hour, requests in enumerate(rest.hours, 1):
            text = ", ".join(f"{number} {request}" for request, number in requests[name].most_common())
            sys.stdout.write(f"{name or 'cluster':24} hour {hour}: {text}\n")
    sys.stdout.write(f"{rest.reconciles} reconciles in the last hour\n")


if __name__ == "__main__":
    main()
