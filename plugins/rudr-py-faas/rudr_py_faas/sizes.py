"""A size as texts that an autoscaler reads: annotations of a Knative revision, labels of an OpenFaaS Function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from rudr_py.api import DropField, Path, Ref, Rendered, Scale, SetField, WorkloadContext


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """Where a platform reads sizes, and what it reads.

    Below `place`, each of `names` after `prefix`. `exact` and `between` make the values of a fixed size and of a
    range; `between` may raise InvalidProperties. `idle` is what the user is told who asks for no replicas at all.
    """

    place: Path
    prefix: str
    names: tuple[str, ...]
    exact: Callable[[int], Mapping[str, str]]
    between: Callable[[WorkloadContext[Any], Scale], Mapping[str, str]]
    idle: str


def scaled(texts: Texts, ctx: WorkloadContext[Any], target: Ref, size: Scale | None) -> Rendered:
    """The edits that give an object this size; none without one, and all texts dropped for one from outside."""
    if size is None:
        return Rendered()
    if size.form == "external":
        return Rendered(edit=tuple(DropField(target, _path(texts, name), handover=True) for name in texts.names))
    exact = size.form == "exact"
    values = texts.exact(size.replicas) if exact else texts.between(ctx, size)
    edits = tuple(SetField(target, _path(texts, name), value) for name, value in values.items())
    return Rendered(edit=edits, warnings=(texts.idle,) if exact and size.replicas == 0 else ())


def _path(texts: Texts, name: str) -> Path:
    return (*texts.place, f"{texts.prefix}{name}")
