"""The strategy of a kind, and helpers for its functions. Pure, except for the random source that is passed in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object

Validate = Callable[[Object], Iterable[Cause]]
ValidateUpdate = Callable[[Object, Object], Iterable[Cause]]
Warnings = Callable[[Object, Object | None], Iterable[str]]


class StrategyContext(msgspec.Struct, frozen=True):
    """The context of a write: a random source, the current time, and whether an address is allocated."""

    rng: random.Random
    now: str
    is_allocated: Callable[[str, str], bool]
    """`is_allocated("ip", "10.0.0.7")`, `is_allocated("port", "30080")`."""


def _nothing(*_arguments: object) -> Any:
    """The default of the functions of a strategy, for any arguments."""
    return ()


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind is created, updated and validated; by default an object is stored as it is.

    `normalise` converts write-only fields before any other step. `prepare_for_create` and `prepare_for_update`
    (new, old) complete the new object in place, after managed fields were computed. `validate` and `validate_update`
    (new, old) return the causes of a rejection; `validate_schema` (object, node of its kind) those of embedded
    schemas, `validate_new` (object) those of a creation only, and `validate_part` (new, old) those of a write through
    the subresource that is its key. `warnings` (new, old; None at creation) returns the Warning headers.
    `generation_source` returns the part whose change increments the generation; None for kinds without one.
    `grace_period` (object, requested seconds) returns the seconds for which a deleted object remains; None for kinds
    that are deleted at once.
    `orphan_dependents`: deletion orphans dependents by default. `allow_create_on_update`: PUT creates an absent object.
    `allow_unconditional_update`: PUT needs no resourceVersion.
    """

    normalise: Callable[[Object], None] = _nothing
    prepare_for_create: Callable[[Object, StrategyContext], None] = _nothing
    prepare_for_update: Callable[[Object, Object, StrategyContext], None] = _nothing
    validate: Validate = _nothing
    validate_schema: Callable[[Object, SchemaNode], Iterable[Cause]] = _nothing
    validate_update: ValidateUpdate = _nothing
    validate_new: Validate = _nothing
    validate_part: Mapping[str, ValidateUpdate] = {}
    warnings: Warnings = _nothing
    generation_source: Callable[[Object], Any] | None = None
    grace_period: Callable[[Object, int | None], int] | None = None
    orphan_dependents: bool = False
    allow_create_on_update: bool = False
    allow_unconditional_update: bool = True


def spec(obj: Object) -> Any:
    """Return the spec, the generation source of most kinds."""
    return obj.get("spec")


def immutable(new: Object, old: Object, *path: str) -> Iterator[Cause]:
    """Yield a cause if the value at a path changed."""
    old_value, new_value = _at(old, path), _at(new, path)
    if old_value != new_value:
        yield causes.invalid(".".join(path), new_value, "field is immutable")


def _at(obj: Object, path: Iterable[str]) -> Any:
    value: Any = obj
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
