"""The door of the room: whole plans out of YAML text, with every mistake at its line."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.api import Kind, Manifest, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.errors import Problem
from rudr_py.model.application import Application
from rudr_py.model.document import Parsed, Positions
from rudr_py.model.identity import Metadata
from rudr_py.render import render as rendering
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Text = Callable[..., str]
Make = Callable[..., Plan]
Web = Callable[..., dict[str, Any]]
Types = Callable[..., Catalog]

FIVE = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: web
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  parameters:
  - name: greeting
    type: string
    required: true
  containers:
  - name: web
    image: nginx:1
    ports:
    - name: http
      containerPort: 80
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: queue
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers:
  - name: main
    image: queue:1
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata:
  name: shop
spec:
  variables:
  - name: domain
    value: shop.example
  components:
  - componentName: web
    instanceName: front
    traits:
    - name: ingres
      properties: {}
    - name: manual-scaler
      properties:
        replicaCount: three
    - name: auto-scaler
      properties:
        minimum: "[fromVariable(domian)]"
  - componentName: queue
    instanceName: back
    traits:
    - name: ingress
      properties:
        hostname: "[fromVariable(domain)]"
"""


def test_five_problems_are_reported_together_each_with_its_line(plan: Make) -> None:
    rendered = plan(FIVE)
    reported = [
        (problem.location.line if problem.location else 0, problem.rule, problem.message)
        for problem in rendered.problems
    ]
    assert [(line, rule) for line, rule, _ in reported] == [
        (37, "PA-3"),
        (40, "TR-8"),
        (44, "TR-17"),
        (47, "AC-9"),
        (51, "TR-14"),
    ]
    parts = ['requires a value for "greeting"', 'mean "ingress"?', "whole number", 'mean "domain"?', "does not apply"]
    assert [part for part, (_, _, message) in zip(parts, reported, strict=True) if part not in message] == []
    assert (rendered.reason, rendered.manifests, rendered.instances) == (rendering.INVALID, (), ())


def test_a_problem_has_the_column_of_its_key(plan: Make) -> None:
    location = plan(FIVE).problems[2].location
    assert location is not None
    assert (location.file, location.column) == ("app.yaml", 9)


def test_without_positions_problems_have_paths_only(plan: Make) -> None:
    for positions in ({}, {"": Positions(file="empty.yaml")}):
        rendered = plan(FIVE, positions=positions)
        assert [problem.location for problem in rendered.problems] == [None] * 5
        assert rendered.problems[2].path == "$.spec.components[0].traits[1].properties.replicaCount"


def test_a_missing_component_does_not_hide_other_problems(plan: Make, application: Text, web: Web) -> None:
    absent = {"componentName": "absent", "instanceName": "a"}
    rendered = plan(application(absent))
    assert (rendered.reason, [problem.path for problem in rendered.problems]) == (
        rendering.COMPONENT_NOT_FOUND,
        ["$.spec.components[0].componentName"],
    )
    rendered = plan(application(absent, web({"name": "ingress", "properties": {"hostname": "A B"}})))
    assert (rendered.reason, [problem.path for problem in rendered.problems]) == (
        rendering.INVALID,
        ["$.spec.components[0].componentName", "$.spec.components[1].traits[0].properties.hostname"],
    )


def test_an_invalid_trait_does_not_hide_problems_that_other_types_report(
    plan: Make, application: Text, web: Web
) -> None:
    sizes = [{"name": "manual-scaler", "properties": {"replicaCount": 2}}, {"name": "auto-scaler", "properties": {}}]
    rendered = plan(application(web({"name": "nothing-such"}, {"name": "ingress", "properties": {"x": 1}}, *sizes)))
    traits = "$.spec.components[0].traits"
    assert [(problem.path, problem.rule) for problem in rendered.problems][:2] == [
        (f"{traits}[0].name", "TR-8"),
        (f"{traits}[1].properties.x", "TR-17"),
    ]
    (clash,) = rendered.problems[2:]
    assert clash.path == f"{traits}[3]"
    assert (rendered.manifests, rendered.instances) == ((), ())


def test_a_fault_is_not_reported_next_to_a_problem_that_may_cause_it(
    plan: Make, application: Text, web: Web, with_types: Types
) -> None:
    rendered = plan(application(web({"name": "nothing-such"}, {"name": "broken"})), types=with_types(Broken()))
    assert [problem.path for problem in rendered.problems] == ["$.spec.components[0].traits[0].name"]


