"""Whether an API server would accept objects, without one: a store of the local API in this process is asked.

The schemas are those of a release of Kubernetes, of the CRDs of rudr_py, and of further CRDs. Nothing is stored but
CRDs and namespaces. Needs the extra `local`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from rudr_py.api import Kind
from rudr_py.errors import ApiError, RudrError
from rudr_py.local.apiextensions.definitions import Definitions
from rudr_py.local.backend import Backend
from rudr_py.local.registry import kinds
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Registry, Resource
from rudr_py.local.schema import go_texts, pruning
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.schema.validation import values
from rudr_py.local.storage.store import Store
from rudr_py.local.verbs import writes
from rudr_py.local.verbs.writes import WriteOptions
from rudr_py.model import names, paths, suggest
from rudr_py.model.crd_schemas import crds
from rudr_py.render.limits import check
from rudr_py.settings import FIELD_MANAGER

Body = dict[str, Any]

RELEASE: Final = "1.36"
"""The release of Kubernetes whose schemas are used."""

_OF_LIVE_OBJECT: Final[Mapping[str, type]] = {"resourceVersion": str, "uid": str, "managedFields": list}
"""Metadata of an object that was exported from a cluster, with their types; an update accepts them."""


_INDEX: Final = re.compile(r"\[(\d{1,9})\]")


class Refusal(msgspec.Struct, frozen=True):
    """A reason to refuse an object: the JSON path of the field, `$` for the whole, and the message of the server."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path[2:]}: {self.message}" if self.path != paths.ROOT else self.message


class ServerRules:
    """The rules of an API server with the CRDs of rudr_py. `unserved` are the kinds that it does not serve."""

    def __init__(self, release: str = RELEASE) -> None:
        schemas = builtin_schema(release)
        self._backend = Backend(
            store=Store(history=1),
            registry=Registry(kinds.builtin(schemas)),
            clock=lambda: datetime.now(UTC),
            rng=random.Random(0),  # noqa: S311 - uids of objects that are not stored
        )
        Definitions(self._backend, schemas.metadata)
        for document in crds.documents():
            self._create(document, "", dry_run=False)
        self.unserved: set[Kind] = set()

    def add_crd(self, document: Mapping[str, Any]) -> tuple[Refusal, ...]:
        """Serve the kinds of a CustomResourceDefinition; the reasons of the server to refuse it."""
        return self.created(document, "", dry_run=False)

    def created(self, document: Mapping[str, Any], namespace: str, *, dry_run: bool = True) -> tuple[Refusal, ...]:
        """The reasons to refuse a document of a user, which kubectl creates with strict validation of its fields."""
        body = _copy(document)
        resource = self._resource(body)
        if resource is None:
            return ()
        if resource.namespaced and (wrong := names.wrong_label(namespace)):
            return (Refusal("$.metadata.namespace", wrong),)
        metadata = body.get("metadata")
        for name, type_ in _OF_LIVE_OBJECT.items():
            if isinstance(metadata, dict) and isinstance(metadata.get(name), type_):
                del metadata[name]
        unknown, mistyped = tuple(_unknown_fields(body, resource)), tuple(_mistyped_fields(body, resource))
        # a value that cannot be decoded ends the checks of the server; an unknown field is removed
        rest = mistyped or self._attempt(body, lambda: self._create(body, namespace, dry_run=dry_run))
        return (*unknown, *rest)

    def applied(self, body: Mapping[str, Any]) -> tuple[Refusal, ...]:
        """The reasons to refuse an object that the controller applies, server-side. Its kind may be `unserved`."""
        copy = _copy(body)
        resource = self._resource(copy)
        if resource is None:
            self.unserved.add(Kind(str(body.get("apiVersion", "")), str(body.get("kind", ""))))
            return ()
        refusals = (*_unknown_fields(copy, resource), *_undecodable_texts(copy, resource))
        namespace, name = str(copy["metadata"].get("namespace", "")), str(copy["metadata"].get("name", ""))
        options = WriteOptions(manager=FIELD_MANAGER, dry_run=True, force=True)

        def apply() -> None:
            self._ensure_namespace(namespace)
            target = ObjectTarget(resource, namespace if resource.namespaced else "", name)
            writes.apply(self._backend, target, copy, options)

        limits = tuple(
            Refusal(_path(violation.field, copy), violation.message) for violation in check.violations(dict(body))
        )
        return refusals or self._attempt(copy, apply) or limits

    def _resource(self, body: Body) -> Resource | None:
        api_version, kind = body.get("apiVersion"), body.get("kind")
        if not isinstance(api_version, str) or not isinstance(kind, str):
            return None
        return self._backend.registry.by_kind(KindInfo(api_version, kind))

    def _create(self, body: Body, namespace: str, *, dry_run: bool) -> None:
        resource = self._backend.registry.by_kind(KindInfo(body["apiVersion"], body["kind"]))
        assert resource is not None  # noqa: S101 - the caller has looked it up
        if resource.namespaced:
            self._ensure_namespace(namespace)
        metadata = body.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else ""
        target = ObjectTarget(resource, namespace if resource.namespaced else "", name if isinstance(name, str) else "")
        writes.create(self._backend, target, body, WriteOptions(dry_run=dry_run))

    def _ensure_namespace(self, name: str) -> None:
        if name and self._backend.store.get("namespaces", "", name) is None:
            self._create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, "", dry_run=False)

    def _attempt(self, body: Body, write: Any) -> tuple[Refusal, ...]:
        try:
            write()
        except ApiError as error:
            if not error.causes:
                return (Refusal(paths.ROOT, error.message),)
            return tuple(dict.fromkeys(Refusal(_path(cause.field, body), cause.message) for cause in error.causes))
        except (RudrError, RecursionError) as error:
            return (Refusal(paths.ROOT, str(error) or type(error).__name__),)
        return ()


