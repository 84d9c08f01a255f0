"""Takes over objects that Rudr wrote, or that somebody restored from a backup, so that what is removed later goes.

Such an object has a managedFields entry of another manager that owns everything we render. After a forced apply it
would still co-own all of it: a removed env variable would stay, a changed port would be refused. So that entry is made
ours first, in one JSON patch that changes nothing else of the object, save that an owner which must not be there goes.

Source: measured on kube-apiserver; no pod restarts by it. It deletes nothing and applies no manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.controller.apply import managed_fields
from rudr_py.controller.apply.managed_fields import Fields
from rudr_py.controller.apply.ownership import RUDR_MANAGERS
from rudr_py.kube.client import Client
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.kube.requests import Resource, Target
from rudr_py.render.values import labels as stamp
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

BEFORE = "before-first-apply"
"""The manager to whom a server gives all that it finds on an object that is older than managedFields."""

TRIES = 3
"""How often an object that changes meanwhile is looked at again."""

TEMPLATE_LEAVES = ("f:name", "f:ownerReferences", "f:creationTimestamp")
"""Fields of a pod template's metadata that Rudr wrote and we do not: taken away, they would restart the pods."""

LAST_APPLIED = "f:kubectl.kubernetes.io/last-applied-configuration"

CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)

_LABELS = (stamp.MANAGED_BY, stamp.APPLICATION, stamp.INSTANCE)

Document = dict[str, Any]


class RudrAdoption:
    """Makes entries of others ours."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def prepare(
        self, target: Target, planned: PlannedObject, owner: LiveObject | None, document: Document
    ) -> Document:
        """Whatever keeps the live object from becoming as planned by an apply is put right; the object after it.

        Raises ConflictError when the object changes all the time, and any other KubeError.
        """
        for _ in range(TRIES):
            if not planned.once and not tracked(document):
                await self._track(target, document)
                document = await self._client.get(target)
            operations = patch(document, planned, owner)
            if not operations:
                return document
            try:
                await self._client.json_patch(target, msgspec.json.encode(operations), FIELD_MANAGER)
            except (errors.ConflictError, errors.InvalidError) as error:
                # a test that does not hold is answered like a document that is wrong
                refused = error
            else:
                return await self._client.get(target)
            changed = await self._client.get(target)
            if changed["metadata"].get("resourceVersion") == document["metadata"].get("resourceVersion"):
                raise refused
            document = changed
        message = f"{planned.ref} changes all the time; it cannot be taken over"
        raise errors.ConflictError(message, status=409, reason="Conflict")

    async def _track(self, target: Target, document: Document) -> None:
        """Let the server write down who owns what of an object that is older than that book-keeping.

        It does so at the first apply of anybody; this one holds nothing, by a manager that keeps nothing.
        """
        metadata = {key: document["metadata"][key] for key in ("name", "namespace", "uid")}
        head = {"apiVersion": target.resource.api_version, "kind": target.resource.kind, "metadata": metadata}
        await self._client.apply(target, msgspec.json.encode(head), HANDOVER_MANAGER, force=False)

    async def mark(self, target: Target, planned: PlannedObject, owner: LiveObject | None, document: Document) -> None:
        """Put our labels on the ConfigMaps that Rudr's pods read and ours do not, so that they are found and pruned.

        They carry a name that we never use, and no label of ours. Raises KubeError.
        """
        for name in sorted(config_maps(document) - config_maps(planned.body)):
            place = Target(CONFIG_MAPS, target.namespace, name)
            try:
                found = await self._client.get(place)
            except errors.NotFoundError:
                continue
            references = found["metadata"].get("ownerReferences", ())
            if owner is None or not any(one.get("controller") and one.get("uid") == owner.uid for one in references):
                continue
            labels = {key: planned.body["metadata"]["labels"][key] for key in _LABELS}
            metadata = {"name": name, "namespace": target.namespace, "uid": found["metadata"]["uid"], "labels": labels}
            content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
            try:
                await self._client.apply(place, msgspec.json.encode(content), FIELD_MANAGER)
            except errors.ConflictError:
                continue  # gone meanwhile


def config_maps(document: Document) -> frozenset[str]:
    """The ConfigMaps that the pods of a workload mount."""
    found: Any = document
    for step in ("spec", "template", "spec", "volumes"):
        found = found.get(step) if isinstance(found, dict) else None
    volumes = (one for one in found or () if isinstance(one, dict))
    return frozenset(str(one["configMap"].get("name")) for one in volumes if isinstance(one.get("configMap"), dict))


def tracked(document: Document) -> bool:
    """Whether the server knows of anybody who owns fields of the object itself."""
    entries = document["metadata"].get("managedFields", ())
    return any(entry.get("fieldsV1") and not entry.get("subresource") for entry in entries)


def patch(document: Document, planned: PlannedObject, owner: LiveObject | None) -> list[Document]:
    """The JSON patch that takes the object over; empty when there is nothing to take.

    Of an object that runs once only a wrong owner is removed: it is never applied as a whole again.
    """
    metadata = document["metadata"]
    operations: list[Document] = []
    if not planned.once:
        operations += _entries(document, planned)
    kept = [one for one in metadata.get("ownerReferences", ()) if not _wrong(one, owner)]
    if len(kept) != len(metadata.get("ownerReferences", ())):
        operations.append({"op": "replace", "path": "/metadata/ownerReferences", "value": kept})
    if not operations:
        return []
    return [{"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}, *operations]


def _wrong(reference: Document, owner: LiveObject | None) -> bool:
    """Whether this is an owner of a former life: who is asked here is known to be ours or an orphan of ours."""
    return bool(reference.get("controller")) and (owner is None or reference.get("uid") != owner.uid)


def _entries(document: Document, planned: PlannedObject) -> Iterator[Document]:
    metadata = document["metadata"]
    entries: list[Document] = metadata.get("managedFields", [])
    taken = [entry for entry in entries if _is_taken(entry, metadata)]
    if not taken:
        return
    ours = next((entry for entry in entries if _is_ours(entry)), None)
    found: Fields = {"f:metadata": {"f:labels": {f"f:{name}": {} for name in planned.body["metadata"]["labels"]}}}
    for owned in (_owned(entry, document, planned) for entry in entries if entry in taken or entry is ours):
        found = _union(found, owned)
    left = [entry for entry in entries if entry not in taken and entry is not ours]
    head = {"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": planned.ref.kind.api_version}
    entry = {**(ours or taken[0]), **head, "fieldsType": "FieldsV1", "fieldsV1": found}
    yield {"op": "replace", "path": "/metadata/managedFields", "value": [*left, entry]}


def _owned(entry: Document, document: Document, planned: PlannedObject) -> Fields:
    """What we take of an entry: all that Rudr meant to write, else only what we know.

    An entry may have more than its manager rendered: the copy of an object has also what others had put there, and in
    a version that the server has given up the names may be others.
    """
    owned = dict(entry.get("fieldsV1", {}))
    if _is_ours(entry):
        return owned
    written = entry.get("operation") == "Update" and entry.get("manager") in RUDR_MANAGERS - {BEFORE}
    precise = written and entry.get("apiVersion") == planned.ref.kind.api_version
    return reduced(owned if precise else managed_fields.common(owned, _known(document, planned)))


def _is_ours(entry: Document) -> bool:
    applied = (entry.get("manager"), entry.get("operation")) == (FIELD_MANAGER, "Apply")
    return applied and not entry.get("subresource")


def _is_taken(entry: Document, metadata: Document) -> bool:
    """Whether an entry is Rudr's on an object that we never applied, or of somebody who restored a copy of ours."""
    if entry.get("subresource") or entry.get("manager") == HANDOVER_MANAGER or _is_ours(entry):
        return False
    if managed_fields.owns(entry.get("fieldsV1", {}), ("metadata", "annotations", APPLIED_ANNOTATION)):
        return True
    applied = APPLIED_ANNOTATION in (metadata.get("annotations") or {})
    return entry.get("operation") == "Update" and entry.get("manager") in RUDR_MANAGERS and not applied


