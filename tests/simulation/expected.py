"""The oracle: renders the documents of the store anew and compares the plan with the live objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import Kind, Ref
from rudr_py.catalog import Catalog
from rudr_py.controller.apply import desired as desired_objects
from rudr_py.kube import live_object
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.model.parse import component_updates
from rudr_py.model.parse import documents as parse
from rudr_py.render import claims, render, revisions
from rudr_py.render.revisions import Revision
from rudr_py.render.scopes import membership
from rudr_py.render.status import status
from rudr_py.render.values.inputs import Inputs, NothingObserved
from rudr_py.render.values.plan import Plan, PlannedObject
from rudr_py.settings import FIELD_MANAGER, Settings
from tests.simulation.stored_cluster import NAMESPACE, StoredCluster

Document = dict[str, Any]

_NAMES = ("name", "containerPort", "port", "key", "mountPath", "type", "uid")
"""Keys by which the elements of a list are matched."""


def kind_of(document: Document) -> Kind:
    """The kind of an object."""
    return Kind(document["apiVersion"], document["kind"])


def documents(cluster: StoredCluster, kind: Kind) -> list[Document]:
    """The objects of a kind."""
    return [obj for obj in cluster.objects() if kind_of(obj) == kind]


class StoredClaims(NothingObserved):
    """The claims of the store, on which the names of the planned claims depend."""

    def __init__(self, cluster: StoredCluster, application: str) -> None:
        self._cluster = cluster
        self._application = application

    def documents(self, instance: str, kind: Kind) -> tuple[Document, ...]:
        """The claims of the instance; no objects of other kinds."""
        stored = documents(self._cluster, kind) if kind == claims.CLAIM else []
        return tuple(
            claim
            for claim in stored
            if claims.is_own(claim["metadata"].get("labels") or {}, self._application, instance)
        )

    def document(self, ref: Ref) -> Document | None:
        """The object that `ref` names."""
        return self._cluster.get(ref.kind, ref.name)


def plan(cluster: StoredCluster, application: Document, catalog: Catalog) -> Plan:
    """The plan of an application from the documents of the store."""
    parsed = {obj["metadata"]["name"]: parse.parse(obj) for obj in documents(cluster, APPLICATION)}
    own = parsed[application["metadata"]["name"]]
    components = {name: parse.parse(obj) for name, obj in components_in_use(cluster, application).items()}
    assert own.value is not None, own.problems
    names = {binding.component_name for binding in own.value.components}
    previous = status.read_previous(application.get("status"))
    inputs = Inputs(
        application=own.value,
        parsed=own,
        components={name: component for name, component in components.items() if name in names},
        now=cluster.clock.now(),
        observed=StoredClaims(cluster, application["metadata"]["name"]),
        attached=previous.attached,
        first_seen=previous.first_seen,
        scopes_of=membership.declared([item.value for item in parsed.values() if item.value is not None]),
    )
    return render.render(inputs, catalog)


def components_in_use(cluster: StoredCluster, application: Document) -> dict[str, Document]:
    """The components that an application runs: pinned ones as the revision that its status names has them."""
    used = {str(one["componentName"]) for one in application["spec"]["components"]}
    live = {obj["metadata"]["name"]: obj for obj in documents(cluster, COMPONENT) if obj["metadata"]["name"] in used}
    annotations = application["metadata"].get("annotations", {})
    if not component_updates.is_manual(annotations, "automatic"):
        return live
    promoted = component_updates.promotions(annotations)
    current = application.get("status", {}).get("currentRevision", {}).get("name")
    for revision in stored_revisions(cluster, application):
        for component in revision.components if revision.name == current else ():
            name = component["metadata"]["name"]
            contents = (revisions.digest(component), promoted.get(name))
            if name in used and (name not in live or revisions.digest(live[name]) not in contents):
                live[name] = {**component, "metadata": {**component["metadata"], "namespace": NAMESPACE}}
    return live


def stored_revisions(cluster: StoredCluster, application: Document) -> list[Revision]:
    """The revisions of an application, by number."""
    uid = application["metadata"]["uid"]
    stored = [obj for obj in documents(cluster, revisions.KIND) if _controller_uid(obj) == uid]
    return sorted(filter(None, map(revisions.read, stored)), key=lambda revision: revision.number)


def differences(cluster: StoredCluster, strangers: frozenset[str]) -> Iterator[str]:
    """What differs between the documents and the cluster. Objects with the uids of `strangers` are not rudr's."""
    planned: set[Ref] = set()
    held: set[str] = set()
    stopped = False
    for application in documents(cluster, APPLICATION):
        name = application["metadata"]["name"]
        if "deletionTimestamp" in application["metadata"]:
            yield f"application {name} is still being deleted"
            continue
        rendered = plan(cluster, application, cluster.catalog)
        planned |= {manifest.ref for manifest in rendered.manifests}
        if rendered.problems:
            stopped = True
            if _condition(application, "Valid") != "False":
                yield f"{name}: Valid is not False, but {rendered.problems[0].message}"
            continue
        conflict = any(_live_uid(cluster, manifest.ref) in strangers for manifest in rendered.manifests)
        stopped = stopped or conflict
        if rendered.is_held:
            held.add(name)
        yield from _status_differences(application, "False" if conflict else "Unknown" if rendered.is_held else "True")
        if not conflict:
            for manifest in rendered.manifests:
                yield from _object_differences(cluster, application, rendered, manifest)
            if not rendered.is_held:
                yield from _revision_differences(cluster, application)
    if not stopped:
        yield from _leftovers(cluster, planned, held)


