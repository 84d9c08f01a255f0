"""Deletion: preconditions, finalizers and propagation policy. The garbage collector deletes dependents.

A propagation policy becomes a finalizer (`foregroundDeletion`, `orphan`) that the collector acts on and removes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.local import strategies
from rudr_py.local.admission import field_isolation, plugins
from rudr_py.local.apimachinery import api_errors, conversion
from rudr_py.local.backend import Backend
from rudr_py.local.registry.kinds import CRD_FINALIZER, CRD_TABLE
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import Object

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


class DeleteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Parsed DeleteOptions. `propagation` is empty, Background, Foreground or Orphan."""

    propagation: str = ""
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


class _Preconditions(msgspec.Struct, frozen=True, rename="camel"):
    uid: str | None = None
    resource_version: str | None = None


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    kind: str | None = None
    preconditions: _Preconditions | None = None
    propagation_policy: str | None = None
    orphan_dependents: bool | None = None
    grace_period_seconds: int | None = None
    dry_run: list[str] | None = None


def parse_options(options: Any, query: Any) -> DeleteOptions:
    """Parse the body (or None) and the query of a DELETE. Raises `ApiError` (400)."""
    try:
        body = msgspec.convert(options if isinstance(options, dict) else {}, _Body)
    except msgspec.ValidationError as error:
        raise api_errors.bad_request(f'DeleteOptions in version "v1" cannot be handled: {error}') from error
    if body.kind not in (None, "", "DeleteOptions"):
        raise api_errors.bad_request(f'{body.kind} in version "v1" cannot be handled as a DeleteOptions')
    preconditions = body.preconditions or _Preconditions()
    propagation = body.propagation_policy or query.get("propagationPolicy") or ""
    orphan = query.get("orphanDependents") if body.orphan_dependents is None else body.orphan_dependents
    if not propagation and orphan is not None:
        propagation = "Orphan" if orphan in (True, "true") else "Background"
    return DeleteOptions(
        propagation=propagation,
        uid=preconditions.uid or "",
        resource_version=preconditions.resource_version or "",
        dry_run="All" in (body.dry_run or query.get("dryRun") or ()),
    )


def delete(backend: Backend, target: ObjectTarget, options: DeleteOptions) -> tuple[Object, bool]:
    """Delete an object; return its last state, and whether it was removed and not only marked. Raises `ApiError`."""
    resource = target.resource
    live = backend.store.get(resource.table, target.namespace, target.name)
    if live is None:
        raise api_errors.not_found(resource, target.name)
    _check(target, live, options)
    plugins.check_deletion(resource, target.name)
    finalizers = _finalizers(target, live, options)
    marked: Object = {**live, "metadata": {**live["metadata"], "finalizers": finalizers}}
    if resource.table == "namespaces":
        marked["status"] = {**(live.get("status") or {}), "phase": "Terminating"}
    if not live["metadata"].get("deletionTimestamp"):
        marked["metadata"]["deletionTimestamp"] = backend.now()
        marked["metadata"]["deletionGracePeriodSeconds"] = 0
        if live["metadata"].get("generation"):
            marked["metadata"]["generation"] += 1
    field_isolation.drop_empty(marked["metadata"])
    if field_isolation.is_removable(marked):
        if not options.dry_run:
            live = backend.store.remove(resource.table, target.namespace, target.name) or live
        # a pod is deleted gracefully, even if nothing runs
        return conversion.convert(marked if resource.table == "pods" else live, resource), True
    if marked != live and not options.dry_run:
        marked = backend.store.put(resource.table, clone(marked))
    return conversion.convert(marked, resource), False


def _check(target: ObjectTarget, live: Object, options: DeleteOptions) -> None:
    resource, metadata = target.resource, live["metadata"]
    if options.uid and options.uid != metadata["uid"]:
        reason = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise api_errors.conflict(resource, target.name, reason, kind=resource.kind)
    if options.resource_version and options.resource_version != metadata["resourceVersion"]:
        reason = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion "
            f"in record ({metadata['resourceVersion']}). The object might have been modified"
        )
        raise api_errors.conflict(resource, target.name, reason, kind=resource.kind)


def _finalizers(target: ObjectTarget, live: Object, options: DeleteOptions) -> list[str]:
    """The finalizers of an object after a deletion request."""
    finalizers = list(live["metadata"].get("finalizers") or ())
    propagation = options.propagation
    if (
        not propagation
        and not {ORPHAN, FOREGROUND} & set(finalizers)
        and strategies.for_resource(target.resource).orphan_dependents
    ):
        propagation = "Orphan"
    if propagation:
        finalizers = [each for each in finalizers if each not in (ORPHAN, FOREGROUND)]
        added = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(propagation, [])
        finalizers += added
    starting = not live["metadata"].get("deletionTimestamp")
    if starting and target.resource.table == CRD_TABLE and CRD_FINALIZER not in finalizers:
        finalizers.append(CRD_FINALIZER)
    return finalizers
