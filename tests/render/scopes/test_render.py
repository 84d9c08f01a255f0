"""The scopes of an application: their objects, their members, what is asked of them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.api import (
    Health,
    InvalidProperties,
    Kind,
    Manifest,
    Member,
    Probe,
    Ref,
    Rendered,
    Scale,
    Scope,
    ScopeContext,
)
from rudr_py.catalog import Catalog
from rudr_py.errors import Problem
from rudr_py.render import render as rendering
from rudr_py.render.status import health, status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import NOTHING, Definitions, Inputs
from rudr_py.render.values.plan import Plan

HEALTH = "core.oam.dev/v1alpha1.HealthScope"
KUBE_GET = {"probe-method": "kube-get", "probe-endpoint": ".status"}
WELL = {"name": "well", "type": HEALTH, "properties": KUBE_GET}
MAP = Kind("v1", "ConfigMap")

Text = Callable[..., str]
Make = Callable[..., Plan]
Web = Callable[..., dict[str, Any]]
Types = Callable[..., Catalog]


def member(application: str, instance: str, **fields: Any) -> Member:
    existing: dict[str, Any] = {"component": "c", "workload": "core.oam.dev/v1alpha1.Server", "service": instance}
    return Member(application=application, instance=instance, **(existing | fields))


class Zone(Scope[dict[str, Any]]):
    """Writes down its members in a ConfigMap; does what its properties say beside that."""

    name = "acme.dev/v1.Zone"
    properties: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"size": {"type": "integer"}, "do": {"type": "string"}, "name": {"type": "string"}},
        "additionalProperties": False,
    }
    renamed_properties: ClassVar[dict[str, str]] = {"howMany": "size"}
    produces = (MAP,)

    def render(self, ctx: ScopeContext[dict[str, Any]]) -> Rendered:
        result = Manifest(
            kind=MAP,
            name=ctx.properties.get("name") or ctx.name("zone"),
            body={"data": {"members": ",".join(item.instance for item in ctx.members)}},
        )
        wished = ctx.properties.get("do")
        if wished == "refuse":
            raise InvalidProperties("size is too large", path="$.size")
        if wished == "scale":
            return Rendered(add=(result,), scale=Scale.exact(1))
        if wished == "once":
            return Rendered(add=(msgspec.structs.replace(result, run_once=True),))
        if wished in ("probe", "twice", "astray"):
            target = Ref(Kind("v1", "Service"), "elsewhere" if wished == "astray" else ctx.members[0].service)
            probe = Probe(name="p", method="tcp", target=target, port=1)
            return Rendered(add=(result,), probes=(probe,) * (2 if wished == "twice" else 1))
        return Rendered(add=(result,), warnings=(f"siblings: {', '.join(ctx.siblings)}",))

    def status(self, ctx: ScopeContext[dict[str, Any]]) -> dict[str, Any] | None:
        if ctx.properties.get("do") == "fail":
            raise RuntimeError("no status today")
        return {"members": len(ctx.members), "asked": dict(ctx.probe_results)}


@pytest.fixture(name="zoned")
def _zoned(plan: Make, application: Text, with_types: Types) -> Callable[..., Plan]:
    """The plan of an application with one Zone of these properties."""

    def zoned(properties: Any = None, **fields: Any) -> Plan:
        scope = {"name": "east", "type": Zone.name, "properties": properties or {}}
        return plan(application(scopes=[scope]), types=with_types(Zone()), **fields)

    return zoned


def _told(plan: Plan) -> list[tuple[str, str, str]]:
    return [(problem.rule, problem.path, problem.message) for problem in plan.problems]


def test_the_objects_of_a_scope_belong_to_the_application(zoned: Make) -> None:
    (planned,) = zoned().manifests
    assert (planned.owner, planned.instance, planned.made_by) == ("application", "", Zone.name)
    assert planned.body["metadata"] == {
        "name": "east-zone",
        "namespace": "default",
        "labels": {"app.kubernetes.io/managed-by": "rudr", "app.kubernetes.io/name": "shop"},
    }


def test_the_standard_health_scope_has_the_name_of_its_application(plan: Make, application: Text) -> None:
    rendered = plan(application(scopes=[WELL]))
    assert [str(planned.ref) for planned in rendered.manifests] == ["healthscope.core.oam.dev/shop"]
    assert [scope.name for scope in rendered.scopes] == ["well"]


def test_scopes_come_before_the_pods_of_the_same_application(plan: Make, application: Text, web: Web) -> None:
    kinds = [planned.ref.kind.kind for planned in plan(application(web(), scopes=[WELL])).manifests]
    assert kinds == ["ComponentInstance", "HealthScope", "Deployment", "Service"]


def test_members_of_other_applications_are_ordered(zoned: Make) -> None:
    (planned,) = zoned(members={"east": (member("b", "y"), member("a", "z"), member("a", "x"))}).manifests
    assert planned.body["data"] == {"members": "x,z,y"}


def test_own_members_are_those_of_the_current_rendering_and_removed_ones_until_their_deletion(
    plan: Make, application: Text, web: Web, with_types: Types
) -> None:
    scope = {"name": "east", "type": Zone.name}
    stale = member("shop", "removed"), member("shop", "front", health=Health("ready", "Ready")), member("z", "other")
    rendered = plan(
        application(web(applicationScopes=["east"]), scopes=[scope]),
        types=with_types(Zone()),
        members={"east": stale},
    )
    seen = rendered.scopes[0].bound_type.context.members
    assert [(item.instance, item.health.state) for item in seen] == [
        ("front", "ready"),
        ("removed", "unknown"),
        ("other", "unknown"),
    ]


def test_probes_and_their_results_are_grouped_by_scope(zoned: Make) -> None:
    rendered = zoned({"do": "probe"}, members={"east": (member("a", "x"),)}, probe_results={"east": {"p": "refused"}})
    assert [(scope.name, [probe.name for probe in scope.probes]) for scope in rendered.scopes] == [("east", ["p"])]
    assert rendered.scopes[0].bound_type.context.probe_results == {"p": "refused"}


@pytest.mark.parametrize(
    ("wished", "fault"),
    [
        ("scale", "requests a scale"),
        ("once", "runs once"),
        ("twice", 'two probes with the name "p"'),
        ("astray", "neither the Service nor a Pod of a member"),
    ],
)
def test_a_scope_type_that_violates_a_rule_is_at_fault(zoned: Make, wished: str, fault: str) -> None:
    rendered = zoned({"do": wished}, members={"east": (member("a", "x"),)})
    assert rendered.reason == rendering.PLUGIN_FAILED
    assert fault in rendered.problems[0].message
    assert not rendered.manifests


def test_an_unknown_type_is_reported_with_a_suggestion(plan: Make, application: Text) -> None:
    scope = {**WELL, "type": "core.oam.dev/v1alpha1.HelthScope"}
    ((rule, path, message),) = _told(plan(application(scopes=[scope])))
    assert (rule, path) == ("SC-9", "$.spec.scopes[0].type")
    assert "Did you mean" in message


def test_a_scope_type_with_only_a_definition_lacks_a_package(
    plan: Make, application: Text, definitions: Callable[..., Definitions]
) -> None:
    existing = definitions(
        {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ApplicationScope",
            "metadata": {"name": "zone"},
            "spec": {"type": Zone.name},
        }
    )
    scope = {"name": "east", "type": Zone.name}
    ((_, _, message),) = _told(plan(application(scopes=[scope]), definitions=existing))
    assert "no installed package implements it" in message


def test_properties_are_checked_after_replacing_variables_and_deprecated_names(
    plan: Make, application: Text, with_types: Types
) -> None:
    scopes = [
        {"name": "a", "type": Zone.name, "properties": {"howMany": "[fromVariable(n)]"}},
        {"name": "b", "type": Zone.name, "properties": [{"name": "size", "value": "[fromVariable(m)]"}]},
    ]
    variables = [{"name": "n", "value": "many"}]
    rendered = plan(application(scopes=scopes, variables=variables), types=with_types(Zone()))
    assert _told(rendered) == [
        ("AC-12", "$.spec.scopes[0].properties.howMany", 'is "many", must be a whole number'),
        ("AC-9", "$.spec.scopes[1].properties[0].value", 'the variable "m" does not exist.'),
    ]
    assert any('"howMany" is an outdated spelling' in warning.message for warning in rendered.warnings)


def test_parameters_of_a_definition_in_the_cluster_are_checked_too(
    zoned: Make, definitions: Callable[..., Definitions]
) -> None:
    parameters = [{"name": "howMany", "type": "number", "required": True}, {"name": "do", "type": "number"}]
    existing = definitions(
        {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ApplicationScope",
            "metadata": {"name": "zone"},
            "spec": {"type": Zone.name, "parameters": parameters, "allowComponentOverlap": True},
        }
    )
    reported = _told(zoned({"do": "nothing"}, definitions=existing))
    refuses = 'the ApplicationScope object "zone" of this cluster refuses this: '
    assert [message for _, _, message in reported] == [
        f'{refuses}acme.dev/v1.Zone requires the property "size"',
        f'{refuses}is "nothing", must be a number',
    ]


def test_a_problem_of_a_type_has_the_path_inside_the_properties(zoned: Make) -> None:
    assert _told(zoned({"do": "refuse", "size": 9})) == [
        ("AC-12", "$.spec.scopes[0].properties.size", "size is too large")
    ]


def test_two_scopes_that_would_write_one_object_are_both_named(
    plan: Make, application: Text, with_types: Types
) -> None:
    scopes = [{"name": name, "type": Zone.name, "properties": {"name": "same"}} for name in ("east", "west")]
    ((_, path, message),) = _told(plan(application(scopes=scopes), types=with_types(Zone())))
    assert path == "$.spec.scopes[1].name"
    assert message.startswith('"east" and "west" would both write configmap/same')


def test_a_scope_gets_the_names_of_its_siblings(plan: Make, application: Text, with_types: Types) -> None:
    scopes = [{"name": "east", "type": Zone.name}, WELL, {"name": "west", "type": Zone.name}]
    rendered = plan(application(scopes=scopes), types=with_types(Zone()))
    assert {warning.message for warning in rendered.warnings} == {"siblings: east, west"}


def _status(plan: Plan, inputs: Inputs, before: Any = None) -> dict[str, Any]:
    sync = SyncState(state="True", reason="Synced")
    return status.status(plan, inputs, NOTHING, sync, status.read_previous(before))


def test_the_status_lists_scopes_and_the_scopes_of_each_instance(
    application: Text, web: Web, inputs: Callable[..., Inputs], catalog: Catalog
) -> None:
    read = inputs(application(web(applicationScopes=["well"]), scopes=[WELL]))
    built = _status(rendering.render(read, catalog), read)
    (scope,) = built["scopes"]
    assert {key: scope[key] for key in ("name", "type", "attachedAt", "members", "state")} == {
        "name": "well",
        "type": HEALTH,
        "attachedAt": "2026-03-01T12:00:00Z",
        "members": 1,
        "state": "progressing",
    }
    assert built["instances"][0]["scopes"] == [{"name": "well", "type": HEALTH, "application": "shop"}]
    assert status.read_previous(built).attached["", "well"] == read.now
    wrong = msgspec.structs.replace(rendering.render(read, catalog), problems=(Problem("no"),))
    (kept,) = _status(wrong, read, built)["scopes"]
    assert kept == {
        "name": "well",
        "type": HEALTH,
        "attachedAt": "2026-03-01T12:00:00Z",
        "state": "unknown",
        "reason": "NotValid",
    }


def test_the_status_of_a_scopes_object_is_the_result_of_its_type(zoned: Make) -> None:
    rendered = zoned(members={"east": (member("a", "x"),)}, probe_results={"east": {"p": None}})
    now = rendered.scopes[0].bound_type.context.now
    scopes = health.assess(rendered, NOTHING, now).scopes
    assert status.scope_status(scopes) == {Ref(MAP, "east-zone"): {"members": 1, "asked": {"p": None}}}


def test_a_scope_type_that_fails_writes_no_status_and_is_reported(
    zoned: Make, inputs: Callable[..., Inputs], application: Text
) -> None:
    rendered = zoned({"do": "fail"})
    assert status.scope_status(health.assess(rendered, NOTHING, rendered.scopes[0].bound_type.context.now).scopes) == {}
    (scope,) = _status(rendered, inputs(application()))["scopes"]
    assert (scope["state"], scope["reason"]) == ("unknown", "PluginFailed")
    assert "no status today" in scope["message"]


PROPERTIES = st.dictionaries(
    st.sampled_from(["probe-method", "probe-endpoint", "network-id", "subnet-id", "subnetIds", "odd"]),
    st.none() | st.integers(-1, 3) | st.sampled_from(["kube-get", ".status", "tcp", ":80", "[fromVariable(x)]", ""]),
    max_size=4,
)
SCOPES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b", "Not_Ok", ""]),
        "type": st.sampled_from([HEALTH, "core.oam.dev/v1.Network", "acme.dev/v1.None", "odd", ""]),
        "properties": PROPERTIES,
    }
)


@settings(max_examples=60, deadline=None)
@given(scopes=st.lists(SCOPES, max_size=3), joined=st.lists(st.sampled_from(["a", "b", "shop", "c"]), max_size=2))
def test_any_scopes_give_a_plan_or_problems(
    inputs: Callable[..., Inputs], application: Text, web: Web, catalog: Catalog, scopes: list[Any], joined: list[str]
) -> None:
    read = inputs(application(web(applicationScopes=joined), scopes=scopes))
    result, again = rendering.render(read, catalog), rendering.render(read, catalog)
    assert (result.manifests, result.problems, result.warnings) == (again.manifests, again.problems, again.warnings)
    assert bool(result.problems) is not bool(result.manifests)
    assert len(result.scopes) == (0 if result.problems else len(scopes))
    assert all(problem.location is not None for problem in result.problems)
