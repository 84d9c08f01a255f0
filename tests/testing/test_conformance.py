"""The conformance suite fails for a type that violates a rule, and passes for a type that follows all rules."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
import socket
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Health, InvalidProperties, Kind, Manifest, Rendered, Trait, TraitContext
from rudr_py.plugins import rights
from rudr_py.testing import RenderError, checks, conformance, fuzz_objects, rbac_check
from rudr_py.testing.checks import Case
from rudr_py.testing.rendering import RenderSetup

CONFIG = Kind("v1", "ConfigMap")
GADGET = Kind("example.org/v1", "Gadget")
SERVICE, ACCOUNT = Kind("v1", "Service"), Kind("v1", "ServiceAccount")


class Good(Trait[Any]):
    name = "good"
    produces = (CONFIG,)

    def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
        return {"size": "1"}

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        body = {"data": self.data(ctx)}
        return Rendered(add=(Manifest(kind=self.produces[0], name=ctx.name("good"), body=body),))


test_conforms = conformance.suite(Good(), properties=[{}, {"anything": 1}])


def _case(type_: Trait[Any]) -> Case:
    return Case(setup=RenderSetup(type_=type_))


def _saying(data: Callable[[TraitContext[Any]], object]) -> Trait[Any]:
    class Saying(Good):
        def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
            return {"size": str(data(ctx))}

    return Saying()


def _declaring(**declared: Any) -> Trait[Any]:
    made: Trait[Any] = type("Declaring", (Good,), declared)()
    return made


COUNT = itertools.count()


class Greedy(Good):
    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=Kind("v1", "Secret"), name=ctx.name("good"), body={}),))


class Constant(Good):
    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=CONFIG, name="settings", body={}),))


class Nosy(Good):
    """Depends on the listed order of traits."""

    def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
        return {"first": ctx.traits[0].name}


class Meddler(Good):
    def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
        ctx.manifests[0].body["spec"]["replicas"] = 7
        return {}


class Fragile(Good):
    def health(self, ctx: TraitContext[Any]) -> Health:
        found = ctx.live(ctx.manifests[0].ref) or {}
        return Health("ready" if found["status"]["phase"] == "Good" else "failed", "Looked")


class Rejecting(Good):
    def health(self, ctx: TraitContext[Any]) -> Health:
        raise InvalidProperties("the status has no phase")


class Gullible(Good):
    """Believes what it observes while it renders."""

    observes = (CONFIG,)

    def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
        return {"seen": "".join(found["data"]["size"] for found in ctx.observed(CONFIG))}


class Refusing(Good):
    def render(self, ctx: TraitContext[Any]) -> Rendered:
        raise ValueError(ctx.instance)


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (checks.has_valid_declarations, _declaring(produces=["ConfigMap"])),
        (checks.has_valid_declarations, _declaring(observe=(CONFIG,))),
        (checks.has_a_valid_schema, _declaring(properties={"type": "object", "required": ["a"]})),
        (
            checks.has_a_valid_schema,
            _declaring(properties={"type": "object", "properties": {"a": {"type": "string", "default": 1}}}),
        ),
        (checks.renders, Refusing()),
        (checks.renders_the_same_bytes_twice, _saying(lambda _: next(COUNT))),
        (checks.does_not_change_its_inputs, Meddler()),
        (checks.has_no_side_effects, _saying(lambda _: time.time())),
        (checks.has_no_side_effects, _saying(lambda _: dt.datetime.now(dt.UTC))),
        (checks.has_no_side_effects, _saying(lambda _: dt.date.today())),  # noqa: DTZ011 - the error under test
        (checks.has_no_side_effects, _saying(lambda _: random.random())),  # noqa: S311 - the error under test
        (checks.has_no_side_effects, _saying(lambda _: os.urandom(1))),
        (checks.has_no_side_effects, _saying(lambda _: os.environ.get("HOME"))),
        (checks.has_no_side_effects, _saying(lambda _: socket.socket().close())),
        (checks.has_no_side_effects, _saying(lambda _: os.listdir("."))),  # noqa: PTH208 - the error under test
        (checks.adds_only_declared_kinds, Greedy()),
        (checks.has_unique_names_of_at_most_63_characters, Constant()),
        (checks.is_independent_of_the_order_of_traits, Nosy()),
        (checks.has_health_for_any_objects, Fragile()),
        (checks.has_health_for_any_objects, Rejecting()),
        (checks.has_health_for_any_objects, Gullible()),
        (checks.renders_objects_that_kubernetes_accepts, _saying(lambda _: 1)),
    ],
)
def test_a_violation_of_the_contract_fails_its_check(check: Callable[[Case], None], bad: Trait[Any]) -> None:
    check(_case(Good()))
    if check is checks.renders_objects_that_kubernetes_accepts:
        bad = type("Unknown", (Good,), {"data": lambda _self, _ctx: {"size": 1}})()
    with pytest.raises((AssertionError, RenderError)):
        check(_case(bad))


def test_fuzz_objects_are_deterministic_and_cover_every_json_type() -> None:
    places = [("v1", "ConfigMap", "a"), ("v1", "Pod", "b")]
    first, second = list(fuzz_objects.documents(places)), list(fuzz_objects.documents(places))
    assert first == second
    assert len(first) > fuzz_objects.EXAMPLES
    kinds = {type(one.get("status")) for situation in first for one in situation}
    assert kinds >= {dict, list, str, int, float, bool, type(None)}


def test_a_missing_right_is_reported_with_the_request() -> None:
    case = _case(Good())
    enough = rights.needed(case.catalog())
    without = msgspec.structs.replace(enough, cluster=tuple(rule for rule in enough.cluster if rule.groups != ("",)))
    with pytest.raises(AssertionError, match="configmaps"):
        rbac_check.check([case.setup], case.catalog(), without)


def test_a_type_that_cannot_render_fails_before_a_cluster_is_started() -> None:
    with pytest.raises(RenderError, match="raised ValueError"):
        checks.declares_the_rights_that_it_needs(_case(Refusing()))


def test_an_unsynced_application_is_reported_with_the_errors_of_the_server() -> None:
    class Unfit(Good):
        produces = (SERVICE,)

        def render(self, ctx: TraitContext[Any]) -> Rendered:
            body = {"spec": {"type": "ExternalName"}}
            return Rendered(add=(Manifest(kind=SERVICE, name=ctx.name("good"), body=body),))

    case = _case(Unfit())
    with pytest.raises(AssertionError, match='rights of "good" could not be checked') as told:
        rbac_check.check([case.setup], case.catalog())
    assert "Synced is False, Invalid: " in str(told.value)
    assert "the server returned 422 for PATCH /api/v1/namespaces/default/services/" in str(told.value)


def test_an_unsynced_application_is_reported_with_the_fault_of_the_type() -> None:
    case = _case(Refusing())
    with pytest.raises(AssertionError, match=r"Valid is False, PluginFailed: .* raised ValueError"):
        rbac_check.check([case.setup], case.catalog())


def test_an_unsynced_application_fails_the_check_of_rights_after_a_timeout() -> None:
    class Robber(Good):
        produces = (ACCOUNT,)

        def render(self, ctx: TraitContext[Any]) -> Rendered:
            return Rendered(add=(Manifest(kind=ACCOUNT, name="default", body={}),))

    case = _case(Robber())
    with pytest.raises(AssertionError, match=r'application "app-0" was not synced in 1 s'):
        rbac_check.check([case.setup], case.catalog(), patience=1.0)


@pytest.mark.parametrize("begun", [True, False])
def test_an_endless_health_fails_before_a_cluster_is_started(begun: bool) -> None:
    class Endless(Good):
        def health(self, ctx: TraitContext[Any]) -> Health:
            found = ctx.live(ctx.manifests[0].ref) or {}
            while not begun or "status" in found:
                pass
            return Health("ready", "Good")

    with pytest.raises(AssertionError, match=r"raised TimeoutError: no result within .*; observed were "):
        checks.declares_the_rights_that_it_needs(_case(Endless()))


def test_kinds_of_other_projects_get_placeholder_definitions() -> None:
    class Gadgets(Good):
        produces = (GADGET,)

    checks.declares_the_rights_that_it_needs(_case(Gadgets()))
