"""Request bodies in the API's protobuf form, which kubectl and Helm send for some kinds. Reads only, answers are JSON.

The wire format is `k8s\\0` and a `runtime.Unknown`; field numbers are those of the generated.proto files of
k8s.io/api and k8s.io/apimachinery.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from rudr_py.local import status
from rudr_py.local.store import Object

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"


class _Field(msgspec.Struct, frozen=True):
    """A field of a message: `kind` is text, bytes, int, bool, time, map, bytesmap, or a message's fields."""

    name: str
    kind: Any = "text"
    many: bool = False


_Fields = dict[int, _Field]

_OWNER: _Fields = {
    1: _Field("kind"),
    3: _Field("name"),
    4: _Field("uid"),
    5: _Field("apiVersion"),
    6: _Field("controller", "bool"),
    7: _Field("blockOwnerDeletion", "bool"),
}
_META: _Fields = {
    1: _Field("name"),
    2: _Field("generateName"),
    3: _Field("namespace"),
    5: _Field("uid"),
    6: _Field("resourceVersion"),
    7: _Field("generation", "int"),
    8: _Field("creationTimestamp", "time"),
    9: _Field("deletionTimestamp", "time"),
    11: _Field("labels", "map"),
    12: _Field("annotations", "map"),
    13: _Field("ownerReferences", _OWNER, many=True),
    14: _Field("finalizers", many=True),
}
_METADATA = _Field("metadata", _META)
_REFERENCE: _Fields = {1: _Field("kind"), 2: _Field("namespace"), 3: _Field("name"), 4: _Field("uid")}
_SUBJECT: _Fields = {1: _Field("kind"), 2: _Field("apiGroup"), 3: _Field("name"), 4: _Field("namespace")}
_ROLE_REF: _Fields = {1: _Field("apiGroup"), 2: _Field("kind"), 3: _Field("name")}
_RULE: _Fields = {
    1: _Field("verbs", many=True),
    2: _Field("apiGroups", many=True),
    3: _Field("resources", many=True),
    4: _Field("resourceNames", many=True),
    5: _Field("nonResourceURLs", many=True),
}
_RESOURCE_ATTRIBUTES: _Fields = {
    1: _Field("namespace"),
    2: _Field("verb"),
    3: _Field("group"),
    4: _Field("version"),
    5: _Field("resource"),
    6: _Field("subresource"),
    7: _Field("name"),
}
_REVIEW_SPEC: _Fields = {
    1: _Field("resourceAttributes", _RESOURCE_ATTRIBUTES),
    2: _Field("nonResourceAttributes", {1: _Field("path"), 2: _Field("verb")}),
}
_ROLE: _Fields = {1: _METADATA, 2: _Field("rules", _RULE, many=True)}
_BINDING: _Fields = {1: _METADATA, 2: _Field("subjects", _SUBJECT, many=True), 3: _Field("roleRef", _ROLE_REF)}
_MESSAGES: dict[str, _Fields] = {
    "Namespace": {1: _METADATA, 2: _Field("spec", {1: _Field("finalizers", many=True)})},
    "ConfigMap": {
        1: _METADATA,
        2: _Field("data", "map"),
        3: _Field("binaryData", "bytesmap"),
        4: _Field("immutable", "bool"),
    },
    "Secret": {
        1: _METADATA,
        2: _Field("data", "bytesmap"),
        3: _Field("type"),
        4: _Field("stringData", "map"),
        5: _Field("immutable", "bool"),
    },
    "ServiceAccount": {
        1: _METADATA,
        2: _Field("secrets", _REFERENCE, many=True),
        3: _Field("imagePullSecrets", {1: _Field("name")}, many=True),
        4: _Field("automountServiceAccountToken", "bool"),
    },
    "Role": _ROLE,
    "ClusterRole": _ROLE,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "SelfSubjectAccessReview": {1: _METADATA, 2: _Field("spec", _REVIEW_SPEC)},
    "DeleteOptions": {
        1: _Field("gracePeriodSeconds", "int"),
        2: _Field("preconditions", {1: _Field("uid"), 2: _Field("resourceVersion")}),
        3: _Field("orphanDependents", "bool"),
        4: _Field("propagationPolicy"),
        5: _Field("dryRun", many=True),
    },
}


def decode(data: bytes) -> Object:
    """Return a body as the object that it would be in JSON. Raises `ApiError` (400, 415)."""
    if not data.startswith(_MAGIC):
        raise status.bad_request("provided data does not appear to be a protobuf message, expected prefix k8s")
    try:
        unknown = _message(
            data[len(_MAGIC) :],
            {1: _Field("type", {1: _Field("apiVersion"), 2: _Field("kind")}), 2: _Field("raw", "raw")},
        )
        identity = unknown.get("type", {})
        fields = _MESSAGES.get(identity.get("kind", ""))
        if fields is None:
            raise status.unsupported_media("application/json, application/yaml")
        return {**identity, **_message(unknown.get("raw", b""), fields)}
    except (IndexError, ValueError) as error:
        raise status.bad_request(f"the protobuf body cannot be read: {error}") from error


def _message(data: bytes, fields: _Fields) -> Object:
    result: Object = {}
    for number, raw in _wire(data):
        field = fields.get(number)
        if field is None:
            continue
        if field.kind in ("map", "bytesmap"):
            key, value = _entry(raw, binary=field.kind == "bytesmap")
            result.setdefault(field.name, {})[key] = value
            continue
        value = _value(raw, field.kind)
        if field.many:
            result.setdefault(field.name, []).append(value)
        elif value not in ("", None):
            result[field.name] = value
    return result


def _value(raw: Any, kind: Any) -> Any:
    if isinstance(kind, dict):
        return _message(raw, kind)
    if kind == "text":
        return raw.decode()
    if kind == "bool":
        return bool(raw)
    if kind == "time":
        seconds = dict(_wire(raw)).get(1)
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None
    return raw


def _entry(raw: bytes, *, binary: bool) -> tuple[str, str]:
    parts = dict(_wire(raw))
    value = parts.get(2, b"")
    return parts.get(1, b"").decode(), base64.b64encode(value).decode() if binary else value.decode()


def _wire(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield (field number, bytes or integer) of a message."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, position = _varint(data, position)
            yield number, value
        elif kind == 2:
            length, position = _varint(data, position)
            if position + length > len(data):
                raise ValueError("unexpected end of message")
            yield number, data[position : position + length]
            position += length
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
