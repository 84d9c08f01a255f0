"""init-container: a container that runs to its end before the containers of the component start."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.api import PodTemplatePlace, PodTrait, SetField, TraitContext, reject
from rudr_py_pod import extra_containers
from rudr_py_pod.extra_containers import ExtraContainer


class InitContainer(PodTrait[ExtraContainer]):
    """Runs a container before those of the component, such as a migration; several run in the order of their names."""

    name = "init-container"
    properties = ExtraContainer
    repeatable = True

    def edits(self, ctx: TraitContext[ExtraContainer], place: PodTemplatePlace) -> Iterator[SetField]:
        """One further init container."""
        reject(extra_containers.problems(ctx.properties, place))
        path = ("spec", "initContainers", {"name": ctx.properties.name})
        yield place.edit(path, extra_containers.rendered(ctx, ctx.properties))
