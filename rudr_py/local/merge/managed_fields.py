"""The entries of `metadata.managedFields` before and after a write.

Source: KEP-555 and apimachinery's managedfields. Entries are values; this module never changes an object.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from rudr_py.local.merge import fieldset, typed
from rudr_py.local.merge.elements import NoElementError
from rudr_py.local.merge.fieldset import Fields
from rudr_py.local.merge.typed import FieldComparison
from rudr_py.local.schema import go_zero
from rudr_py.local.schema.node import SchemaNode

Path = tuple[str, ...]

MAX_UPDATERS = 10
"""If there are more entries of operation Update, the oldest are folded into one."""

_NEVER_OWNED = fieldset.from_paths(
    ("apiVersion",),
    ("kind",),
    ("metadata",),
    *(
        ("metadata", name)
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ),
)


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """The manager, time and endpoint of a write.

    `time` is RFC 3339 in UTC with whole seconds, or None for an entry without a time (as writes to /scale have). `node`
    is the schema of the kind. `reset` are the fields that the endpoint ignores (see `reset_fields`).
    """

    manager: str
    api_version: str
    node: SchemaNode
    time: str | None = None
    subresource: str = ""
    reset: tuple[Path, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of managedFields."""

    manager: str
    operation: str
    api_version: str
    time: str | None
    fields: Fields
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Entries with the same identity belong to the same manager. The version of an applier is not part of it."""
        version = "" if self.operation == "Apply" else self.api_version
        return (self.manager, self.operation, version, self.subresource)

    @property
    def display_name(self) -> str:
        """The manager in the form of conflict messages."""
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return f"{text} using {self.api_version}" if self.operation == "Update" else text


Entries = dict[tuple[str, str, str, str], Entry]


def reset_fields(subresource: str, *, custom: bool, has_status: bool) -> tuple[Path, ...]:
    """Return the fields that a write through this endpoint never changes, and so never owns.

    `custom`: the kind comes from a CRD. `has_status`: the kind has a status subresource.
    """
    if subresource == "status":
        return (("metadata",), ("spec",)) if custom else (("metadata", "labels"), ("spec",))
    return (("status",),) if has_status and not subresource else ()


def update(live: dict[str, Any] | None, new: dict[str, Any], write: Write) -> list[dict[str, Any]]:
    """Return the managedFields of `new` after a create (`live` is None), an update or a patch.

    `new` is the whole object to store, with defaults; fields that the server sets afterwards (cluster IPs, generation)
    have no owner. Managed fields that the caller set in `new` are kept, except through a subresource; an empty list
    disables tracking, as on the server. If an object cannot be typed, the managedFields of the live one are returned.
    """
    entries = _entries_of_request(live, new, through_subresource=bool(write.subresource))
    if not entries and live is not None:
        return []
    before = without_managed_fields(live) if live is not None else _empty(new, write.node)
    entries = reconcile_with_schema(entries, write.node)
    try:
        entries = after_update(entries, before, without_managed_fields(new), write)
    except NoElementError:
        # an object that cannot be typed is rejected by validation, or was stored before its schema changed
        return list((live or {}).get("metadata", {}).get("managedFields") or [])
    return encode(entries)


def after_update(entries: Entries, before: dict[str, Any], after: dict[str, Any], write: Write) -> Entries:
    """Return the entries after an update from `before` to `after`: the updater owns the changed fields."""
    comparison = without_reset(typed.compare(before, after, write.node), write)
    changed = fieldset.union(comparison.added, comparison.modified)
    rest = without_fields(entries, fieldset.union(changed, comparison.removed), except_for=None)
    own = fieldset.difference(changed, _NEVER_OWNED)
    if own:
        entry = Entry(
            manager=write.manager,
            operation="Update",
            api_version=write.api_version,
            time=write.time,
            fields=own,
            subresource=write.subresource,
        )
        existing = rest.get(entry.identity)
        if existing is not None:
            entry = msgspec.structs.replace(entry, fields=fieldset.union(own, existing.fields))
        rest[entry.identity] = entry
    return _capped(rest)


def before_first_apply(live: dict[str, Any], write: Write) -> Entries:
    """Return the entry that owns the fields from before the first server-side apply."""
    creator = msgspec.structs.replace(write, manager="before-first-apply")
    plain = without_managed_fields(live)
    return after_update({}, _empty(live, write.node), plain, creator)


def reconcile_with_schema(entries: Entries, node: SchemaNode) -> Entries:
    """Return the entries converted to the current schema."""
    result: Entries = {}
    for identity, entry in entries.items():
        fields = typed.reconcile_with_schema(entry.fields, node)
        result[identity] = entry if fields is entry.fields else msgspec.structs.replace(entry, fields=fields)
    return result


def without_fields(entries: Entries, fields: Fields, *, except_for: tuple[str, str, str, str] | None) -> Entries:
    """Return the entries without these fields; entries that own nothing are removed."""
    result: Entries = {}
    for identity, entry in entries.items():
        if identity == except_for or not fields:
            result[identity] = entry
            continue
        left = fieldset.difference(entry.fields, fields)
        if left:
            result[identity] = entry if left == entry.fields else msgspec.structs.replace(entry, fields=left)
    return result


def without_reset(comparison: FieldComparison, write: Write) -> FieldComparison:
    """Remove the fields that the endpoint resets."""
    if not write.reset:
        return comparison
    reset = fieldset.from_paths(*write.reset)
    return FieldComparison(
        added=fieldset.exclude(comparison.added, reset),
        modified=fieldset.exclude(comparison.modified, reset),
        removed=fieldset.exclude(comparison.removed, reset),
    )


def ownable(fields: Fields, write: Write) -> Fields:
    """Return the fields of an applied body that its manager owns after the apply."""
    return fieldset.difference(fieldset.exclude(fields, fieldset.from_paths(*write.reset)), _NEVER_OWNED)


def decode(managed: Any) -> Entries:
    """Decode a managedFields list. One malformed entry invalidates all entries, as on the server."""
    entries: Entries = {}
    for raw in managed if isinstance(managed, list) else ():
        entry = _decoded(raw)
        if entry is None:
            return {}
        entries[entry.identity] = entry
    return entries


def _decoded(raw: Any) -> Entry | None:
    if not isinstance(raw, dict) or raw.get("operation") not in ("Apply", "Update"):
        return None
    if raw.get("fieldsType") != "FieldsV1" or not raw.get("apiVersion"):
        return None
    try:
        return Entry(
            manager=str(raw.get("manager", "")),
            operation=raw["operation"],
            api_version=str(raw["apiVersion"]),
            time=raw.get("time"),
            fields=fieldset.parsed(raw.get("fieldsV1", {})),
            subresource=str(raw.get("subresource", "")),
        )
    except ValueError:
        return None


def encode(entries: Entries) -> list[dict[str, Any]]:
    """Return the managedFields list in the order of the server: appliers first, then by time, manager and version."""

    def order(entry: Entry) -> tuple[Any, ...]:
        return (entry.operation, _seconds(entry.time), entry.manager, entry.api_version, entry.subresource)

    return [_encoded(entry) for entry in sorted(entries.values(), key=order)]


def without_managed_fields(obj: dict[str, Any]) -> dict[str, Any]:
    """Return the object without its managedFields; it shares everything else."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def same_but_times(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two objects differ at most in the times of their managedFields. Such a write is not stored."""

    def timeless(obj: dict[str, Any]) -> list[dict[str, Any]]:
        entries = obj.get("metadata", {}).get("managedFields") or []
        return sorted(
            ({key: value for key, value in entry.items() if key != "time"} for entry in entries),
            key=msgspec.json.encode,
        )

    return without_managed_fields(left) == without_managed_fields(right) and timeless(left) == timeless(right)


