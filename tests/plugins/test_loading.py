"""Plugins are loaded in isolation: a broken one affects no other, and its state contains the error."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest

from rudr_py.api import API_VERSION, Kind, Rendered, Rule, Scope, Trait, Type, WorkloadType, hookimpl
from rudr_py.catalog import PluginState
from rudr_py.errors import ConfigError, PluginCallError
from rudr_py.plugins import loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import PluginGuard

Make = Callable[..., Any]


def _only(found: InstalledPlugin) -> PluginState:
    (state,) = loading.load([found], None).plugins
    return state


def _hook(function: Callable[[], object]) -> Callable[[], object]:
    return hookimpl(function)


def test_types_of_every_category_are_in_the_catalog_under_name_and_aliases(trait: Make, plugin: Make) -> None:
    class Server(WorkloadType[Any]):
        name = "example.org/v1.Server"

        def render(self, ctx: object) -> Rendered:
            return Rendered()

    class Group(Scope[Any]):
        name = "example.org/v1.Group"

        def render(self, ctx: object) -> Rendered:
            return Rendered()

    found = plugin("rudr-py-x", Server(), Group(), trait("small", aliases=("tiny",)), version="2.1")
    loaded = loading.load([found], None)
    assert loaded.catalog.workload("example.org/v1.Server").package == "rudr-py-x 2.1"
    assert loaded.catalog.scope("example.org/v1.Group").package == "rudr-py-x 2.1"
    assert loaded.catalog.trait("tiny") is loaded.catalog.trait("small")
    (state,) = loaded.plugins
    assert (state.name, state.package, state.version, state.state) == ("x", "rudr-py-x", "2.1", "loaded")
    assert state.types == ("example.org/v1.Group", "example.org/v1.Server", "small")
    assert loaded.refused == ()


def _raising(error: BaseException) -> Callable[[], object]:
    def load() -> object:
        raise error

    return load


class _UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error",
    [
        ImportError("No module named 'numpy'"),
        SyntaxError("invalid syntax"),
        SystemExit(3),
        GeneratorExit(),
        BaseException("odd"),
        _UnspeakableError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_import_failure_does_not_affect_other_plugins(error: BaseException, trait: Make, plugin: Make) -> None:
    broken = InstalledPlugin(name="broken", package="rudr-py-broken", version="0.3", load=_raising(error))
    loaded = loading.load([broken, plugin("rudr-py-good", trait())], None)
    assert loaded.catalog.trait("small").package == "rudr-py-good 1.0"
    (state,) = loaded.refused
    assert state.state == "failed"
    assert "rudr-py-broken 0.3" in state.error
    assert type(error).__name__ in state.error
    assert "Traceback" in state.traceback


@pytest.mark.parametrize("place", ["import", "hook"])
def test_a_plugin_that_never_finishes_loading_does_not_affect_other_plugins(
    place: str, trait: Make, plugin: Make
) -> None:
    def endless() -> object:
        while True:
            pass

    hanging = plugin("rudr-py-hanging", rudr_register_types=_hook(endless))
    if place == "import":
        hanging = InstalledPlugin(name="hanging", package="rudr-py-hanging", version="1.0", load=endless)
    loaded = loading.load([hanging, plugin("rudr-py-good", trait())], None, plugin_guard=PluginGuard(load_limit=0.05))
    assert loaded.catalog.trait("small").package == "rudr-py-good 1.0"
    (state,) = loaded.refused
    assert "rudr-py-hanging 1.0" in state.error
    assert "no result within 0.05 s" in state.error


def test_the_user_can_still_interrupt_while_plugins_are_loaded() -> None:
    with pytest.raises(KeyboardInterrupt):
        loading.load([InstalledPlugin(name="x", package="x", version="1", load=_raising(KeyboardInterrupt()))], None)


def _misspelt() -> list[object]:
    return []


def _with_argument(registry: object) -> list[object]:
    return []


def _exits() -> object:
    sys.exit("bye")


def _fails() -> object:
    raise KeyError("settings")


def _stumbles() -> Iterator[object]:
    yield from ()
    raise ZeroDivisionError


async def _coroutine() -> list[object]:
    return []


async def _async_generator() -> AsyncIterator[object]:
    yield 1


def _hidden_coroutine() -> object:
    return _coroutine()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ({"rudr_register_types": None}, "no function rudr_register_types with @hookimpl"),
        ({"rudr_register_types": list}, "no function rudr_register_types with @hookimpl"),
        ({"rudr_typs": _hook(_misspelt)}, "rudr_typs"),
        ({"rudr_register_types": hookimpl(_with_argument)}, "registry"),
        ({"rudr_register_types": _hook(_coroutine)}, "async rudr_register_types"),
        ({"rudr_register_types": _hook(_async_generator)}, "async rudr_register_types"),
        ({"rudr_register_types": _hook(_hidden_coroutine)}, "returned coroutine"),
        ({"rudr_register_types": _hook(_exits)}, "SystemExit: bye"),
        ({"rudr_register_types": _hook(_fails)}, "KeyError: 'settings'"),
        ({"rudr_register_types": _hook(_stumbles)}, "ZeroDivisionError"),
        ({"rudr_register_types": _hook(lambda: None)}, "returned None"),
        ({"rudr_register_types": _hook(lambda: 7)}, "returned int"),
        ({"rudr_register_types": _hook(lambda: "small")}, "returned str"),
        ({"rudr_register_types": _hook(lambda: {"small": 1})}, "returned dict"),
        ({"rudr_register_types": _hook(lambda: ["small"])}, "not a Trait, WorkloadType or Scope"),
        ({"rudr_register_types": _hook(lambda: [Trait])}, "return an instance, Trait()"),
    ],
)
def test_an_invalid_hook_is_rejected_with_a_message_for_the_author(
    module: dict[str, object], message: str, plugin: Make
) -> None:
    state = _only(plugin("rudr-py-x", version="4.2", **module))
    assert state.state == "failed"
    assert message in state.error
    assert "rudr-py-x 4.2" in state.error


@dataclasses.dataclass
class _Loop:
    again: _Loop | None = None


class _Nameless(Trait[Any]):
    def render(self, ctx: object) -> Rendered:
        return Rendered()


class _NoRender(Trait[Any]):
    name = "still"


class _Async(Trait[Any]):
    name = "later"

    async def render(self, ctx: object) -> Rendered:  # type: ignore[override] # the error under test
        return Rendered()


class _Bottomless(Trait[Any]):
    @property
    def name(self) -> str:  # type: ignore[override] # the error under test
        raise LookupError("no name today")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (_Nameless(), "has no name"),
        (_NoRender(), "has no render"),
        (_Async(), "async render"),
        (_Bottomless(), "no name today"),
        ({"name": ""}, "has no name"),
        ({"name": 7}, "has no name"),
        ({"name": "two words"}, "'two words'"),
        ({"aliases": "tiny"}, "aliases as str"),
        ({"aliases": ("b c",)}, "'b c'"),
        ({"produces": Kind("v1", "Pod")}, "produces as Kind"),
        ({"produces": ("Pod",)}, "produces with a value that is not a Kind"),
        ({"permissions": (Kind("v1", "Pod"),)}, "not a Rule"),
        ({"applies_to": ["*"]}, "applies_to as list"),
        ({"renamed_properties": {"a": 1}}, "renamed_properties"),
        ({"properties": {"type": "objekt"}}, "invalid JSON Schema"),
        ({"properties": {"type": "object", "properties": {"a": {"pattern": "("}}}}, "invalid JSON Schema"),
        ({"properties": {"type": "object", "default": {1, 2}}}, "without a JSON Schema"),
        ({"properties": {"type": "object", "properties": {"a": {"$ref": "https://e.org/s"}}}}, "https://e.org/s"),
        ({"properties": {"type": "string"}}, "type: object"),
        ({"properties": int}, "type: object"),
        ({"properties": _Loop}, "without a JSON Schema"),
        ({"properties": object()}, "without a JSON Schema"),
    ],
)
def test_an_invalid_type_disables_its_whole_plugin(
    bad: Type[Any] | dict[str, object], message: str, trait: Make, plugin: Make
) -> None:
    offered = trait(**bad) if isinstance(bad, dict) else bad
    loaded = loading.load([plugin("rudr-py-x", trait("fine"), offered)], None)
    (state,) = loaded.plugins
    assert state.state == "failed"
    assert message in state.error
    assert "rudr-py-x 1.0" in state.error
    assert loaded.catalog.offers() == ()


def test_all_faults_of_a_plugin_are_reported_at_once(trait: Make, plugin: Make) -> None:
    state = _only(plugin("rudr-py-x", trait("one", aliases="a"), trait("two", produces=("Pod",))))
    assert '"one"' in state.error
    assert '"two"' in state.error


def test_valid_declarations_of_every_category_pass(trait: Make, plugin: Make) -> None:
    class Size(msgspec.Struct):
        count: int = 1

    rule = Rule(groups=("",), resources=("pods",), verbs=("get",))
    full = trait(properties=Size, produces=(Kind("v1", "Pod"),), permissions=(rule,), requires=frozenset({"pods"}))
    assert _only(plugin("rudr-py-x", full)).state == "loaded"


@pytest.mark.parametrize("version", [API_VERSION, "1", None])
def test_a_plugin_for_this_api_version_or_without_a_version_is_loaded(
    version: str | None, trait: Make, plugin: Make
) -> None:
    module = {} if version is None else {"RUDR_API_VERSION": version}
    assert _only(plugin("rudr-py-x", trait(), **module)).state == "loaded"


@pytest.mark.parametrize("version", ["2.0", "1.99", "0.1", "latest", "", 1.5, ()])
def test_a_plugin_for_another_api_is_incompatible_and_its_hook_is_not_called(version: object, plugin: Make) -> None:
    called: list[str] = []
    found = plugin("rudr-py-x", RUDR_API_VERSION=version, rudr_register_types=_hook(lambda: called.append("hook")))
    state = _only(found)
    assert state.state == "incompatible"
    assert "rudr-py-x 1.0" in state.error
    assert API_VERSION in state.error
    assert called == []


def test_a_type_may_state_its_own_api_version(trait: Make, plugin: Make) -> None:
    assert _only(plugin("rudr-py-x", trait(RUDR_API_VERSION="9.0"))).state == "incompatible"


def test_an_import_of_an_unknown_api_name_makes_the_plugin_incompatible() -> None:
    def load() -> object:
        raise ImportError("cannot import name 'Sidecar' from 'rudr_py.api'", name="rudr_py.api")

    state = _only(InstalledPlugin(name="x", package="rudr-py-x", version="9", load=load))
    assert state.state == "incompatible"
    assert "Sidecar" in state.error


@pytest.mark.parametrize("asked", ["a", "rudr-py-a"])
def test_only_selected_plugins_are_imported(asked: str, trait: Make, plugin: Make) -> None:
    bomb = InstalledPlugin(name="b", package="rudr-py-b", version="1", load=_raising(AssertionError("imported")))
    loaded = loading.load([plugin("rudr-py-a", trait()), bomb], None, only=(asked,))
    assert [(state.name, state.state) for state in loaded.plugins] == [("a", "loaded"), ("b", "disabled")]
    assert loaded.refused == ()


def test_an_empty_selection_leaves_the_built_in_types(trait: Make, plugin: Make) -> None:
    standard = msgspec.structs.replace(plugin("rudr-py", trait("core")), builtin=True)
    loaded = loading.load([plugin("rudr-py-a", trait())], standard, only=())
    assert [offer.name for offer in loaded.catalog.offers()] == ["core"]


def test_an_unknown_selected_plugin_raises_config_error_with_the_installed_ones(trait: Make, plugin: Make) -> None:
    with pytest.raises(ConfigError, match=r"cron-hpa.*installed plugins: a"):
        loading.load([plugin("rudr-py-a", trait())], None, only=("cron-hpa",))


def test_a_disabled_plugin_is_not_imported_and_its_state_has_the_reason() -> None:
    bomb = InstalledPlugin(name="b", package="rudr-py-b", version="1", load=_raising(AssertionError("imported")))
    (state,) = loading.load([bomb], None, disabled={"b": "it ended the process twice"}).plugins
    assert state.state == "disabled"
    assert "it ended the process twice" in state.error


def test_calls_of_a_loaded_type_are_guarded(trait: Make, plugin: Make) -> None:
    def spin(self: object, ctx: object) -> None:
        while True:
            pass

    offer = loading.load([plugin("rudr-py-x", trait(render=spin))], None).catalog.trait("small")
    with pytest.raises(PluginCallError, match=r"small of rudr-py-x 1\.0 .*0\.25 s"):
        offer.call(offer.type.render, None, returns=Rendered)
