"""The base class of the six core workload types: labels, ConfigMaps, Service, the order of objects, and health.

A subclass defines the object around the pod template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Literal

import msgspec

from rudr_py.api import (
    Health,
    Kind,
    Manifest,
    Problem,
    Ref,
    Rendered,
    WorkloadContext,
    WorkloadType,
    get_in,
    pod_templates,
    pods,
    reject,
)
from rudr_py.builtin import kinds, labels

_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


SCALED: Final = (kinds.POD, kinds.CLAIM, kinds.AUTOSCALER)
"""The observed kinds of a workload that an autoscaler can scale: one of another owner is named in the status."""


class CoreWorkload(WorkloadType[dict[str, Any]]):
    """A core workload type of OAM. Its names and labels are Rudr's."""

    kind: ClassVar[Kind]
    """The kind of the object that runs the pods; it is named like the instance."""

    observes: ClassVar[tuple[Kind, ...]] = (kinds.POD, kinds.CLAIM)

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
        problems = [*pod_templates.problems(ctx)]
        if self.listens:
            problems += _service_problems(ctx)
        reject(problems)
        own = labels.workload(ctx, self.label)
        unused = (
            f"a {self.name.rpartition('.')[2]} has no workloadSettings; ignored: {', '.join(sorted(ctx.properties))}"
        )
        template = pod_templates.pod_template(
            ctx,
            labels=own,
            restart=self.restart,
            config_labels=labels.workload(ctx, self.config_label),
            workload=Ref(self.kind, ctx.instance),
        )
        body = {"spec": self.spec(own, template.document)}
        return Rendered(
            add=(
                *template.config_maps,
                Manifest(kind=self.kind, name=ctx.instance, body=body, labels=own, run_once=self.run_once),
                *(_service(ctx, own) if self.listens else ()),
            ),
            warnings=(unused,) if ctx.properties else (),
        )

    def pods(self, ctx: WorkloadContext[dict[str, Any]]) -> Mapping[str, str] | None:
        """The two labels by which the instance's own Service selects pods."""
        return pod_templates.selector_labels(ctx)

    def health(self, ctx: WorkloadContext[dict[str, Any]]) -> Health:
        """The health of the objects; for an object that is not ready, with the problem of its pods.

        The autoscaler is excluded: a lack of metrics does not stop a running workload.
        """
        own = tuple(manifest for manifest in ctx.manifests if manifest.kind != kinds.AUTOSCALER)
        health = super().health(msgspec.structs.replace(ctx, manifests=own))
        live = ctx.live(Ref(self.kind, ctx.instance)) if self.kind == kinds.STATEFUL_SET else None
        newest = get_in(live, "status", "updateRevision", default="")
        return pods.explain(health, ctx.observed(kinds.POD), revision=newest)


def _service(ctx: WorkloadContext[Any], own: dict[str, str]) -> tuple[Manifest, ...]:
    """One Service per instance, named like it, with every port of every container; empty without a port."""
    if not ctx.ports:
        return ()
    # the containers of a pod share its addresses: the same port of two containers is one port of the Service
    ports = {(port.container_port, port.protocol): port.name for port in reversed(ctx.ports)}
    listed = [
        {"name": name, "protocol": protocol, "port": number, "targetPort": number}
        for (number, protocol), name in reversed(ports.items())
    ]
    body = {"spec": {"selector": pod_templates.selector_labels(ctx), "ports": listed}}
    return (Manifest(kind=kinds.SERVICE, name=ctx.instance, body=body, labels=own),)


def _service_problems(ctx: WorkloadContext[Any]) -> Iterator[Problem]:
    """A name that is invalid for a Service, and ports that contradict each other."""
    if ctx.ports and not _SERVICE_NAME.fullmatch(ctx.instance):
        message = f'"{ctx.instance}" is not a valid Service name: it must start with a letter and contain no dot'
        yield Problem(message)
    seen: dict[str, tuple[int, str]] = {}
    for number, container in enumerate(ctx.component.containers):
        for index, port in enumerate(container.ports):
            listens = (port.container_port, port.protocol)
            if seen.setdefault(port.name, listens) != listens:
                message = f'two ports of the component are named "{port.name}"; port names of a Service must be unique'
                yield Problem(message, path=f"$.spec.containers[{number}].ports[{index}].name")