def _known(document: Document, planned: PlannedObject) -> Document:
    """What we render, and Rudr's config files, which have to go for ours to come; all else may be anybody's."""
    template = ("spec", "template", "spec")
    pod, there = managed_fields.value(planned.body, template), managed_fields.value(document, template)
    if not isinstance(pod, dict) or not isinstance(there, dict):
        return planned.body
    old = config_maps(document) - config_maps(planned.body)
    mounts = {one.get("name"): one.get("volumeMounts", []) for one in there.get("containers", ())}
    containers = [
        {
            **one,
            "volumeMounts": [
                *one.get("volumeMounts", ()),
                *(mount for mount in mounts.get(one["name"], ()) if _is_rudrs(mount["name"], one["name"], old)),
            ],
        }
        for one in pod["containers"]
    ]
    volumes = [
        one
        for one in there.get("volumes", ())
        if any(_is_rudrs(one["name"], container["name"], old) for container in containers)
    ]
    known = {**pod, "containers": containers, "volumes": [*pod.get("volumes", ()), *volumes]}
    spec = planned.body["spec"]
    return {**planned.body, "spec": {**spec, "template": {**spec["template"], "spec": known}}}


def _is_rudrs(volume: str, container: str, config: frozenset[str]) -> bool:
    """Whether a volume is one of Rudr's config files: named like its ConfigMap, `<container><index>`."""
    return volume in config and volume.startswith(container) and volume[len(container) :].isdigit()


def _union(one: Fields, other: Fields) -> Fields:
    return {**one, **{key: _union(one[key], value) if key in one else value for key, value in other.items()}}


def reduced(owned: Fields) -> Fields:
    """The fields without those that Rudr wrote into pods and we never do: they stay as they are, and are nobody's.

    Nor does the status come along, which Rudr wrote with the whole object.
    """
    owned = {key: below for key, below in owned.items() if key != "f:status"}
    template = owned.get("f:spec", {}).get("f:template")
    if not isinstance(template, dict):
        return owned
    found = {**template}
    if "f:metadata" in found:
        found["f:metadata"] = _metadata(found["f:metadata"])
    if "f:spec" in found:
        found["f:spec"] = {key: _containers(below) for key, below in found["f:spec"].items()}
    return {**owned, "f:spec": {**owned["f:spec"], "f:template": found}}


def _metadata(owned: Fields) -> Fields:
    kept = {key: below for key, below in owned.items() if key not in TEMPLATE_LEAVES}
    annotations = {key: below for key, below in kept.pop("f:annotations", {}).items() if key != LAST_APPLIED}
    return {**kept, **({"f:annotations": annotations} if annotations.keys() - {"."} else {})}


def _containers(owned: Fields) -> Fields:
    """The same without the pull policy of each entry of a list of containers."""
    return {
        key: {name: value for name, value in below.items() if name != "f:imagePullPolicy"}
        if key.startswith("k:")
        else below
        for key, below in owned.items()
    }
