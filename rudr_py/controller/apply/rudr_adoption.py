"""Take over the managed fields of objects that Rudr wrote, or that a backup restored, so that removals take effect.

Another manager's entry owns every field of such an object. After a forced apply it would still co-own all of them: a
removed env variable would stay, a changed port would be refused. So one JSON patch first turns that entry into the
entry of rudr; it changes nothing else, but replaces an owner that does not exist any more, so that the object has an
owner even while its apply is denied.

Source: measured on kube-apiserver; the patch restarts no pod. Nothing is deleted, and no manifest is applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply import desired, managed_fields
from rudr_py.controller.apply.managed_fields import Fields
from rudr_py.controller.apply.ownership import RUDR_MANAGERS
from rudr_py.kube.client import Client
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.kube.requests import Resource, Target
from rudr_py.model.kinds import CONFIG_MAP
from rudr_py.render.values import labels as stamp
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

BEFORE = "before-first-apply"
"""The manager that a server records for the fields of an object that is older than managedFields."""

ATTEMPTS = 3
"""How many times an object that changes meanwhile is read."""

TEMPLATE_LEAVES = ("f:name", "f:ownerReferences", "f:creationTimestamp")
"""Fields of a pod template's metadata that only Rudr wrote: their removal would restart the pods."""

LAST_APPLIED = "f:kubectl.kubernetes.io/last-applied-configuration"

CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)

_LABELS = (stamp.MANAGED_BY, stamp.APPLICATION, stamp.INSTANCE)

Document = dict[str, Any]


class RudrAdoption:
    """Turns entries of other managers into that of rudr."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def prepare(
        self, target: Target, planned: PlannedObject, owner: LiveObject | None, document: Document
    ) -> Document:
        """Patch everything that an apply cannot correct; return the object after the patch.

        Raises ConflictError when the object keeps changing, and any other KubeError.
        """
        for _ in range(ATTEMPTS):
            if not planned.inputs_digest and not tracked(document):
                await self._track(target, document)
                document = await self._client.get(target)
            operations = patch(document, planned, owner)
            if not operations:
                return document
            refused = await self._patch(target, operations)
            changed = await self._client.get(target)
            if refused and changed["metadata"].get("resourceVersion") == document["metadata"].get("resourceVersion"):
                raise refused
            document = changed  # after a patch of the owner, its entry has to be taken, too
        if refused is None:
            return document
        message = f"{planned.ref} keeps changing; it cannot be adopted"
        raise errors.ConflictError(message, status=409, reason="Conflict")

    async def _patch(self, target: Target, operations: list[Document]) -> errors.ApiError | None:
        """Send a patch. Return the error where its test may have failed, which is answered like an invalid document."""
        try:
            await self._client.json_patch(target, msgspec.json.encode(operations), FIELD_MANAGER)
        except (errors.ConflictError, errors.InvalidError) as error:
            return error
        return None

    async def _track(self, target: Target, document: Document) -> None:
        """Let the server create the managedFields of an object that is older than they are.

        It does so at the first apply; this one has no fields, and its manager keeps none.
        """
        metadata = {key: document["metadata"][key] for key in ("name", "namespace", "uid")}
        content = {"apiVersion": target.resource.api_version, "kind": target.resource.kind, "metadata": metadata}
        await self._client.apply(target, msgspec.json.encode(content), HANDOVER_MANAGER, force=False)

    async def mark(
        self, target: Target, planned: PlannedObject, owner: LiveObject | None, document: Document
    ) -> list[Ref]:
        """Label the ConfigMaps that only Rudr's pods read, so that they are watched and pruned; return them.

        Raises KubeError. Their names are never those of planned objects, and they have no label of rudr.
        """
        marked: list[Ref] = []
        for name in leftovers(document, planned):
            place = Target(CONFIG_MAPS, target.namespace, name)
            try:
                config_map = await self._client.get(place)
            except errors.NotFoundError:
                continue
            if not is_controlled(config_map, owner):
                continue
            labels = {key: planned.body["metadata"]["labels"][key] for key in _LABELS}
            uid = config_map["metadata"].get("uid", "")
            metadata = {"name": name, "namespace": target.namespace, "uid": uid, "labels": labels}
            content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
            try:
                await self._client.apply(place, msgspec.json.encode(content), FIELD_MANAGER)
            except errors.ConflictError:
                continue  # deleted meanwhile
            marked.append(Ref(CONFIG_MAP, name))
        return marked


def leftovers(document: Document, planned: PlannedObject) -> list[str]:
    """The names of the ConfigMaps that the pods of a live workload mount and those of the planned one do not."""
    return sorted(config_maps(document) - config_maps(planned.body))


def is_controlled(document: Document, owner: LiveObject | None) -> bool:
    """Whether the object has this owner as its controller, and rudr has not applied it.

    An apply of labels alone would remove the data of a ConfigMap that rudr has applied; its watch reports it anyway.
    """
    references = document["metadata"].get("ownerReferences", ())
    if managed_fields.entry(document, FIELD_MANAGER):
        return False
    return owner is not None and any(one.get("controller") and one.get("uid") == owner.uid for one in references)


def config_maps(document: Document) -> frozenset[str]:
    """The ConfigMaps that the pods of a workload mount."""
    value: Any = document
    for step in ("spec", "template", "spec", "volumes"):
        value = value.get(step) if isinstance(value, dict) else None
    volumes = (volume for volume in value or () if isinstance(volume, dict))
    sources = (volume.get("configMap") for volume in volumes)
    return frozenset(str(source.get("name")) for source in sources if isinstance(source, dict))


def tracked(document: Document) -> bool:
    """Whether the server has recorded an owner of the object's own fields."""
    entries = document["metadata"].get("managedFields", ())
    return any(entry.get("fieldsV1") and not entry.get("subresource") for entry in entries)