class Broken(Trait[Any]):
    """Raises."""

    name = "broken"

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        raise KeyError("x")


class Junk(Trait[Any]):
    """Returns something else."""

    name = "junk"

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return {"add": []}  # type: ignore[return-value] # the mistake under test


@pytest.mark.parametrize("type_", [Broken(), Junk()])
def test_a_failing_plugin_is_named_and_nothing_is_applied(
    type_: Trait[Any], plan: Make, application: Text, web: Web, with_types: Types
) -> None:
    rendered = plan(application(web({"name": type_.name})), types=with_types(type_))
    assert (rendered.reason, rendered.manifests, rendered.instances) == (rendering.PLUGIN_FAILED, (), ())
    (problem,) = rendered.problems
    assert problem.path == "$.spec.components[0].traits[0]"
    assert f"{type_.name} of acme 1.0" in problem.message


def test_problems_of_documents_come_before_faults_of_plugins(
    plan: Make, application: Text, web: Web, with_types: Types
) -> None:
    text = application(web({"name": "broken"}, {"name": "ingress"}))
    rendered = plan(text, types=with_types(Broken()))
    assert rendered.reason == rendering.INVALID
    assert len(rendered.problems) == 2


def test_types_are_not_called_for_a_binding_with_parse_errors(plan: Make, application: Text, web: Web) -> None:
    rendered = plan(application(web({"name": "ingress"}, instanceName="My_Front")))
    assert [problem.path for problem in rendered.problems] == ["$.spec.components[0].instanceName"]


def test_an_unreadable_application_is_invalid(catalog: Catalog) -> None:
    problem = Problem("is no map", "$.spec")
    inputs = Inputs(
        application=Application(metadata=Metadata(name="shop")),
        parsed=Parsed(value=None, problems=(problem,)),
        components={},
        now=NOW,
    )
    rendered = rendering.render(inputs, catalog)
    assert (rendered.problems, rendered.reason) == ((problem,), rendering.INVALID)


def test_an_application_without_components_is_valid_and_empty(plan: Make, application: Text) -> None:
    rendered = plan(application())
    assert rendered == Plan()


def test_two_instances_that_would_write_one_object_are_rejected(plan: Make, application: Text) -> None:
    components = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: NAME}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers: [{name: main, image: x}]
