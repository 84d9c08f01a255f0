"""The scale subresource: conversion between an object and its `autoscaling/v1` Scale. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.local.apimachinery import api_errors, selectors
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import causes
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import Object

_METADATA_FIELDS = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def to_scale(resource: Resource, obj: Object) -> Object:
    """Return the Scale of an object."""
    paths = resource.scale
    if paths is None:
        raise api_errors.no_such_resource()
    replicas = _at(obj, paths.spec_replicas)
    scale_status: Object = {"replicas": _at(obj, paths.status_replicas) or 0}
    selector = _at(obj, paths.selector) if paths.selector else None
    if selector:
        text = selector if isinstance(selector, str) else selectors.match_labels(_as_selector(selector))
        scale_status["selector"] = text
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: obj["metadata"][key] for key in _METADATA_FIELDS if key in obj["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": scale_status,
    }


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    resource_version: str | None = None


class _Spec(msgspec.Struct, frozen=True):
    replicas: int | None = None


class _Scale(msgspec.Struct, frozen=True):
    kind: str = "Scale"
    metadata: _Metadata | None = None
    spec: _Spec | None = None


def scaled(resource: Resource, obj: Object, scale: Any) -> Object:
    """Return a copy of an object with the replicas and resourceVersion of a Scale. Raises `ApiError` (400, 422)."""
    if resource.scale is None:
        raise api_errors.no_such_resource()
    try:
        typed = msgspec.convert(scale, _Scale)
    except msgspec.ValidationError as error:
        raise api_errors.bad_request(f'Scale in version "v1" cannot be handled as a Scale: {error}') from error
    name, replicas = obj["metadata"]["name"], (typed.spec and typed.spec.replicas) or 0
    if typed.kind != "Scale":
        raise api_errors.bad_request(
            f'{typed.kind} in version "v1" cannot be handled as a Scale: converting (v1.{typed.kind}) to '
            "(autoscaling.Scale): unknown conversion"
        )
    if typed.metadata and typed.metadata.name not in ("", name):
        raise api_errors.mismatched_name(typed.metadata.name, name)
    if replicas < 0:
        negative = causes.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise api_errors.invalid(resource, name, (negative,), kind="Scale", group="autoscaling")
    copy: Object = clone(obj)
    *path, last = resource.scale.spec_replicas.strip(".").split(".")
    place = copy
    for part in path:
        place = place.setdefault(part, {})
    place[last] = replicas
    if typed.metadata and typed.metadata.resource_version:
        copy["metadata"]["resourceVersion"] = typed.metadata.resource_version
    return copy


def _as_selector(selector: Any) -> Any:
    """Return a LabelSelector; a ReplicationController has plain labels instead."""
    if "matchLabels" in selector or "matchExpressions" in selector:
        return selector
    return {"matchLabels": selector}


def _at(obj: Object, path: str) -> Any:
    value: Any = obj
    for part in path.strip(".").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
