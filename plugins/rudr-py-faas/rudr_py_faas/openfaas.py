"""The workload type Function: the operator of OpenFaaS runs it. The name is Rudr's, the object openfaas.com/v1.

Sizes are labels that the autoscaler of OpenFaaS reads; there is no field for them.
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
)
from rudr_py_faas import conditions, function, load, sizes
from rudr_py_faas.function import Properties

FUNCTION: Final = Kind("openfaas.com/v1", "Function")

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


class Function(WorkloadType[Properties]):
    """A function that OpenFaaS runs and scales; named like the instance."""

    name = "openfaas.com/v1alpha2.Function"
    aliases = ("openfaas.com/v1.Function",)
    properties = Properties
    produces = (FUNCTION,)
    observes = (conditions.POD,)
    scale_forms = frozenset({"exact", "range", "external"})
    provides = frozenset({"scale"})

    def render(self, ctx: WorkloadContext[Properties]) -> Rendered:
        """The Function, without a size."""
        problems = [*_names(ctx), *function.problems(ctx)]
        if problems:
            raise InvalidProperties(*problems)
        return Rendered(add=(Manifest(kind=FUNCTION, name=ctx.instance, body={"spec": function.spec(ctx)}),))

    def scale(self, ctx: WorkloadContext[Properties], size: Scale | None) -> Rendered:
        """Labels of the autoscaler: without a size those of the settings, and with one that size."""
        return sizes.scaled(_LABELS, ctx, Ref(FUNCTION, ctx.instance), size)

    def pods(self, ctx: WorkloadContext[Properties]) -> Mapping[str, str] | None:
        """None: requests come from the gateway's namespace, which a network scope would shut out."""
        del ctx
        return None

    def health(self, ctx: WorkloadContext[Properties]) -> Health:
        """What the operator says in the conditions Ready and Stalled, of this generation."""
        return conditions.health(ctx, FUNCTION, final=False)


def _names(ctx: WorkloadContext[Properties]) -> Iterator[Problem]:
    if not _NAME.fullmatch(ctx.instance):
        yield Problem(
            f'no Function can be called "{ctx.instance}": a letter first, then letters, digits and -, 63 in all'
        )


def _exact(replicas: int) -> dict[str, str]:
    if replicas == 0:
        return {"min": "1", "max": "1", "zero": "true"}
    return {"min": str(replicas), "max": str(replicas)}


def _range(ctx: WorkloadContext[Properties], size: Scale) -> dict[str, str]:
    bounds = {"min": str(size.minimum), "max": str(size.maximum)}
    wanted = load.wanted(size, "OpenFaaS")
    if wanted is None:
        return bounds
    if wanted.resource != "cpu":
        raise InvalidProperties("OpenFaaS scales by requests, capacity and cpu; not by memory")
    requested = function.requests(ctx).get("cpu", "")
    cores = load.amount(wanted, [requested] if requested else [])
    # in thousandths of a core
    return {**bounds, "type": "cpu", "target": load.whole(cores * 1000)}


_LABELS: Final = sizes.Texts(
    place=("spec", "labels"),
    prefix="com.openfaas.scale.",
    names=("min", "max", "zero", "type", "target"),
    exact=_exact,
    between=_range,
    idle="OpenFaaS cannot keep a function at 0 replicas; it sleeps when idle, and a request wakes it",
)
