"""The contexts of types: fields, observed objects and names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rudr_py.api import Kind, Ref, TraitContext
from rudr_py.api.component import Component, Container, Port
from rudr_py.model.identity import Metadata

Make = Callable[..., TraitContext[Any]]
POD = Kind("v1", "Pod")


def test_ports_are_those_of_all_containers_in_order(context: Make) -> None:
    one, two = Port(name="http", container_port=80), Port(name="admin", container_port=81)
    component = Component(
        metadata=Metadata(name="c"),
        workload_type="x/v1.Y",
        containers=(Container(name="a", image="i", ports=(one,)), Container(name="b", image="i", ports=(two,))),
    )
    assert context(component=component).ports == (one, two)


def test_a_context_without_observed_objects_returns_none(context: Make) -> None:
    assert context().observed(POD) == ()
    assert context().live(Ref(POD, "web")) is None


def test_live_returns_one_object_by_kind_and_name(context: Make) -> None:
    seen = {"metadata": {"name": "web"}}
    made = context(observe=lambda kind: (seen,) if kind == POD else ())
    assert made.live(Ref(POD, "web")) is seen
    assert made.live(Ref(POD, "other")) is None
    assert made.live(Ref(Kind("v1", "Service"), "web")) is None


def test_names_start_with_the_instance(context: Make) -> None:
    assert context().name("conf") == "web-conf"
    assert context().name() == "web"


def test_names_of_several_parts_differ_between_instances(context: Callable[..., TraitContext[Any]]) -> None:
    assert context(instance="web").name("nginx", "0") == "web-nginx-0"
    assert context(instance="a-b").name("c", "0") != context(instance="a").name("b-c", "0")
