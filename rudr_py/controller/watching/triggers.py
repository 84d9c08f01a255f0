"""Maps a change in the cluster to the keys of the applications to reconcile, and updates the field indexes.

Sends nothing. A reconcile does not depend on the kind of change that triggered it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from rudr_py import errors
from rudr_py.api import Kind, Ref, mappings_in
from rudr_py.controller.state import claim_index, claim_users, definition_index, scaler_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.users import Defer, concerned, never
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, NAMESPACE
from rudr_py.model.metadata_keys import ENFORCE_LABEL, SERVICE_ACCOUNT_ANNOTATION
from rudr_py.model.shapes import rewrite
from rudr_py.render import claims
from rudr_py.render.values import labels
from rudr_py.settings import DEFAULT_LIMITS


def keys(kind: Kind, change: Change, state: ClusterState, defer: Defer = never) -> frozenset[ObjectKey]:
    """The applications that a change of an object of this kind concerns, without the groups that `defer` accepts."""
    live = change.new or change.old
    if live is None:
        return frozenset()
    key = ObjectKey(live.namespace, live.name)
    if kind in definition_index.KINDS:
        return state.definitions.update(kind, change)
    if kind in (*state.cluster_kinds, NAMESPACE):
        readers = concerned(state.applications.cluster_kinds, kind, "", defer)
        return readers | _of_namespace(change, state) if kind == NAMESPACE else readers
    waiting = concerned(state.applications.awaiting_claims, live.namespace, live.namespace, defer)
    if kind == APPLICATION:
        # a changed status, too: the answers to own writes are in the cache before their events, so this is the write of
        # another process, or one whose answer was lost and which the server executed later than expected
        return _application(key, change, state, defer) | waiting
    if kind == COMPONENT:
        # every version, because the status names the one that it was computed from
        return concerned(state.applications.components, key, key.namespace, defer)
    versions = [version for version in (change.old, change.new) if version is not None]
    readers = concerned(state.applications.reads, (live.namespace, Ref(kind, live.name)), live.namespace, defer)
    if claim_index.has_templates(kind):
        readers = readers.union(*(_sharing(version, state) for version in versions))
    if len(versions) == 2 and _only_status_differs(*versions):
        versions = versions[1:]
    if kind.kind in scaler_index.KINDS:
        readers = readers.union(*(_owners_of_target(version, state) for version in versions))
    return readers.union(waiting, *(_owners(kind, version, state) for version in versions))


def _only_status_differs(old: LiveObject, new: LiveObject) -> bool:
    """Whether two versions of an object have the same spec, labels and owner; False if that is unknown."""
    owners = (old.owner_uid, old.owner_kind, old.owner_name), (new.owner_uid, new.owner_kind, new.owner_name)
    is_same = old.uid == new.uid and old.generation == new.generation and old.label_pairs == new.label_pairs
    return is_same and new.generation > 0 and owners[0] == owners[1]


def _sharing(live: LiveObject, state: ClusterState) -> frozenset[ObjectKey]:
    """The other applications that mount a claim of a workload: their status names it."""
    claims_of = claim_index.mounted(live)
    own = ObjectKey(live.namespace, claim_users.application_of(state, live) if claims_of else "")
    users = claim_users.others(state, own, claims_of)
    return frozenset(ObjectKey(live.namespace, name) for _, name, _ in users)


def _application(key: ObjectKey, change: Change, state: ClusterState, defer: Defer) -> frozenset[ObjectKey]:
    """Update the indexes; return the application and the others that the change concerns."""
    applications = state.applications
    if change.new is None:
        return applications.forget(key, defer) | {key}
    applications.note_version(key, change.new)
    names = component_names(change.new, state.component_limit)
    applications.components.set(key, (ObjectKey(key.namespace, name) for name in names))
    return applications.scopes.update(key, change.new, defer) | {key}


def component_names(live: LiveObject, limit: int = DEFAULT_LIMITS.components) -> frozenset[str]:
    """The ComponentSchematics that an application names; empty for an unreadable document.

    Of an application with more than `limit` components, which is refused, only the first ones: names take memory.
    """
    try:
        spec = live.part("spec")
    except errors.UndecodableError:
        return frozenset()  # the reconcile reports it in the status
    bindings = itertools.islice(mappings_in(spec, "components"), limit)
    names = (rewrite.component_of(binding) for binding in bindings)
    return frozenset(names) - {""}


def _of_namespace(change: Change, state: ClusterState) -> frozenset[ObjectKey]:
    """The applications of a namespace that enforces another Pod Security Standard, or names another service account.

    Of the latter, applications without anything to write are left out.
    """
    is_enforced_anew = _differ(change, lambda live: live.labels.get(ENFORCE_LABEL))
    if not is_enforced_anew and not _differ(change, lambda live: live.annotations.get(SERVICE_ACCOUNT_ANNOTATION)):
        return frozenset()
    namespace = next(version.name for version in (change.new, change.old) if version is not None)
    cache, applications = state.cache(APPLICATION, namespace), state.applications
    keys = (ObjectKey(namespace, live.name) for live in (cache.by_namespace(namespace) if cache is not None else ()))
    return frozenset(
        key for key in keys if is_enforced_anew or key not in applications or applications.get(key).settled is None
    )


def _differ(change: Change, field: Callable[[LiveObject], str | None]) -> bool:
    """Whether a change concerns a field of the metadata."""
    old, new = (field(version) if version is not None else None for version in (change.old, change.new))
    return old != new


def _owners_of_target(live: LiveObject, state: ClusterState) -> frozenset[ObjectKey]:
    """The application of the workload that an autoscaler of any owner scales."""
    target = scaler_index.target_of(live)
    if target is None:
        return frozenset()
    kinds = (kind for kind in state.kinds() if kind.kind == target.kind and kind.group == target.group)
    workloads = ((kind, state.get(kind, target.namespace, target.name)) for kind in kinds)
    owners = (_owners(kind, workload, state) for kind, workload in workloads if workload is not None)
    return frozenset(key for keys in owners for key in keys)


def _owners(kind: Kind, live: LiveObject, state: ClusterState) -> frozenset[ObjectKey]:
    if live.owner_kind == APPLICATION.kind:
        name = live.owner_name
    elif kind == COMPONENT_INSTANCE:
        name = ""
    elif live.owner_kind == COMPONENT_INSTANCE.kind:
        owner = state.get(COMPONENT_INSTANCE, live.namespace, live.owner_name)
        name = owner.owner_name if owner is not None else live.labels.get(labels.APPLICATION, "")
    else:
        name = live.labels.get(labels.APPLICATION, "")
    names = {name, live.labels.get(claims.APPLICATION, "")} if kind == claims.CLAIM else {name}
    return frozenset(ObjectKey(live.namespace, name) for name in names if name)
