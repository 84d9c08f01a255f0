"""The objects that another object needs: while a planned object is not applied, those that need it are not applied.

Every object of an instance needs the ComponentInstance that owns it. A pod spec needs the ConfigMaps, claims, Secrets
and accounts that it names. Nothing else is needed: a Service, an Ingress or an autoscaler is valid without its
workload. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import runs
from rudr_py.controller.state.cluster_state import OWN_KINDS, ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import CONFIG_MAP, POD
from rudr_py.render.claims import CLAIM
from rudr_py.render.values.plan import Plan, PlannedObject

SECRET = Kind("v1", "Secret")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount")

Sources = Mapping[str, tuple[Kind, str]]
"""Fields of a pod spec whose value names another object: its kind, and the key of the name."""

VARIABLES: Final[Sources] = {
    "configMapRef": (CONFIG_MAP, "name"),
    "configMapKeyRef": (CONFIG_MAP, "name"),
    "secretRef": (SECRET, "name"),
    "secretKeyRef": (SECRET, "name"),
}
"""The sources of environment variables, which the cached pods lack."""

_SOURCES: Final[Sources] = {
    "configMap": (CONFIG_MAP, "name"),
    "persistentVolumeClaim": (CLAIM, "claimName"),
    "secret": (SECRET, "secretName"),
    **VARIABLES,
}

FEW: Final = 20
"""Number of names that are searched in the text of an object before it is decoded."""

_WITHOUT_PODS: Final = frozenset({*OWN_KINDS, CLAIM, CONFIG_MAP})


def users(
    state: ClusterState, namespace: str, ref: Ref, instance: str | None = None
) -> Iterator[tuple[Ref, LiveObject]]:
    """The live workloads and pods, of one instance or of all, whose pod specs name an object; no pods that have ended.

    `instance` is the value of its label. Cached pods lack their environment, so only their volumes count.
    """
    yield from users_of(state, namespace, frozenset((ref,)), instance).get(ref, ())


def users_of(
    state: ClusterState, namespace: str, refs: frozenset[Ref], instance: str | None = None
) -> Mapping[Ref, Sequence[tuple[Ref, LiveObject]]]:
    """The users of several objects, see `users`. Every live object is read at most once."""
    names = [ref.name.encode() for ref in refs]
    users: dict[Ref, list[tuple[Ref, LiveObject]]] = {}
    for kind in state.kinds():
        cache = state.cache(kind, namespace)
        if cache is None or kind in _WITHOUT_PODS:
            continue
        for live in cache.by_namespace(namespace) if instance is None else cache.by_label(namespace, instance):
            # decoding takes longer than the search for a few names
            if len(names) <= FEW and not any(name in live.body for name in names):
                continue
            used = refs & frozenset(references(live.part("spec")))
            if used and not (kind == POD and runs.has_ended(live)):
                for ref in used:
                    users.setdefault(ref, []).append((Ref(kind, live.name), live))
    return users


def references(value: Any, sources: Sources = _SOURCES) -> Iterator[Ref]:
    """The objects that pod specs inside a value name in these fields, and their ServiceAccounts."""
    if isinstance(value, dict):
        for key, item in value.items():
            kind, name_key = sources.get(key, (None, ""))
            if kind is not None and isinstance(item, dict) and isinstance(item.get(name_key), str):
                yield Ref(kind, item[name_key])
            elif key == "serviceAccountName" and isinstance(item, str):
                yield Ref(SERVICE_ACCOUNT, item)
            yield from references(item, sources)
    elif isinstance(value, list):
        for item in value:
            yield from references(item, sources)


def missing(
    planned: PlannedObject, plan: Plan, denials: Mapping[Ref, str], exists: Callable[[Ref], bool]
) -> Ref | None:
    """The first object that a planned one needs and that is not applied; None where it can be applied.

    `denials` are the objects of the plan that could not be applied, each with the message of the server where that
    refused the object, else with an empty text. A claim that exists can be mounted although a change of it is refused,
    unless it has to be taken over first.
    """
    if not denials:
        return None
    instance = plan.instance_of(planned)
    owners = (instance.owner,) if instance is not None and instance.owner != planned.ref else ()
    unapplied = [ref for ref in (*owners, *references(planned.body.get("spec"))) if ref in denials]
    adopted = {other.ref for other in plan.manifests if other.adopt} if unapplied else ()

    def is_mountable(ref: Ref) -> bool:
        return ref.kind == CLAIM and ref not in adopted and bool(denials[ref]) and exists(ref)

    return next((ref for ref in unapplied if not is_mountable(ref)), None)
