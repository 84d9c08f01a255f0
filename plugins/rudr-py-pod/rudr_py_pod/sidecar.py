"""sidecar: a container that runs beside those of the component."""

from __future__ import annotations

from typing import Annotated

import msgspec

from rudr_py.api import (
    InvalidProperties,
    PodTemplatePlace,
    Problem,
    Rendered,
    Trait,
    TraitContext,
    get_in,
    mappings_in,
)
from rudr_py_pod import extra_containers
from rudr_py_pod.extra_containers import ExtraContainer

NATIVE = (1, 29)
"""The first release of Kubernetes with native sidecars; 1.28 has them behind a gate."""


class SidecarProperties(ExtraContainer, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A further container, which is a native sidecar where Kubernetes has them."""

    native: Annotated[
        bool | None,
        msgspec.Meta(
            description="Whether it is an init container that keeps running (Kubernetes 1.29): it starts before the "
            "component's containers and ends after them. By default it is where the cluster has them, and for a Task, "
            "which would never end otherwise; but an upgrade of the cluster does not change a sidecar that runs."
        ),
    ] = None


class Sidecar(Trait[SidecarProperties]):
    """Runs a container beside those of the component, such as a proxy."""

    name = "sidecar"
    properties = SidecarProperties
    requires = frozenset({"pod-template"})
    repeatable = True

    def render(self, ctx: TraitContext[SidecarProperties]) -> Rendered:
        """An edit of each pod template."""
        extra = ctx.properties
        problems = [one for place in ctx.pod_templates for one in extra_containers.problems(extra, place)]
        policies = {get_in(place.template, "spec", "restartPolicy", default="Always") for place in ctx.pod_templates}
        is_native = _is_native(ctx, ends=policies != {"Always"})
        if policies != {"Always"} and not is_native:
            problems.append(Problem("pods that run to completion would never end; set native: true", path="$.native"))
        if is_native and ctx.kubernetes is not None and ctx.kubernetes < (1, 28):
            release = ".".join(map(str, ctx.kubernetes))
            problems.append(Problem(f"a native sidecar needs Kubernetes 1.29; this is {release}", path="$.native"))
        if problems:
            raise InvalidProperties(*problems)
        container = extra_containers.rendered(ctx, extra)
        if is_native:
            container["restartPolicy"] = "Always"
        path = ("spec", "initContainers" if is_native else "containers", {"name": extra.name})
        return Rendered(edit=tuple(place.edit(path, container) for place in ctx.pod_templates))


def _is_native(ctx: TraitContext[SidecarProperties], *, ends: bool) -> bool:
    """The property, else the form of the sidecar that runs, because another one restarts the pods, else by release."""
    if ctx.properties.native is not None:
        return ctx.properties.native
    if ends:
        return True
    if ctx.kubernetes is None or ctx.kubernetes < NATIVE:
        return False
    return not any(_runs_beside(ctx, place) for place in ctx.pod_templates)


def _runs_beside(ctx: TraitContext[SidecarProperties], place: PodTemplatePlace) -> bool:
    """Whether the live pod template has the sidecar as an ordinary container."""
    containers = mappings_in(ctx.live(place.ref), *place.path, "spec", "containers")
    return any(container.get("name") == ctx.properties.name for container in containers)
