"""Conflicts of names depend on the declarations of types, never on the order of installation."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rudr_py.plugins import loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import LoadedPlugins

Make = Callable[..., Any]


@pytest.fixture(name="standard")
def _standard(trait: Make, plugin: Make) -> InstalledPlugin:
    found: InstalledPlugin = plugin("rudr-py", trait("ingress", aliases=("route",)), trait("volume"), version="0.1")
    return msgspec.structs.replace(found, builtin=True)


def _owners(loaded: LoadedPlugins) -> dict[str, str]:
    return {name: offer.package for name, offer in loaded.catalog.traits.items()}


def test_two_packages_with_one_name_are_both_rejected_and_named_with_versions(trait: Make, plugin: Make) -> None:
    one, two = plugin("rudr-py-a", trait("dns"), version="1.1"), plugin("rudr-py-b", trait("dns"), version="2.2")
    for order in ((one, two), (two, one)):
        loaded = loading.load(order, None)
        assert _owners(loaded) == {}
        assert [state.state for state in loaded.plugins] == ["failed", "failed"]
        for state in loaded.plugins:
            assert "rudr-py-a 1.1" in state.error
            assert "rudr-py-b 2.2" in state.error
            assert '"dns"' in state.error


def test_an_alias_can_conflict_with_a_name(trait: Make, plugin: Make) -> None:
    loaded = loading.load(
        [plugin("rudr-py-a", trait("dns")), plugin("rudr-py-b", trait("names", aliases=("dns",)))], None
    )
    assert len(loaded.refused) == 2


def test_a_name_conflict_disables_all_types_of_the_plugin_and_no_other_plugin(trait: Make, plugin: Make) -> None:
    loaded = loading.load(
        [
            plugin("rudr-py-a", trait("dns"), trait("extra")),
            plugin("rudr-py-b", trait("dns")),
            plugin("rudr-py-c", trait("certificate")),
        ],
        None,
    )
    assert _owners(loaded) == {"certificate": "rudr-py-c 1.0"}


@pytest.mark.parametrize("name", ["ingress", "route"])
def test_the_name_of_a_built_in_type_is_rejected_without_replaces(
    name: str, trait: Make, plugin: Make, standard: InstalledPlugin
) -> None:
    loaded = loading.load([plugin("rudr-py-a", trait(name))], standard)
    assert set(_owners(loaded).values()) == {"rudr-py 0.1"}
    (state,) = loaded.refused
    assert "rudr-py-a 1.0" in state.error
    assert "rudr-py 0.1" in state.error
    assert "replaces" in state.error


def test_replaces_replaces_a_built_in_type_under_its_name_and_aliases(
    trait: Make, plugin: Make, standard: InstalledPlugin
) -> None:
    loaded = loading.load([plugin("rudr-py-a", trait("ingress", replaces=("ingress",)))], standard)
    assert _owners(loaded) == {"ingress": "rudr-py-a 1.0", "route": "rudr-py-a 1.0", "volume": "rudr-py 0.1"}
    assert loaded.refused == ()


def test_a_type_of_another_name_can_replace_one(trait: Make, plugin: Make, standard: InstalledPlugin) -> None:
    loaded = loading.load([plugin("rudr-py-a", trait("gateway", replaces=("ingress",)))], standard)
    assert loaded.catalog.trait("ingress").name == "gateway"


def test_two_replacements_of_one_type_are_both_rejected_and_it_stays(
    trait: Make, plugin: Make, standard: InstalledPlugin
) -> None:
    rivals = [plugin(f"rudr-py-{one}", trait(one, replaces=("ingress",))) for one in ("a", "b")]
    loaded = loading.load(rivals, standard)
    assert loaded.catalog.trait("ingress").package == "rudr-py 0.1"
    assert len(loaded.refused) == 2


def test_two_types_that_replace_each_other_are_both_rejected(trait: Make, plugin: Make) -> None:
    rivals = [plugin(f"rudr-py-{one}", trait("dns", replaces=("dns",))) for one in ("a", "b")]
    assert len(loading.load(rivals, None).refused) == 2


def test_a_plugin_may_replace_another_plugin(trait: Make, plugin: Make) -> None:
    plugins = [plugin("rudr-py-a", trait("dns")), plugin("rudr-py-b", trait("dns", replaces=("dns",)))]
    assert _owners(loading.load(plugins, None)) == {"dns": "rudr-py-b 1.0"}


def test_the_type_that_a_rejected_plugin_replaces_stays(trait: Make, plugin: Make, standard: InstalledPlugin) -> None:
    loaded = loading.load(
        [
            plugin("rudr-py-a", trait("ingress", replaces=("ingress",)), trait("dns")),
            plugin("rudr-py-b", trait("dns")),
        ],
        standard,
    )
    assert loaded.catalog.trait("ingress").package == "rudr-py 0.1"


def test_replacing_a_type_that_is_not_installed_has_no_effect(trait: Make, plugin: Make) -> None:
    assert loading.load([plugin("rudr-py-a", trait("dns", replaces=("absent",)))], None).refused == ()


def test_one_plugin_cannot_provide_a_name_twice(trait: Make, plugin: Make) -> None:
    (state,) = loading.load([plugin("rudr-py-a", trait("dns"), trait("dns"))], None).plugins
    assert 'provides the name "dns" twice' in state.error


_NAMES = st.sampled_from(["a", "b", "c", "d"])
_TYPES = st.tuples(_NAMES, st.lists(_NAMES, max_size=2), st.lists(_NAMES, max_size=2))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(packages=st.lists(st.lists(_TYPES, min_size=1, max_size=2), min_size=1, max_size=4))
def test_the_result_does_not_depend_on_the_order(packages: list[list[Any]], trait: Make, plugin: Make) -> None:
    plugins = [
        plugin(f"p{index}", *(trait(name, aliases=tuple(a), replaces=tuple(o)) for name, a, o in types))
        for index, types in enumerate(packages)
    ]
    standard = msgspec.structs.replace(plugin("rudr-py", trait("a", aliases=("b",))), builtin=True)
    outcomes = [loading.load(order, standard) for order in itertools.islice(itertools.permutations(plugins), 6)]
    assert all(one.plugins == outcomes[0].plugins for one in outcomes)
    assert all(_owners(one) == _owners(outcomes[0]) for one in outcomes)
    assert {"a", "b"} <= set(_owners(outcomes[0]))
