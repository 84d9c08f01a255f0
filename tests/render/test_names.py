"""Two instances of one application never write one object: names differ, or both instances are named in a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.catalog import Catalog
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs

PARTS = st.lists(st.sampled_from(["a", "b", "0", "trait", "ingress", "x" * 58]), min_size=1, max_size=4)
# a Service's name begins with a letter
NAMES = PARTS.map("-".join).filter(lambda name: len(name) <= 63 and name[0] != "0")
INGRESS = {"name": "ingress", "properties": {"hostname": "a.example"}}
SCALER = {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 2}}


def _component(name: str, containers: list[str]) -> str:
    """A Server whose containers each have a config file, so that containers are in names, too."""
    return msgspec.json.encode(
        {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ComponentSchematic",
            "metadata": {"name": name},
            "spec": {
                "workloadType": "core.oam.dev/v1alpha1.Server",
                "containers": [
                    {
                        "name": container,
                        "image": "x:1",
                        "config": [{"path": "/etc/a/b", "value": "1"}],
                        "ports": [{"name": "http", "containerPort": 80}] if not index else [],
                    }
                    for index, container in enumerate(containers)
                ],
            },
        }
    ).decode()


@settings(max_examples=120, deadline=None)
@given(
    components=st.lists(NAMES, min_size=2, max_size=2, unique=True),
    instances=st.lists(NAMES, min_size=2, max_size=2, unique=True),
    containers=st.lists(NAMES, min_size=1, max_size=2, unique=True),
)
def test_colliding_names_with_dashes_are_detected(
    inputs: Callable[..., Inputs],
    application: Callable[..., str],
    catalog: Catalog,
    components: list[str],
    instances: list[str],
    containers: list[str],
) -> None:
    documents = "\n---\n".join(_component(name, containers) for name in components)
    bindings: list[dict[str, Any]] = [
        {"componentName": component, "instanceName": instance, "traits": [INGRESS, SCALER]}
        for component, instance in zip(components, instances, strict=True)
    ]
    plan = render.render(inputs(application(*bindings, components=documents)), catalog)
    refs = [planned.ref for planned in plan.manifests]
    assert len(set(refs)) == len(refs)
    assert all(len(ref.name) <= 63 for ref in refs)
    if plan.problems:
        for problem in plan.problems:
            assert problem.rule == "AC-13", problem
            assert all(f'"{name}"' in problem.message for name in instances)


def test_two_instances_with_one_object_name_are_rejected_and_both_are_named(
    inputs: Callable[..., Inputs], application: Callable[..., str], catalog: Catalog
) -> None:
    documents = f"{_component('a-b', ['main'])}\n---\n{_component('a', ['main'])}"
    bindings = [{"componentName": "a-b", "instanceName": "c"}, {"componentName": "a", "instanceName": "b-c"}]
    (problem,) = render.render(inputs(application(*bindings, components=documents)), catalog).problems
    assert problem.path == "$.spec.components[1].instanceName"
    assert problem.message == (
        '"c" and "b-c" would both write componentinstance.core.oam.dev/a-b-c; rename one of them'
    )
