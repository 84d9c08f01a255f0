"""A plan is used again while its inputs are the same, and is always the one that rendering anew would give."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py import catalog as catalogs
from rudr_py.api import Kind, Manifest, Ref, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog, Offer
from rudr_py.controller.inputs.plan_cache import PlanCache
from rudr_py.controller.state.applications import Applications
from rudr_py.model.identity import ObjectKey
from rudr_py.model.parse import application as parse_application
from rudr_py.model.parse import component as parse_component
from rudr_py.plugins import loading
from rudr_py.render import render as rendering
from rudr_py.render.values import digests
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan
from rudr_py.settings import NO_DEFAULTS, PlatformDefaults

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SHOP = ObjectKey("shop", "shop")
CONFIG_MAP = Kind("v1", "ConfigMap")

Document = dict[str, Any]
Make = Callable[..., Document]


class Objects:
    """Observed objects of all instances."""

    def __init__(self, *documents: Document) -> None:
        self._documents = documents

    def documents(self, instance: str, kind: Kind) -> tuple[Document, ...]:
        """Those that were given."""
        del instance, kind
        return self._documents

    def document(self, ref: Ref) -> Document | None:
        """Never one."""
        del ref
        return None


class Counting(Trait[dict[str, Any]]):
    """Counts its calls; looks at objects or asks to be called again when its properties say so."""

    name = "counting"
    properties = {"type": "object", "properties": {"look": {"type": "boolean"}, "wake": {"type": "boolean"}}}  # noqa: RUF012 - as authors write it
    produces = (CONFIG_MAP,)

    def __init__(self) -> None:
        self.calls = 0

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """A ConfigMap that tells what was seen."""
        self.calls += 1
        data = {"seen": str(len(ctx.observed(CONFIG_MAP)))} if ctx.properties.get("look") else {}
        wake_at = ctx.now + timedelta(minutes=1) if ctx.properties.get("wake") else None
        if wake_at:
            data["now"] = ctx.now.isoformat()
        data["attached"] = ctx.attached_at.isoformat()
        data["first-seen"] = ctx.first_seen("look").isoformat()
        return Rendered(
            add=(Manifest(kind=CONFIG_MAP, name=ctx.name("counted"), body={"data": data}),), wake_at=wake_at
        )


@pytest.fixture(name="counting")
def _counting() -> Counting:
    return Counting()


@pytest.fixture(name="types")
def _types(counting: Counting) -> Catalog:
    return _with(counting)


def _with(counting: Counting) -> Catalog:
    known = loading.installed(only=()).catalog
    offer: Offer[Trait[Any]] = catalogs.offer(counting, package="acme 1.0")
    return Catalog(traits={**known.traits, "counting": offer}, workloads=known.workloads, scopes=known.scopes)


@pytest.fixture(name="inputs")
def _inputs(application: Make, component: Make) -> Callable[..., Inputs]:
    """The inputs of an application with the trait and these properties of it; fields by name."""

    def inputs(properties: Document, **fields: Any) -> Inputs:
        parsed = parse_application.parse_application(application({"name": "counting", "properties": properties}))
        assert parsed.value is not None
        found = parse_component.parse_component(component())
        known: dict[str, Any] = {"components": {"web": found}, "now": NOW, **fields}
        return Inputs(application=parsed.value, parsed=parsed, **known)

    return inputs


Given = Callable[..., Inputs]


def changed(inputs: Inputs, **fields: Any) -> Inputs:
    return msgspec.structs.replace(inputs, **fields)


def test_an_unchanged_application_is_not_rendered_again(types: Catalog, counting: Counting, inputs: Given) -> None:
    plans, first = PlanCache(types, Applications()), inputs({})
    plan = plans.plan(SHOP, first)
    assert not plan.problems
    later = changed(first, now=NOW + timedelta(hours=1), observed=Objects({"kind": "ConfigMap"}))
    assert plans.plan(SHOP, later) is plan
    assert counting.calls == 1


def test_storing_the_time_of_a_trait_in_status_is_not_a_change(
    types: Catalog, counting: Counting, inputs: Given
) -> None:
    plans, first = PlanCache(types, Applications()), inputs({})
    plan = plans.plan(SHOP, first)
    name = plan.instances[0].name
    assert plans.plan(SHOP, changed(first, attached={(name, "counting"): NOW})) is plan
    assert plans.plan(SHOP, changed(first, attached={(name, "counting"): NOW - timedelta(days=1)})) is not plan
    assert counting.calls == 2


def test_storing_the_times_of_values_in_status_is_not_a_change(
    types: Catalog, counting: Counting, inputs: Given
) -> None:
    plans, first = PlanCache(types, Applications()), inputs({})
    plan = plans.plan(SHOP, first)
    (trait,) = plan.instances[0].traits
    key, times = (plan.instances[0].name, "counting"), trait.first_seen
    assert times is not None
    stored = changed(first, attached={key: NOW}, first_seen={key: times})
    assert plans.plan(SHOP, stored) is plan
    assert counting.calls == 1
    earlier = {digest: time - timedelta(days=1) for digest, time in times.items()}
    again = plans.plan(SHOP, changed(stored, first_seen={key: earlier}))
    assert again is not plan
    lost = plans.plan(SHOP, changed(stored, first_seen={}))
    assert lost is not again
    assert counting.calls == 3


def test_a_plan_is_used_until_an_object_that_a_type_has_read_changes(
    types: Catalog, counting: Counting, inputs: Given
) -> None:
    plans, first = PlanCache(types, Applications()), inputs({"look": True})

    def plan(*versions: str) -> Plan:
        objects = [{"metadata": {"uid": "u", "resourceVersion": version}} for version in versions]
        return plans.plan(SHOP, changed(first, observed=Objects(*objects)))

    for versions, calls in ((), 1), ((), 1), (("1",), 2), (("1",), 2), (("2",), 3), (("2", "3"), 4):
        plan(*versions)
        assert counting.calls == calls, versions


def test_a_type_that_reads_the_time_is_rendered_each_time(types: Catalog, counting: Counting, inputs: Given) -> None:
    applications, first = Applications(), inputs({"wake": True})
    plans = PlanCache(types, applications)
    for _ in range(3):
        assert not plans.plan(SHOP, first).problems
    assert counting.calls == 3
    assert applications.get(SHOP).rendered is None


def test_a_plan_with_problems_is_not_kept(types: Catalog, inputs: Given) -> None:
    applications = Applications()
    assert PlanCache(types, applications).plan(SHOP, inputs({}, components={})).problems
    assert applications.get(SHOP).rendered is None


def test_the_least_recently_used_plan_is_dropped_first(types: Catalog, counting: Counting, inputs: Given) -> None:
    plans, shared = PlanCache(types, Applications(rendered=2)), inputs({})
    for name in ("one", "two", "one", "three"):
        plans.plan(ObjectKey("shop", name), shared)
    assert counting.calls == 3
    plans.plan(ObjectKey("shop", "one"), shared)
    assert counting.calls == 3
    plans.plan(ObjectKey("shop", "two"), shared)
    assert counting.calls == 4


def test_a_forgotten_application_is_rendered_again(types: Catalog, counting: Counting, inputs: Given) -> None:
    applications, shared = Applications(), inputs({})
    plans = PlanCache(types, applications)
    plans.plan(SHOP, shared)
    applications.forget(SHOP)
    plans.plan(SHOP, shared)
    assert counting.calls == 2


_STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "properties": st.sampled_from([{}, {"look": True}, {"wake": True}]),
            "defaults": st.sampled_from(
                [NO_DEFAULTS, PlatformDefaults(image_pull_policy="Always"), PlatformDefaults(pod_security="restricted")]
            ),
            "kubernetes": st.sampled_from([None, (1, 28), (1, 29)]),
            "minutes": st.integers(0, 3),
            "objects": st.integers(0, 2),
            "attached": st.sampled_from([None, 0, 5]),
            "first_seen": st.sampled_from([None, {}, {digests.of(("look",)): NOW - timedelta(days=2)}]),
            "component": st.integers(0, 2),
        }
    ),
    max_size=6,
)


@given(steps=_STEPS)
@settings(deadline=None, max_examples=60)
def test_a_reused_plan_equals_a_new_one(steps: list[Document]) -> None:
    types = _with(Counting())
    plans = PlanCache(types, Applications())
    documents = [_parsed_component(f"nginx:{number}") for number in range(2)]
    applications: dict[str, Any] = {}
    for step in steps:
        parsed = applications.setdefault(str(step["properties"]), _parsed_application(step["properties"]))
        attached = step["attached"]
        inputs = Inputs(
            application=parsed.value,
            parsed=parsed,
            components={"web": documents[step["component"]]} if step["component"] < 2 else {},
            now=NOW + timedelta(minutes=step["minutes"]),
            observed=Objects(*({"kind": "ConfigMap"} for _ in range(step["objects"]))),
            attached={} if attached is None else {("front", "counting"): NOW - timedelta(minutes=attached)},
            first_seen={} if step["first_seen"] is None else {("front", "counting"): step["first_seen"]},
            defaults=step["defaults"],
            kubernetes=step["kubernetes"],
        )
        if attached is None or not step["first_seen"]:
            # until the status contains a time, it is the current one
            inputs = changed(inputs, now=NOW)
        assert _told(plans.plan(SHOP, inputs)) == _told(rendering.render(inputs, types))


def _told(plan: Plan) -> list[object]:
    bodies = [msgspec.json.encode(one.body, order="deterministic") for one in plan.manifests]
    return [bodies, [one.ref for one in plan.manifests], plan.problems, plan.warnings, plan.wake_at]


def _parsed_component(image: str) -> Any:
    container = {"name": "web", "image": image}
    spec = {"workloadType": "core.oam.dev/v1alpha1.Worker", "containers": [container]}
    return parse_component.parse_component(_document("ComponentSchematic", "web", spec))


def _parsed_application(properties: Document) -> Any:
    traits = [{"name": "counting", "properties": properties}]
    binding = {"componentName": "web", "instanceName": "front", "traits": traits}
    return parse_application.parse_application(_document("ApplicationConfiguration", "shop", {"components": [binding]}))


def _document(kind: str, name: str, spec: Document) -> Document:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
