"""Delete: preconditions, finalizers, propagation. What else goes with an object is the garbage collector's work.

A propagation policy becomes a finalizer (`foregroundDeletion`, `orphan`) that the collector acts on and removes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.local import kind_rules
from rudr_py.local.admission import field_isolation, plugins
from rudr_py.local.apimachinery import api_errors, conversion
from rudr_py.local.backend import Backend
from rudr_py.local.registry.kinds import CRD_FINALIZER, CRD_TABLE
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import Object

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


class DeleteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What DeleteOptions ask for. `propagation` is empty, Background, Foreground or Orphan."""

    propagation: str = ""
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


def wish(options: Any, query: Any) -> DeleteOptions:
    """Return what the body (or None) and the query of a DELETE ask for. Raises `ApiError` (400)."""
    options = options if isinstance(options, dict) else {}
    if options.get("kind") not in (None, "", "DeleteOptions"):
        raise api_errors.bad_request(f'{options["kind"]} in version "v1" cannot be handled as a DeleteOptions')
    preconditions = options.get("preconditions") or {}
    propagation = options.get("propagationPolicy") or query.get("propagationPolicy") or ""
    orphan = options.get("orphanDependents", query.get("orphanDependents"))
    if not propagation and orphan is not None:
        propagation = "Orphan" if orphan in (True, "true") else "Background"
    return DeleteOptions(
        propagation=propagation,
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
        dry_run="All" in (options.get("dryRun") or query.get("dryRun") or ()),
    )


def delete(world: Backend, target: ObjectTarget, asked: DeleteOptions) -> tuple[Object, bool]:
    """Delete an object; return its last state and whether it is gone, not only marked. Raises `ApiError`."""
    resource = target.resource
    found = world.store.get(resource.table, target.namespace, target.name)
    if found is None:
        raise api_errors.not_found(resource, target.name)
    _check(target, found, asked)
    plugins.check_deletion(resource, target.name)
    finalizers = _finalizers(target, found, asked)
    marked: Object = {**found, "metadata": {**found["metadata"], "finalizers": finalizers}}
    if resource.table == "namespaces":
        marked["status"] = {**(found.get("status") or {}), "phase": "Terminating"}
    if not found["metadata"].get("deletionTimestamp"):
        marked["metadata"]["deletionTimestamp"] = world.now()
        marked["metadata"]["deletionGracePeriodSeconds"] = 0
        if found["metadata"].get("generation"):
            marked["metadata"]["generation"] += 1
    field_isolation.tidy(marked["metadata"])
    if field_isolation.may_go(marked):
        if not asked.dry_run:
            found = world.store.remove(resource.table, target.namespace, target.name) or found
        return conversion.convert(found, resource), True
    if marked != found and not asked.dry_run:
        marked = world.store.put(resource.table, clone(marked))
    return conversion.convert(marked, resource), False


def _check(target: ObjectTarget, found: Object, asked: DeleteOptions) -> None:
    resource, metadata = target.resource, found["metadata"]
    if asked.uid and asked.uid != metadata["uid"]:
        why = (
            f"the UID in the precondition ({asked.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise api_errors.conflict(resource, target.name, why, kind=resource.kind)
    if asked.resource_version and asked.resource_version != metadata["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({asked.resource_version}) does not match the ResourceVersion "
            f"in record ({metadata['resourceVersion']}). The object might have been modified"
        )
        raise api_errors.conflict(resource, target.name, why, kind=resource.kind)


def _finalizers(target: ObjectTarget, found: Object, asked: DeleteOptions) -> list[str]:
    """The finalizers of an object whose deletion was asked for."""
    finalizers = list(found["metadata"].get("finalizers") or ())
    propagation = asked.propagation
    if not propagation and not {ORPHAN, FOREGROUND} & set(finalizers) and kind_rules.of(target.resource).orphans:
        propagation = "Orphan"
    if propagation:
        finalizers = [each for each in finalizers if each not in (ORPHAN, FOREGROUND)]
        added = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(propagation, [])
        finalizers += added
    begins = not found["metadata"].get("deletionTimestamp")
    if begins and target.resource.table == CRD_TABLE and CRD_FINALIZER not in finalizers:
        finalizers.append(CRD_FINALIZER)
    return finalizers
