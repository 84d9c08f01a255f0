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
    PodTemplatePlace,
    Problem,
    Ref,
    Rendered,
    Scale,
    WorkloadContext,
    WorkloadType,
    claims,
)
from rudr_py_faas import conditions, load, revision, sizes
from rudr_py_faas.revision import KnativeProperties

CONFIG_MAP: Final = Kind("v1", "ConfigMap")
SERVICE: Final = Kind("serving.knative.dev/v1", "Service")
AUTOSCALING: Final = "autoscaling.knative.dev"
HPA: Final = "hpa.autoscaling.knative.dev"
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


class KnativeService(WorkloadType[KnativeProperties]):
    """A function: containers behind a URL, as many as requests need, none when there are none."""

    name = "serving.knative.dev/v1.Service"
    properties = KnativeProperties
    produces = (CONFIG_MAP, SERVICE)
    observes = (conditions.POD, claims.CLAIM)
    scale_forms = frozenset({"exact", "range", "external"})
    provides = frozenset({"pods", "pod-template", "scale"})

    def render(self, ctx: WorkloadContext[KnativeProperties]) -> Rendered:
        """The config files and the Service, without a number of replicas."""
        revision.refuse(ctx, *_names(ctx))
        labels = {"networking.knative.dev/visibility": "cluster-local"} if ctx.properties.cluster_local else {}
        pods = revision.pod_template_of(ctx)
        body = {"spec": {"template": revision.template(ctx, pods)}}
        service = Manifest(kind=SERVICE, name=ctx.instance, body=body, labels=labels)
        return Rendered(add=(*pods.config_maps, service))

    def scale(self, ctx: WorkloadContext[KnativeProperties], scale: Scale | None) -> Rendered:
        """Annotations of the autoscaler; without a scale, Knative decides, with a minimum of 0."""
        return sizes.scaled(_ANNOTATIONS, ctx, Ref(SERVICE, ctx.instance), scale)

    def pod_templates(self, ctx: WorkloadContext[KnativeProperties]) -> tuple[PodTemplatePlace, ...]:
        """The template of revisions. Knative rejects most fields of the pod, unless its operator enables them."""
        return (PodTemplatePlace(ref=Ref(SERVICE, ctx.instance), pod_fields=False),)

    def pods(self, ctx: WorkloadContext[KnativeProperties]) -> Mapping[str, str] | None:
        """None, because requests come from the namespaces of Knative, which a network scope would exclude."""
        del ctx
        return None

    def health(self, ctx: WorkloadContext[KnativeProperties]) -> Health:
        """The condition Ready of this generation; False is final until the next change."""
        return conditions.health(ctx, SERVICE, final=True)


def _names(ctx: WorkloadContext[KnativeProperties]) -> Iterator[Problem]:
    if not _NAME.fullmatch(ctx.instance):
        yield Problem(f'"{ctx.instance}" is not a valid Service name: a letter, then letters, digits or -, 63 at most')


def _exact(replicas: int) -> dict[str, str]:
    # a max-scale of 0 would be no limit
    if replicas == 0:
        return {"min-scale": "0"}
    return {"min-scale": str(replicas), "max-scale": str(replicas)}


def _range(ctx: WorkloadContext[KnativeProperties], scale: Scale) -> dict[str, str]:
    bounds = {"min-scale": str(scale.minimum), "max-scale": str(scale.maximum)}
    target_load = load.target_load(scale, "Knative")
    if target_load is None:
        return bounds
    if target_load.resource == "cpu":
        if target_load.percent is None:
            raise InvalidProperties("Knative scales by cpu in percent of the request, not by an amount")
        target = str(target_load.percent)
    else:
        # Knative supports memory in MiB per replica only, not in percent
        per_replica = load.amount(target_load, revision.requested(ctx, target_load.resource))
        target = load.whole(per_replica / load.MEBI)
    return {**bounds, "class": HPA, "metric": target_load.resource, "target": target}


_ANNOTATIONS: Final = sizes.ScaleTexts(
    place=("spec", "template", "metadata", "annotations"),
    prefix=f"{AUTOSCALING}/",
    names=("min-scale", "max-scale", "class", "metric", "target"),
    exact=_exact,
    between=_range,
    idle="Knative cannot keep a Service at 0 replicas: an idle Service has none, and a request starts one",
)
