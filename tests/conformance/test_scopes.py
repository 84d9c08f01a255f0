"""Application scopes of the specification (§4), over the applications of a namespace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rudr_py.api import Scope
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.render.scopes import root_scopes
from rudr_py.render.values.plan import Plan
from tests.conformance import kubernetes_schemas, oam

SERVER = oam.component("Server", oam.WEB)
HEALTH = """
- name: well
  type: core.oam.dev/v1alpha1.HealthScope
  properties: {probe-method: kube-get, probe-endpoint: .status}
"""
NETWORK = """
- name: net
  type: core.oam.dev/v1alpha1.NetworkScope
  properties: {network-id: blue, subnet-id: one}
"""


def scopes(*bindings: str, name: str = "groups") -> str:
    return oam.application("scopes:\n" + "".join(binding.lstrip("\n") for binding in bindings), name=name)


def member(*names: str, name: str = "shop", instance: str = "front") -> str:
    scope_list = ", ".join(names)
    spec = f"components: [{{componentName: web, instanceName: {instance}, applicationScopes: [{scope_list}]}}]"
    return oam.application(spec, name=name)


def joined(plan: Plan) -> list[str]:
    """The kinds of the scopes of the only instance of a plan."""
    assert plan.problems == ()
    return sorted(scope.type.rpartition(".")[2] for scope in plan.instances[0].scopes)


def members(plan: Plan) -> list[str]:
    assert plan.problems == ()
    return [member.instance for member in plan.scopes[0].bound_type.context.members]


def policies(plan: Plan) -> list[dict[str, Any]]:
    return [body["spec"] for key, body in oam.objects(plan).items() if key.startswith("NetworkPolicy/")]


def test_without_a_network_scope_there_is_no_network_policy() -> None:
    two = "components: [{componentName: web, instanceName: a}, {componentName: web, instanceName: b}]"
    objects = oam.objects(oam.plan(SERVER, oam.application(two)))
    assert {"Service/a", "Service/b"} <= set(objects)
    assert not [key for key in objects if key.startswith("NetworkPolicy/")]


def test_the_core_scope_types_exist_in_the_core_group() -> None:
    offered = {offer.name for offer in oam.catalog().offers() if isinstance(offer.type, Scope)}
    assert offered == {"core.oam.dev/v1alpha1.HealthScope", "core.oam.dev/v1alpha1.NetworkScope"}
    plan = oam.plan(SERVER, scopes(HEALTH, NETWORK), member("groups"), name="groups")
    assert {"HealthScope/groups"} < set(oam.objects(plan))
    assert policies(plan)


@pytest.mark.parametrize("kind", ["Health", "HealthScope", "Network", "NetworkScope"])
@pytest.mark.parametrize("version", ["v1", "v1alpha1"])
def test_every_spelling_of_a_core_scope_type_is_accepted(kind: str, version: str) -> None:
    today = f"{kind.removesuffix('Scope')}Scope"
    binding = {"HealthScope": HEALTH, "NetworkScope": NETWORK}[today]
    spelled = binding.replace(f"v1alpha1.{today}", f"{version}.{kind}")
    rendered = oam.objects(oam.plan(SERVER, scopes(spelled), member("groups"), name="groups"))
    assert rendered == oam.objects(oam.plan(SERVER, scopes(binding), member("groups"), name="groups"))
    assert rendered


def test_an_instance_may_be_in_several_scopes_of_different_types() -> None:
    plan = oam.plan(SERVER, scopes(HEALTH, NETWORK), member("groups"))
    assert joined(plan) == ["HealthScope", "NetworkScope"]


def test_a_scope_is_referenced_by_its_name_or_by_its_application() -> None:
    groups = scopes(HEALTH, NETWORK)
    assert joined(oam.plan(SERVER, groups, member("net"))) == ["NetworkScope"]
    assert joined(oam.plan(SERVER, groups, member("net", "well"))) == ["HealthScope", "NetworkScope"]


def test_a_missing_scope_is_refused_with_the_nearest_name() -> None:
    plan = oam.plan(SERVER, scopes(HEALTH), member("wel"))
    assert oam.refused(plan) == [("AC-14", "$.spec.components[0].applicationScopes[0]")]
    assert '"well"' in plan.problems[0].message


def test_a_label_of_a_component_does_not_join_a_scope() -> None:
    labelled = SERVER.replace("metadata: {name: web}", "metadata: {name: web, labels: {well: well, groups: groups}}")
    assert joined(oam.plan(labelled, scopes(HEALTH), member())) == []
    assert members(oam.plan(labelled, scopes(HEALTH), member(), name="groups")) == []


def test_two_health_scopes_on_one_instance_are_allowed() -> None:
    two = (scopes(HEALTH), scopes(HEALTH.replace("well", "fine"), name="more"))
    assert joined(oam.plan(SERVER, *two, member("groups", "more"))) == ["HealthScope", "HealthScope"]


def test_two_network_scopes_on_one_instance_are_refused() -> None:
    two = (scopes(NETWORK), scopes(NETWORK.replace("name: net", "name: other"), name="more"))
    plan = oam.plan(SERVER, *two, member("groups", "more"))
    assert oam.refused(plan) == [("SC-8", "$.spec.components[0].applicationScopes[1]")]


def test_a_definition_of_the_cluster_can_forbid_overlap() -> None:
    spec = "{type: core.oam.dev/v1alpha1.HealthScope, allowComponentOverlap: false}"
    two = (scopes(HEALTH), scopes(HEALTH.replace("well", "fine"), name="more"))
    plan = oam.plan(SERVER, *two, member("groups", "more"), oam.definition("ApplicationScope", "health", spec))
    assert {rule for rule, _ in oam.refused(plan)} == {"SC-8"}


@pytest.mark.parametrize(
    ("workload", "roots"),
    [(kind, ["HealthScope", "NetworkScope"]) for kind in ("Server", "Worker", "Task", "SingletonWorker")],
)
def test_a_core_workload_without_scopes_is_in_the_root_scopes(workload: str, roots: list[str]) -> None:
    text = oam.component(workload, oam.WEB if workload == "Server" else oam.MAIN)
    groups = scopes(HEALTH, NETWORK, name="root")
    assert joined(oam.plan(text, groups, member(), root="root")) == roots
    assert members(oam.plan(text, groups, member(), name="root", root="root")) == ["front"]


def test_an_explicit_scope_replaces_the_root_scope_of_its_type() -> None:
    groups, own = scopes(HEALTH, NETWORK, name="root"), scopes(NETWORK)
    plan = oam.plan(SERVER, groups, own, member("groups"), root="root")
    assert [(scope.application, scope.type.rpartition(".")[2]) for scope in plan.instances[0].scopes] == [
        ("groups", "NetworkScope"),
        ("root", "HealthScope"),
    ]


def test_the_root_application_is_valid_and_has_a_scope_of_each_core_type() -> None:
    text = json.dumps(root_scopes.document("default"))
    plan = oam.plan(SERVER, text, member(), name=root_scopes.NAME, root=root_scopes.NAME)
    assert (plan.problems, plan.warnings) == ((), ())
    assert sorted(scope.bound_type.offer.name for scope in plan.scopes) == sorted(
        offer.name for offer in oam.catalog().offers() if isinstance(offer.type, Scope)
    )
    assert joined(oam.plan(SERVER, text, member(), root=root_scopes.NAME)) == ["HealthScope", "NetworkScope"]
    assert not kubernetes_schemas.refusals(root_scopes.document("default"), kubernetes_schemas.VERSIONS[0])


def test_the_root_network_restricts_no_traffic() -> None:
    text = json.dumps(root_scopes.document("default"))
    plan = oam.plan(SERVER, text, member(), name=root_scopes.NAME, root=root_scopes.NAME)
    assert [policy["egress"] for policy in policies(plan) if "egress" in policy] == [[{}]]
    # a rule without `from` lets every address reach the ports
    open_rules = [rule for policy in policies(plan) for rule in policy["ingress"] if "from" not in rule]
    assert open_rules == [{"ports": [{"protocol": "TCP", "port": 80}]}]


def test_an_extended_workload_is_not_in_root_scopes() -> None:
    admitted = oam.definition("WorkloadType", "robots", "{group: acme.example, version: v1, names: {kind: Robot}}")
    robot = oam.component("acme.example/v1.Robot", "workloadSettings: [{name: spec, value: {arms: 2}}]")
    plan = oam.plan(robot, admitted, scopes(HEALTH, NETWORK, name="root"), member(), root="root")
    assert joined(plan) == []


def test_members_of_any_application_join_and_leave_a_scope() -> None:
    others = member("groups"), member("well", name="stall", instance="back")
    assert members(oam.plan(SERVER, scopes(HEALTH), *others, name="groups")) == ["front", "back"]
    assert members(oam.plan(SERVER, scopes(HEALTH), others[0], member(name="stall"), name="groups")) == ["front"]


def test_an_application_may_have_scopes_and_components() -> None:
    both = scopes(HEALTH) + "  components: [{componentName: web, instanceName: front}]\n"
    assert {"HealthScope/groups", "Deployment/front"} <= set(oam.objects(oam.plan(SERVER, both, name="groups")))


@pytest.mark.parametrize(
    ("scope", "missing"),
    [(NETWORK, "network-id"), (NETWORK, "subnet-id"), (HEALTH, "probe-method"), (HEALTH, "probe-endpoint")],
)
def test_a_scope_without_a_required_property_is_refused(scope: str, missing: str) -> None:
    plan = oam.plan(scopes(scope.replace(f"{missing}:", f"{missing}-of-old:")), name="groups")
    assert ("AC-12", "$.spec.scopes[0].properties") in oam.refused(plan)
    assert any(f'"{missing}"' in problem.message for problem in plan.problems)


@pytest.mark.parametrize("gateway", ["public", "nat", "", "none"])
def test_the_gateway_of_a_network_scope_controls_egress(gateway: str) -> None:
    binding = NETWORK.replace("subnet-id: one", f'subnet-id: one, internet-gateway-type: "{gateway}"')
    specs = policies(oam.plan(SERVER, scopes(binding), member("groups"), name="groups"))
    egress_rules = [
        rule for policy in specs for rule in policy.get("egress", ()) if not rule.get("to") and not rule.get("ports")
    ]
    assert bool(egress_rules) == (gateway in ("public", "nat"))


def test_an_unknown_gateway_is_refused() -> None:
    binding = NETWORK.replace("subnet-id: one", "subnet-id: one, internet-gateway-type: vpn")
    assert oam.refused(oam.plan(scopes(binding), name="groups")) == [
        ("AC-12", "$.spec.scopes[0].properties.internet-gateway-type")
    ]


def test_every_property_of_a_health_scope_reaches_its_object() -> None:
    properties = """
      probe-method: httpGet
      probe-endpoint: /healthz
      probe-timeout: 5
      probe-interval: 10
      failure-rate-threshold: 20
      healthy-rate-threshold: 80
      health-threshold-percentage: 50
      required-healthy-components: [web]"""
    binding = HEALTH.replace(" {probe-method: kube-get, probe-endpoint: .status}", properties)
    plan = oam.plan(SERVER, scopes(binding), member("groups"), name="groups")
    assert oam.objects(plan)["HealthScope/groups"]["spec"] == {
        "probeMethod": "httpGet",
        "probeEndpoint": "/healthz",
        "probeTimeout": 5,
        "probeInterval": 10,
        "failureRateThreshold": 20,
        "healthyRateThreshold": 80,
        "healthThresholdPercentage": 50,
        "requiredHealthyComponents": ["web"],
    }
    (probe,) = plan.scopes[0].probes
    assert (probe.method, probe.path, probe.port, probe.timeout, probe.interval) == ("httpGet", "/healthz", 80, 5, 10)


@pytest.mark.parametrize(
    "properties",
    [
        "{probe-method: kube-get, probe-endpoint: .status, probe-timeout: 7}",
        "{probeMethod: kube-get, probeEndpoint: .status, probeTimeout: 7}",
        "[{name: probe-method, value: kube-get}, {name: probe-endpoint, value: .status},"
        " {name: probe-timeout, value: 7}]",
    ],
)
def test_every_shape_of_scope_properties_gives_the_same_object(properties: str) -> None:
    binding = HEALTH.replace("{probe-method: kube-get, probe-endpoint: .status}", properties)
    spec = oam.objects(oam.plan(scopes(binding), name="groups"))["HealthScope/groups"]["spec"]
    assert spec.items() >= {"probeMethod": "kube-get", "probeEndpoint": ".status", "probeTimeout": 7}.items()


def test_a_health_scope_does_not_change_its_members() -> None:
    with_scope = oam.objects(oam.plan(SERVER, scopes(HEALTH), member("groups")))
    assert with_scope == oam.objects(oam.plan(SERVER, scopes(HEALTH), member()))


def test_the_owner_of_scope_objects_is_their_application() -> None:
    plan = oam.plan(SERVER, scopes(HEALTH, NETWORK), member("groups"), name="groups")
    assert {planned.owner for planned in plan.manifests} == {"application"}


@pytest.mark.parametrize("name", ["acme.example/v1.Quota", f"{CORE_GROUP}/v1alpha1.QuotaScope"])
def test_an_unknown_scope_type_is_refused_with_the_installed_types(name: str) -> None:
    assert TypeName.parse(name) is not None
    plan = oam.plan(scopes(HEALTH.replace("core.oam.dev/v1alpha1.HealthScope", name)), name="groups")
    assert oam.refused(plan) == [("SC-9", "$.spec.scopes[0].type")]
    assert "NetworkScope" in plan.problems[0].message


@pytest.mark.parametrize("name", ["HealthScope", "healthscopes.core.oam.dev", "core.oam.dev/v1alpha1/HealthScope"])
def test_a_scope_type_is_named_by_group_version_and_kind(name: str) -> None:
    plan = oam.plan(scopes(HEALTH.replace("core.oam.dev/v1alpha1.HealthScope", name)), name="groups")
    assert oam.refused(plan) == [("MD-11", "$.spec.scopes[0].type")]
