"""Deletion: preconditions, grace period, finalizers and propagation policy. The garbage collector deletes dependents.

A propagation policy becomes a finalizer (`foregroundDeletion`, `orphan`) that the collector acts on and removes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rudr_py.errors import Cause
from rudr_py.local import strategies
from rudr_py.local.admission import field_isolation, plugins
from rudr_py.local.apimachinery import api_errors, conversion
from rudr_py.local.backend import Backend
from rudr_py.local.registry.kinds import CRD_FINALIZER, CRD_TABLE
from rudr_py.local.registry.resources import ObjectTarget, Resource
from rudr_py.local.schema import causes
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import Object

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
_POLICIES = ("Foreground", "Background", "Orphan")


class DeleteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Parsed DeleteOptions. `propagation` is empty, Background, Foreground or Orphan; `grace` is in seconds."""

    propagation: str = ""
    grace: int | None = None
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
    """Parse the body of a DELETE, or the query if there is no body. Raises `ApiError` (400, 422)."""
    try:
        body = msgspec.convert(options if isinstance(options, dict) else _from_query(query), _Body)
    except msgspec.ValidationError as error:
        raise api_errors.bad_request(f'DeleteOptions in version "v1" cannot be handled: {error}') from error
    if body.kind not in (None, "", "DeleteOptions"):
        raise api_errors.bad_request(f'{body.kind} in version "v1" cannot be handled as a DeleteOptions')
    problems = tuple(_option_causes(body))
    if problems:
        raise api_errors.invalid_options("DeleteOptions", problems)
    preconditions = body.preconditions or _Preconditions()
    propagation = body.propagation_policy or ""
    if not propagation and body.orphan_dependents is not None:
        propagation = "Orphan" if body.orphan_dependents else "Background"
    grace = body.grace_period_seconds
    return DeleteOptions(
        propagation=propagation,
        grace=1 if grace is not None and grace < 0 else grace,  # a negative one means the shortest
        uid=preconditions.uid or "",
        resource_version=preconditions.resource_version or "",
        dry_run=bool(body.dry_run),
    )


def _from_query(query: Any) -> Object:
    orphan, seconds = query.get("orphanDependents"), query.get("gracePeriodSeconds")
    if seconds and re.fullmatch(r"[+-]?\d+", seconds) is None:
        raise api_errors.bad_request(f'strconv.ParseInt: parsing "{seconds}": invalid syntax')
    return {
        "propagationPolicy": query.get("propagationPolicy") or None,
        "orphanDependents": None if orphan is None else orphan.lower() not in ("false", "0"),
        "gracePeriodSeconds": int(seconds) if seconds else None,
        "dryRun": [query["dryRun"]] if query.get("dryRun") else None,
    }


def _option_causes(body: _Body) -> Iterator[Cause]:
    policy = body.propagation_policy
    if policy is not None and body.orphan_dependents is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        yield causes.invalid("propagationPolicy", policy, detail)
    if policy is not None and policy not in _POLICIES:
        yield causes.not_supported("propagationPolicy", policy, (*_POLICIES, "nil"))
    yield from causes.dry_run(body.dry_run or [])


def delete(backend: Backend, target: ObjectTarget, options: DeleteOptions) -> tuple[Object, bool]:
    """Delete an object; return its last state, and whether it was removed and not only marked. Raises `ApiError`."""
    resource = target.resource
    live = backend.store.get(resource.table, target.namespace, target.name)
    if live is None:
        raise api_errors.not_found(resource, target.name)
    _check(target, live, options)
    plugins.check_deletion(resource, target.name)
    grace = _grace_period(resource, live, options)
    if grace is None:
        return conversion.convert(live, resource), False
    marked = _marked(backend, target, live, options, grace)
    graceful = strategies.for_resource(resource).grace_period is not None
    removed = field_isolation.is_removable(marked)
    result = live if removed and not graceful else marked
    if not options.dry_run:
        if result != live:
            result = backend.store.put(resource.table, clone(marked))
        if removed:
            result = backend.store.remove(resource.table, target.namespace, target.name) or result
    return conversion.convert(result, resource), removed


def _grace_period(resource: Resource, live: Object, options: DeleteOptions) -> int | None:
    """Return the grace period after a deletion request; None if a deletion is pending that it does not shorten."""
    period = strategies.for_resource(resource).grace_period
    if period is None:
        return 0
    pending = live["metadata"].get("deletionGracePeriodSeconds")
    if pending:
        return options.grace if options.grace is not None and options.grace < pending else None
    if live["metadata"].get("deletionTimestamp"):
        return 0
    seconds = period(live, options.grace)
    return 1 if seconds < 0 else seconds


def _marked(backend: Backend, target: ObjectTarget, live: Object, options: DeleteOptions, grace: int) -> Object:
    """Return the object as one that is being deleted."""
    before = live["metadata"]
    metadata: Object = {**before, "finalizers": _finalizers(target, live, options), "deletionGracePeriodSeconds": grace}
    marked: Object = {**live, "metadata": metadata}
    if target.resource.table == "namespaces":
        marked["status"] = {**(live.get("status") or {}), "phase": "Terminating"}
    if not before.get("deletionTimestamp"):
        metadata["deletionTimestamp"] = backend.time_after(grace)
        if before.get("generation"):
            metadata["generation"] += 1
    elif before.get("deletionGracePeriodSeconds", 0) != grace:
        shorter = timedelta(seconds=before["deletionGracePeriodSeconds"] - grace)
        until = datetime.fromisoformat(before["deletionTimestamp"]) - shorter
        metadata["deletionTimestamp"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
    field_isolation.drop_empty(metadata)
    return marked


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