def _entries_of_request(live: dict[str, Any] | None, new: dict[str, Any], *, through_subresource: bool) -> Entries:
    kept = decode((live or {}).get("metadata", {}).get("managedFields"))
    metadata = new.get("metadata") or {}
    if through_subresource or "managedFields" not in metadata:
        return kept
    if metadata["managedFields"] in ([], [{}]):
        return {}
    return decode(metadata["managedFields"]) or kept


def _empty(obj: dict[str, Any], node: SchemaNode) -> dict[str, Any]:
    names: dict[str, Any] = {key: obj[key] for key in ("apiVersion", "kind") if key in obj}
    return {**go_zero.zero(node), **names}


def _encoded(entry: Entry) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "manager": entry.manager,
        "operation": entry.operation,
        "apiVersion": entry.api_version,
        "time": entry.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fieldset.ordered(entry.fields),
        "subresource": entry.subresource,
    }
    return {key: value for key, value in raw.items() if value not in (None, "")}


def _seconds(time: Any) -> float:
    """Seconds since the epoch; 0 without a valid time."""
    try:
        return datetime.fromisoformat(time).timestamp() if time else 0.0
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _capped(entries: Entries) -> Entries:
    """Fold the oldest updaters beyond the limit into `ancient-changes`, one entry for each version."""
    updaters = [entry for entry in entries.values() if entry.operation == "Update"]
    excess = len(updaters) - MAX_UPDATERS
    if excess <= 0:
        return entries
    result = dict(entries)
    first: dict[str, Entry] = {}
    for entry in sorted(updaters, key=lambda e: (_seconds(e.time), e.identity)):
        if excess <= 0:
            break
        if entry.api_version not in first:
            first[entry.api_version] = entry
            continue
        bucket = Entry(
            manager="ancient-changes",
            operation="Update",
            api_version=entry.api_version,
            time=entry.time,
            fields={},
        )
        oldest = result.pop(first[entry.api_version].identity, None)
        ancient = result.pop(bucket.identity, None)
        del result[entry.identity]
        fields = entry.fields
        for folded in (oldest, ancient):
            fields = fieldset.union(fields, folded.fields if folded else {})
        result[bucket.identity] = msgspec.structs.replace(bucket, fields=fields)
        excess -= 1
    return result
