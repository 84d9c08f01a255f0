"""NetworkScope: members reach each other, and little else, by NetworkPolicies (OAM v1alpha1 §4).

Policies select pods by the labels of their application and their instance together: another application may have an
instance of the same name. A member whose pods do not have both labels is reported in a warning. Whether policies are
enforced depends on the network plugin of the cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from rudr_py.api import Health, Manifest, Member, Rendered, Scope, ScopeContext, naming
from rudr_py.builtin import kinds, labels
from rudr_py.builtin.scopes import spelling

NETWORK_ANNOTATION: Final = "rudr.oam.dev/network-id"
SUBNET_ANNOTATION: Final = "rudr.oam.dev/subnet-id"

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that Kubernetes puts on every namespace, with its name."""

_EVERYWHERE: Mapping[str, Any] = {}
"""A rule of a NetworkPolicy that allows everything."""

_DNS: Mapping[str, Any] = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}

Names = str | tuple[str, ...]
"""A list, or a text with commas."""


class NetworkScopeProperties(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The network, and the traffic that may enter and leave it."""

    network_id: Annotated[
        str,
        msgspec.Meta(
            description="The id of the network, required by OAM. Kubernetes has one network; the id becomes an "
            "annotation.",
            examples=["shop"],
        ),
    ]
    subnet_id: Annotated[
        Names,
        msgspec.Meta(
            description="The id of the subnet, required by OAM, or several ids; recorded in an annotation.",
            examples=["shop"],
        ),
    ]
    internet_gateway_type: Annotated[
        Literal["public", "nat", "none", ""],
        msgspec.Meta(
            description="public: members reach everything, and everything reaches their ports; nat: members reach "
            "everything; none or empty: members reach each other and DNS."
        ),
    ] = ""
    ingress_namespaces: Annotated[
        Names,
        msgspec.Meta(
            description="Namespaces of ingress and gateway controllers, which reach the ports of members with a trait "
            "such as ingress or http-route."
        ),
    ] = ("ingress-nginx",)
    allowed_namespaces: Annotated[
        Names,
        msgspec.Meta(
            description="Namespaces that reach the ports of every member, such as that of monitoring, or of rudr-py "
            "if a health scope probes members."
        ),
    ] = ()
    members: spelling.Members = "namespace"


class NetworkScope(Scope[NetworkScopeProperties]):
    """Lets the members of a group reach each other, and restricts other traffic as configured."""

    name = "core.oam.dev/v1alpha1.NetworkScope"
    aliases = ("core.oam.dev/v1alpha1.Network", "core.oam.dev/v1.NetworkScope", "core.oam.dev/v1.Network")
    properties = NetworkScopeProperties
    renamed_properties: ClassVar[Mapping[str, str]] = {
        **spelling.of(NetworkScopeProperties),
        "subnet-ids": "subnet-id",
        "subnetIds": "subnet-id",
    }
    produces = (kinds.NETWORK_POLICY,)
    allow_overlap = False

    def render(self, ctx: ScopeContext[NetworkScopeProperties]) -> Rendered:
        """One policy for all members, or a few, and one for each member that is reachable from outside of the scope."""
        claimed = _claimed(ctx)
        names = Counter(member.instance for member in claimed)
        single = [
            policy for member in claimed for policy in _from_outside(ctx, member, is_unique=names[member.instance] == 1)
        ]
        return Rendered(
            add=(*_shared(ctx, claimed), *single),
            warnings=tuple(
                f"{member.instance} of {member.application} is not in the network: its pods, if any, are not"
                f" selected by the labels {labels.APPLICATION} and {labels.INSTANCE}"
                for member in ctx.members
                if member not in claimed
            ),
        )

    def health(self, ctx: ScopeContext[NetworkScopeProperties]) -> Health:
        """The default health, and the number of members in the network."""
        health = super().health(ctx)
        show = {**health.show, "members": f"{len(_claimed(ctx))}/{len(ctx.members)}"}
        return Health(health.state, health.reason, health.message, show)


def _claimed(ctx: ScopeContext[NetworkScopeProperties]) -> list[Member]:
    return [member for member in ctx.members if _labels(member).items() <= member.pod_labels.items()]


def _labels(member: Member) -> dict[str, str]:
    """The labels of the pods of one member, and of no other instance of the namespace."""
    return {labels.APPLICATION: member.application, labels.INSTANCE: member.instance}


def _shared(ctx: ScopeContext[NetworkScopeProperties], members: list[Member]) -> Iterator[Manifest]:
    """Members reach each other and DNS; with an internet gateway they reach everything."""
    selectors = [_selector(group) for group in _groups(members)]
    each_other = [{"podSelector": selector} for selector in selectors]
    open_to_all = ctx.properties.internet_gateway_type in ("public", "nat")
    for number, selector in enumerate(selectors):
        spec = {
            "podSelector": selector,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": each_other}],
            "egress": [dict(_EVERYWHERE)] if open_to_all else [{"to": each_other}, dict(_DNS)],
        }
        further = (str(number),) if number else ()
        yield _policy(ctx, naming.distinct(ctx.application, ctx.instance, "network", *further), spec)


def _groups(members: list[Member]) -> list[list[Member]]:
    """The members in groups, each of which one selector selects; one group unless names of instances coincide.

    A selector selects every pair of its applications and instances. So a group has no application with an instance
    that is not a member and that has the name of a member of another application.
    """
    by_application: dict[str, list[Member]] = {}
    for member in members:
        by_application.setdefault(member.application, []).append(member)
    groups: list[tuple[list[Member], set[str], set[str]]] = []
    for own in by_application.values():
        inside = {member.instance for member in own}
        outside = {name for member in own for name in member.application_instances} - inside
        fitting = (group for group in groups if group[1].isdisjoint(outside) and group[2].isdisjoint(inside))
        group = next(fitting, None)
        if group is None:
            group = ([], set(), set())
            groups.append(group)
        group[0].extend(own)
        group[1].update(inside)
        group[2].update(outside)
    return [group for group, _, _ in groups]


def _selector(members: list[Member]) -> dict[str, Any]:
    keys = (labels.APPLICATION, labels.INSTANCE)
    values = ({member.application for member in members}, {member.instance for member in members})
    return {
        "matchExpressions": [
            {"key": key, "operator": "In", "values": sorted(names)} for key, names in zip(keys, values, strict=True)
        ]
    }


def _from_outside(ctx: ScopeContext[NetworkScopeProperties], member: Member, *, is_unique: bool) -> Iterator[Manifest]:
    """The policy for traffic from outside of the scope to the ports of a member, if there is any.

    `is_unique` is whether no other member has the name of its instance.
    """
    properties = ctx.properties
    namespaces = [*_names(properties.allowed_namespaces)]
    if member.exposed:
        namespaces += _names(properties.ingress_namespaces)
    ports = dict.fromkeys((port.protocol, port.container_port) for port in member.ports)
    rule: dict[str, Any] = {"ports": [{"protocol": kind, "port": number} for kind, number in ports]}
    if properties.internet_gateway_type != "public":
        values = sorted(set(namespaces))
        among = {"key": _NAMESPACE_NAME, "operator": "In", "values": values}
        rule["from"] = [{"namespaceSelector": {"matchExpressions": [among]}}] if values else []
    # an empty list of ports or of peers would mean all of them
    if all(rule.values()):
        spec = {
            "podSelector": {"matchLabels": _labels(member)},
            "policyTypes": ["Ingress"],
            "ingress": [rule],
        }
        name = (member.instance,) if is_unique else (member.application, member.instance)
        yield _policy(ctx, naming.distinct(ctx.application, ctx.instance, *name, "ports"), spec)


def _names(names: Names) -> tuple[str, ...]:
    listed = names.split(",") if isinstance(names, str) else names
    return tuple(name.strip() for name in listed if name.strip())


def _policy(ctx: ScopeContext[NetworkScopeProperties], name: str, spec: dict[str, Any]) -> Manifest:
    annotations = {
        NETWORK_ANNOTATION: ctx.properties.network_id,
        SUBNET_ANNOTATION: ",".join(_names(ctx.properties.subnet_id)),
    }
    return Manifest(kind=kinds.NETWORK_POLICY, name=name, body={"spec": spec}, annotations=annotations)