def _status_differences(application: Document, synced: str) -> Iterator[str]:
    metadata, reported = application["metadata"], application.get("status", {})
    name = metadata["name"]
    if reported.get("observedGeneration") != metadata["generation"]:
        yield f"{name}: observedGeneration {reported.get('observedGeneration')} is not {metadata['generation']}"
    if _condition(application, "Synced") != synced:
        yield f"{name}: Synced is not {synced}: {reported.get('conditions')}"


def _revision_differences(cluster: StoredCluster, application: Document) -> Iterator[str]:
    """Whether the newest revision has the documents, and the status names it.

    With manual updates, the one that the status names counts: a process may end before it has written the status.
    """
    name, reported = application["metadata"]["name"], application.get("status", {}).get("currentRevision", {})
    kept = stored_revisions(cluster, application)
    if len(kept) > Settings().revision_history_limit:
        yield f"{name}: {len(kept)} revisions are kept"
    if "components" in reported:
        kept = [revision for revision in kept if revision.name == reported.get("name")]
    content = revisions.content(application, components_in_use(cluster, application).values())
    if not kept or kept[-1].documents != (*content["components"], content["application"]):
        yield f"{name}: the newest revision does not contain the documents"
    elif (reported.get("number"), reported.get("name")) != (kept[-1].number, kept[-1].name):
        yield f"{name}: the status does not name the revision {kept[-1].number}"


def _controller_uid(obj: Document) -> str:
    owners = obj["metadata"].get("ownerReferences", ())
    return next((owner["uid"] for owner in owners if owner.get("controller")), "")


def _object_differences(
    cluster: StoredCluster, application: Document, rendered: Plan, manifest: PlannedObject
) -> Iterator[str]:
    live = cluster.get(manifest.ref.kind, manifest.ref.name)
    if manifest.inputs_digest:
        if live is not None:
            digest = live["metadata"].get("annotations", {}).get(metadata_keys.INPUTS_ANNOTATION)
            if digest != manifest.inputs_digest:
                yield f"{manifest.ref} ran with other inputs"
        return
    if live is None:
        yield f"{manifest.ref} does not exist"
        return
    owner = _owner(cluster, application, rendered, manifest)
    desired = desired_objects.in_place(
        desired_objects.complete(manifest, owner), live_object.decode(msgspec.json.encode(live))
    )
    applied = live["metadata"].get("annotations", {}).get(APPLIED_ANNOTATION)
    if applied != desired.hash:
        yield f"{manifest.ref} has the hash {applied}, not {desired.hash}"
    for path in missing(desired.document, live):
        yield f"{manifest.ref} differs at {path}"


def _owner(cluster: StoredCluster, application: Document, rendered: Plan, manifest: PlannedObject) -> LiveObject | None:
    if manifest.owner == "none":
        return None
    if manifest.owner == "application":
        return live_object.decode(msgspec.json.encode(application))
    ref = next(instance.owner for instance in rendered.instances if instance.name == manifest.instance)
    document = cluster.get(ref.kind, ref.name)
    return None if document is None else live_object.decode(msgspec.json.encode(document))


def _kept(applications: list[Document]) -> set[tuple[str, str]]:
    """The removed instances, by application, in place of which an instance was added that is not ready.

    An Ingress is not, because the cluster has no class for it.
    """
    return {
        (application["metadata"]["name"], label)
        for application in applications
        for replacement in application.get("status", {}).get("replacements", ())
        for label in replacement["removes"]
        if any(
            any(part["state"] != "ready" for part in (entry, *entry.get("traits", ())))
            for entry in application["status"].get("instances", ())
            if entry["name"] in replacement["adds"]
        )
    }


