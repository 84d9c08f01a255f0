"""Application scopes of the specification (§4), over the applications of a namespace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rudr_py.api import Scope
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.render.scopes import root_scopes
from rudr_py.render.values.plan import Plan
from tests.conformance import oam, published

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
    listed = ", ".join(names)
    spec = f"components: [{{componentName: web, instanceName: {instance}, applicationScopes: [{listed}]}}]"
    return oam.application(spec, name=name)


def joined(found: Plan) -> list[str]:
    """The kinds of the scopes that the one instance of a plan is in."""
    assert found.problems == ()
    return sorted(scope.type.rpartition(".")[2] for scope in found.instances[0].scopes)


def members(found: Plan) -> list[str]:
    assert found.problems == ()
    return [one.instance for one in found.scopes[0].bound_type.context.members]


def policies(found: Plan) -> list[dict[str, Any]]:
    return [body["spec"] for key, body in oam.objects(found).items() if key.startswith("NetworkPolicy/")]


def test_without_a_network_scope_nothing_stands_between_instances() -> None:
    two = "components: [{componentName: web, instanceName: a}, {componentName: web, instanceName: b}]"
    found = oam.objects(oam.plan(SERVER, oam.application(two)))
    assert {"Service/a", "Service/b"} <= set(found)
    assert not [key for key in found if key.startswith("NetworkPolicy/")]


def test_the_core_scope_types_are_there_and_all_of_them_are_of_the_core_group() -> None:
    offered = {offer.name for offer in oam.catalog().offers() if isinstance(offer.type, Scope)}
    assert offered == {"core.oam.dev/v1alpha1.HealthScope", "core.oam.dev/v1alpha1.NetworkScope"}
    found = oam.plan(SERVER, scopes(HEALTH, NETWORK), member("groups"), name="groups")
    assert {"HealthScope/groups"} < set(oam.objects(found))
    assert policies(found)


@pytest.mark.parametrize("kind", ["Health", "HealthScope"])
@pytest.mark.parametrize("version", ["v1", "v1alpha1"])
def test_every_spelling_of_a_core_scope_type_is_taken(kind: str, version: str) -> None:
    binding = HEALTH.replace("v1alpha1.HealthScope", f"{version}.{kind}")
    assert "HealthScope/groups" in oam.objects(oam.plan(scopes(binding), name="groups"))


def test_an_instance_may_be_in_several_scopes_of_different_types() -> None:
    found = oam.plan(SERVER, scopes(HEALTH, NETWORK), member("groups"))
    assert joined(found) == ["HealthScope", "NetworkScope"]


def test_a_scope_may_be_named_by_itself_or_by_the_application_that_creates_it() -> None:
    groups = scopes(HEALTH, NETWORK)
    assert joined(oam.plan(SERVER, groups, member("net"))) == ["NetworkScope"]
    assert joined(oam.plan(SERVER, groups, member("net", "well"))) == ["HealthScope", "NetworkScope"]


def test_a_scope_that_is_not_there_is_refused_with_the_nearest() -> None:
    found = oam.plan(SERVER, scopes(HEALTH), member("wel"))
    assert oam.refused(found) == [("AC-14", "$.spec.components[0].applicationScopes[0]")]
    assert '"well"' in found.problems[0].message


def test_a_label_of_a_component_does_not_join_a_scope() -> None:
    labelled = SERVER.replace("metadata: {name: web}", "metadata: {name: web, labels: {well: well, groups: groups}}")
    assert joined(oam.plan(labelled, scopes(HEALTH), member())) == []
    assert members(oam.plan(labelled, scopes(HEALTH), member(), name="groups")) == []


def test_two_health_scopes_on_one_instance_are_right() -> None:
    two = (scopes(HEALTH), scopes(HEALTH.replace("well", "fine"), name="more"))
    assert joined(oam.plan(SERVER, *two, member("groups", "more"))) == ["HealthScope", "HealthScope"]


def test_two_network_scopes_on_one_instance_stop_its_deployment_whoever_creates_them() -> None:
    two = (scopes(NETWORK), scopes(NETWORK.replace("name: net", "name: other"), name="more"))
    found = oam.plan(SERVER, *two, member("groups", "more"))
    assert oam.refused(found) == [("SC-8", "$.spec.components[0].applicationScopes[1]")]


def test_a_definition_of_the_cluster_can_forbid_overlap() -> None:
    spec = "{type: core.oam.dev/v1alpha1.HealthScope, allowComponentOverlap: false}"
    two = (scopes(HEALTH), scopes(HEALTH.replace("well", "fine"), name="more"))
    found = oam.plan(SERVER, *two, member("groups", "more"), oam.definition("ApplicationScope", "health", spec))
    assert {rule for rule, _ in oam.refused(found)} == {"SC-8"}


@pytest.mark.parametrize(
    ("workload", "roots"),
    [(kind, ["HealthScope", "NetworkScope"]) for kind in ("Server", "Worker", "Task", "SingletonWorker")],
)
def test_a_core_workload_without_scopes_is_in_the_root_scopes(workload: str, roots: list[str]) -> None:
    text = oam.component(workload, oam.WEB if workload == "Server" else oam.MAIN)
    groups = scopes(HEALTH, NETWORK, name="root")
    assert joined(oam.plan(text, groups, member(), root="root")) == roots
    assert members(oam.plan(text, groups, member(), name="root", root="root")) == ["front"]


def test_a_scope_of_ones_own_takes_the_place_of_the_root_scope_of_its_type() -> None:
    groups, own = scopes(HEALTH, NETWORK, name="root"), scopes(NETWORK)
    found = oam.plan(SERVER, groups, own, member("groups"), root="root")
    assert [(scope.application, scope.type.rpartition(".")[2]) for scope in found.instances[0].scopes] == [
        ("groups", "NetworkScope"),
        ("root", "HealthScope"),
    ]


def test_the_root_application_is_right_and_has_a_scope_of_each_core_type() -> None:
    text = json.dumps(root_scopes.document("default"))
    found = oam.plan(SERVER, text, member(), name=root_scopes.NAME, root=root_scopes.NAME)
    assert (found.problems, found.warnings) == ((), ())
    assert sorted(scope.bound_type.name for scope in found.scopes) == sorted(
        offer.name for offer in oam.catalog().offers() if isinstance(offer.type, Scope)
    )
    assert joined(oam.plan(SERVER, text, member(), root=root_scopes.NAME)) == ["HealthScope", "NetworkScope"]
    assert not published.refusals(root_scopes.document("default"), published.VERSIONS[0])


def test_an_extended_workload_is_not_put_into_root_scopes() -> None:
    admitted = oam.definition("WorkloadType", "robots", "{group: acme.example, version: v1, names: {kind: Robot}}")
    robot = oam.component("acme.example/v1.Robot", "workloadSettings: [{name: spec, value: {arms: 2}}]")
    found = oam.plan(robot, admitted, scopes(HEALTH, NETWORK, name="root"), member(), root="root")
    assert joined(found) == []


def test_a_scope_creates_its_members_from_any_application_and_loses_them_again() -> None:
    others = member("groups"), member("well", name="stall", instance="back")
    assert members(oam.plan(SERVER, scopes(HEALTH), *others, name="groups")) == ["front", "back"]
    assert members(oam.plan(SERVER, scopes(HEALTH), others[0], member(name="stall"), name="groups")) == ["front"]


def test_components_beside_scopes_run_as_well() -> None:
    both = scopes(HEALTH) + "  components: [{componentName: web, instanceName: front}]\n"
    assert {"HealthScope/groups", "Deployment/front"} <= set(oam.objects(oam.plan(SERVER, both, name="groups")))


@pytest.mark.parametrize(
    ("scope", "lacking"),
    [(NETWORK, "network-id"), (NETWORK, "subnet-id"), (HEALTH, "probe-method"), (HEALTH, "probe-endpoint")],
)
def test_a_scope_without_a_required_property_is_refused(scope: str, lacking: str) -> None:
    found = oam.plan(scopes(scope.replace(f"{lacking}:", f"{lacking}-of-old:")), name="groups")
    assert ("AC-12", "$.spec.scopes[0].properties") in oam.refused(found)
    assert any(f'"{lacking}"' in problem.message for problem in found.problems)


@pytest.mark.parametrize("gateway", ["public", "nat", "", "none"])
def test_the_gateway_of_a_network_decides_about_the_way_out(gateway: str) -> None:
    binding = NETWORK.replace("subnet-id: one", f'subnet-id: one, internet-gateway-type: "{gateway}"')
    found = policies(oam.plan(SERVER, scopes(binding), member("groups"), name="groups"))
    way_out = [
        rule for policy in found for rule in policy.get("egress", ()) if not rule.get("to") and not rule.get("ports")
    ]
    assert bool(way_out) == (gateway in ("public", "nat"))


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
    found = oam.plan(SERVER, scopes(binding), member("groups"), name="groups")
    assert oam.objects(found)["HealthScope/groups"]["spec"] == {
        "probeMethod": "httpGet",
        "probeEndpoint": "/healthz",
        "probeTimeout": 5,
        "probeInterval": 10,
        "failureRateThreshold": 20,
        "healthyRateThreshold": 80,
        "healthThresholdPercentage": 50,
        "requiredHealthyComponents": ["web"],
    }
    (probe,) = found.scopes[0].probes
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


def test_a_health_scope_only_looks_and_changes_nothing_of_its_members() -> None:
    with_scope = oam.objects(oam.plan(SERVER, scopes(HEALTH), member("groups")))
    assert with_scope == oam.objects(oam.plan(SERVER, scopes(HEALTH), member()))


def test_the_owner_of_scope_objects_is_their_application() -> None:
    found = oam.plan(SERVER, scopes(HEALTH, NETWORK), member("groups"), name="groups")
    assert {planned.owner for planned in found.manifests} == {"application"}


@pytest.mark.parametrize("name", ["acme.example/v1.Quota", f"{CORE_GROUP}/v1alpha1.QuotaScope"])
def test_a_scope_type_that_nobody_offers_is_refused_with_those_that_there_are(name: str) -> None:
    assert TypeName.parse(name) is not None
    found = oam.plan(scopes(HEALTH.replace("core.oam.dev/v1alpha1.HealthScope", name)), name="groups")
    assert oam.refused(found) == [("SC-9", "$.spec.scopes[0].type")]
    assert "NetworkScope" in found.problems[0].message
