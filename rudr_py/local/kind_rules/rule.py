"""The structure of a rule, and helpers that create causes. Pure, except for the random source that is passed in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from rudr_py.errors import Cause
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object

Check = Callable[[Object], Iterable[Cause]]
CheckChange = Callable[[Object, Object], Iterable[Cause]]


class RuleContext(msgspec.Struct, frozen=True):
    """The context of a rule: a random source, the current time, and whether an address is allocated."""

    chance: random.Random
    now: str
    in_use: Callable[[str, str], bool]
    """`in_use("ip", "10.0.0.7")`, `in_use("port", "30080")`."""


def as_it_is(_obj: Object) -> None:
    """Change nothing."""


def nothing(_obj: Object, _context: RuleContext) -> None:
    """Prepare nothing."""


def nothing_changed(_new: Object, _old: Object, _context: RuleContext) -> None:
    """Prepare nothing."""


def fine(_obj: Object) -> Iterator[Cause]:
    """Return no causes."""
    return iter(())


def fine_change(_new: Object, _old: Object) -> Iterator[Cause]:
    """Return no causes."""
    return iter(())


def fine_schema(_obj: Object, _node: SchemaNode) -> Iterator[Cause]:
    """Return no causes."""
    return iter(())


class KindRule(msgspec.Struct, frozen=True, kw_only=True):
    """The rule of a kind.

    `normalise` converts write-only fields before any other step. `create` and `update` (new, old) complete the new
    object in place, after managed fields were computed. `check` and `check_change` (new, old) return the causes of a
    refusal; `check_schema` (object, node of its kind) those of embedded schemas. `watched` returns the part whose
    change increments the generation; None for kinds without one. `orphans`: dependents are orphaned by default.
    `upsert`: PUT creates. `unconditional`: PUT needs no resourceVersion.
    """

    normalise: Callable[[Object], None] = as_it_is
    create: Callable[[Object, RuleContext], None] = nothing
    update: Callable[[Object, Object, RuleContext], None] = nothing_changed
    check: Check = fine
    check_schema: Callable[[Object, SchemaNode], Iterable[Cause]] = fine_schema
    check_change: CheckChange = fine_change
    watched: Callable[[Object], Any] | None = None
    orphans: bool = False
    upsert: bool = False
    unconditional: bool = True


def spec(obj: Object) -> Any:
    """Return the spec, the part that most kinds watch."""
    return obj.get("spec")


def invalid(field: str, value: Any, detail: str) -> Cause:
    """An invalid value, formatted as Go formats it."""
    encoded = msgspec.json.encode(value, order="deterministic").decode()
    return Cause(reason="FieldValueInvalid", message=f"Invalid value: {encoded}: {detail}", field=field)


def required(field: str, detail: str = "") -> Cause:
    """A missing value."""
    return Cause(
        reason="FieldValueRequired", message=f"Required value: {detail}" if detail else "Required value", field=field
    )


def forbidden(field: str, detail: str) -> Cause:
    """A field that must not be set or changed."""
    return Cause(reason="FieldValueForbidden", message=f"Forbidden: {detail}", field=field)


def immutable(new: Object, old: Object, *path: str) -> Iterator[Cause]:
    """Yield a cause if the value at a path changed."""
    old_value, new_value = at(old, path), at(new, path)
    if old_value != new_value:
        yield invalid(".".join(path), new_value, "field is immutable")


def at(obj: Object, path: Iterable[str]) -> Any:
    """Return the value at a path, or None."""
    value: Any = obj
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
