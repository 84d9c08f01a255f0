"""The context of a reconcile: client, index, time and random source.

A reconcile is a synchronous function, so no other write occurs between its reads and writes.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from rudr_py.errors import AlreadyExistsError, ApiError
from rudr_py.local.apimachinery import object_meta, selectors
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.events import NORMAL, WARNING, EventRecorder, EventSource, Occurrence
from rudr_py.local.controllers.runtime.owner_index import OwnerIndex, controller_reference, key_of, owner_references
from rudr_py.local.controllers.runtime.queue import CallLater, QueueKey, Timer
from rudr_py.local.in_process_client import InProcessClient
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.local.scheduling.requests import NodeUsage
from rudr_py.local.storage.store import Object

_COMPONENTS = {
    "HorizontalPodAutoscaler": "horizontal-pod-autoscaler",
    "PodDisruptionBudget": "controllermanager",
    "PersistentVolumeClaim": "persistentvolume-controller",
    "Node": "node-controller",
    "Service": "service-controller",
}


class ControllerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the controllers.

    `clock` is the clock of the store; `call_later` schedules calls (None: that of the running loop). `enabled` names
    the controllers that run (None: all). `seed` determines generated names. `script` returns the script of a pod (see
    `containers.PodScript`), whose annotations take precedence. `nodes` are registered at the start. `release` is the
    Kubernetes release of kubelets and controllers. `root_ca` is the CA certificate (PEM) in the config map of each
    namespace. `job_backoff` is the pause in seconds after the first failed pod of a Job; it doubles with every further
    failure. `heartbeat` is the interval in seconds at which nodes renew their leases (0: never).
    """

    clock: Callable[[], float]
    call_later: CallLater | None = None
    enabled: frozenset[str] | None = None
    seed: int = 0
    script: Callable[[Object], Any] | None = None
    nodes: tuple[NodeSettings, ...] = (NodeSettings(),)
    release: str = "1.36"
    root_ca: str = ""
    job_backoff: float = 10.0
    heartbeat: float = 0.0


class Change(msgspec.Struct, frozen=True):
    """An event of the watch: ADDED, MODIFIED or DELETED."""

    type: str
    object: Object
    key: QueueKey


