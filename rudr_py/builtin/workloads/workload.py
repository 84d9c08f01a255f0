"""What the six core workload types share: labels, ConfigMaps, the order of their objects, settings, and health.

A subclass says what its object looks like around the pod template; nothing about pods is decided here.
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

    runs: ClassVar[Kind]
    """The kind of the object that runs the pods; it is named like the instance."""

    observes = (kinds.POD,)

    label: ClassVar[str]
    """The value of `oam.dev/workload-type`."""

    config_label: ClassVar[str]
    """The same label on ConfigMaps, where Rudr wrote another value for one type."""

    restart: ClassVar[Literal["Always", "Never"]] = "Always"

    listens: ClassVar[bool] = False
    """Whether the type has a Service."""

    run_once: ClassVar[bool] = False
    """Whether the object runs to its end."""

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """The object's spec around the pod template; `selector` are the labels of the pods."""
        raise NotImplementedError

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        """ConfigMaps, the object that runs the pods, and the Service: pods find their files when they start."""
        problems = [*pod.problems(ctx)]
        if self.listens:
            problems += service.problems(ctx)
        if problems:
            raise InvalidProperties(*problems)
        own = labels.workload(ctx, self.label)
        body = {"spec": self.spec(own, pod.template(ctx, own, self.restart))}
        return Rendered(
            add=(
                *config_files.config_maps(ctx, labels.workload(ctx, self.config_label)),
                Manifest(kind=self.runs, name=ctx.instance, body=body, labels=own, run_once=self.run_once),
                *(service.render(ctx, own) if self.listens else ()),
            ),
            warnings=self._warnings(ctx),
        )

    def pods(self, ctx: WorkloadContext[dict[str, Any]]) -> Mapping[str, str] | None:
        """The two labels by which the instance's own Service finds them."""
        return labels.selector(ctx)

    def health(self, ctx: WorkloadContext[dict[str, Any]]) -> Health:
        """The health of the objects, and of one that is not ready the reason that its pods have.

        The autoscaler does not count: one that lacks metrics does not stop a running workload.
        """
        own = tuple(manifest for manifest in ctx.manifests if manifest.kind != kinds.AUTOSCALER)
        found = super().health(msgspec.structs.replace(ctx, manifests=own))
        return pods.explain(found, ctx.observed(kinds.POD))

    def _warnings(self, ctx: WorkloadContext[dict[str, Any]]) -> tuple[str, ...]:
        if not ctx.properties:
            return ()
        kind = self.name.rpartition(".")[2]
        return (f"a {kind} has no workloadSettings; ignored: {', '.join(sorted(ctx.properties))}",)
