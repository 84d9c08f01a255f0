"""Merges the scales that the traits of an instance request into one, in any order, or returns a clash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from rudr_py.api import Scale, WorkloadType
from rudr_py.catalog import Offer
from rudr_py.render.values.plan import Elastic


class ScaleRequest(msgspec.Struct, frozen=True):
    """A scale, and the trait that requests it: its name and the JSON path of its binding."""

    scale: Scale
    trait: str
    path: str


class ScaleClash(msgspec.Struct, frozen=True):
    """Requests that cannot be combined; `path` is that of the last one."""

    message: str
    path: str


class MergedScale(msgspec.Struct, frozen=True):
    """The merged scale, and the request that decides its form."""

    scale: Scale
    request: ScaleRequest


def merge(requests: Sequence[ScaleRequest]) -> MergedScale | ScaleClash | None:
    """One scale for all requests, which are in the listed order; None without requests.

    One base is allowed: exact, range or external. A hold alone is exact; a hold on a range raises its bounds; a hold on
    anything else, two bases and two holds clash.
    """
    bases = [request for request in requests if request.scale.form != "hold"]
    holds = [request for request in requests if request.scale.form == "hold"]
    if not requests:
        return None
    unusable_hold = bool(holds) and any(base.scale.form != "range" for base in bases)
    if len(bases) > 1 or len(holds) > 1 or unusable_hold:
        *names, last = sorted(f'"{request.trait}"' for request in requests)
        message = f"the traits {', '.join(names)} and {last} cannot all decide the number of replicas"
        return ScaleClash(f"{message}; remove one of them", requests[-1].path)
    if not holds:
        return MergedScale(bases[0].scale, bases[0])
    hold, peak = holds[0].scale.replicas, holds[0].scale.peak
    if not bases:
        return MergedScale(msgspec.structs.replace(Scale.exact(hold), peak=peak), holds[0])
    base = bases[0].scale
    size = msgspec.structs.replace(base, minimum=max(base.minimum, hold), maximum=max(base.maximum, hold), peak=peak)
    return MergedScale(size, bases[0])


def elastic(merged: MergedScale | None, workload: Offer[WorkloadType[Any]]) -> Elastic | None:
    """Whether the size may change without a change of the documents: by load, by time, or by another client."""
    if merged is None:
        return Elastic() if workload.type.scale_forms & {"range", "external"} else None
    requested = merged.request.scale
    if requested.form == "exact":
        return None
    return Elastic(requested.minimum if requested.form == "range" else None)


def misfit(form: str, trait_name: str, workload: Offer[WorkloadType[Any]]) -> str:
    """The reason why the workload type does not accept the scale that the trait requests, or "" (TR-14)."""
    accepted = workload.type.scale_forms
    if form in accepted:
        return ""
    message = f'{workload.name} does not accept the scale that the trait "{trait_name}" requests'
    requested = "external, set by another controller" if form == "external" else form
    return f"{message} ({requested}; it accepts {', '.join(sorted(accepted)) or 'none'})"
