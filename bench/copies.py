"""Many applications in sync, as copies of one that a controller has brought in sync.

Copies differ in names, uids and the digests that depend on them, and share the rest of their objects, so that ten
thousand of them take seconds and little memory.
"""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from bench import environment, rendering
from rudr_py.api import Ref, get_in
from rudr_py.catalog import Catalog
from rudr_py.controller.apply import desired
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.local.storage.store import Object, Store
from rudr_py.model.kinds import COMPONENT, NAMESPACE
from rudr_py.render import revisions
from rudr_py.render.status import sizes

SKIPPED = ("events", "leases.coordination.k8s.io", "events.events.k8s.io")
"""Tables whose objects are not copied."""

VERSION = "the version of the component"
"""The mark of a resourceVersion that is chosen when the copy of the component is stored."""

Texts = Mapping[str, str]
"""New texts by the ones that they replace, also inside of other texts."""


def load(source: Store, target: Store, catalog: Catalog, count: int) -> None:
    """Store `count` copies of the application 0 of a store, with their namespaces and components."""
    first = environment.placed(environment.application(0), 0)["metadata"]
    objects = [(table, obj) for table in source.tables() if table not in SKIPPED for obj in source.list(table)]
    own = [(table, _marked(obj)) for table, obj in objects if _belongs(obj, first["name"])]
    shared = [(table, obj) for table, obj in objects if _is_shared(obj, first["namespace"])]
    substitutes = _Substitutes([obj for _, obj in own], catalog)
    put_own, put_shared = _Copier(target, own), _Copier(target, shared)
    for number in range(count):
        namespace = {first["namespace"]: environment.placed(environment.component(), number)["metadata"]["namespace"]}
        if number % environment.PER_NAMESPACE == 0:
            put_shared.put({**namespace, **_uids(obj for _, obj in shared)})
        put_own.put({**substitutes.texts(number, namespace), VERSION: _version(target, *namespace.values())})


class _Copier:
    """Stores copies of objects. All copies replace the same texts."""

    def __init__(self, store: Store, objects: list[tuple[str, Object]]) -> None:
        self._store = store
        self._objects = objects
        self._replacer: _Replacer | None = None

    def put(self, texts: Texts) -> None:
        """Store a copy."""
        replacer = self._replacer = self._replacer or _Replacer(texts)
        for table, obj in self._objects:
            copy = replacer.replaced(obj, texts)
            self._store.put(table, {**copy, "metadata": dict(copy["metadata"])})


def _belongs(obj: Object, application: str) -> bool:
    return bool(obj["metadata"].get("namespace")) and application in str(obj["metadata"]["name"])


def _marked(obj: Object) -> Object:
    """The object, with a mark in place of the version of the component that its status names."""
    observed = get_in(obj, "status", "observedComponents", "web", default={})
    if not observed:
        return obj
    return {**obj, "status": {**obj["status"], "observedComponents": {"web": {**observed, "resourceVersion": VERSION}}}}


def _version(store: Store, namespace: str) -> str:
    (component,) = store.list("componentschematics.core.oam.dev", namespace)
    return str(component["metadata"]["resourceVersion"])


def _is_shared(obj: Object, namespace: str) -> bool:
    metadata = obj["metadata"]
    is_component = obj["kind"] == COMPONENT.kind and metadata.get("namespace") == namespace
    return bool(is_component or (obj["kind"] == NAMESPACE.kind and metadata["name"] == namespace))


def _uids(objects: Iterable[Object]) -> dict[str, str]:
    return {obj["metadata"]["uid"]: str(uuid.uuid4()) for obj in objects}


