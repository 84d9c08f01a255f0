"""A run of edits and rollbacks of three applications that share components, compared with a model.

The rollbacks are those of `rudr rollback`, over the simulated network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from rudr_py.api import Kind
from rudr_py.cli.cluster import application_history
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.commands import promote, rollback
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.local.storage.store import DELETED, Event
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import APPLICATION
from tests.simulation import virtual_loop
from tests.simulation.cluster import NotAtRestError, SimulatedCluster
from tests.simulation.documents import application, binding, component
from tests.simulation.network import SimulatedTransport
from tests.simulation.release_model import APPLICATIONS, NAMES, Component, Instance, Model
from tests.simulation.stored_cluster import NAMESPACE, USER
from tests.simulation.virtual_loop import DeadlockError, VirtualLoop

DEPLOYMENT = Kind("apps/v1", "Deployment")
READY_AFTER = "5"
"""Seconds until a pod is ready."""

LARGEST = 3
"""Maximum instances of an application."""

Edit = Literal["configure", "move", "rename", "add", "remove"]
Action = Literal["update", "break", Edit, "pin", "promote", "roll back", "restart"]
Document = dict[str, Any]


class Step(msgspec.Struct, frozen=True):
    """An action on an application or on a component, and the seconds after it; None: until the cluster is at rest."""

    action: Action
    application: int = 0
    component: int = 0
    choice: int = 0
    pause: float | None = None


class Serving:
    """Records a violation when an instance that was ready has no ready pod, although the documents contain it.

    Of the instances that were removed, one serves until those that the same change added are ready.
    """

    def __init__(self, cluster: SimulatedCluster, model: Model) -> None:
        self._cluster = cluster
        self._model = model
        self._pods: dict[str, set[str]] = {}
        self._served: set[str] = set()
        self._successors: dict[str, set[str]] = {}
        cluster.listen(self._check)

    def replaced(self, old: set[str], new: set[str]) -> None:
        """The documents of an application contain new instances instead of old ones."""
        removed, added = old - new, new - old
        self._served -= added
        for name in added:
            self._successors.pop(name, None)
        for name, awaited in self._successors.items():
            # its successor has been replaced before it was ready
            if not removed.isdisjoint(awaited) and self._cluster.get(DEPLOYMENT, name) is not None:
                awaited.update(added)
        for name in removed:
            self._successors[name] = set(added)

    def kept(self, broken: set[str]) -> set[str]:
        """The removed instances that may exist while the pods of these instances do not become ready."""
        return {name for name, awaited in self._successors.items() if not broken.isdisjoint(awaited)}

    def _check(self, event: Event, client: str) -> None:
        del client
        pod = event.object
        if pod["kind"] != "Pod":
            return
        name = pod["metadata"]["labels"][metadata_keys.INSTANCE_LABEL]
        pods = self._pods.setdefault(name, set())
        if event.type != DELETED and _is_ready(pod):
            pods.add(event.name)
            self._served.add(name)
            return
        pods.discard(event.name)
        if pods or name not in self._served:
            return
        planned = {name for instances in self._model.applications.values() for name in instances}
        awaited = (self._successors.get(name, set()) & planned) - self._served
        serving = [
            other for other, successors in self._successors.items() if self._pods.get(other) and successors & awaited
        ]
        if name in planned or (awaited and not serving):
            reason = f"before {', '.join(sorted(awaited))} is ready" if awaited else "although the documents contain it"
            self._cluster.violation(f"{name} has no ready pod, {reason}")


def _is_ready(pod: Document) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


class Run:
    """One run. `violations` are those of the cluster, and the differences from the model."""

    def __init__(self) -> None:
        self._loop = VirtualLoop()
        self.cluster = SimulatedCluster("releases", self._loop)
        self._model = Model()
        self._serving = Serving(self.cluster, self._model)
        client = Client(SimulatedTransport(self.cluster.network, USER))
        self._client = ClusterClient(
            transport=client.transport,
            client=client,
            discovery=Discovery(client, clock=self.cluster.clock),
            server="",
            namespace=NAMESPACE,
        )

    def run(self, steps: Sequence[Step]) -> list[str]:
        """Take the steps; returns the violations."""
        try:
            virtual_loop.run(self._main(steps), self._loop)
        except (NotAtRestError, DeadlockError) as error:
            self.cluster.violation(f"{type(error).__name__}: {error}")
        return self.cluster.violations

    async def _main(self, steps: Sequence[Step]) -> None:
        await self.cluster.start()
        self.cluster.start_controller("main")
        for name in NAMES:
            self._write_component(name)
        for name in APPLICATIONS:
            self._write_application(name)
        await self._settle()
        for step in steps:
            # the revisions that an application has, and pins, depend on the time of each change
            if step.action in ("pin", "promote", "roll back") or self._model.pinned:
                await self._settle()
            await self._take(step)
            if step.pause is None or self._model.pinned:
                await self._settle()
            else:
                await asyncio.sleep(step.pause)
        await self._settle()

    async def _settle(self) -> None:
        """Wait for rest, compare with the model, and note the numbers of the revisions."""
        await self.cluster.rest()
        live = {obj["metadata"]["name"]: _content(obj) for obj in self.cluster.objects() if obj["kind"] == "Deployment"}
        kept = self._serving.kept(self._model.broken())
        live = {name: content for name, content in live.items() if name not in kept}
        if live != (desired := self._model.deployments()):
            self.cluster.violation(f"Deployments {live} instead of {desired}")
        for name in APPLICATIONS:
            document = self.cluster.get(APPLICATION, name)
            assert document is not None
            numbers = {revision.number for revision in (await application_history.read(self._client, name)).revisions}
            self._model.released(name, document["status"]["currentRevision"]["number"], numbers)

    async def _take(self, step: Step) -> None:
        model, name, used = self._model, APPLICATIONS[step.application], NAMES[step.component]
        match step.action:
            case "update" | "break":
                model.components[used] = Component(next(model.fresh), step.action == "update")
                self._write_component(used)
            case "pin":
                model.set_manual(name, manual=name not in model.pinned)
                self._write_application(name)
            case "promote":
                names = [used] if step.choice % 2 and used in model.current(name).components else []
                if name in model.pinned:
                    model.promote(name, *names)
                await promote.promote(self._client, name, names)
            case "roll back":
                numbers, before = sorted(model.releases[name]), set(model.applications[name])
                number = numbers[step.choice % len(numbers)]
                model.roll_back(name, number)
                self._serving.replaced(before, set(model.applications[name]))
                await rollback.roll_back(self._client, name, number)
            case "restart":
                self.cluster.kill("main")
                self.cluster.start_controller("main")
            case _:
                self._edit(step.action, name, used, step.choice)

    def _edit(self, action: Edit, name: str, used: str, choice: int) -> None:
        """Change the instances of an application."""
        instances, text = self._model.applications[name], str(next(self._model.fresh))
        before = set(instances)
        chosen = sorted(instances)[choice % len(instances)]
        match action:
            case "configure":
                instances[chosen] = instances[chosen]._replace(greeting=text)
            case "move":
                instances[chosen] = Instance(used, text)
            case "rename":
                instances[f"{name}-{text}"] = instances.pop(chosen)
            case "add" if len(instances) < LARGEST:
                instances[f"{name}-{text}"] = Instance(used, text)
            case "remove" if len(instances) > 1:
                del instances[chosen]
            case _:
                return
        self._serving.replaced(before, set(instances))
        self._write_application(name)

    def _write_component(self, name: str) -> None:
        version, good = self._model.components[name]
        document = component(name, image=f"registry.example/{name}:{version}")
        document["metadata"]["annotations"] = {
            "local.rudr.dev/outcome": "ready" if good else "never-ready",
            "local.rudr.dev/ready-after": READY_AFTER,
        }
        self.cluster.apply(document)

    def _write_application(self, name: str) -> None:
        instances = self._model.applications[name].items()
        bindings = (binding(each.component, instance, greeting=each.greeting) for instance, each in instances)
        document = application(name, *bindings)
        updates = "manual" if name in self._model.pinned else "automatic"
        document["metadata"]["annotations"] = {metadata_keys.COMPONENT_UPDATES_ANNOTATION: updates}
        self.cluster.apply(document)


def _content(deployment: Document) -> tuple[str, str]:
    """Version of the image, and parameter."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container["image"].rpartition(":")[2], container["env"][0]["value"]
