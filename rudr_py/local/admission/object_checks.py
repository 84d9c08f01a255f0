"""The checks before an object is stored: preconditions, metadata, schema, and the rules of its kind.

All mistakes are told at once, in the real server's words. Nothing here changes an object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rudr_py.errors import ApiError, Cause
from rudr_py.local import kind_rules
from rudr_py.local.apimachinery import api_errors, object_meta
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import ObjectTarget, Resource
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import cel_rules, values
from rudr_py.local.storage.store import Object


def check_version(target: ObjectTarget, version: Any, live: Object) -> None:
    """Refuse (409) a write that was made for another resourceVersion."""
    if version and version != live["metadata"]["resourceVersion"]:
        raise api_errors.conflict(target.resource, target.name)


def check_uid(target: ObjectTarget, metadata: Any, uid: str) -> None:
    """Refuse (409) a write that was made for another object of this name; `uid` is empty when there is none."""
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
    """422 of a PUT of a custom object, which must say what it replaces."""
    cause = Cause(
        reason="FieldValueInvalid",
        message="Invalid value: 0: must be specified for an update",
        field="metadata.resourceVersion",
    )
    return api_errors.invalid(resource, name, (cause,), kind=resource.plural)


def check_new(backend: Backend, resource: Resource, stored: Object) -> None:
    """Refuse (422) a new object with every mistake in it."""
    storage_resource = backend.registry.stored_in(resource.table) or resource
    metadata = stored["metadata"]
    causes = [*object_meta.metadata_causes(storage_resource, metadata), *_value_causes(storage_resource, stored, None)]
    _refuse(storage_resource, metadata.get("name", ""), causes)


def check_changed(backend: Backend, resource: Resource, stored: Object, live: Object, subresource: str) -> None:
    """Refuse (422) a changed object with every mistake in it, and every change that may not be."""
    storage_resource = backend.registry.stored_in(resource.table) or resource
    new, old = stored["metadata"], live["metadata"]
    # the real server looks at metadata twice, and tells what it finds twice
    causes = list(object_meta.change_causes(old, new)) * 2
    causes += object_meta.metadata_causes(storage_resource, new)
    if subresource in ("", "scale"):
        causes += _value_causes(storage_resource, stored, live)
        causes += kind_rules.of(storage_resource).check_change(stored, live)
    elif storage_resource.custom and storage_resource.node is not None:
        causes += _custom_causes(stored, live, storage_resource.node)
    _refuse(storage_resource, new.get("name", ""), causes)


def _custom_causes(stored: Object, live: Object | None, node: SchemaNode) -> list[Cause]:
    """What the schema of a custom kind says, and then its rules."""
    causes = values.validate(stored, node)
    return causes + cel_rules.causes(stored, live, node, causes)


def _value_causes(resource: Resource, stored: Object, live: Object | None) -> Iterable[Cause]:
    causes = list(kind_rules.of(resource).check(stored))
    if resource.node is not None:
        causes += kind_rules.of(resource).check_schema(stored, resource.node)
        reported = {(cause.reason, cause.field) for cause in causes}
        if resource.custom:
            schema_causes = _custom_causes(stored, live, resource.node)
        else:
            schema_causes = values.validate(_without_status(stored), resource.node)
        causes += [cause for cause in schema_causes if (cause.reason, cause.field) not in reported]
    return causes


def _without_status(obj: Object) -> Object:
    """The status of a built-in kind is the server's own until a controller writes it."""
    return {key: value for key, value in obj.items() if key != "status"}


def _refuse(resource: Resource, name: str, causes: list[Cause]) -> None:
    if causes:
        raise api_errors.invalid(resource, name, causes)
