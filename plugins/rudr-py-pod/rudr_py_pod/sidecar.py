"""sidecar: a container that runs beside those of the component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, Problem, SetField, TraitContext, get_in, mappings_in, reject
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


class Sidecar(PodTrait[SidecarProperties]):
    """Runs a container beside those of the component, such as a proxy."""

    name = "sidecar"
    properties = SidecarProperties
    repeatable = True

    def edits(self, ctx: TraitContext[SidecarProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """One further container."""
        extra = ctx.properties
        problems = [*extra_containers.problems(extra, place)]
        ends = get_in(place.template, "spec", "restartPolicy", default="Always") != "Always"
        is_native = _is_native(ctx, place, ends=ends)
        if ends and not is_native:
            problems.append(Problem("pods that run to completion would never end; set native: true", path="$.native"))
        if is_native and ctx.kubernetes is not None and ctx.kubernetes < (1, 28):
            release = ".".join(map(str, ctx.kubernetes))
            problems.append(Problem(f"a native sidecar needs Kubernetes 1.29; this is {release}", path="$.native"))
        reject(problems)
        container = extra_containers.rendered(ctx, extra)
        if is_native:
            container["restartPolicy"] = "Always"
        yield place.edit(("spec", "initContainers" if is_native else "containers", {"name": extra.name}), container)


def _is_native(ctx: TraitContext[SidecarProperties], place: PodTemplatePlace, *, ends: bool) -> bool:
    """The property, else the form of the sidecar that runs, because another one restarts the pods, else by release."""
    if ctx.properties.native is not None:
        return ctx.properties.native
    if ends:
        return True
    if ctx.kubernetes is None or ctx.kubernetes < NATIVE:
        return False
    containers = mappings_in(ctx.live(place.ref), *place.path, "spec", "containers")
    return not any(container.get("name") == ctx.properties.name for container in containers)
