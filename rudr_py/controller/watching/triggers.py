"""A change in the cluster -> the keys of the applications to reconcile. Keeps the world's indices; sends nothing.

Never a decision by the kind of change: what is to be done is found out by reconciling.
"""

from __future__ import annotations

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.render.values import labels


def keys(kind: Kind, change: Change, known: ClusterState) -> frozenset[ObjectKey]:
    """The applications that a change of an object of this kind concerns."""
    live = change.new or change.old
    if live is None:
        return frozenset()
    if kind == cluster_state.APPLICATION:
        return _application(change, known)
    if kind in definition_index.KINDS:
        return known.definitions.take(kind, change)
    if kind == cluster_state.COMPONENT:
        return known.users(ObjectKey(live.namespace, live.name)) if said_something(change) else frozenset()
    return frozenset(key for one in (change.old, change.new) if one is not None for key in _owners(kind, one, known))


def _application(change: Change, known: ClusterState) -> frozenset[ObjectKey]:
    live = change.new or change.old
    if live is None:
        return frozenset()
    key = ObjectKey(live.namespace, live.name)
    if not said_something(change):
        return frozenset()
    known.uses(key, component_names(change.new) if change.new is not None else frozenset())
    others = known.groups.read(key, change.new)
    if change.new is None:
        known.definitions.uses(key, frozenset())
        others |= known.groups.forget(key)
    return others | {key}


def component_names(live: LiveObject) -> frozenset[str]:
    """The ComponentSchematics that an application names, as far as it can be read."""
    try:
        spec = live.part("spec")
    except errors.UndecodableError:
        return frozenset()  # the reconcile tells the user
    bindings = spec.get("components") if isinstance(spec, dict) else None
    names = (
        (b.get("componentName") for b in bindings or () if isinstance(b, dict)) if isinstance(bindings, list) else ()
    )
    return frozenset(name for name in names if isinstance(name, str))


def said_something(change: Change) -> bool:
    """Whether more than the status changed, as far as we read it."""
    old, new = change.old, change.new
    if old is None or new is None or old.uid != new.uid:
        return True
    return (old.generation, old.annotations, old.labels, old.deleting) != (
        new.generation,
        new.annotations,
        new.labels,
        new.deleting,
    )


def _owners(kind: Kind, live: LiveObject, known: ClusterState) -> frozenset[ObjectKey]:
    if live.owner_kind == cluster_state.APPLICATION.kind:
        name = live.owner_name
    elif kind == cluster_state.COMPONENT_INSTANCE:
        name = ""
    elif live.owner_kind == cluster_state.COMPONENT_INSTANCE.kind:
        owner = known.get(cluster_state.COMPONENT_INSTANCE, live.namespace, live.owner_name)
        name = owner.owner_name if owner is not None else live.labels.get(labels.APPLICATION, "")
    else:
        name = live.labels.get(labels.APPLICATION, "")
    return frozenset((ObjectKey(live.namespace, name),)) if name else frozenset()