def patch(document: Document, planned: PlannedObject, owner: LiveObject | None) -> list[Document]:
    """The JSON patch that takes the object over; empty where nothing has to be taken.

    Of an object that runs to completion only a wrong owner is replaced: it is never applied as a whole again.
    """
    metadata = document["metadata"]
    operations: list[Document] = []
    if not planned.inputs_digest:
        operations += _entries(document, planned)
    references = metadata.get("ownerReferences", ())
    if any(_is_wrong(reference, owner) for reference in references):
        kept = [reference for reference in references if not (_is_wrong(reference, owner) or _names(reference, owner))]
        added = [desired.reference(owner)] if owner is not None and owner.uid else []
        operations.append({"op": "replace", "path": "/metadata/ownerReferences", "value": [*kept, *added]})
    if not operations:
        return []
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata.get("resourceVersion", "")},
        *operations,
    ]


def _is_wrong(reference: Document, owner: LiveObject | None) -> bool:
    """Whether the controller is one that no longer exists; the object itself has been judged to be adoptable."""
    return bool(reference.get("controller")) and not _names(reference, owner)


def _names(reference: Document, owner: LiveObject | None) -> bool:
    return owner is not None and reference.get("uid") == owner.uid


def _entries(document: Document, planned: PlannedObject) -> Iterator[Document]:
    metadata = document["metadata"]
    entries: list[Document] = metadata.get("managedFields", [])
    taken = [entry for entry in entries if _is_taken(entry, metadata)]
    if not taken:
        return
    own = next((entry for entry in entries if _is_own(entry)), None)
    fields: Fields = {"f:metadata": {"f:labels": {f"f:{name}": {} for name in planned.body["metadata"]["labels"]}}}
    for entry in entries:
        if entry in taken or entry is own:
            fields = _union(fields, _owned(entry, document, planned))
    others = [entry for entry in entries if entry not in taken and entry is not own]
    written_as = {"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": planned.ref.kind.api_version}
    merged = {**(own or taken[0]), **written_as, "fieldsType": "FieldsV1", "fieldsV1": fields}
    yield {"op": "replace", "path": "/metadata/managedFields", "value": [*others, merged]}


def _owned(entry: Document, document: Document, planned: PlannedObject) -> Fields:
    """The fields to take of an entry: all that Rudr itself wrote, else only those of `_expected`.

    An entry may have more fields than its manager rendered: a restored copy also has those that other clients added,
    and an entry in a version that the server no longer serves may have other names.
    """
    owned = dict(entry.get("fieldsV1", {}))
    if _is_own(entry):
        return owned
    by_rudr = entry.get("operation") == "Update" and entry.get("manager") in RUDR_MANAGERS - {BEFORE}
    precise = by_rudr and entry.get("apiVersion") == planned.ref.kind.api_version
    return reduced(owned if precise else managed_fields.common(owned, _expected(document, planned)))


