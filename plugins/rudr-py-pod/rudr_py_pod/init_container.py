"""init-container: a container that runs to its end before the containers of the component start."""

from __future__ import annotations

from rudr_py.api import InvalidProperties, Rendered, Trait, TraitContext
from rudr_py_pod import extra_containers
from rudr_py_pod.extra_containers import ExtraContainer


class InitContainer(Trait[ExtraContainer]):
    """Runs a container before those of the component, such as a migration; several run in the order of their names."""

    name = "init-container"
    properties = ExtraContainer
    requires = frozenset({"pod-template"})
    repeatable = True

    def render(self, ctx: TraitContext[ExtraContainer]) -> Rendered:
        """An edit of each pod template."""
        extra = ctx.properties
        problems = [one for place in ctx.pod_templates for one in extra_containers.problems(extra, place)]
        if problems:
            raise InvalidProperties(*problems)
        container = extra_containers.rendered(ctx, extra)
        path = ("spec", "initContainers", {"name": extra.name})
        return Rendered(edit=tuple(place.edit(path, container) for place in ctx.pod_templates))
