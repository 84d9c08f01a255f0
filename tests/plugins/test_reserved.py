"""The groups of the specification are not for plugins (OAM v1alpha1 §2, §4), unless one replaces what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Rendered, Scope, Trait, Type, WorkloadType
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.entry_points import InstalledPlugin

Make = Callable[..., InstalledPlugin]
SERVER = "core.oam.dev/v1alpha1.Server"


def made(sort: type[Type[Any]], **declared: Any) -> Type[Any]:
    def render(self: object, ctx: object) -> Rendered:
        return Rendered()

    found: Type[Any] = type("Made", (sort,), {"render": render, **declared})()
    return found


@pytest.mark.parametrize("sort", [WorkloadType, Trait, Scope])
@pytest.mark.parametrize("name", ["core.oam.dev/v1alpha1.Mine", "oam.dev/v1.Mine", "standard.oam.dev/v1.Mine"])
def test_a_type_in_a_group_of_the_specification_is_rejected_with_a_message_for_the_author(
    name: str, sort: type[Type[Any]], plugin: Make
) -> None:
    for one in (made(sort, name=name), made(sort, name="acme.example/v1.Mine", aliases=(name,))):
        (state,) = loading.load([plugin("rudr-py-x", one)], None).plugins
        assert state.state == "failed"
        assert name in state.error
        assert "reserved by the specification" in state.error


@pytest.mark.parametrize("name", ["myoam.dev/v1.Mine", "oam.dev.example/v1.Mine"])
def test_a_group_outside_of_the_specification_is_accepted(name: str, plugin: Make) -> None:
    (state,) = loading.load([plugin("rudr-py-x", made(Scope, name=name))], None).plugins
    assert state.state == "loaded"


def test_a_type_that_replaces_one_of_the_specification_may_have_its_name(plugin: Make) -> None:
    replacing = made(WorkloadType, name=SERVER, replaces=(SERVER,))
    loaded = loading.load([plugin("rudr-py-x", replacing)], entry_points.standard())
    assert loaded.refused == ()
    assert loaded.catalog.workload(SERVER).package == "rudr-py-x 1.0"