def _is_own(entry: Document) -> bool:
    applied = (entry.get("manager"), entry.get("operation")) == (FIELD_MANAGER, "Apply")
    return applied and not entry.get("subresource")


def _is_taken(entry: Document, metadata: Document) -> bool:
    """Whether an entry is Rudr's on an object that rudr has never applied, or that of a client that restored a copy.

    Or that of a patch of rudr itself: an owner in it would stay when the object gets another one.
    """
    if entry.get("subresource") or entry.get("manager") == HANDOVER_MANAGER or _is_own(entry):
        return False
    if managed_fields.owns(entry.get("fieldsV1", {}), ("metadata", "annotations", APPLIED_ANNOTATION)):
        return True
    applied = APPLIED_ANNOTATION in (metadata.get("annotations") or {})
    taken = {FIELD_MANAGER} if applied else RUDR_MANAGERS
    return entry.get("operation") == "Update" and entry.get("manager") in taken


def _expected(document: Document, planned: PlannedObject) -> Document:
    """The planned body with the mounts of Rudr's config files, which the planned ones replace.

    Every other field may be that of another client.
    """
    template = ("spec", "template", "spec")
    pod, live = managed_fields.value(planned.body, template), managed_fields.value(document, template)
    if not isinstance(pod, dict) or not isinstance(live, dict):
        return planned.body
    old = frozenset(leftovers(document, planned))
    mounts = {container.get("name"): container.get("volumeMounts", []) for container in live.get("containers", ())}
    containers = [
        {
            **container,
            "volumeMounts": [
                *container.get("volumeMounts", ()),
                *(
                    mount
                    for mount in mounts.get(container["name"], ())
                    if _is_config_file(mount["name"], container["name"], old)
                ),
            ],
        }
        for container in pod["containers"]
    ]
    volumes = [
        volume
        for volume in live.get("volumes", ())
        if any(_is_config_file(volume["name"], container["name"], old) for container in containers)
    ]
    expected = {**pod, "containers": containers, "volumes": [*pod.get("volumes", ()), *volumes]}
    spec = planned.body["spec"]
    return {**planned.body, "spec": {**spec, "template": {**spec["template"], "spec": expected}}}


def _is_config_file(volume: str, container: str, config_map_names: frozenset[str]) -> bool:
    """Whether a volume is one of Rudr's config files: it has the name of its ConfigMap, `<container><index>`."""
    return volume in config_map_names and volume.startswith(container) and volume[len(container) :].isdigit()


def _union(left: Fields, right: Fields) -> Fields:
    return {**left, **{key: _union(left[key], value) if key in left else value for key, value in right.items()}}


def reduced(owned: Fields) -> Fields:
    """The fields without those that only Rudr wrote into pod templates: they keep their values without an owner.

    The status, which Rudr wrote with the whole object, is left out too.
    """
    owned = {key: below for key, below in owned.items() if key != "f:status"}
    template = owned.get("f:spec", {}).get("f:template")
    if not isinstance(template, dict):
        return owned
    template = {**template}
    if "f:metadata" in template:
        template["f:metadata"] = _metadata(template["f:metadata"])
    if "f:spec" in template:
        template["f:spec"] = {key: _containers(below) for key, below in template["f:spec"].items()}
    return {**owned, "f:spec": {**owned["f:spec"], "f:template": template}}


def _metadata(owned: Fields) -> Fields:
    kept = {key: below for key, below in owned.items() if key not in TEMPLATE_LEAVES}
    annotations = {key: below for key, below in kept.pop("f:annotations", {}).items() if key != LAST_APPLIED}
    return {**kept, **({"f:annotations": annotations} if annotations.keys() - {"."} else {})}


def _containers(owned: Fields) -> Fields:
    """The fields of a list of containers without the pull policies."""
    return {
        key: {name: value for name, value in below.items() if name != "f:imagePullPolicy"}
        if key.startswith("k:")
        else below
        for key, below in owned.items()
    }
