"""Server and Worker: replicated pods, with and without a port. A Deployment named like the instance.

The core has merged the scales of all traits before. Without a scale, the field is dropped with a handover, so that the
current number of replicas continues to run.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from rudr_py.api import DropField, Manifest, Ref, Rendered, Scale, SetField, WorkloadContext, pod_templates
from rudr_py.builtin import kinds, labels
from rudr_py.builtin.workloads.workload import SCALED, CoreWorkload

AUTOSCALER_SUFFIX: Final = "trait-autoscaler"
"""The end of the name of an instance's autoscaler."""

_REPLICAS: Final = ("spec", "replicas")


class _Replicated(CoreWorkload):
    """A Deployment."""

    scale_forms = frozenset({"exact", "range", "external"})
    kind = kinds.DEPLOYMENT
    observes = SCALED

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """A Deployment without replicas, which `scale` sets."""
        return {"selector": {"matchLabels": selector}, "template": template}

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        """As for every core workload type. With an Exclusive volume, a pod starts when the previous one has ended."""
        rendered = super().render(ctx)
        if not pod_templates.exclusive(ctx.component):
            return rendered
        added = tuple(_recreated(manifest) if manifest.kind == self.kind else manifest for manifest in rendered.add)
        return msgspec.structs.replace(rendered, add=added)

    def scale(self, ctx: WorkloadContext[dict[str, Any]], scale: Scale | None) -> Rendered:
        """`exact` sets the replicas; `range` adds an autoscaler that owns them; otherwise another manager owns them.

        A component with an Exclusive volume has one replica.
        """
        target = Ref(kinds.DEPLOYMENT, ctx.instance)
        scale = pod_templates.limited_scale(ctx, scale)
        if scale is not None and scale.form == "exact":
            return Rendered(edit=(SetField(target, _REPLICAS, scale.replicas),))
        dropped = (DropField(target, _REPLICAS, handover=True),)
        if scale is not None and scale.form == "range":
            return Rendered(add=(_autoscaler(ctx, target, scale),), edit=dropped)
        return Rendered(edit=dropped)


class Server(_Replicated):
    """A service that runs permanently, listens on a port, and may have many replicas."""

    name = "core.oam.dev/v1alpha1.Server"
    produces = (kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.SERVICE, kinds.AUTOSCALER)
    provides = frozenset({"pods", "pod-template", "service", "scale"})
    label = "Service"  # not "Server": the value of Rudr, and part of immutable selectors
    config_label = "Service"
    listens = True


class Worker(_Replicated):
    """A service that runs permanently without a listening port, and may have many replicas."""

    name = "core.oam.dev/v1alpha1.Worker"
    produces = (kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.AUTOSCALER)
    provides = frozenset({"pods", "pod-template", "scale"})
    label = "Worker"
    config_label = "Worker"


def _recreated(manifest: Manifest) -> Manifest:
    spec = {**manifest.body["spec"], "strategy": {"type": "Recreate"}}
    return msgspec.structs.replace(manifest, body={**manifest.body, "spec": spec})


def _autoscaler(ctx: WorkloadContext[Any], target: Ref, scale: Scale) -> Manifest:
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": target.kind.api_version, "kind": target.kind.kind, "name": target.name},
        "minReplicas": scale.minimum,
        "maxReplicas": scale.maximum,
    }
    # the API server adds default metrics (80 % cpu) only when the list is absent
    if scale.metrics:
        spec["metrics"] = list(scale.metrics)
    if scale.behavior:
        spec["behavior"] = scale.behavior
    name = ctx.name(AUTOSCALER_SUFFIX)
    return Manifest(kind=kinds.AUTOSCALER, name=name, body={"spec": spec}, labels=labels.trait(ctx))
