"""The base class of the six core workload types: labels, ConfigMaps, the order of objects, settings, and health.

A subclass defines the object around the pod template; `pod` defines the template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec

from rudr_py.api import Health, InvalidProperties, Kind, Manifest, Rendered, WorkloadContext, WorkloadType, pods
from rudr_py.builtin import kinds, labels
from rudr_py.builtin.workloads import config_files, pod, service


class CoreWorkload(WorkloadType[dict[str, Any]]):
    """A core workload type of OAM. Its names and labels are Rudr's."""

    kind: ClassVar[Kind]
    """The kind of the object that runs the pods; it is named like the instance."""

    observes = (kinds.POD,)

    label: ClassVar[str]
    """The value of `oam.dev/workload-type`."""

    config_label: ClassVar[str]
    """The same label on ConfigMaps; for one type, Rudr used another value."""

    restart: ClassVar[Literal["Always", "Never"]] = "Always"

    listens: ClassVar[bool] = False
    """Whether the type has a Service."""

    run_once: ClassVar[bool] = False
    """Whether the object runs to completion."""

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """The object's spec around the pod template; `selector` are the labels of the pods."""
        raise NotImplementedError

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        """The ConfigMaps, first because starting pods mount them; the object that runs the pods; the Service."""
        problems = [*pod.problems(ctx)]
        if self.listens:
            problems += service.problems(ctx)
        if problems:
            raise InvalidProperties(*problems)
        own = labels.workload(ctx, self.label)
        unused = (
            f"a {self.name.rpartition('.')[2]} has no workloadSettings; ignored: {', '.join(sorted(ctx.properties))}"
        )
        body = {"spec": self.spec(own, pod.template(ctx, own, self.restart))}
        return Rendered(
            add=(
                *config_files.config_maps(ctx, labels.workload(ctx, self.config_label)),
                Manifest(kind=self.kind, name=ctx.instance, body=body, labels=own, run_once=self.run_once),
                *(service.render(ctx, own) if self.listens else ()),
            ),
            warnings=(unused,) if ctx.properties else (),
        )

    def pods(self, ctx: WorkloadContext[dict[str, Any]]) -> Mapping[str, str] | None:
        """The two labels by which the instance's own Service selects pods."""
        return labels.selector(ctx)

    def health(self, ctx: WorkloadContext[dict[str, Any]]) -> Health:
        """The health of the objects; for an object that is not ready, with the problem of its pods.

        The autoscaler is excluded: a lack of metrics does not stop a running workload.
        """
        own = tuple(manifest for manifest in ctx.manifests if manifest.kind != kinds.AUTOSCALER)
        health = super().health(msgspec.structs.replace(ctx, manifests=own))
        return pods.explain(health, ctx.observed(kinds.POD))