def _unknown_fields(body: Body, resource: Resource) -> Iterator[Refusal]:
    if resource.node is None:
        return
    for field in pruning.unknown_fields(body, resource.node):
        *outer, name = _steps(field, body)
        message = f'unknown field "{name}"; the API server refuses it.'
        hint = suggest.nearest(str(name), _fields_at(resource, outer))
        yield Refusal(paths.child(paths.ROOT, *outer, name), message + hint)


def _fields_at(resource: Resource, steps: Iterable[str | int]) -> Iterable[str]:
    """The fields that the schema of a kind has at a place; none if the steps lead elsewhere."""
    node = resource.node
    for step in steps:
        if node is not None:
            node = node.items if isinstance(step, int) else node.properties.get(step)
    return node.properties if node is not None else ()


def _mistyped_fields(body: Body, resource: Resource) -> Iterator[Refusal]:
    """All values that the server cannot decode; it reports only the first of them."""
    if resource.node is None:
        return
    for cause in values.validate(body, resource.node):
        is_decoded = not resource.custom or cause.field.startswith("metadata")
        if cause.reason == "FieldValueTypeInvalid" and is_decoded:
            yield Refusal(_path(cause.field, body), cause.message)


def _undecodable_texts(body: Body, resource: Resource) -> Iterator[Refusal]:
    if resource.node is not None:
        for cause in go_texts.invalid(body, resource.node):
            yield Refusal(_path(cause.field, body), cause.message)


def _path(field: str, body: Any) -> str:
    """The JSON path of a field as the server names it, in which a key with dots is not quoted."""
    return paths.child(paths.ROOT, *_steps(field, body)) if field != "<nil>" else paths.ROOT


def _steps(field: str, body: Any) -> Iterator[str | int]:
    value, rest = body, field.lstrip(".")
    while rest:
        if index := _INDEX.match(rest):
            number = int(index[1])
            value = value[number] if isinstance(value, list) and number < len(value) else None
            rest = rest[index.end() :]
            yield number
        else:
            key = _first_key(rest, value if isinstance(value, dict) else {})
            value = value.get(key) if isinstance(value, dict) else None
            rest = rest[len(key) :]
            yield key
        rest = rest.removeprefix(".")


def _first_key(field: str, value: Body) -> str:
    """The longest key of the map with which the field begins, or the text before the next dot or bracket."""
    keys = (key for key in value if key and field.startswith(key) and field[len(key) :][:1] in ("", ".", "["))
    return max(keys, key=len, default="") or re.split(r"[.\[]", field, maxsplit=1)[0] or field[0]


def _copy(body: Mapping[str, Any]) -> Body:
    copy: Body = msgspec.json.decode(msgspec.json.encode(body))
    return copy
