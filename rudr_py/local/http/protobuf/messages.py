"""Messages of the schemas of a release: objects to and from the content of a message."""

from __future__ import annotations

import functools
from typing import Any

from rudr_py.local.http.protobuf import fields, values, wire
from rudr_py.local.http.protobuf.fields import Fields
from rudr_py.local.http.protobuf.values import ValueType
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object

_PREFIX = "io.k8s."
_META = f"{_PREFIX}apimachinery.pkg.apis.meta.v1."
_CRD = f"{_PREFIX}apiextensions-apiserver.pkg.apis.apiextensions.v1."
_SCHEMA, _SCHEMA_OR = f"{_CRD}JSONSchemaProps", f"{_CRD}JSONSchemaPropsOr"


class Messages:
    """The messages of a release; see `messages_of`."""

    def __init__(self, release: str) -> None:
        self._schemas = builtin_schema(release)
        self._messages: dict[str, Message] = {}

    def message_of(self, api_version: str, kind: str) -> Message:
        """Return the message of a kind. Raises ValueError if the release does not have it."""
        if kind == "DeleteOptions":  # it has the version of its object
            api_version = "v1"
        name = self._schemas.definition_name(api_version or "v1", kind)
        if name is None and kind in _PARTIAL and api_version.startswith("meta.k8s.io/"):
            name = _META + kind
        if name is None:
            raise ValueError(f'no kind "{kind}" is registered for version "{api_version}"')
        return self.message(name)

    def message(self, name: str) -> Message:
        """Return the message of a definition."""
        if name not in self._messages:
            partial = _PARTIAL.get(name.removeprefix(_META))
            properties = {key: self._node(each) for key, each in partial.items()} if partial else None
            node = self._schemas.definition(name) if properties is None else SchemaNode(properties=properties)
            numbers = fields.by_message().get(name.removeprefix(_PREFIX), {})
            self._messages[name] = Message(self, node.properties, numbers)
        return self._messages[name]

    def _node(self, name: str) -> SchemaNode:
        """The node of a definition of `meta`; of its list if the name ends so."""
        if name.endswith("[]"):
            return SchemaNode(type="array", items=SchemaNode(name=_META + name[:-2], type="object"))
        return self._schemas.definition(_META + name)

    def type(self, node: SchemaNode) -> ValueType:
        """Return the type of a value that is no map; of a list, a message with its items."""
        if node.name in _NAMED:
            return _NAMED[node.name]
        if node.name.startswith(_SCHEMA_OR):
            return self._schema_or(node.name.removeprefix(_SCHEMA_OR))
        if node.format in values.BY_FORMAT:
            return values.BY_FORMAT[node.format]
        if node.items is not None:
            return _wrapped(self.type(node.items))
        if node.type == "object":
            message = self.message(node.name)
            return ValueType(wire.BYTES, message.encode, message.decode)
        return values.BY_TYPE.get(node.type, values.JSON)

    def _schema_or(self, other: str) -> ValueType:
        """The type of a schema or, in its place, an array (of schemas or strings) or a boolean."""
        schema = self.message(_SCHEMA)
        item = values.TEXT if other == "StringArray" else ValueType(wire.BYTES, schema.encode, schema.decode)

        def encode(value: Any) -> bytes:
            if isinstance(value, list):
                return b"".join(wire.field(2, item.encode(each)) for each in value)
            if other != "Bool":
                return wire.field(1, schema.encode(value))
            allows = wire.field(1, wire.integer(value is not False), wire.VARINT)
            return allows if isinstance(value, bool) else allows + wire.field(2, schema.encode(value))

        def decode(raw: bytes) -> Any:
            parts = wire.messages(raw)
            if other == "Bool":
                return schema.decode(parts[2]) if 2 in parts else bool(wire.numbers(raw).get(1))
            if 1 in parts:
                return schema.decode(parts[1])
            return [item.decode(each) for number, _, each in wire.fields(raw) if number == 2]

        return ValueType(wire.BYTES, encode, decode)