class ReconcileContext:
    """The context that all controllers of one run share."""

    def __init__(self, client: InProcessClient, settings: ControllerSettings) -> None:
        self.client = client
        self.settings = settings
        self.index = OwnerIndex()
        self.usage = NodeUsage()
        self.events = EventRecorder(client, self.now)
        self._times: dict[str, dict[str, float]] = {}
        self._ahead = 0.0
        self.random = random.Random(settings.seed)  # noqa: S311  - names, not secrets

    def now(self) -> float:
        """Seconds since the epoch: those of the clock, plus the delays that passed while the clock stood still."""
        return self.settings.clock() + self._ahead

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call a function after a delay. `now` then returns at least its end, also with a constant clock."""
        clock, due = self.settings.clock(), self.now() + seconds

        def call_when_due() -> None:
            if self.settings.clock() == clock:
                self._ahead = max(self._ahead, due - clock)
            call()

        call_later = self.settings.call_later or asyncio.get_running_loop().call_later
        return call_later(seconds, call_when_due)

    def stamp(self) -> str:
        """Return the current time in the format of Kubernetes."""
        return times.stamp(self.now())

    def since(self, obj: Object, event: str) -> float:
        """Return the time of the first call for this object and event: times of the API are whole seconds."""
        return self._times.setdefault(obj["metadata"]["uid"], {}).setdefault(event, self.now())

    def forget(self, obj: Object, event: str) -> None:
        """Forget the time of an event."""
        self._times.get(obj["metadata"]["uid"], {}).pop(event, None)

    def generated_name(self, stem: str) -> str:
        """Return `<stem>-<5 random characters>`, short enough for a label."""
        return object_meta.generated(f"{stem}-", self.random.choice)

    def get(self, key: QueueKey) -> Object | None:
        """Return the live object; None if it or its kind does not exist."""
        if self.client.resource(key.kind) is None:
            return None
        return self.client.get(key.kind, key.namespace, key.name)

    def live(self, obj: Object) -> Object | None:
        """Return the live object with the same uid, or None."""
        live = self.get(key_of(obj))
        return live if live is not None and live["metadata"]["uid"] == obj["metadata"]["uid"] else None

    def dependents(self, uid: str, kind: KindInfo | None = None) -> Iterator[Object]:
        """Iterate over the live objects with this owner."""
        for key in self.index.owned(uid):
            if kind is None or key.kind == kind:
                obj = self.get(key)
                if obj is not None and any(each["uid"] == uid for each in owner_references(obj)):
                    yield obj

    def controlled(self, owner: Object, kind: KindInfo) -> list[Object]:
        """Return the objects of a kind whose controller is `owner`, ordered by name."""
        uid = owner["metadata"]["uid"]
        controlled = [each for each in self.dependents(uid, kind) if _is_controlled(each, uid)]
        return sorted(controlled, key=lambda each: str(each["metadata"]["name"]))

    def adopt(self, owner: Object, kind: KindInfo, selector: Object) -> None:
        """Set `owner` as the controller of matching objects in its namespace that have none.

        It reads all objects of the kind in the namespace: call it only if the owner is new or its spec changed.
        """
        text = selectors.match_labels(selector)
        for obj in self.client.list(kind, owner["metadata"].get("namespace", ""), selector=text):
            metadata = obj["metadata"]
            if "deletionTimestamp" in metadata or controller_reference(obj):
                continue
            references = [*owner_references(obj), reference_to(owner)]
            self.update({**obj, "metadata": {**metadata, "ownerReferences": references}})

    def create(self, obj: Object) -> Object:
        """Create an object and index it at once."""
        created = self.client.create(obj)
        self.put(created)
        return created

    def create_for(
        self,
        owner: Object,
        obj: Object,
        *,
        created: str = "Created pod: {name}",
        refused: str = "Error creating: {error}",
        reasons: tuple[str, str] = ("SuccessfulCreate", "FailedCreate"),
    ) -> Object:
        """Create an object for its owner, and record the success or the refusal, which is raised, as an event of it."""
        try:
            live = self.create(obj)
        except AlreadyExistsError:
            raise
        except ApiError as error:
            self.record(owner, reasons[1], refused.format(error=error.message), kind=WARNING)
            raise
        if reasons[0]:
            self.record(owner, reasons[0], created.format(name=live["metadata"]["name"]))
        return live

    def delete_for(self, owner: Object, obj: Object, text: str = "Deleted pod: {name}") -> None:
        """Delete an object for its owner, and record it as an event of the owner."""
        self.delete(obj)
        self.record(owner, "SuccessfulDelete", text.format(name=obj["metadata"]["name"]))

    def record(
        self, about: Object, reason: str, message: str, *, kind: str = NORMAL, source: EventSource | None = None
    ) -> None:
        """Record an event about an object. The source is by default the controller of its kind."""
        self.events.record(about, Occurrence(reason, message, kind), source or _source_of(about["kind"]))

    def update(self, obj: Object) -> Object:
        """Update all but the status and index the object at once."""
        updated = self.client.update(obj)
        self.put(updated)
        return updated

    def bind(self, pod: Object, node: str) -> Object:
        """Assign a pod to a node and index the pod at once."""
        bound = self.client.bind(pod, node)
        self.put(bound)
        return bound

    def put(self, obj: Object) -> None:
        """Index a new or changed object."""
        self.index.put(obj)
        if obj["kind"] == "Pod" and obj["apiVersion"] == "v1":
            self.usage.put(obj)

    def remove(self, key: QueueKey, uid: str) -> None:
        """Remove a deleted object from the indexes."""
        self.index.remove(key, uid)
        self.usage.remove(uid)
        self._times.pop(uid, None)

    def write_status(self, obj: Object, status: Object) -> None:
        """Write the status if it changed."""
        if obj.get("status", {}) != status:
            self.client.update_status({**obj, "status": status})

    def delete(self, obj: Object, *, propagation: str = "Background", grace: int | None = None) -> None:
        """Delete this object, but not a later one with the same name. `grace` is that of a pod, None for its own."""
        key, uid = key_of(obj), obj["metadata"]["uid"]
        self.client.delete(key.kind, key.namespace, key.name, propagation=propagation, grace=grace, uid=uid)


@functools.cache
def _source_of(kind: str) -> EventSource:
    return EventSource(_COMPONENTS.get(kind, f"{kind.lower()}-controller"))


def without_finalizer(obj: Object, finalizer: str) -> Object:
    """Return the object without a finalizer."""
    finalizers = [each for each in obj["metadata"].get("finalizers") or () if each != finalizer]
    return {**obj, "metadata": {**obj["metadata"], "finalizers": finalizers}}


def reference_to(owner: Object) -> Object:
    """Return the owner reference of a controller to `owner`."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_key(obj: Object, kind: KindInfo) -> Iterable[QueueKey]:
    """Yield the key of the controller of an object if it is of this kind."""
    reference = controller_reference(obj)
    if (
        reference is not None
        and reference["kind"] == kind.kind
        and _group(reference) == kind.api_version.partition("/")[0]
    ):
        yield QueueKey(kind, obj["metadata"].get("namespace", ""), reference["name"])


def without_zeros(status: Object, *, keep: Iterable[str] = ()) -> Object:
    """Remove zeros and empty lists, which Kubernetes omits, except those in `keep`."""
    kept = set(keep)
    return {name: value for name, value in status.items() if name in kept or value not in (0, None, [], "")}


def _group(reference: Object) -> str:
    return str(reference["apiVersion"]).partition("/")[0]


def _is_controlled(obj: Object, uid: str) -> bool:
    reference = controller_reference(obj)
    return reference is not None and reference["uid"] == uid
