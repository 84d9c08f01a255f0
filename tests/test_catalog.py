"""The catalog returns types by name, explains unknown names, and wraps exceptions of types."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py import catalog
from rudr_py.api import InvalidProperties, Kind, Rendered, Scope, Trait, WorkloadType
from rudr_py.catalog import Catalog, FailedCall, Offer, PluginState, State
from rudr_py.errors import CatalogError, PluginCallError


class Ingress(Trait[Any]):
    name = "ingress"
    produces = (Kind("networking.k8s.io/v1", "Ingress"),)


class Scaler(Trait[Any]):
    name = "manual-scaler"


class Server(WorkloadType[Any]):
    name = "core.oam.dev/v1alpha1.Server"
    produces = (Kind("apps/v1", "Deployment"),)
    observes = (Kind("v1", "Pod"),)


class Health(Scope[Any]):
    name = "core.oam.dev/v1alpha1.HealthScope"
    observes = (Kind("v1", "Pod"),)


@pytest.fixture(name="full_catalog")
def _full_catalog() -> Catalog:
    ingress: Offer[Trait[Any]] = catalog.offer(Ingress(), package="rudr-py 1")
    scaler: Offer[Trait[Any]] = catalog.offer(Scaler(), package="rudr-py 1")
    return Catalog(
        workloads={Server.name: catalog.offer(Server(), package="rudr-py 1")},
        traits={"ingress": ingress, "route": ingress, "manual-scaler": scaler},
        scopes={Health.name: catalog.offer(Health(), package="rudr-py 1")},
    )


def test_a_type_is_returned_for_every_name(full_catalog: Catalog) -> None:
    assert full_catalog.trait("route") is full_catalog.trait("ingress")
    assert full_catalog.workload(Server.name).name == Server.name
    assert full_catalog.scope(Health.name).package == "rudr-py 1"


@pytest.mark.parametrize(
    ("ask", "name", "parts"),
    [
        ("trait", "manual-scalar", ['the trait "manual-scalar"', "ingress, manual-scaler", 'mean "manual-scaler"?']),
        ("trait", "rout", ['mean "route"?']),
        ("trait", "zzz", ["installed: ingress, manual-scaler."]),
        ("workload", "core.oam.dev/v1alpha1.Serve", ["workload type", f'mean "{Server.name}"?']),
        ("workload", "Sever", [f'mean "{Server.name}"?']),
        ("scope", "core.oam.dev/v1alpha1.Health", ["scope type", f'mean "{Health.name}"?']),
    ],
)
def test_an_error_for_an_unknown_name_lists_the_installed_names(
    full_catalog: Catalog, ask: str, name: str, parts: list[str]
) -> None:
    with pytest.raises(CatalogError) as caught:
        getattr(full_catalog, ask)(name)
    assert caught.value.name == name
    assert [part for part in parts if part not in str(caught.value)] == []


def test_a_dissimilar_name_is_not_suggested(full_catalog: Catalog) -> None:
    with pytest.raises(CatalogError) as caught:
        full_catalog.trait("zzz")
    assert "Did you mean" not in str(caught.value)


def test_an_empty_catalog_reports_that_nothing_is_installed() -> None:
    with pytest.raises(CatalogError, match="none is installed"):
        Catalog().trait("ingress")


def test_offers_are_unique_and_sorted_by_category_and_name(full_catalog: Catalog) -> None:
    assert [offer.name for offer in full_catalog.offers()] == [Server.name, "ingress", "manual-scaler", Health.name]


def test_kinds_are_the_produced_and_observed_kinds(full_catalog: Catalog) -> None:
    assert [str(kind) for kind in full_catalog.kinds()] == [
        "apps/v1.Deployment",
        "networking.k8s.io/v1.Ingress",
        "v1.Pod",
    ]


def _plugin(state: State, **fields: Any) -> PluginState:
    return PluginState(name="x", package="rudr-py-x", version="1.2", state=state, error="rudr-py-x is odd", **fields)


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (_plugin("failed", types=("small",)), 'the trait "small" cannot be used: rudr-py-x is odd'),
        (_plugin("quarantined", types=("fine", "small"), withheld=("small",)), "cannot be used: rudr-py-x is odd"),
        (_plugin("disabled"), "It may be provided by rudr-py-x 1.2, which is not in use; see: rudr plugins"),
        (_plugin("loaded", types=("small",)), 'no installed plugin provides the trait "small"'),
    ],
    ids=lambda value: value.state if isinstance(value, PluginState) else "",
)
def test_an_error_for_an_unusable_name_states_the_state_of_its_plugin(
    plugin: PluginState, message: str, full_catalog: Catalog
) -> None:
    with pytest.raises(CatalogError) as caught:
        msgspec.structs.replace(full_catalog, plugins=(plugin,)).trait("small")
    assert message in str(caught.value)


def test_failing_calls_are_reported_to_the_callback(full_catalog: Catalog) -> None:
    reported: list[FailedCall] = []
    blaming = full_catalog.blaming(reported.append)
    assert blaming.trait("route") is blaming.trait("ingress")
    assert [offer.name for offer in blaming.offers()] == [offer.name for offer in full_catalog.offers()]
    assert blaming.trait("ingress").call(Rendered, returns=Rendered) == Rendered()
    with pytest.raises(PluginCallError):
        blaming.trait("route").call(_raising(KeyError("a")), returns=Rendered)
    (failed_call,) = reported
    assert (failed_call.package, failed_call.type_name) == ("rudr-py 1", "ingress")
    assert failed_call.error.startswith("KeyError")


def _raising(error: BaseException) -> Callable[[], Rendered]:
    def fails() -> Rendered:
        raise error

    return fails


class _Unspeakable(Exception):  # noqa: N818 - a test's own
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error",
    [ValueError("bad"), KeyError("a"), SystemExit(1), asyncio.CancelledError(), BaseException(), _Unspeakable()],
    ids=lambda error: type(error).__name__,
)
def test_any_exception_of_a_type_becomes_an_error_with_package_and_type(error: BaseException) -> None:
    offer = catalog.offer(Ingress(), package="rudr-py-x 1.2")
    with pytest.raises(PluginCallError, match=rf"ingress of rudr-py-x 1\.2 raised .*{type(error).__name__}") as caught:
        offer.call(_raising(error), returns=Rendered)
    assert (caught.value.package, caught.value.type_name) == ("rudr-py-x 1.2", "ingress")
    assert caught.value.__cause__ is error


def test_the_error_names_the_line_in_the_code_of_the_author() -> None:
    offer = catalog.offer(Ingress(), package="x 1")
    line = _raising.__code__.co_firstlineno + 2
    with pytest.raises(PluginCallError, match=rf"raised KeyError: 'a' at line {line} of tests\.test_catalog; this"):
        offer.call(_raising(KeyError("a")), returns=Rendered)


@pytest.mark.parametrize(
    "error", [InvalidProperties("no", path="$.a"), KeyboardInterrupt()], ids=["refusal", "interrupt"]
)
def test_invalid_properties_and_keyboard_interrupts_are_not_wrapped(error: BaseException) -> None:
    offer = catalog.offer(Ingress(), package="x 1")
    with pytest.raises(type(error)) as caught:
        offer.call(_raising(error), returns=Rendered)
    assert caught.value is error


def test_a_result_of_another_class_is_a_plugin_error() -> None:
    offer = catalog.offer(Ingress(), package="x 1")
    with pytest.raises(PluginCallError, match=r"returned dict from .*not Rendered"):
        offer.call(dict, returns=Rendered)


def test_calls_use_the_guard() -> None:
    seen: list[str] = []

    def guard(call: Callable[[], Any]) -> Any:
        seen.append("guarded")
        return call()

    offer = catalog.offer(Ingress(), package="x 1", guard=guard)
    assert offer.call(Rendered, returns=Rendered) == Rendered()
    assert offer.load({"a": 1}) == {"a": 1}
    assert seen == ["guarded", "guarded"]


class _Model(msgspec.Struct):
    size: int

    def __post_init__(self) -> None:
        if self.size == 1:
            sys.exit("done")
        if self.size == 2:
            raise ZeroDivisionError


class _Modelled(Trait[Any]):
    name = "modelled"
    properties = _Model


def test_invalid_properties_raise_a_value_error() -> None:
    offer = catalog.offer(_Modelled(), package="x 1")
    assert offer.load({"size": 3}) == _Model(size=3)
    with pytest.raises(ValueError, match="size"):
        offer.load({"size": "three"})


@pytest.mark.parametrize("size", [1, 2])
def test_an_exception_of_a_properties_model_is_a_plugin_error(size: int) -> None:
    offer = catalog.offer(_Modelled(), package="x 1")
    with pytest.raises(PluginCallError, match="modelled of x 1"):
        offer.load({"size": size})


def test_an_offer_contains_the_schema_of_its_properties() -> None:
    assert catalog.offer(_Modelled(), package="x 1").schema["properties"] == {"size": {"type": "integer"}}
