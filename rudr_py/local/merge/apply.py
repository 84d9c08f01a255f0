"""Server-side apply: merges the configuration of a manager, moves field ownership, reports conflicts.

Source: KEP-555; apimachinery managedfields and structured-merge-diff merge/update.go.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.local.merge import elements, errors, fieldset, managed_fields, type_check, typed
from rudr_py.local.merge.elements import ABSENT, NoElementError
from rudr_py.local.merge.errors import ApplyConflict, TypedError
from rudr_py.local.merge.fieldset import Fields
from rudr_py.local.merge.managed_fields import Entries, Entry, Write
from rudr_py.local.storage.cloning import clone

__all__ = ["ApplyConflict", "TypedError", "apply"]

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def apply(
    live: dict[str, Any] | None, applied: dict[str, Any], write: Write, *, force: bool, is_ordinary: bool = False
) -> dict[str, Any]:
    """Return the object after `write.manager` applied `applied`, with its managedFields.

    `live` is the stored object, or None if the apply creates it. The result is `live` itself if nothing changes, and
    shares nothing with it otherwise. It is not defaulted: a field that the manager no longer applies and no other
    manager owns is removed, and defaulting may restore it.

    `is_ordinary`: `applied` conforms to the schema, so its types need no check.

    Raises ApplyConflict if other managers own fields that would change and `force` is not set; TypedError if the schema
    cannot type `applied`; PatchError (400) for managed fields in `applied` or a wrong version.
    """
    _check(applied, write, is_ordinary=is_ordinary)
    try:
        outcome = _outcome(live, applied, write, force=force)
    except NoElementError as error:
        raise TypedError(f"failed to create typed live object ({_named(live or applied)}): {error}") from error
    if outcome is None:
        return live or {}
    after, entries = outcome
    result: dict[str, Any] = clone(after)
    _sync_last_applied(result, applied, write)
    managed = managed_fields.encode(entries)
    if managed:
        result.setdefault("metadata", {})["managedFields"] = clone(managed)
    return result


def _outcome(
    live: dict[str, Any] | None, applied: dict[str, Any], write: Write, *, force: bool
) -> tuple[dict[str, Any], Entries] | None:
    """Return the merged object and its entries, or None if nothing changes; kubectl may overrule its own apply."""
    if live is None:
        return _applied({}, applied, {}, write, force=force)
    decoded = managed_fields.decode(live.get("metadata", {}).get("managedFields"))
    entries = managed_fields.reconcile_with_schema(decoded, write.node)
    if not entries:
        entries = managed_fields.before_first_apply(live, write)
    before = managed_fields.without_managed_fields(live)
    try:
        after, owners = _applied(before, applied, entries, write, force=force)
    except ApplyConflict as conflict:
        if not _claimed_by_last_applied(conflict, live, write):
            raise
        after, owners = _applied(before, applied, entries, write, force=True)
    is_unchanged = after is before and owners == decoded and not _has_last_applied(live)
    return None if is_unchanged else (after, owners)


def _check(applied: dict[str, Any], write: Write, *, is_ordinary: bool) -> None:
    version = applied.get("apiVersion", "")
    if version != write.api_version:
        raise errors.incorrect_version(version, write.api_version)
    metadata = applied.get("metadata")
    if isinstance(metadata, dict) and metadata.get("managedFields") is not None:
        raise errors.malformed("metadata.managedFields must be nil")
    problem = "" if is_ordinary else type_check.typing_error(applied, write.node)
    if problem:
        raise TypedError(f"failed to create typed patch object ({_named(applied)}): {problem}")


def _applied(
    before: dict[str, Any], applied: dict[str, Any], entries: Entries, write: Write, *, force: bool
) -> tuple[dict[str, Any], Entries]:
    """Return the merged object and the entries, before times and encoding."""
    node = write.node
    owned = managed_fields.ownable(typed.field_set(applied, node), write)
    own_entry = Entry(
        manager=write.manager,
        operation="Apply",
        api_version=write.api_version,
        time=write.time,
        fields=owned,
        subresource=write.subresource,
    )
    previous_entry = entries.get(own_entry.identity)
    others = {identity: entry for identity, entry in entries.items() if identity != own_entry.identity}
    merged = typed.merge(before or ABSENT, applied, node)
    result = merged
    if previous_entry is not None and previous_entry.fields != owned:
        result = _released(merged, previous_entry.fields, [owned, *(entry.fields for entry in others.values())], write)
    if result is not before and not elements.same(before, result):
        if others:
            comparison = managed_fields.without_reset(typed.compare(before, result, node), write)
            changed = fieldset.union(comparison.added, comparison.modified)
            if not force:
                _raise_conflicts(others, changed)
            others = managed_fields.without_fields(others, fieldset.union(changed, comparison.removed), except_for=None)
    else:  # an apply without changes has no time, even if it adds an owner
        own_entry = msgspec.structs.replace(own_entry, time=previous_entry.time if previous_entry is not None else None)
    if owned:
        others[own_entry.identity] = own_entry
    return result if result is merged else typed.without_emptied(merged, result, node), others


def _released(merged: dict[str, Any], previous: Fields, owned: list[Fields], write: Write) -> dict[str, Any]:
    """Remove the fields that the manager applied last time and no manager owns now."""
    node = write.node
    remaining: Fields = {}
    for fields in owned:
        remaining = fieldset.union(remaining, fields)
    dropped = fieldset.difference(typed.with_declared(previous, node), typed.with_declared(remaining, node))
    kept: dict[str, Any] | None = typed.remove(merged, dropped, node)
    return kept or {}


def _raise_conflicts(others: Entries, touched: Fields) -> None:
    conflicts = [
        (entry.display_name, path)
        for entry in sorted(others.values(), key=lambda e: e.identity)
        for path in fieldset.paths(fieldset.ordered(fieldset.intersection(entry.fields, touched)))
    ]
    if conflicts:
        raise ApplyConflict(tuple(conflicts))


def _claimed_by_last_applied(conflict: ApplyConflict, live: dict[str, Any], write: Write) -> bool:
    """Whether all conflicting fields were written by kubectl's own client-side apply."""
    text = live.get("metadata", {}).get("annotations", {}).get(_LAST_APPLIED)
    if write.manager != "kubectl" or not text:
        return False
    try:
        last = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    if not isinstance(last, dict) or last.get("apiVersion") != write.api_version:
        return False
    if type_check.typing_error(last, write.node):
        return False
    difference = typed.compare(last, managed_fields.without_managed_fields(live), write.node)
    claimed = typed.field_set(last, write.node)
    for changed in (difference.modified, difference.added, difference.removed):
        claimed = fieldset.difference(claimed, changed)
    allowed = set(fieldset.paths(claimed))
    return all(path in allowed for _, path in conflict.conflicts)


def _sync_last_applied(result: dict[str, Any], applied: dict[str, Any], write: Write) -> None:
    """Update kubectl's client-side annotation when kubectl applies server-side."""
    if write.manager != "kubectl" or not _has_last_applied(result):
        return
    metadata = dict(applied.get("metadata") or {})
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _LAST_APPLIED}
    body = msgspec.json.encode({**applied, "metadata": metadata}, order="sorted")
    result["metadata"]["annotations"][_LAST_APPLIED] = body.decode() + "\n"


def _has_last_applied(obj: dict[str, Any]) -> bool:
    return bool(((obj.get("metadata") or {}).get("annotations") or {}).get(_LAST_APPLIED))


def _named(obj: dict[str, Any]) -> str:
    """Return the name of an object in error messages: `namespace/name; group/version, Kind=K`."""
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    version = obj.get("apiVersion", "")
    group_version = version if "/" in version else f"/{version}"
    where = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    return f"{where}; {group_version}, Kind={obj.get('kind', '')}"
