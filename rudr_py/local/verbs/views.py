"""Representations of objects: unchanged, as rows of a Table, or metadata only. The Accept header selects one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from rudr_py.errors import ApiError
from rudr_py.local.printing import columns
from rudr_py.local.printing.cells import ColumnDefinition
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import workloads
from rudr_py.local.verbs.reads import ListPage

OBJECT, TABLE, PARTIAL = "", "Table", "PartialObjectMetadata"
_META_VERSIONS = ("v1", "v1beta1")
PROTOBUF = "application/vnd.kubernetes.protobuf"
_MEDIA = ("application/json", "*/*", "application/*", "application/yaml", PROTOBUF)


class View(msgspec.Struct, frozen=True):
    """A representation. `form` is empty, Table or PartialObjectMetadata; `include` is includeObject of a Table.

    `of_list` is whether the client named the kind of a list, as it must for metadata of a list and only there.
    `protobuf` is its encoding; otherwise it is JSON.
    """

    form: str = OBJECT
    of_list: bool = False
    version: str = "v1"
    include: str = "Metadata"
    protobuf: bool = False


@lru_cache(maxsize=256)
def negotiate(accept: str, include: str = "", *, custom: bool = False) -> View:
    """Return the first supported view of an Accept header. Raises `ApiError` (406).

    Tables and custom resources are never protobuf.
    """
    for media, parameters in _clauses(accept):
        protobuf = media == PROTOBUF
        named = parameters.get("as", "")
        form = named.removesuffix("List")
        if media not in _MEDIA or (protobuf and (form == TABLE or (custom and not form))):
            continue
        if not form:
            return View(protobuf=protobuf)
        if parameters.get("g") != "meta.k8s.io" or parameters.get("v") not in _META_VERSIONS:
            continue
        if form in (TABLE, PARTIAL):
            return View(form, named != form, parameters["v"], include or "Metadata", protobuf)
    raise _not_acceptable(
        f"only the following media types are accepted: application/json, application/yaml, {PROTOBUF}"
    )


def accepts_protobuf(accept: str) -> bool:
    """Whether the first supported clause of an Accept header that names no view is protobuf."""
    plain = (media for media, parameters in _clauses(accept) if "as" not in parameters and media in _MEDIA)
    return next(plain, "") == PROTOBUF


@lru_cache(maxsize=256)
def _clauses(accept: str) -> list[tuple[str, dict[str, str]]]:
    """The media types of an Accept header with their parameters, the preferred one first."""
    clauses: list[tuple[str, dict[str, str]]] = []
    for entry in accept.split(",") if accept else ("*/*",):
        media, *rest = (part.strip() for part in entry.split(";"))
        clauses.append((media, dict(part.partition("=")[::2] for part in rest if part)))
    return sorted(clauses, key=_quality, reverse=True)


def _quality(clause: tuple[str, dict[str, str]]) -> float:
    with contextlib.suppress(ValueError):
        return float(clause[1].get("q", "1"))
    return 0.0


def _not_acceptable(message: str) -> ApiError:
    return ApiError(message, status=406, reason="NotAcceptable", details={"empty": True})


def view_object(view: View, resource: Resource, obj: Object, now: datetime) -> Object:
    """Return one object in a view."""
    return _view(view, columns.definitions_of(resource), obj, now) if view.form else obj


def view_scale(view: View, obj: Object, now: datetime) -> Object:
    """Return the Scale of an object in a view."""
    return _view(view, columns.SCALE, obj, now)


def _view(view: View, definitions: Sequence[ColumnDefinition], obj: Object, now: datetime) -> Object:
    if view.form == TABLE:
        return _table(view, definitions, [obj], obj["metadata"].get("resourceVersion", ""), now)
    if view.form == PARTIAL and view.of_list:
        raise _not_acceptable(f"you requested {PARTIAL}List, but the requested object is not a list ({obj['kind']})")
    return partial(view, obj) if view.form == PARTIAL else obj


def view_list(view: View, resource: Resource, page: ListPage, now: datetime) -> Object:
    """Return a page of objects in a view."""
    if view.form == PARTIAL and not view.of_list:
        raise _not_acceptable(f"you requested {PARTIAL}, but the requested object is a list ({resource.kind}List)")
    metadata: Object = {"resourceVersion": str(page.revision)}
    if page.token or resource.custom:
        metadata["continue"] = page.token
    if page.remaining:
        metadata["remainingItemCount"] = page.remaining
    if view.form == TABLE:
        rows = table(view, resource, page.objects, str(page.revision), now)
        rows["metadata"] = metadata
        return rows
    if view.form == PARTIAL:
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": f"meta.k8s.io/{view.version}",
            "metadata": metadata,
            "items": [partial(view, obj) for obj in page.objects],
        }
    items = page.objects if resource.custom else [_without_kind(obj) for obj in page.objects]
    return {
        "kind": resource.list_kind or f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": items,
    }


def _without_kind(obj: Object) -> Object:
    """Lists of built-in kinds omit the kind of their items."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def partial(view: View, obj: Object) -> Object:
    """Return the metadata of an object as PartialObjectMetadata."""
    return {
        "kind": PARTIAL,
        "apiVersion": f"meta.k8s.io/{view.version}",
        "metadata": obj["metadata"],
    }


def table(view: View, resource: Resource, objects: list[Object], revision: str, now: datetime) -> Object:
    """Return objects as rows; ages are relative to `now`."""
    return _table(view, columns.definitions_of(resource), objects, revision, now)


def _table(
    view: View, definitions: Sequence[ColumnDefinition], objects: Iterable[Object], revision: str, now: datetime
) -> Object:
    return {
        "kind": TABLE,
        "apiVersion": f"meta.k8s.io/{view.version}",
        "metadata": {"resourceVersion": revision},
        "columnDefinitions": [column.definition for column in definitions],
        "rows": [
            {"cells": [column.cell(obj, now) for column in definitions], "object": _row_object(view, obj)}
            for obj in objects
        ],
    }


def _row_object(view: View, obj: Object) -> Any:
    if view.include == "Object":
        return obj
    return None if view.include == "None" else partial(view, _internal(obj))


def _internal(obj: Object) -> Object:
    """An object without the annotation that only one version of its kind has; rows do not contain it."""
    annotations = obj["metadata"].get("annotations")
    if obj["kind"] != "DaemonSet" or not annotations:
        return obj
    others = {key: value for key, value in annotations.items() if key != workloads.GENERATION_ANNOTATION}
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    return {**obj, "metadata": {**metadata, "annotations": others} if others else metadata}
