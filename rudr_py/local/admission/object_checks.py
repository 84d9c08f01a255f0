"""The checks before an object is stored: preconditions, metadata, schema, and the rules of its kind.

All errors are reported at once, with the messages of the real server. Nothing here changes an object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rudr_py.errors import ApiError, Cause
from rudr_py.local import strategies
from rudr_py.local.apimachinery import api_errors, object_meta
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import ObjectTarget, Resource
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import cel_rules, values
from rudr_py.local.schema.validation.conformance import conforms
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import field_rules


def check_version(target: ObjectTarget, version: Any, live: Object) -> None:
    """Raise `ConflictError` (409) unless the resourceVersion is empty, 0, or that of the live object."""
    if version not in (None, "", "0") and version != live["metadata"]["resourceVersion"]:
        raise api_errors.conflict(target.resource, target.name)


def check_uid(target: ObjectTarget, metadata: Any, uid: str) -> None:
    """Raise `ConflictError` (409) for a uid of another object; `uid` is empty if there is no live object."""
    expected_uid = metadata.get("uid")
    if not expected_uid or expected_uid == uid:
        return
    resource = target.resource
    folder = f"{resource.group}/{resource.plural}" if resource.custom else resource.plural
    key = "/".join(filter(None, ("/registry", folder, target.namespace, target.name)))
    raise api_errors.conflict(
        resource,
        target.name,
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {expected_uid}, UID in object meta: {uid}",
    )


def missing_version(resource: Resource, name: str) -> ApiError:
    """422 of a PUT of a custom object without a resourceVersion."""
    cause = Cause(
        reason="FieldValueInvalid",
        message="Invalid value: 0: must be specified for an update",
        field="metadata.resourceVersion",
    )
    return api_errors.invalid(resource, name, (cause,), kind=resource.plural)


def check_new(backend: Backend, resource: Resource, stored: Object) -> None:
    """Raise `InvalidError` (422) with every error of a new object."""
    storage_resource = backend.registry.storage_resource(resource.table) or resource
    metadata = stored["metadata"]
    causes = [*object_meta.metadata_causes(storage_resource, metadata), *_value_causes(storage_resource, stored, None)]
    causes += strategies.for_resource(storage_resource).validate_new(stored)
    _refuse(storage_resource, metadata.get("name", ""), causes)


def check_changed(backend: Backend, resource: Resource, stored: Object, live: Object, subresource: str) -> None:
    """Raise `InvalidError` (422) with every error of a changed object and every forbidden change."""
    storage_resource = backend.registry.storage_resource(resource.table) or resource
    new, old = stored["metadata"], live["metadata"]
    # the real server validates metadata twice and reports its errors twice
    causes = list(object_meta.change_causes(old, new)) * 2
    causes += object_meta.metadata_causes(storage_resource, new)
    strategy = strategies.for_resource(storage_resource)
    is_whole = subresource in ("", "scale")
    if is_whole or subresource in strategy.validate_part:
        causes += _value_causes(storage_resource, stored, live)
        causes += (strategy.validate_update if is_whole else strategy.validate_part[subresource])(stored, live)
    elif storage_resource.custom and storage_resource.node is not None:
        causes += _custom_causes(stored, live, storage_resource.node)
    _refuse(storage_resource, new.get("name", ""), causes)


def _custom_causes(stored: Object, live: Object | None, node: SchemaNode) -> list[Cause]:
    """The errors of the schema of a custom kind, then those of its CEL rules."""
    causes = [] if conforms(stored, node) else values.validate(stored, node)
    return causes + cel_rules.causes(stored, live, node, causes)


def _value_causes(resource: Resource, stored: Object, live: Object | None) -> Iterable[Cause]:
    causes = list(strategies.for_resource(resource).validate(stored))
    if resource.node is not None:
        causes += strategies.for_resource(resource).validate_schema(stored, resource.node)
        if resource.custom:
            schema_causes = _custom_causes(stored, live, resource.node)
        else:  # metadata are checked elsewhere, and the status is not: controllers write it
            checked = {key: value for key, value in stored.items() if key != "status"} | {"metadata": {}}
            causes += field_rules.errors(checked, resource.node)
            schema_causes = [] if conforms(checked, resource.node) else values.validate(checked, resource.node)
        reported = {(cause.reason, cause.field) for cause in causes}
        causes += [cause for cause in schema_causes if (cause.reason, cause.field) not in reported]
    return causes


def _refuse(resource: Resource, name: str, causes: list[Cause]) -> None:
    if causes:
        raise api_errors.invalid(resource, name, causes)
