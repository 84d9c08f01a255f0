"""The workload type Function: the operator of OpenFaaS runs it. The name is Rudr's, the object openfaas.com/v1.

The autoscaler of OpenFaaS reads the scale from labels; there is no field for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from rudr_py.api import (
    Health,
    InvalidProperties,
    Kind,
    Manifest,
    Problem,
    Ref,
    Rendered,
    Scale,
    WorkloadContext,
    WorkloadType,
    reject,
)
from rudr_py_faas import conditions, function, load, sizes
from rudr_py_faas.function import FunctionProperties

FUNCTION: Final = Kind("openfaas.com/v1", "Function")

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


class Function(WorkloadType[FunctionProperties]):
    """A function that OpenFaaS runs and scales; named like the instance."""

    name = "openfaas.com/v1alpha2.Function"
    aliases = ("openfaas.com/v1.Function",)
    properties = FunctionProperties
    produces = (FUNCTION,)
    observes = (conditions.POD,)
    scale_forms = frozenset({"exact", "range", "external"})
    provides = frozenset({"scale"})

    def render(self, ctx: WorkloadContext[FunctionProperties]) -> Rendered:
        """The Function, without a number of replicas."""
        reject([*_names(ctx), *function.problems(ctx)])
        return Rendered(add=(Manifest(kind=FUNCTION, name=ctx.instance, body={"spec": function.spec(ctx)}),))

    def scale(self, ctx: WorkloadContext[FunctionProperties], scale: Scale | None) -> Rendered:
        """Labels of the autoscaler; without a scale, those of the settings stay."""
        return sizes.scaled(_LABELS, ctx, Ref(FUNCTION, ctx.instance), scale)

    def pods(self, ctx: WorkloadContext[FunctionProperties]) -> Mapping[str, str] | None:
        """None, because requests come from the namespace of the gateway, which a network scope would exclude."""
        del ctx
        return None

    def health(self, ctx: WorkloadContext[FunctionProperties]) -> Health:
        """The conditions Ready, Stalled and Healthy; Ready means that it is deployed, Healthy that its pods serve."""
        return conditions.health(ctx, FUNCTION, final=False, serving="Healthy")


def _names(ctx: WorkloadContext[FunctionProperties]) -> Iterator[Problem]:
    if not _NAME.fullmatch(ctx.instance):
        yield Problem(f'"{ctx.instance}" is not a valid Function name: a letter, then letters, digits or -, 63 at most')


def _exact(replicas: int) -> dict[str, str]:
    if replicas == 0:
        return {"min": "1", "max": "1", "zero": "true"}
    return {"min": str(replicas), "max": str(replicas)}


def _range(ctx: WorkloadContext[FunctionProperties], scale: Scale) -> dict[str, str]:
    bounds = {"min": str(scale.minimum), "max": str(scale.maximum)}
    target = load.target_load(scale, "OpenFaaS")
    if target is None:
        return bounds
    if target.resource != "cpu":
        raise InvalidProperties("OpenFaaS scales by requests, capacity and cpu; not by memory")
    requested = function.requests(ctx).get("cpu", "")
    cores = load.amount(target, [requested] if requested else [])
    # in millicores
    return {**bounds, "type": "cpu", "target": load.whole(cores * 1000)}


_LABELS: Final = sizes.ScaleTexts(
    place=("spec", "labels"),
    prefix="com.openfaas.scale.",
    names=("min", "max", "zero", "type", "target"),
    exact=_exact,
    between=_range,
    idle="OpenFaaS cannot keep a function at 0 replicas: an idle function has none, and a request starts one",
)