class _Substitutes:
    """The texts of the application 0 that its copies replace."""

    def __init__(self, objects: list[Object], catalog: Catalog) -> None:
        self._objects = objects
        lives = {(obj["kind"], obj["metadata"]["name"]): _live(obj) for obj in objects}
        all_planned = rendering.planned(environment.placed(environment.application(0), 0), catalog)
        self._planned = [(planned, lives[planned.ref.kind.kind, planned.ref.name]) for planned in all_planned]
        self._owners = {live.uid: live for live in lives.values()}
        self._texts = {name: name for name in ("app-0", "bench-0", *_uids(objects))}
        self._replacer = _Replacer(self._texts)
        for (planned, live), applied in zip(self._planned, self._hashes(self._texts), strict=True):
            assert live.applied == applied, f"{planned.ref} was applied with another content"

    def texts(self, number: int, namespace: Texts) -> Texts:
        """New texts for the copy with a number."""
        texts = {"app-0": f"app-{number}", **namespace, **_uids(self._objects)}
        hashes = zip((live.applied for _, live in self._planned), self._hashes(texts), strict=True)
        return {**texts, **dict(hashes), **dict(self._digests(texts)), **self._revision(texts), **self._template(texts)}

    def _template(self, texts: Texts) -> Texts:
        """The digest of the workload in the status of the application."""
        (workload,) = (obj for obj in self._objects if obj["kind"] == environment.DEPLOYMENT.kind)
        copy = self._replacer.replaced(workload, texts)
        return {sizes.template_of([workload]): sizes.template_of([copy])}

    def _revision(self, texts: Texts) -> Texts:
        """The name of the revision, which contains a digest of the documents."""
        (revision,) = (obj for obj in self._objects if obj["kind"] == revisions.KIND.kind)
        name, labels = revision["metadata"]["name"], revision["metadata"]["labels"]
        application, uid = texts["app-0"], texts[labels[revisions.UID_LABEL]]
        return {name: revisions.object_name(application, uid, self._replacer.replaced(revision["data"], texts))}

    def _hashes(self, texts: Texts) -> Iterator[str]:
        replaced = functools.partial(self._replacer.replaced, texts=texts)
        for planned, live in self._planned:
            owner = self._owners[live.owner_uid]
            new_owner = msgspec.structs.replace(owner, uid=replaced(owner.uid), name=replaced(owner.name))
            ref = Ref(planned.ref.kind, replaced(planned.ref.name))
            copy = msgspec.structs.replace(planned, ref=ref, body=replaced(planned.body))
            yield desired.complete(copy, new_owner).hash

    def _digests(self, texts: Texts) -> Iterator[tuple[str, str]]:
        for obj in self._objects:
            for entry in obj["metadata"].get("managedFields", ()):
                fields = entry["fieldsV1"]
                copy = self._replacer.replaced(fields, texts)
                if copy is not fields:
                    yield _digest(fields), _digest(copy)


def _digest(fields: Object) -> str:
    return live_object.digest(msgspec.json.encode(fields))


def _live(obj: Object) -> LiveObject:
    return live_object.decode(msgspec.json.encode(obj))


class _Replacer:
    """Replaces texts in values that live as long as it, and remembers which of their parts contain one."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._pattern = re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))))
        self._affected: dict[int, bool] = {}  # by the identity of the part

    def replaced(self, value: Any, texts: Texts) -> Any:
        """The value with new texts; its parts without one are the same objects."""
        if not self._is_affected(value):
            return value
        if isinstance(value, dict):
            return {self.replaced(key, texts): self.replaced(item, texts) for key, item in value.items()}
        if isinstance(value, list):
            return [self.replaced(item, texts) for item in value]
        return self._pattern.sub(lambda match: texts[match[0]], value)

    def _is_affected(self, value: Any) -> bool:
        affected = self._affected.get(id(value))
        if affected is None:
            if isinstance(value, str):
                affected = self._pattern.search(value) is not None
            else:
                parts = (*value, *value.values()) if isinstance(value, dict) else value
                affected = isinstance(value, dict | list) and any(map(self._is_affected, parts))
            self._affected[id(value)] = affected
        return affected
