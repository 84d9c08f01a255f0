"""Names of objects: two instances never give one name, whatever their dashes, and Rudr's names stay where they can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rudr_py import builtin
from rudr_py.api import Ref, Scale, Trait, WorkloadType
from rudr_py.api.component import Component
from rudr_py.builtin import kinds

MakeComponent = Callable[..., Component]
MakeContext = Callable[..., Any]
Instance = tuple[str, tuple[str, ...]]

# few letters, so that dashes fall on each other; some with endings that the standard types use
_NAME = st.from_regex(r"[ab](-?[ab0]){0,3}(-trait-ingress|-trait-autoscaler)?", fullmatch=True)
_LONG = st.builds(lambda head, tail: f"{head}{'-b' * 28}{tail}", st.sampled_from(["a", "aa"]), st.sampled_from("ab"))
_CONTAINERS = st.lists(_NAME, min_size=1, max_size=2, unique=True).map(tuple)
_INSTANCES = st.tuples(_NAME | _LONG, _CONTAINERS)
_GIVEN = {"ingress": {"hostname": "shop.example.com", "servicePort": 80}}


@pytest.fixture(name="refs")
def _refs(component: MakeComponent, context: MakeContext) -> Callable[[Instance], Iterator[Ref]]:
    """All objects of an instance under all standard types, but claims, which have the names of volumes."""

    def make(instance: Instance) -> Iterator[Ref]:
        name, containers = instance
        whole = component(
            *(
                {
                    "name": container,
                    "image": "example:1",
                    "ports": [{"name": f"p{index}", "containerPort": 80 + index}],
                    "config": [{"path": f"/etc/{number}", "value": ""} for number in range(2)],
                }
                for index, container in enumerate(containers)
            )
        )
        types: list[Any] = builtin.rudr_register_types()
        for type_ in types:
            ctx = context(type_, whole, _GIVEN.get(type_.name), instance=name) if _plain(type_) else None
            if ctx is not None:
                yield from (manifest.ref for manifest in type_.render(ctx).add)
            if ctx is not None and isinstance(type_, WorkloadType):
                size = Scale.between(1, 2) if "range" in type_.scale_forms else None
                yield from (manifest.ref for manifest in type_.scale(ctx, size).add)

    return make


def _plain(type_: object) -> bool:
    return isinstance(type_, WorkloadType) or (isinstance(type_, Trait) and type_.name in _GIVEN)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(one=_INSTANCES, other=_INSTANCES)
def test_names_of_two_instances_always_differ(
    one: Instance, other: Instance, refs: Callable[[Instance], Iterator[Ref]]
) -> None:
    if one[0] != other[0]:
        assert not set(refs(one)) & set(refs(other))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(instance=_INSTANCES)
def test_no_name_is_too_long_and_every_file_has_its_own_config_map(
    instance: Instance, refs: Callable[[Instance], Iterator[Ref]]
) -> None:
    found = set(refs(instance))
    assert all(len(ref.name) <= 63 for ref in found)
    assert len([ref for ref in found if ref.kind == kinds.CONFIG_MAP]) == 2 * len(instance[1])


def test_the_names_are_those_of_rudr_except_for_config_maps(refs: Callable[[Instance], Iterator[Ref]]) -> None:
    names = {str(ref) for ref in refs(("first-app", ("nginx",))) if ref.kind != kinds.CONFIG_MAP}
    assert names == {
        "deployment.apps/first-app",
        "statefulset.apps/first-app",
        "job.batch/first-app",
        "service/first-app",
        "horizontalpodautoscaler.autoscaling/first-app-trait-autoscaler",
        "ingress.networking.k8s.io/first-app-trait-ingress",
    }