_PARTIAL = {
    "PartialObjectMetadata": {"metadata": "ObjectMeta"},
    "PartialObjectMetadataList": {"metadata": "ListMeta", "items": "PartialObjectMetadata[]"},
}
"""Messages without a published schema."""

_NAMED = {f"{_META}MicroTime": values.MICRO_TIME, f"{_META}FieldsV1": values.JSON}


def _wrapped(value_type: ValueType) -> ValueType:
    """The type of a list as a value of a map: a message with the items as its first field."""

    def encode(items: list[Any]) -> bytes:
        return b"".join(wire.field(1, value_type.encode(each), value_type.kind) for each in items)

    return ValueType(wire.BYTES, encode, lambda raw: [value_type.decode(each) for _, _, each in wire.fields(raw)])


class Message:
    """The encoding of objects with these properties."""

    def __init__(self, messages: Messages, properties: dict[str, SchemaNode], numbers: Fields) -> None:
        self._messages = messages
        self._properties = properties
        self._numbers = numbers

    @functools.cached_property
    def _parts(self) -> dict[int, _Field | Message]:
        """The fields by number. A message that JSON inlines has the properties of its parent."""
        parts: dict[int, _Field | Message] = {}
        inlined: dict[int, Fields] = {}
        for (number, *inner), name in self._numbers.items():
            if inner:
                inlined.setdefault(number, {})[tuple(inner)] = name
            elif (child := self._properties.get(name)) is not None:
                parts[number] = _Field(name, child, self._messages)
        for number, numbers in inlined.items():
            parts[number] = Message(self._messages, self._properties, numbers)
        return parts

    def encode(self, obj: Object) -> bytes:
        """Return the content; keys that the message does not have are left out."""
        encoded = bytearray()
        for number, part in self._parts.items():
            if isinstance(part, Message):
                inlined = part.encode(obj)
                encoded += wire.field(number, inlined) if inlined else b""
            elif (value := obj.get(part.name)) is not None:
                encoded += part.encode(number, value)
        return bytes(encoded)

    def decode(self, data: bytes, result: Object | None = None) -> Object:
        """Return an object, or add to `result`; fields that the schema lacks are left out. Raises ValueError."""
        result = {} if result is None else result
        for number, kind, raw in wire.fields(data):
            part = self._parts.get(number)
            if isinstance(part, _Field):
                part.decode(result, kind, raw)
            elif part is not None and isinstance(raw, bytes):
                part.decode(raw, result)
        return result


class _Field:
    """A field: one value, a list, or a map."""

    def __init__(self, name: str, node: SchemaNode, messages: Messages) -> None:
        self.name = name
        self._node = node
        self._is_map = node.additional_node is not None
        self._is_list = node.items is not None
        self._type = messages.type(node.additional_node or node.items or node)

    def encode(self, number: int, value: Any) -> bytes:
        kind, encode, _ = self._type
        if self._is_map:
            key = values.TEXT.encode
            return b"".join(
                wire.field(number, wire.field(1, key(name)) + wire.field(2, encode(item)))
                for name, item in value.items()
            )
        if self._is_list:
            return b"".join(wire.field(number, encode(item), kind) for item in value)
        return wire.field(number, encode(value), kind)

    def decode(self, result: Object, kind: int, raw: Any) -> None:
        if kind != (wire.BYTES if self._is_map else self._type.kind):
            raise ValueError(f"{self.name} has wire type {kind}")
        if self._is_map:
            entry = wire.messages(raw)
            key = values.TEXT.decode(entry.get(1, b""))
            result.setdefault(self.name, {})[key] = self._type.decode(entry.get(2, b""))
        elif self._is_list:
            result.setdefault(self.name, []).append(self._type.decode(raw))
        elif (value := self._type.decode(raw)) is not None and not (self._node.omit_zero and value in ("", 0)):
            result[self.name] = value


@functools.cache
def messages_of(release: str) -> Messages:
    """Return the messages of a Kubernetes release such as `1.36`. Raises LocalApiError if it has no schemas."""
    return Messages(release)