"""
    text = application(
        {"componentName": "a-b", "instanceName": "c"},
        {"componentName": "a", "instanceName": "b-c"},
        components="---".join(components.replace("NAME", name) for name in ("a-b", "a")),
    )
    (problem,) = plan(text).problems
    assert (problem.path, problem.rule) == ("$.spec.components[1].instanceName", "AC-13")
    assert '"c" and "b-c" would both write componentinstance.core.oam.dev/a-b-c' in problem.message


class Waking(Trait[dict[str, Any]]):
    """Changes its answer after some seconds."""

    name = "waking"

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        return Rendered(wake_at=ctx.now + timedelta(seconds=ctx.properties["after"]))


@pytest.mark.parametrize(("after", "expected"), [((60, 30), 30), ((60, -5), 1), ((0, 60), 1)])
def test_wake_at_is_the_first_change_and_never_sooner_than_the_minimum(
    after: tuple[int, int], expected: int, plan: Make, application: Text, web: Web, with_types: Types
) -> None:
    bindings = [
        web({"name": "waking", "properties": {"after": seconds}}, instanceName=f"i{seconds}") for seconds in after
    ]
    rendered = plan(application(*bindings), types=with_types(Waking()))
    assert rendered.wake_at == NOW + timedelta(seconds=expected)


class Dated(Trait[Any]):
    """Writes down when it was attached."""

    name = "dated"
    produces = (Kind("v1", "ConfigMap"),)

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        data = {"at": ctx.attached_at.isoformat()}
        return Rendered(add=(Manifest(kind=self.produces[0], name="when", body={"data": data}),))


def test_a_trait_gets_the_time_at_which_it_was_first_attached(
    plan: Make, application: Text, web: Web, with_types: Types
) -> None:
    before = NOW - timedelta(days=3)
    text, types = application(web({"name": "dated"})), with_types(Dated())
    attached = {("front", "dated"): before, ("other", "dated"): NOW - timedelta(days=9)}
    assert plan(text, types=types, attached=attached).manifests[-1].body["data"]["at"] == before.isoformat()
    assert plan(text, types=types).manifests[-1].body["data"]["at"] == NOW.isoformat()


POLICY = {"type": "Pods", "value": 1, "periodSeconds": 60}


def _shop(application: Text, web: Web) -> str:
    front = web(
        {"name": "ingress", "properties": {"hostname": "[fromVariable(domain)]", "annotations": {"b": "1", "a": "2"}}},
        {"name": "auto-scaler", "properties": {"cpu": 70, "behavior": {"scaleUp": {"policies": [POLICY]}}}},
    )
    return application(
        front,
        {"componentName": "queue", "instanceName": "back", "traits": [{"name": "empty", "properties": {"x": [1]}}]},
        {"componentName": "migrate", "instanceName": "job"},
        variables=[{"name": "domain", "value": "shop.example"}],
    )


def test_objects_are_in_apply_order_and_have_owners(plan: Make, application: Text, web: Web) -> None:
    rendered = plan(_shop(application, web))
    assert (rendered.problems, rendered.warnings, rendered.reason) == ((), (), "Valid")
    assert [(str(planned.ref), planned.owner, planned.instance) for planned in rendered.manifests] == [
        ("componentinstance.core.oam.dev/web-front", "application", "front"),
        ("componentinstance.core.oam.dev/queue-back", "application", "back"),
        ("componentinstance.core.oam.dev/migrate-job", "application", "job"),
        ("deployment.apps/front", "instance", "front"),
        ("service/front", "instance", "front"),
        ("ingress.networking.k8s.io/front-trait-ingress", "instance", "front"),
        ("horizontalpodautoscaler.autoscaling/front-trait-autoscaler", "instance", "front"),
        ("deployment.apps/back", "instance", "back"),
        ("job.batch/job", "instance", "job"),
    ]
    assert [instance.owner.name for instance in rendered.instances] == ["web-front", "queue-back", "migrate-job"]
    assert [bool(planned.inputs_digest) for planned in rendered.manifests] == [False] * 8 + [True]


def test_equal_inputs_give_equal_plans_and_are_not_changed(
    inputs: Callable[..., Inputs], application: Text, web: Web, catalog: Catalog
) -> None:
    read = inputs(_shop(application, web))
    before = copy.deepcopy(msgspec.structs.asdict(read) | {"observed": None})
    first, second = (rendering.render(read, catalog).manifests for _ in range(2))
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    assert msgspec.structs.asdict(read) | {"observed": None} == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.sampled_from(["", "web", "a.example", "[fromVariable(x)]"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "paths"]), inner, max_size=2),
    max_leaves=5,
)
SHORT = ["hostname", "servicePort", "path", "rules", "tlsHosts", "replicaCount", "replica_count", "minimum", "maximum"]
KEYS = st.sampled_from([*SHORT, "cpu", "behavior", "volumeName", "storageClass", "volumes", "annotations", "odd"])
NAMES = st.sampled_from(["ingress", "manual-scaler", "auto-scaler", "volume-mounter", "empty", "ingres", ""])
TRAITS = st.fixed_dictionaries({"name": NAMES, "properties": st.dictionaries(KEYS, JSON, max_size=4)})
BINDINGS = st.fixed_dictionaries(
    {
        "componentName": st.sampled_from(["web", "queue", "migrate", "absent", ""]),
        "instanceName": st.sampled_from(["front", "back", "9", "Not_Ok", ""]),
        "parameterValues": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["greeting", "size", "other"]), "value": JSON}), max_size=2
        ),
        "traits": st.lists(TRAITS, max_size=3),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BINDINGS, max_size=3))
def test_any_application_gives_a_plan_or_problems_with_locations(
    inputs: Callable[..., Inputs], application: Text, catalog: Catalog, bindings: list[dict[str, Any]]
) -> None:
    read = inputs(application(*bindings))
    rendered = rendering.render(read, catalog)
    again = rendering.render(read, catalog)
    assert (rendered.manifests, rendered.problems, rendered.warnings) == (
        again.manifests,
        again.problems,
        again.warnings,
    )
    assert bool(rendered.problems) is not (rendered.reason == "Valid")
    assert not (rendered.problems and (rendered.manifests or rendered.instances))
    assert all(problem.location is not None for problem in (*rendered.problems, *rendered.warnings))
    assert len(set(rendered.problems)) == len(rendered.problems)
