"""sidecar: a container that runs beside those of the component."""

from __future__ import annotations

from typing import Annotated

import msgspec

from rudr_py.api import InvalidProperties, Problem, Rendered, Trait, TraitContext, get_in
from rudr_py_pod import extra_containers
from rudr_py_pod.extra_containers import ExtraContainer


class SidecarProperties(ExtraContainer, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A further container. `native` needs Kubernetes 1.29."""

    native: Annotated[
        bool,
        msgspec.Meta(
            description="Whether it is an init container that keeps running (Kubernetes 1.29): it starts before the "
            "component's containers and ends after them. Required for a Task, which would never end otherwise."
        ),
    ] = False


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
        if policies != {"Always"} and not extra.native:
            problems.append(Problem("pods that run to completion would never end; set native: true", path="$.native"))
        if problems:
            raise InvalidProperties(*problems)
        container = extra_containers.rendered(ctx, extra)
        if extra.native:
            container["restartPolicy"] = "Always"
        path = ("spec", "initContainers" if extra.native else "containers", {"name": extra.name})
        return Rendered(edit=tuple(place.edit(path, container) for place in ctx.pod_templates))
