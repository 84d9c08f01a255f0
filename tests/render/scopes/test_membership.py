"""Who is in which scope: by the scope's name, by its application's, by default, and never in two that exclude it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rudr_py.api import Health, Member
from rudr_py.api.component import Port
from rudr_py.catalog import Catalog
from rudr_py.model.application import Application, ScopeBinding
from rudr_py.model.identity import Metadata
from rudr_py.render.scopes import membership
from rudr_py.render.scopes.membership import Members
from rudr_py.render.status import health
from rudr_py.render.values.inputs import NOTHING, DeclaredScope, Definitions
from rudr_py.render.values.plan import Plan

HEALTH = "core.oam.dev/v1alpha1.HealthScope"
NETWORK = "core.oam.dev/v1alpha1.NetworkScope"

SCOPES = membership.declared(
    (
        Application(
            metadata=Metadata(name="ops"),
            scopes=(
                ScopeBinding(name="well", type="core.oam.dev/v1.Health"),
                ScopeBinding(name="net", type=NETWORK),
            ),
        ),
        Application(metadata=Metadata(name="other"), scopes=(ScopeBinding(name="closed", type=NETWORK),)),
    )
)

Text = Callable[..., str]
Make = Callable[..., Plan]
Web = Callable[..., dict[str, Any]]


@pytest.fixture(name="joined")
def _joined(plan: Make, application: Text, web: Web) -> Callable[..., Plan]:
    """The plan of an instance with these applicationScopes; further inputs by name."""

    def joined(*names: str, **fields: Any) -> Plan:
        existing: dict[str, Any] = {"scopes_of": SCOPES} | fields
        return plan(application(web(applicationScopes=list(names))), **existing)

    return joined


def _scopes(plan: Plan) -> list[tuple[str, str, str]]:
    assert not plan.problems, plan.problems
    return [(scope.application, scope.name, scope.type) for scope in plan.instances[0].scopes]


def test_the_name_of_an_application_joins_all_of_its_scopes(joined: Make) -> None:
    assert _scopes(joined("ops")) == [("ops", "well", HEALTH), ("ops", "net", NETWORK)]


def test_the_name_of_a_scope_joins_that_scope(joined: Make) -> None:
    assert _scopes(joined("well")) == [("ops", "well", HEALTH)]


def test_a_scope_that_is_named_twice_is_joined_once(joined: Make) -> None:
    assert _scopes(joined("ops", "well")) == [("ops", "well", HEALTH), ("ops", "net", NETWORK)]


def test_an_unknown_scope_is_reported_at_its_path_with_a_suggestion(joined: Make) -> None:
    plan = joined("well", "closd")
    (problem,) = plan.problems
    assert (problem.path, problem.rule) == ("$.spec.components[0].applicationScopes[1]", "AC-14")
    assert 'has no scope "closd"' in problem.message
    assert 'Did you mean "closed"?' in problem.message


def test_two_scopes_of_a_type_without_overlap_are_rejected_across_applications(joined: Make) -> None:
    (problem,) = joined("net", "closed").problems
    assert problem.rule == "SC-8"
    assert '"net" of the application "ops" and "closed" of the application "other"' in problem.message


def test_an_instance_may_join_two_scopes_of_a_type_with_overlap(joined: Make) -> None:
    two = membership.declared(
        Application(metadata=Metadata(name=name), scopes=(ScopeBinding(name=f"of-{name}", type=HEALTH),))
        for name in ("a", "b")
    )
    assert len(_scopes(joined("a", "b", scopes_of=two))) == 2


def test_a_definition_in_the_cluster_can_forbid_overlap(joined: Make, definitions: Callable[..., Definitions]) -> None:
    two = membership.declared(
        Application(metadata=Metadata(name=name), scopes=(ScopeBinding(name=f"of-{name}", type=HEALTH),))
        for name in ("a", "b")
    )
    strict = {"type": HEALTH, "allowComponentOverlap": False}
    existing = definitions(
        {"apiVersion": "core.oam.dev/v1alpha1", "kind": "ApplicationScope", "metadata": {"name": "h"}, "spec": strict}
    )
    assert [problem.rule for problem in joined("a", "b", scopes_of=two, definitions=existing).problems] == ["SC-8"]


def test_a_scope_name_of_two_applications_is_ambiguous(joined: Make) -> None:
    twins = membership.declared(
        Application(metadata=Metadata(name=name), scopes=(ScopeBinding(name="same", type=HEALTH),))
        for name in ("a", "b")
    )
    (problem,) = joined("same", scopes_of=twins).problems
    assert "the applications a, b each declare" in problem.message


def _named(**names: Sequence[ScopeBinding]) -> Any:
    return membership.declared(
        Application(metadata=Metadata(name=name), scopes=tuple(scopes)) for name, scopes in names.items()
    )


def _scope(name: str, **properties: Any) -> ScopeBinding:
    return ScopeBinding(name=name, type=HEALTH, properties=properties)


@pytest.mark.parametrize("name", ["closed", "ops"])
def test_a_scope_with_own_members_is_not_joined_by_another_application(joined: Make, name: str) -> None:
    (problem,) = joined(name, scopes_of=_named(ops=[_scope("closed", members="own")])).problems
    assert (problem.path, problem.rule) == ("$.spec.components[0].applicationScopes[0]", "AC-14")
    assert '"ops" accepts only instances of its own application' in problem.message


def test_the_name_of_an_application_joins_those_of_its_scopes_that_accept_members(joined: Make) -> None:
    declared = _named(ops=[_scope("closed", members="own"), _scope("open", members="namespace")])
    assert _scopes(joined("ops", scopes_of=declared)) == [("ops", "open", HEALTH)]


def test_a_scope_with_own_members_has_those(joined: Make) -> None:
    declared = _named(shop=[_scope("closed", members="own")])
    assert _scopes(joined("closed", scopes_of=declared)) == [("shop", "closed", HEALTH)]


def test_a_variable_may_limit_the_members_of_a_scope(joined: Make) -> None:
    scope = _scope("closed", members="[fromVariable(who)]")
    ops = Application(metadata=Metadata(name="ops"), scopes=(scope,), variables={"who": "own"})
    assert joined("ops", scopes_of=membership.declared([ops])).problems


def test_a_root_scope_with_own_members_takes_no_instance(joined: Make) -> None:
    declared = _named(root=[_scope("all", members="own")])
    assert _scopes(joined(scopes_of=declared, root="root")) == []


def test_the_own_scope_of_a_name_takes_precedence_over_an_application_of_that_name(joined: Make) -> None:
    declared = _named(shop=[_scope("net")], net=[_scope("other")])
    assert _scopes(joined("net", scopes_of=declared)) == [("shop", "net", HEALTH)]


def test_the_name_of_an_application_and_of_a_scope_of_another_one_is_ambiguous(joined: Make) -> None:
    declared = _named(ops=[_scope("net")], net=[_scope("other")])
    (problem,) = joined("net", scopes_of=declared).problems
    assert '"net" is an application with scopes, and the name of a scope of ops' in problem.message


def test_a_scope_of_an_unknown_type_is_a_warning_for_its_members(joined: Make) -> None:
    strange = {"x": (DeclaredScope("ops", "x", "acme.dev/v1.Zone"),)}
    plan = joined("x", scopes_of=strange)
    assert _scopes(plan) == []
    assert any('the scope "x" of the application "ops" is not joined' in warning.message for warning in plan.warnings)


def test_an_application_can_join_its_own_scopes_without_an_index(plan: Make, application: Text, web: Web) -> None:
    scope = {
        "name": "mine",
        "type": HEALTH,
        "properties": {"probe-method": "kube-get", "probe-endpoint": ".status"},
    }
    rendered = plan(application(web(applicationScopes=["mine"]), scopes=[scope]))
    assert _scopes(rendered) == [("shop", "mine", HEALTH)]


def test_an_instance_without_a_scope_of_a_core_type_is_in_the_root_scope(joined: Make) -> None:
    roots = (DeclaredScope("root", "h", HEALTH), DeclaredScope("root", "n", NETWORK))
    existing = {**SCOPES, "root": roots}
    assert _scopes(joined("well", scopes_of=existing, root="root")) == [("ops", "well", HEALTH), ("root", "n", NETWORK)]
    assert _scopes(joined(scopes_of=existing, root="root")) == [("root", "h", HEALTH), ("root", "n", NETWORK)]
    assert _scopes(joined(scopes_of=existing)) == []


def test_a_member_has_the_values_that_scopes_need(joined: Make) -> None:
    plan = joined("well")
    assert plan.instances[0].member == Member(
        application="shop",
        instance="front",
        component="web",
        workload="core.oam.dev/v1alpha1.Server",
        pod_labels={"app.kubernetes.io/name": "shop", "oam.dev/instance-name": "front"},
        service="front",
        ports=(Port(name="http", container_port=80),),
        application_instances=("front",),
    )
    assert joined().instances[0].member is None


def test_members_are_grouped_by_scope_with_state_and_reason_of_their_health(joined: Make, catalog: Catalog) -> None:
    plan = joined("ops")
    healths = health.assess(plan, NOTHING, plan.instances[0].workload.context.now).instances
    reported = membership.members(plan, healths)
    assert list(reported) == [("ops", "well"), ("ops", "net")]
    (member,) = reported["ops", "well"]
    assert member.health == Health("progressing", "Missing")


def test_members_of_all_applications_are_gathered_in_order() -> None:
    def member(application: str, instance: str) -> Member:
        return Member(application=application, instance=instance, component="c", workload="w")

    reported: list[Members] = [
        {("ops", "well"): (member("b", "y"),), ("other", "closed"): (member("b", "y"),)},
        {("ops", "well"): (member("a", "z"), member("a", "x"))},
    ]
    result = membership.gather("ops", reported)
    assert {scope: [(m.application, m.instance) for m in existing] for scope, existing in result.items()} == {
        "well": [("a", "x"), ("a", "z"), ("b", "y")]
    }
