"""Types that misbehave: what they return is checked, what they change is thrown away, only our errors come out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rudr_py import catalog
from rudr_py.api import (
    Attached,
    DropField,
    Health,
    InvalidProperties,
    Kind,
    Manifest,
    Ref,
    Rendered,
    Scale,
    SetField,
    Trait,
    TraitContext,
)
from rudr_py.api.component import Component
from rudr_py.catalog import Offer
from rudr_py.errors import PluginCallError
from rudr_py.model.identity import Metadata
from rudr_py.render.types import plugin_call

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFIG = Kind("v1", "ConfigMap")
REF = Ref(CONFIG, "a")
JUNK: Any = object()


class Example(Trait[dict[str, Any]]):
    """Does what the test says."""

    name = "example"
    produces = (CONFIG,)

    def __init__(self, do: Callable[[TraitContext[Any]], Any]) -> None:
        self.do = do

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        answer: Rendered = self.do(ctx)
        return answer

    def health(self, ctx: TraitContext[Any]) -> Health:
        answer: Health = self.do(ctx)
        return answer


def _offer(do: Callable[[TraitContext[Any]], Any]) -> Offer[Any]:
    return catalog.offer(Example(do), package="acme 1.0")


def _context() -> TraitContext[Any]:
    component = Component(metadata=Metadata(name="web", annotations={"a": "1"}), workload_type="x/v1.Y")
    return TraitContext(
        application="shop",
        namespace="default",
        instance="front",
        component=component,
        properties={"deep": {"list": [1]}},
        now=NOW,
        workload="x/v1.Y",
        attached_at=NOW,
        traits=(Attached("example", {"deep": {"list": [1]}}),),
        manifests=(Manifest(kind=CONFIG, name="w", body={"data": {"a": "1"}}),),
    )


def _render(do: Callable[[TraitContext[Any]], Any]) -> Rendered:
    offer = _offer(do)
    rendered = plugin_call.render(offer, offer.type.render, _context())
    assert isinstance(rendered, Rendered)
    return rendered


def _manifest(**fields: Any) -> Manifest:
    existing: dict[str, Any] = {"kind": CONFIG, "name": "a", "body": {}}
    return Manifest(**(existing | fields))


def test_a_valid_result_is_returned_unchanged() -> None:
    answer = Rendered(
        add=(_manifest(body={"data": {"x": "1"}}, labels={"l": "1"}, run_once=True),),
        edit=(SetField(REF, ("spec", "x", {"name": "y"}), {"z": 1}), DropField(REF, ("spec", "a"), handover=True)),
        scale=Scale.between(1, 3, ({"type": "Resource"},)),
        wake_at=NOW,
        warnings=("careful",),
    )
    assert _render(lambda _: answer) == answer


def test_tuples_in_a_body_become_lists_and_sets_have_one_order() -> None:
    body: dict[str, Any] = {"spec": {"list": (1, 2), "set": {"c", "a", "b"}}}
    (manifest,) = _render(lambda _: Rendered(add=(_manifest(body=body),))).add
    assert manifest.body == {"spec": {"list": [1, 2], "set": ["a", "b", "c"]}}


def test_a_result_shares_no_values_with_the_plugin() -> None:
    body: dict[str, Any] = {"data": {}}
    (manifest,) = _render(lambda _: Rendered(add=(_manifest(body=body),))).add
    body["data"]["late"] = "1"
    assert manifest.body == {"data": {}}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        Rendered(add=JUNK),
        Rendered(add=(JUNK,)),
        Rendered(add=(_manifest(name=None),)),
        Rendered(add=(_manifest(body="text"),)),
        Rendered(add=(_manifest(body={"spec": JUNK}),)),
        Rendered(add=(_manifest(body={"spec": "\ud800"}),)),
        Rendered(add=(_manifest(labels={"a": 1}),)),
        Rendered(add=(_manifest(kind="ConfigMap"),)),
        Rendered(edit=JUNK),
        Rendered(edit=(JUNK,)),
        Rendered(edit=(SetField(REF, "spec.x", 1),)),  # type: ignore[arg-type] # the mistake under test
        Rendered(scale=JUNK),
        Rendered(scale=Scale(form="much")),  # type: ignore[arg-type] # the mistake under test
        Rendered(wake_at="tomorrow"),  # type: ignore[arg-type] # the mistake under test
        Rendered(warnings="text"),  # type: ignore[arg-type] # the mistake under test
        Rendered(probes=(JUNK,)),
    ],
)
def test_a_result_of_another_type_is_a_fault_of_the_plugin(answer: Any) -> None:
    with pytest.raises(
        PluginCallError, match=r"example of acme 1\.0 returned .*this is a fault of the plugin"
    ) as caught:
        _render(lambda _: answer)
    assert (caught.value.package, caught.value.type_name) == ("acme 1.0", "example")


def test_a_body_that_contains_itself_is_a_fault_of_the_plugin() -> None:
    body: dict[str, Any] = {}
    body["spec"] = body
    with pytest.raises(PluginCallError):
        _render(lambda _: Rendered(add=(_manifest(body=body),)))


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (Rendered(add=(_manifest(kind=Kind("v1", "Secret")),)), "secret/a, whose kind is not in"),
        (Rendered(add=(_manifest(name=""),)), "must have 1 to 63 characters"),
        (Rendered(add=(_manifest(name="a" * 64),)), "must have 1 to 63 characters"),
        (Rendered(add=(_manifest(name="Bad_Name"),)), "whose name is not valid"),
        (Rendered(add=(_manifest(body={"metadata": {"namespace": "kube-system"}, "kind": "X"}),)), "kind, metadata in"),
        (Rendered(add=(_manifest(retain=True, delete_with_application=True),)), "contradict each other"),
        (Rendered(edit=(SetField(REF, (), 1),)), r"at \(\)"),
        (Rendered(edit=(DropField(REF, ({"name": "x"},)),)), "not a field"),
        (Rendered(edit=(SetField(REF, ("kind",), "Secret"),)), "not a field"),
        (Rendered(edit=(SetField(REF, ("metadata", "namespace"), "kube-system"),)), "not a field"),
        (Rendered(edit=(SetField(REF, ("metadata", "labels"), {}),)), "not a field"),
        (Rendered(edit=(SetField(REF, ("metadata", "labels", "a"), 1),)), "not a field"),
        (Rendered(wake_at=datetime(2026, 1, 1)), "without a time zone"),  # noqa: DTZ001 - the mistake under test
        (Rendered(scale=Scale.exact(-1)), "a scale that is not valid"),
        (Rendered(scale=Scale.between(3, 2)), "a scale that is not valid"),
    ],
)
def test_a_result_that_violates_a_rule_is_a_fault_of_the_plugin(answer: Rendered, what: str) -> None:
    with pytest.raises(PluginCallError, match=what):
        _render(lambda _: answer)


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), SystemExit(1), AssertionError()])
def test_any_exception_of_a_type_is_a_fault_that_names_it(error: BaseException) -> None:
    def do(ctx: TraitContext[Any]) -> Rendered:
        del ctx
        raise error

    with pytest.raises(PluginCallError, match=r"example of acme 1\.0 raised"):
        _render(do)


def test_invalid_properties_are_not_a_fault() -> None:
    def do(ctx: TraitContext[Any]) -> Rendered:
        del ctx
        raise InvalidProperties("no", path="$.a")

    with pytest.raises(InvalidProperties):
        _render(do)


def _meddle(ctx: TraitContext[Any]) -> Any:
    ctx.component.metadata.annotations["a"] = "2"
    ctx.manifests[0].body["data"]["a"] = "2"
    ctx.properties["deep"]["list"].append(sys.maxsize)
    ctx.traits[0].properties["deep"]["list"].append(JUNK)
    return Rendered()


def test_changes_of_the_context_have_no_effect_and_cause_a_warning() -> None:
    offer, context = _offer(_meddle), _context()
    rendered = plugin_call.render(offer, offer.type.render, context)
    assert isinstance(rendered, Rendered)
    assert rendered.warnings == ("example of acme 1.0 changed values of its context; the changes have no effect",)
    assert context == _context()


def test_health_is_checked_and_gets_copies() -> None:
    context = _context()
    assert plugin_call.health(
        _offer(lambda ctx: _meddle(ctx) and Health("ready", "Fine", "", {"a": "1"})), context
    ) == Health("ready", "Fine", "", {"a": "1"})
    assert context == _context()


@pytest.mark.parametrize(
    "answer",
    [None, True, Health("great", "Fine"), Health("ready", JUNK), Health("ready", "Fine", "", {"a": 1})],  # type: ignore[arg-type,dict-item] # mistakes under test
)
def test_a_health_of_another_type_is_a_fault_of_the_plugin(answer: Any) -> None:
    with pytest.raises(PluginCallError, match=r"example of acme 1\.0 returned"):
        plugin_call.health(_offer(lambda _: answer), _context())