def _kept_objects(applications: list[Document]) -> set[tuple[str, str]]:
    """The removed objects, by application, in place of which an object of their instance was added.

    Of the simulated types, only an Ingress may never become ready. Other ones do, and the removed objects are deleted.
    """
    return {
        (application["metadata"]["name"], removed)
        for application in applications
        for replacement in application.get("status", {}).get("replacements", ())
        for removed in replacement["removes"]
        if any(added.startswith("ingress.") for added in replacement["adds"])
    }


def _leftovers(cluster: StoredCluster, planned: set[Ref], held: set[str]) -> Iterator[str]:
    """The objects that no document needs; `held` are applications whose objects may stay as they are."""
    applications = documents(cluster, APPLICATION)
    uids, kept = {application["metadata"]["uid"] for application in applications}, _kept(applications)
    kept |= _kept_objects(applications)
    for obj in cluster.objects():
        metadata = obj["metadata"]
        ref = Ref(kind_of(obj), metadata["name"])
        if ref in planned or not is_applied(metadata):
            continue
        if metadata.get("labels", {}).get(metadata_keys.APPLICATION_LABEL) in held:
            continue  # I9 checks those
        labels = metadata.get("labels", {})
        name, instance = labels.get(metadata_keys.APPLICATION_LABEL), labels.get(metadata_keys.INSTANCE_LABEL)
        if (name, instance) in kept or (name, str(ref)) in kept:
            continue
        if obj["kind"] == "PersistentVolumeClaim":
            continue  # it may outlive its trait; I4 checks those that are deleted with the application
        if obj["kind"] == revisions.KIND.kind and _controller_uid(obj) in uids:
            continue
        if obj["kind"] == "ConfigMap" and any(readers(cluster, metadata["name"])):
            continue
        yield f"{ref} is left over"


def is_applied(metadata: Document) -> bool:
    """Whether rudr has applied the object itself, not only its status or its finalizers."""
    return any(
        entry["manager"] == FIELD_MANAGER and entry["operation"] == "Apply" and not entry.get("subresource")
        for entry in metadata.get("managedFields", ())
    )


def readers(cluster: StoredCluster, config_map: str) -> Iterator[str]:
    """The pods whose containers may start again, and the revisions with replicas, that name a ConfigMap."""
    for obj in cluster.objects():
        if "deletionTimestamp" in obj["metadata"]:
            continue
        if obj["kind"] == "Pod":
            active = obj.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        else:
            active = obj.get("spec", {}).get("replicas", 0) > 0
        if active and config_map in _config_maps(obj):
            yield f"{obj['kind']} {obj['metadata']['name']}"


def _config_maps(obj: Document) -> Iterator[str]:
    """The ConfigMaps that a pod, or a ReplicaSet from which one may be created again, names."""
    if obj["kind"] not in ("Pod", "ReplicaSet"):
        return
    spec = obj.get("spec", {}) if obj["kind"] == "Pod" else obj.get("spec", {}).get("template", {}).get("spec", {})
    for mounted in spec.get("volumes") or ():
        if "configMap" in mounted:
            yield mounted["configMap"]["name"]


def _live_uid(cluster: StoredCluster, ref: Ref) -> str:
    live = cluster.get(ref.kind, ref.name)
    return "" if live is None else str(live["metadata"]["uid"])


def _condition(application: Document, name: str) -> str:
    conditions = application.get("status", {}).get("conditions", ())
    return next((str(condition["status"]) for condition in conditions if condition["type"] == name), "")


def missing(desired: Any, live: Any, path: str = "$") -> Iterator[str]:
    """The paths of desired values that the live object lacks or has otherwise; defaults of the server do not count."""
    if isinstance(desired, Mapping):
        if not isinstance(live, Mapping):
            yield path
            return
        for key, value in desired.items():
            yield from missing(value, live.get(key), f"{path}.{key}")
    elif isinstance(desired, list):
        yield from _missing_elements(desired, live if isinstance(live, list) else [], path)
    elif ".resources." in path and live is not None:
        return  # the server may write a quantity in another form
    elif desired != live and not (desired in ("", 0, False) and live is None):
        yield path


def _missing_elements(desired: list[Any], live: list[Any], path: str) -> Iterator[str]:
    for index, element in enumerate(desired):
        key = next((key for key in _NAMES if isinstance(element, Mapping) and key in element), "")
        candidates = [item for item in live if key and isinstance(item, Mapping) and item.get(key) == element[key]]
        counterpart = candidates[0] if candidates else live[index] if index < len(live) else None
        yield from missing(element, counterpart, f"{path}[{index}]")
