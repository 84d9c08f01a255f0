"""Pod templates of plans with defaults of the platform, and a trait with any edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rudr_py.api import DropField, PodTemplatePlace, Rendered, SetField, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.render.values.plan import Plan
from rudr_py.settings import PlatformDefaults

Edits = Callable[[PodTemplatePlace], list[SetField | DropField]]
Spec = dict[str, Any]


class Editing(Trait[dict[str, Any]]):
    """Edits pod templates."""

    name = "editing"
    requires = frozenset({"pod-template"})

    def __init__(self, edits: Edits) -> None:
        self.edits = edits

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        return Rendered(edit=tuple(edit for place in ctx.pod_templates for edit in self.edits(place)))


def specs_of(plan: Plan) -> dict[str, Spec]:
    """The specs of the pods in a plan, by the kind of the object."""
    assert not plan.problems
    specs = {}
    for planned in plan.manifests:
        node: Any = planned.body
        for step in ("spec", "template", "spec"):
            node = node.get(step, {}) if isinstance(node, dict) else {}
        if node:
            specs[planned.ref.kind.kind] = node
    return specs


@pytest.fixture(name="spec")
def _spec(
    plan: Callable[..., Plan],
    application: Callable[..., str],
    web: Callable[..., dict[str, Any]],
    with_types: Callable[..., Catalog],
) -> Callable[..., Spec]:
    """The pod of a component with defaults, and with the edits of a trait; `container` has fields of the component."""

    def spec(
        defaults: PlatformDefaults,
        edits: Edits | None = None,
        container: Mapping[str, Any] | None = None,
        os_type: str = "linux",
    ) -> Spec:
        component = {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ComponentSchematic",
            "metadata": {"name": "web"},
            "spec": {
                "workloadType": "core.oam.dev/v1alpha1.Worker",
                "osType": os_type,
                "containers": [{"name": "web", "image": "web:1", **(container or {})}],
            },
        }
        traits = [{"name": "editing"}] if edits else []
        binding = {"componentName": "web", "instanceName": "front", "traits": traits}
        text = application(binding, components=str(component))
        types = with_types(Editing(edits)) if edits else with_types()
        return specs_of(plan(text, types=types, defaults=defaults))["Deployment"]

    return spec
