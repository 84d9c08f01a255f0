"""Create, update, patch and apply: from a body to a stored object, or to an error.

Steps have the order of the real server: decode, namespace, managed fields, defaults of the kind, validation, store.
Nothing awaits, so no other write occurs between reading and storing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py.local import strategies
from rudr_py.local.access.user import User
from rudr_py.local.admission import field_isolation, limit_ranges, object_checks, plugins, pod_security, quota_limits
from rudr_py.local.apimachinery import api_errors, conversion, decimals
from rudr_py.local.backend import Backend
from rudr_py.local.merge import apply as merging
from rudr_py.local.merge import managed_fields
from rudr_py.local.merge.managed_fields import Write
from rudr_py.local.registry.resources import ObjectTarget, Resource
from rudr_py.local.schema.node import DEDUCED
from rudr_py.local.schema.validation.conformance import conforms
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import decoding
from rudr_py.local.verbs import scale as scaling

Transform = Callable[[Object], Object]
"""A patch: returns the new state of a live object, which it must not change."""


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a write.

    `subresource` is empty, `status`, `scale`, `finalize` or `ephemeralcontainers`; `user` is None for the cluster
    itself; `problems` are strict errors of the body's text, such as duplicate keys; `strategic` is a strategic merge
    patch.
    """

    manager: str = "unknown"
    field_validation: str = decoding.WARN
    dry_run: bool = False
    force: bool = False
    subresource: str = ""
    user: User | None = None
    problems: tuple[str, ...] = ()
    strategic: Any = None


class WriteResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a write: the object in the requested version."""

    object: Object
    created: bool = False
    warnings: tuple[str, ...] = ()


def live(backend: Backend, target: ObjectTarget) -> Object:
    """Return the stored object in the requested version. Raises `NotFoundError`."""
    stored = backend.store.get(target.resource.table, target.namespace, target.name)
    if stored is None:
        raise api_errors.not_found(target.resource, target.name)
    return conversion.convert(stored, target.resource)


def create(backend: Backend, target: ObjectTarget, body: Object, options: WriteOptions) -> WriteResult:
    """Create an object; the name of the target may be empty. Raises `ApiError`. The body is modified."""
    resource = target.resource
    warnings = decoding.decode(resource, body, options.field_validation, options.problems)
    field_isolation.check_path(resource, target.namespace, target.name, body["metadata"])
    if decimals.number(body["metadata"].pop("resourceVersion", "")):
        raise api_errors.bad_request("resourceVersion should not be set on objects to be created")
    plugins.check_namespace(backend, resource, target.namespace, body["metadata"].get("name", ""))
    field_isolation.prepare_new(backend, resource, body)
    body["metadata"]["managedFields"] = managed_fields.update(None, body, _write(backend, resource, options))
    return _insert(backend, target, body, options, warnings)


def update(backend: Backend, target: ObjectTarget, body: Object, options: WriteOptions) -> WriteResult:
    """Replace an object, or a part of it through a subresource. Raises `ApiError`. The body is modified."""
    resource = target.resource
    if options.subresource == "scale":
        return patch(backend, target, lambda _scale: body, options)
    warnings = decoding.decode(resource, body, options.field_validation, options.problems)
    metadata = body["metadata"]
    field_isolation.check_path(resource, target.namespace, target.name, metadata)
    stored = backend.store.get(resource.table, target.namespace, target.name)
    strategy = strategies.for_resource(resource)
    if stored is None:
        if not strategy.allow_create_on_update or options.subresource:
            raise api_errors.not_found(resource, target.name)
        metadata.pop("resourceVersion", None)
        plugins.check_upsert(backend, resource, target.namespace, target.name, options.user)
        return create(backend, target, body, options)
    if not metadata.get("resourceVersion") and not strategy.allow_unconditional_update:
        raise object_checks.missing_version(resource, target.name)
    object_checks.check_uid(target, metadata, stored["metadata"]["uid"])
    return _replace(backend, target, body, options, warnings)


def patch(backend: Backend, target: ObjectTarget, transform: Transform, options: WriteOptions) -> WriteResult:
    """Patch an object, or a part of it through a subresource. Raises `ApiError`."""
    resource = target.resource
    live_object = live(backend, target)
    if options.subresource == "scale":
        scale = transform(scaling.to_scale(resource, live_object))
        result = _replace(backend, target, scaling.scaled(resource, live_object, scale), options, ())
        return msgspec.structs.replace(result, object=scaling.to_scale(resource, result.object))
    body: Object = clone(transform(live_object))
    patched = decoding.Patched(backend.registry, options.strategic)
    warnings = decoding.decode(resource, body, options.field_validation, options.problems, patched)
    if body["metadata"].get("name") != target.name:
        raise api_errors.mismatched_name(body["metadata"].get("name", ""), target.name)
    return _replace(backend, target, body, options, warnings)


def apply(backend: Backend, target: ObjectTarget, body: Object, options: WriteOptions) -> WriteResult:
    """Apply a configuration server-side; create the object if it does not exist. Raises `ApiError`."""
    resource = target.resource
    decoding.check_identity(resource, body)
    is_ordinary = resource.node is not None and conforms(body, resource.node)
    if not is_ordinary:
        decoding.check_texts(resource, body)
    metadata = body["metadata"]
    if metadata.get("managedFields") is not None:
        raise api_errors.bad_request("metadata.managedFields must be nil")
    field_isolation.check_path(resource, target.namespace, target.name, {"name": target.name, **metadata})
    if not resource.namespaced:
        metadata.pop("namespace", None)
    stored = backend.store.get(resource.table, target.namespace, target.name)
    write = _write(backend, resource, options)
    if stored is None:
        if options.subresource:
            raise api_errors.not_found(resource, target.name)
        merged = merging.apply(None, body, write, force=options.force, is_ordinary=is_ordinary)
        return _apply_new(backend, target, merged, options, is_ordinary=is_ordinary)
    current = conversion.convert(stored, resource)
    object_checks.check_version(target, metadata.get("resourceVersion"), current)
    merged = merging.apply(current, body, write, force=options.force, is_ordinary=is_ordinary)
    warnings = decoding.applied_warnings(options.problems, options.field_validation)
    if merged is current and not resource.custom:
        # a stored object of a built-in kind is complete and valid
        warnings += tuple(strategies.for_resource(resource).warnings(stored, stored))
        return WriteResult(object=current, warnings=warnings)
    if merged is current:
        merged = clone(current)
    decoding.set_defaults(resource, merged, is_ordinary=is_ordinary)
    return _replace(backend, target, merged, options, warnings, owned=True)


def _apply_new(
    backend: Backend, target: ObjectTarget, merged: Object, options: WriteOptions, *, is_ordinary: bool
) -> WriteResult:
    warnings = decoding.applied_warnings(options.problems, options.field_validation)
    metadata = merged["metadata"]
    metadata.setdefault("name", target.name)
    object_checks.check_uid(target, metadata, "")
    if target.resource.namespaced:
        metadata["namespace"] = target.namespace
    managed = metadata.pop("managedFields", [])
    metadata.pop("resourceVersion", None)
    plugins.check_namespace(backend, target.resource, target.namespace, target.name)
    decoding.set_defaults(target.resource, merged, is_ordinary=is_ordinary)
    field_isolation.prepare_new(backend, target.resource, merged)
    merged["metadata"]["managedFields"] = managed
    plugins.check_upsert(backend, target.resource, target.namespace, target.name, options.user)
    return _insert(backend, target, merged, options, warnings)


def _insert(
    backend: Backend, target: ObjectTarget, obj: Object, options: WriteOptions, warnings: tuple[str, ...]
) -> WriteResult:
    """Complete, check and store a new object that has its managed fields."""
    resource = target.resource
    strategy = strategies.for_resource(resource)
    stored = conversion.convert(obj, backend.registry.storage_resource(resource.table) or resource)
    metadata = stored["metadata"]
    limit_ranges.set_defaults(backend, resource, stored)  # before the quality of service of a pod is computed
    strategy.prepare_for_create(stored, backend.strategy_context())
    decoding.set_status_default(resource, stored)
    if strategy.generation_source:
        metadata["generation"] = 1
    field_isolation.drop_empty(metadata)
    plugins.complete_pod(backend, resource, stored)
    plugins.taint_node(resource, stored)
    plugins.set_ingress_class(backend, resource, stored)
    plugins.check_grants(backend, resource, stored, None, options.user)
    object_checks.check_new(backend, resource, stored)
    existing = backend.store.get(resource.table, target.namespace, metadata["name"])
    if existing is not None:
        raise api_errors.already_exists(resource, existing["metadata"])
    limit_ranges.check(backend, resource, stored)
    warnings += (*strategy.warnings(stored, None), *pod_security.check(backend, resource, stored, None))
    quota_limits.check(backend, resource, stored, None)
    if not options.dry_run:
        stored = backend.store.put(resource.table, stored)
    return WriteResult(object=conversion.convert(stored, resource), created=True, warnings=warnings)


def _replace(
    backend: Backend,
    target: ObjectTarget,
    new: Object,
    options: WriteOptions,
    warnings: tuple[str, ...],
    owned: bool = False,
) -> WriteResult:
    """Complete, check and store a changed object; `owned`: its managed fields are up to date."""
    resource = target.resource
    stored_before = backend.store.get(resource.table, target.namespace, target.name)
    if stored_before is None:
        raise api_errors.not_found(resource, target.name)
    current = conversion.convert(stored_before, resource)
    object_checks.check_version(target, new["metadata"].get("resourceVersion"), current)
    field_isolation.isolate(resource, new, current, options.subresource)
    if not owned:
        new["metadata"]["managedFields"] = managed_fields.update(current, new, _write(backend, resource, options))
    stored = conversion.convert(new, backend.registry.storage_resource(resource.table) or resource)
    strategy = strategies.for_resource(resource)
    is_whole = options.subresource in ("", "scale")
    if is_whole:
        strategy.prepare_for_update(stored, stored_before, backend.strategy_context())
    field_isolation.drop_empty(stored["metadata"])
    plugins.check_grants(backend, resource, stored, stored_before, options.user)
    object_checks.check_changed(backend, resource, stored, stored_before, options.subresource)
    if is_whole:
        plugins.check_growth(backend, resource, stored, stored_before)
    if is_whole or options.subresource in strategy.validate_part:
        warnings += pod_security.check(backend, resource, stored, stored_before)
    if is_whole:
        quota_limits.check(backend, resource, stored, stored_before)
    if (
        strategy.generation_source
        and options.subresource != "status"
        and strategy.generation_source(stored) != strategy.generation_source(stored_before)
    ):
        stored["metadata"]["generation"] = stored_before["metadata"].get("generation", 0) + 1
    if not options.subresource:
        warnings += tuple(strategy.warnings(stored, stored_before))
    if managed_fields.same_but_times(stored, stored_before):
        return WriteResult(object=current, warnings=warnings)
    stored = _store(backend, target, stored, options)
    return WriteResult(object=conversion.convert(stored, resource), warnings=warnings)


def _store(backend: Backend, target: ObjectTarget, stored: Object, options: WriteOptions) -> Object:
    """Store a changed object, or remove it if it is being deleted and has no finalizers."""
    if options.dry_run:
        return stored
    if field_isolation.is_removable(stored):
        backend.store.remove(target.resource.table, target.namespace, target.name)
        return stored
    return backend.store.put(target.resource.table, stored)


def _write(backend: Backend, resource: Resource, options: WriteOptions) -> Write:
    return Write(
        manager=options.manager,
        api_version=resource.api_version,
        node=resource.node or DEDUCED,
        time=None if options.subresource == "scale" else backend.now(),
        subresource=options.subresource,
        reset=managed_fields.reset_fields(options.subresource, custom=resource.custom, has_status=resource.status),
    )
