"""sidecar: a container that runs beside those of the component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, Problem, SetField, TraitContext, get_in, reject
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


class Sidecar(PodTrait[SidecarProperties]):
    """Runs a container beside those of the component, such as a proxy."""

    name = "sidecar"
    properties = SidecarProperties
    repeatable = True

    def edits(self, ctx: TraitContext[SidecarProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """One further container."""
        extra = ctx.properties
        problems = [*extra_containers.problems(extra, place)]
        if get_in(place.template, "spec", "restartPolicy", default="Always") != "Always" and not extra.native:
            problems.append(Problem("pods that run to completion would never end; set native: true", path="$.native"))
        reject(problems)
        container = extra_containers.rendered(ctx, extra)
        if extra.native:
            container["restartPolicy"] = "Always"
        yield place.edit(("spec", "initContainers" if extra.native else "containers", {"name": extra.name}), container)
