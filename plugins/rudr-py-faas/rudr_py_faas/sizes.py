"""Translates a scale into texts of an autoscaler: annotations of a Knative revision, labels of a Function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from rudr_py.api import DropField, Path, Ref, Rendered, Scale, SetField, WorkloadContext


class ScaleTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The texts from which a platform reads the scale.

    Their keys are `prefix` and each of `names`, in the map at `place`. `exact` and `between` return the values for a
    number and for a range; `between` may raise InvalidProperties. `idle` is the warning for zero replicas.
    """

    place: Path
    prefix: str
    names: tuple[str, ...]
    exact: Callable[[int], Mapping[str, str]]
    between: Callable[[WorkloadContext[Any], Scale], Mapping[str, str]]
    idle: str


def scaled(texts: ScaleTexts, ctx: WorkloadContext[Any], target: Ref, scale: Scale | None) -> Rendered:
    """The edits that scale an object: none without a scale, and all texts are dropped for an external one."""
    if scale is None:
        return Rendered()
    if scale.form == "external":
        return Rendered(edit=tuple(DropField(target, _path(texts, name), handover=True) for name in texts.names))
    exact = scale.form == "exact"
    values = texts.exact(scale.replicas) if exact else texts.between(ctx, scale)
    edits = tuple(SetField(target, _path(texts, name), value) for name, value in values.items())
    return Rendered(edit=edits, warnings=(texts.idle,) if exact and scale.replicas == 0 else ())


def _path(texts: ScaleTexts, name: str) -> Path:
    return (*texts.place, f"{texts.prefix}{name}")
