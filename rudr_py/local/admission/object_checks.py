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


def check_version(target: ObjectTarget, given: Any, live: Object) -> None:
    """Refuse (409) a write that was made for another resourceVersion."""
    if given and given != live["metadata"]["resourceVersion"]:
        raise api_errors.conflict(target.resource, target.name)


def check_uid(target: ObjectTarget, metadata: Any, uid: str) -> None:
    """Refuse (409) a write that was made for another object of this name; `uid` is empty when there is none."""
    given = metadata.get("uid")
    if not given or given == uid:
        return
    resource = target.resource
    folder = f"{resource.group}/{resource.plural}" if resource.custom else resource.plural
    key = "/".join(filter(None, ("/registry", folder, target.namespace, target.name)))
    raise api_errors.conflict(
        resource,
        target.name,
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {given}, UID in object meta: {uid}",
    )


def missing_version(resource: Resource, name: str) -> ApiError:
    """422 of a PUT of a custom object, which must say what it replaces."""
    cause = Cause(
        reason="FieldValueInvalid",
        message="Invalid value: 0: must be specified for an update",
        field="metadata.resourceVersion",
    )
    return api_errors.invalid(resource, name, (cause,), kind=resource.plural)


def check_new(world: Backend, resource: Resource, stored: Object) -> None:
    """Refuse (422) a new object with every mistake in it."""
    kind = world.registry.stored_in(resource.table) or resource
    metadata = stored["metadata"]
    causes = [*object_meta.metadata_causes(kind, metadata), *_value_causes(kind, stored, None)]
    _refuse(kind, metadata.get("name", ""), causes)


def check_changed(world: Backend, resource: Resource, stored: Object, found: Object, subresource: str) -> None:
    """Refuse (422) a changed object with every mistake in it, and every change that may not be."""
    kind = world.registry.stored_in(resource.table) or resource
    new, old = stored["metadata"], found["metadata"]
    # the real server looks at metadata twice, and tells what it finds twice
    causes = list(object_meta.change_causes(old, new)) * 2
    causes += object_meta.metadata_causes(kind, new)
    if subresource in ("", "scale"):
        causes += _value_causes(kind, stored, found)
        causes += kind_rules.of(kind).check_change(stored, found)
    elif kind.custom and kind.node is not None:
        causes += _custom_causes(stored, found, kind.node)
    _refuse(kind, new.get("name", ""), causes)


def _custom_causes(stored: Object, found: Object | None, node: SchemaNode) -> list[Cause]:
    """What the schema of a custom kind says, and then its rules."""
    causes = values.validate(stored, node)
    return causes + cel_rules.causes(stored, found, node, causes)


def _value_causes(kind: Resource, stored: Object, found: Object | None) -> Iterable[Cause]:
    causes = list(kind_rules.of(kind).check(stored))
    if kind.node is not None:
        causes += kind_rules.of(kind).check_schema(stored, kind.node)
        known = {(cause.reason, cause.field) for cause in causes}
        if kind.custom:
            told = _custom_causes(stored, found, kind.node)
        else:
            told = values.validate(_without_status(stored), kind.node)
        causes += [cause for cause in told if (cause.reason, cause.field) not in known]
    return causes


def _without_status(obj: Object) -> Object:
    """The status of a built-in kind is the server's own until a controller writes it."""
    return {key: value for key, value in obj.items() if key != "status"}


def _refuse(kind: Resource, name: str, causes: list[Cause]) -> None:
    if causes:
        raise api_errors.invalid(kind, name, causes)
