"""The workload type serving.knative.dev/v1.Service: a function that Knative runs, also down to no replica at all.

Sizes are annotations of the revision, so each new size is a new revision.
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
from rudr_py_faas import conditions, load, revision, sizes
from rudr_py_faas.revision import Properties

SERVICE: Final = Kind("serving.knative.dev/v1", "Service")
AUTOSCALING: Final = "autoscaling.knative.dev"
HPA: Final = "hpa.autoscaling.knative.dev"
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


class KnativeService(WorkloadType[Properties]):
    """A function: containers behind a URL, as many as requests need, none when there are none."""

    name = "serving.knative.dev/v1.Service"
    properties = Properties
    produces = (revision.CONFIG_MAP, SERVICE)
    observes = (conditions.POD,)
    scale_forms = frozenset({"exact", "range", "external"})
    provides = frozenset({"pods", "scale"})

    def render(self, ctx: WorkloadContext[Properties]) -> Rendered:
        """The config files and the Service, without a size."""
        revision.refuse(ctx, *_names(ctx))
        labels = {"networking.knative.dev/visibility": "cluster-local"} if ctx.properties.cluster_local else {}
        body = {"spec": {"template": revision.template(ctx)}}
        service = Manifest(kind=SERVICE, name=ctx.instance, body=body, labels=labels)
        return Rendered(add=(*revision.config_maps(ctx), service))

    def scale(self, ctx: WorkloadContext[Properties], size: Scale | None) -> Rendered:
        """Annotations of the autoscaler; without a size Knative decides, from 0 up."""
        return sizes.scaled(_ANNOTATIONS, ctx, Ref(SERVICE, ctx.instance), size)

    def pods(self, ctx: WorkloadContext[Properties]) -> Mapping[str, str] | None:
        """None: requests come from Knative's own namespaces, which a network scope would shut out."""
        del ctx
        return None

    def health(self, ctx: WorkloadContext[Properties]) -> Health:
        """What Knative says in the condition Ready, of this generation; False is final until something changes."""
        return conditions.health(ctx, SERVICE, final=True)


def _names(ctx: WorkloadContext[Properties]) -> Iterator[Problem]:
    if not _NAME.fullmatch(ctx.instance):
        yield Problem(
            f'no Service can be called "{ctx.instance}": a letter first, then letters, digits and -, 63 in all'
        )


def _exact(replicas: int) -> dict[str, str]:
    # a max-scale of 0 would be no limit
    if replicas == 0:
        return {"min-scale": "0"}
    return {"min-scale": str(replicas), "max-scale": str(replicas)}


def _range(ctx: WorkloadContext[Properties], size: Scale) -> dict[str, str]:
    bounds = {"min-scale": str(size.minimum), "max-scale": str(size.maximum)}
    wanted = load.wanted(size, "Knative")
    if wanted is None:
        return bounds
    if wanted.resource == "cpu":
        if wanted.percent is None:
            raise InvalidProperties("Knative scales by cpu in percent of the request, not by an amount")
        target = str(wanted.percent)
    else:
        # Knative takes memory in MiB per replica, and no percentage
        per_replica = load.amount(wanted, revision.requested(ctx, wanted.resource))
        target = load.whole(per_replica / load.MEBI)
    return {**bounds, "class": HPA, "metric": wanted.resource, "target": target}


_ANNOTATIONS: Final = sizes.Texts(
    place=("spec", "template", "metadata", "annotations"),
    prefix=f"{AUTOSCALING}/",
    names=("min-scale", "max-scale", "class", "metric", "target"),
    exact=_exact,
    between=_range,
    idle="Knative cannot keep a Service at 0 replicas; it has none while idle, and a request starts one",
)
