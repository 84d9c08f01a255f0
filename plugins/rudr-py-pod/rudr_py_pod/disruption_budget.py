"""disruption-budget: the number of pods that stay available while nodes are drained."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from rudr_py.api import InvalidProperties, Kind, Manifest, PodTemplatePlace, Rendered, Trait, TraitContext, get_in
from rudr_py_pod.forms import Share

BUDGET: Final = Kind("policy/v1", "PodDisruptionBudget")
_UNSCALED: Final = (Kind("batch/v1", "Job"), Kind("batch/v1", "CronJob"))
"""Kinds without a scale, which percentages and maxUnavailable refer to."""


class DisruptionBudgetProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One of the two limits."""

    min_available: Annotated[Share | None, msgspec.Meta(description="The pods that stay available.", examples=[1])] = (
        None
    )
    max_unavailable: Annotated[Share | None, msgspec.Meta(description="The pods that may be missing.")] = None
    unhealthy_pods: Annotated[
        Literal["IfHealthyBudget", "AlwaysAllow"] | None,
        msgspec.Meta(description="Whether pods that are not ready may be evicted (Kubernetes 1.27)."),
    ] = None


class DisruptionBudget(Trait[DisruptionBudgetProperties]):
    """Limits the pods that are evicted at the same time."""

    name = "disruption-budget"
    properties = DisruptionBudgetProperties
    requires = frozenset({"pod-template"})
    produces = (BUDGET,)

    def render(self, ctx: TraitContext[DisruptionBudgetProperties]) -> Rendered:
        """A PodDisruptionBudget for each object with a pod template."""
        properties = ctx.properties
        if (properties.min_available is None) == (properties.max_unavailable is None):
            raise InvalidProperties("needs exactly one of minAvailable and maxUnavailable")
        kind = ctx.pod_templates[0].ref.kind
        if kind in _UNSCALED and not isinstance(properties.min_available, int):
            raise InvalidProperties(f"a {kind.kind} has no number of replicas; use minAvailable with a number")
        limits = {
            "minAvailable": properties.min_available,
            "maxUnavailable": properties.max_unavailable,
            "unhealthyPodEvictionPolicy": properties.unhealthy_pods,
        }
        spec = {field: value for field, value in limits.items() if value is not None}
        budgets = [
            Manifest(
                kind=BUDGET,
                # almost every type has one template
                name=ctx.name("trait-budget", *((str(index),) if index else ())),
                body={"spec": {**spec, "selector": _selector(ctx, place)}},
            )
            for index, place in enumerate(ctx.pod_templates)
        ]
        return Rendered(add=tuple(budgets))


def _selector(ctx: TraitContext[DisruptionBudgetProperties], place: PodTemplatePlace) -> dict[str, object]:
    """The selector of the object, or the labels of its pods if it has none."""
    body = next((manifest.body for manifest in ctx.manifests if manifest.ref == place.ref), {})
    labels = get_in(body, "spec", "selector", "matchLabels", default={})
    return {"matchLabels": dict(labels or get_in(place.template, "metadata", "labels", default={}))}
