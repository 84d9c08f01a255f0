"""NetworkScope: who reaches whom, by the policies that it makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Manifest, Member, Rendered, ScopeContext
from rudr_py.api.component import Component, Port
from rudr_py.builtin.scopes.network_scope import NetworkScope

GIVEN = {"network-id": "vpc-1", "subnet-id": "a, b"}
WEB = Port(name="http", container_port=80)
LABEL = "oam.dev/instance-name"
APPLICATION = "app.kubernetes.io/name"

MakeComponent = Callable[..., Component]
MakeContext = Callable[..., ScopeContext[Any]]
Make = Callable[..., Rendered]


def _member(instance: str, application: str = "store", **fields: Any) -> Member:
    found: dict[str, Any] = {"pod_labels": {APPLICATION: application, LABEL: instance}, "ports": (WEB,), **fields}
    return Member(application=application, instance=instance, component="shop-v1", workload="x/v1.Y", **found)


def _selector(applications: list[str], instances: list[str]) -> dict[str, Any]:
    return {
        "matchExpressions": [
            {"key": APPLICATION, "operator": "In", "values": applications},
            {"key": LABEL, "operator": "In", "values": instances},
        ]
    }


@pytest.fixture(name="network")
def _network(component: MakeComponent, context: MakeContext) -> Make:
    def make(given: dict[str, Any], *members: Member) -> Rendered:
        nothing = component({"name": "none", "image": "none"})
        ctx = context(
            NetworkScope(), nothing, {**GIVEN, **given}, application="nets", instance="inner", members=members
        )
        return NetworkScope().render(ctx)

    return make


def _spec(manifest: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = manifest.body["spec"]
    return found


def test_members_reach_each_other_and_dns_only(network: Make) -> None:
    (policy,) = network({}, _member("web"), _member("db")).add
    members = _selector(["store"], ["db", "web"])
    dns = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    assert _spec(policy) == {
        "podSelector": members,
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": members}]}],
        "egress": [{"to": [{"podSelector": members}]}, {"ports": dns}],
    }


@pytest.mark.parametrize("gateway", ["", "none"])
def test_without_a_gateway_members_cannot_reach_other_addresses(gateway: str, network: Make) -> None:
    assert network({"internet-gateway-type": gateway}, _member("web")) == network({}, _member("web"))


@pytest.mark.parametrize("gateway", ["nat", "public"])
def test_with_a_gateway_members_reach_everything(gateway: str, network: Make) -> None:
    assert _spec(network({"internet-gateway-type": gateway}, _member("web")).add[0])["egress"] == [{}]


def test_with_a_public_gateway_everything_reaches_the_ports_of_members(network: Make) -> None:
    _, policy = network({"internet-gateway-type": "public"}, _member("web"), _member("worker", ports=())).add
    assert _spec(policy) == {
        "podSelector": {"matchLabels": {APPLICATION: "store", LABEL: "web"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": 80}]}],
    }


@pytest.mark.parametrize("gateway", ["", "nat"])
def test_ingress_controllers_reach_members_with_an_ingress_trait(gateway: str, network: Make) -> None:
    given = {"internet-gateway-type": gateway, "ingress-namespaces": ["traefik", "edge"]}
    _, policy = network(given, _member("web", exposed=True), _member("db")).add
    among = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["edge", "traefik"]}
    assert _spec(policy)["podSelector"] == {"matchLabels": {APPLICATION: "store", LABEL: "web"}}
    assert _spec(policy)["ingress"] == [
        {
            "ports": [{"protocol": "TCP", "port": 80}],
            "from": [{"namespaceSelector": {"matchExpressions": [among]}}],
        }
    ]


def test_an_empty_list_of_ingress_namespaces_allows_no_traffic(network: Make) -> None:
    assert len(network({"ingress-namespaces": ""}, _member("web", exposed=True)).add) == 1


def test_an_allowed_namespace_reaches_the_ports_of_every_member(network: Make) -> None:
    assert len(network({"allowed-namespaces": "monitoring"}, _member("web"), _member("db")).add) == 3


def test_a_member_without_known_pods_causes_a_warning_and_is_not_in_the_network(network: Make) -> None:
    others = (
        _member("fn", pod_labels={}),
        _member("half", pod_labels={LABEL: "half"}),
        _member("odd", pod_labels={APPLICATION: "store", LABEL: "other"}),
        _member("stolen", pod_labels={APPLICATION: "other", LABEL: "stolen"}),
    )
    rendered = network({}, _member("web"), *others)
    (policy,) = rendered.add
    assert _spec(policy)["podSelector"] == _selector(["store"], ["web"])
    assert [warning.split()[0] for warning in rendered.warnings] == ["fn", "half", "odd", "stolen"]


def test_members_of_several_applications_are_in_one_policy(network: Make) -> None:
    (policy,) = network({}, _member("db", "a"), _member("web", "a"), _member("web", "b")).add
    assert _spec(policy)["podSelector"] == _selector(["a", "b"], ["db", "web"])


def test_an_instance_that_is_not_a_member_is_not_selected_by_the_name_of_a_member(network: Make) -> None:
    first = _member("web", "a", application_instances=("web", "db"))
    policies = network({}, first, _member("db", "b", application_instances=("db",))).add
    selectors = [_selector(["a"], ["web"]), _selector(["b"], ["db"])]
    assert [_spec(policy)["podSelector"] for policy in policies] == selectors
    for policy in policies:
        assert [peer["podSelector"] for peer in _spec(policy)["ingress"][0]["from"]] == selectors


def test_members_of_the_same_name_have_policies_of_their_own(network: Make) -> None:
    policies = network({"internet-gateway-type": "public"}, _member("web", "a"), _member("web", "b")).add
    assert len({policy.name for policy in policies}) == len(policies) == 3
    selected = [_spec(policy)["podSelector"]["matchLabels"][APPLICATION] for policy in policies[1:]]
    assert selected == ["a", "b"]


def test_a_network_without_members_has_no_policy(network: Make) -> None:
    assert network({}).add == ()


def test_the_ids_of_the_network_are_annotations(network: Make) -> None:
    (policy,) = network({}, _member("web")).add
    assert policy.annotations == {"rudr.oam.dev/network-id": "vpc-1", "rudr.oam.dev/subnet-id": "a,b"}


def test_policies_of_a_namespace_have_unique_names(component: MakeComponent, context: MakeContext) -> None:
    nothing = component({"name": "none", "image": "none"})
    names = [
        manifest.name
        for application, instance in [("a", "b-c"), ("a-b", "c"), ("a", "b"), ("a-b-c", "network")]
        for manifest in NetworkScope()
        .render(
            context(
                NetworkScope(),
                nothing,
                {**GIVEN, "internet-gateway-type": "public"},
                application=application,
                instance=instance,
                members=(_member("c"), _member("network"), _member("c-network"), _member("ports")),
            )
        )
        .add
    ]
    assert len(names) == 20
    assert len(set(names)) == 20
