"""Strategies of Services, Ingresses, NetworkPolicies and EndpointSlices. Cluster IPs and node ports are random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import deprecations, strategy
from rudr_py.local.strategies.strategy import Strategy, StrategyContext
from rudr_py.local.strategies.struct_rules import HIGHEST_PORT, is_address

HEADLESS = "None"
_PORTS = range(30000, 32768)
_PORT_RANGE = "provided port is not in the valid range. The range of valid ports is 30000-32767"
_KEPT = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort")


def _create_service(service: Object, context: StrategyContext) -> None:
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return
    if not spec.get("clusterIP"):
        spec["clusterIP"] = _address(context)
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    if spec["clusterIP"] == HEADLESS and not spec.get("selector"):
        spec.setdefault("ipFamilyPolicy", "RequireDualStack")
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if spec["ipFamilyPolicy"] == "RequireDualStack" else ["IPv4"])
    _node_ports(spec, context)


def _address(context: StrategyContext) -> str:
    while True:
        address = f"10.{context.rng.randrange(256)}.{context.rng.randrange(256)}.{context.rng.randrange(1, 255)}"
        if not context.is_allocated("ip", address):
            return address


def _node_ports(spec: Any, context: StrategyContext) -> None:
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        return
    for port in spec.get("ports") or ():
        while not port.get("nodePort"):
            number = context.rng.choice(_PORTS)
            if not context.is_allocated("port", str(number)):
                port["nodePort"] = number
    if spec["type"] == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local":
        spec.setdefault("healthCheckNodePort", context.rng.choice(_PORTS))


def _update_service(new: Object, old: Object, context: StrategyContext) -> None:
    """Keep the allocated addresses and ports that an update omits."""
    was, now = old["spec"], new["spec"]
    if now.get("type") == "ExternalName":
        for key in _KEPT:
            now.pop(key, None)
        return
    if not now.get("clusterIP") and was.get("type") != "ExternalName":
        for key in _KEPT:
            if key in was:
                now[key] = was[key]
    node_ports = {(port.get("port"), port.get("protocol")): port.get("nodePort") for port in was.get("ports") or ()}
    for port in now.get("ports") or ():
        number = node_ports.get((port.get("port"), port.get("protocol")))
        if number and now.get("type") in ("NodePort", "LoadBalancer"):
            port.setdefault("nodePort", number)
    _drop_fields_of_former_type(now, was)
    _create_service(new, context)


def _drop_fields_of_former_type(now: Any, was: Any) -> None:
    """Remove unchanged fields that the new type does not have: the user changed the type only."""
    external = ("NodePort", "LoadBalancer")
    if now.get("type") in external or was.get("type") not in external:
        return
    ports, former = now.get("ports") or (), was.get("ports") or ()
    if [port.get("nodePort") for port in ports] == [port.get("nodePort") for port in former]:
        for port in ports:
            port.pop("nodePort", None)
    for key in ("externalTrafficPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if key in now and now[key] == was.get(key) and not (key == "externalTrafficPolicy" and now.get("externalIPs")):
            del now[key]


def _family_causes(spec: Any) -> Iterator[Cause]:
    """The cluster has IPv4 only; a headless Service without a selector may have both families nevertheless."""
    if spec.get("clusterIP") == HEADLESS and not spec.get("selector"):
        return
    policy = spec.get("ipFamilyPolicy")
    if policy == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        yield causes.invalid("spec.ipFamilyPolicy", policy, detail)
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family == "IPv6":
            yield causes.invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")


def _service_causes(service: Object) -> Iterator[Cause]:
    spec = service["spec"]
    if "resourceVersion" not in service["metadata"]:  # a change of the family is refused as one of the address
        yield from _family_causes(spec)
    ports = spec.get("ports") or ()
    if spec.get("type") == "ExternalName":
        if not spec.get("externalName"):
            yield causes.required("spec.externalName")
        return
    kind, address = spec.get("type", "ClusterIP"), spec.get("clusterIP")
    if not ports and address != HEADLESS:
        yield causes.required("spec.ports")
    if address == HEADLESS and kind in ("NodePort", "LoadBalancer"):
        yield causes.invalid("spec.clusterIPs[0]", address, f"may not be set to 'None' for {kind} services")
    elif address and address != HEADLESS and not is_address(address):
        detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        yield causes.invalid("spec.clusterIPs[0]", address, detail)
    if kind == "ClusterIP" and spec.get("externalTrafficPolicy") and not spec.get("externalIPs"):
        detail = "may only be set for externally-accessible services"
        yield causes.invalid("spec.externalTrafficPolicy", spec["externalTrafficPolicy"], detail)
    yield from _port_causes(ports, kind)


def _port_causes(ports: Any, kind: str) -> Iterator[Cause]:
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        field, node_port = f"spec.ports[{index}]", port.get("nodePort")
        if len(ports) > 1 and not port.get("name"):
            yield causes.required(f"{field}.name")
        if not 1 <= port.get("port", 0) <= HIGHEST_PORT:
            yield causes.invalid(f"{field}.port", port.get("port", 0), "must be between 1 and 65535, inclusive")
        if node_port and kind == "ClusterIP":
            yield causes.forbidden(f"{field}.nodePort", "may not be used when `type` is 'ClusterIP'")
        elif node_port and node_port not in _PORTS:
            yield causes.invalid(f"{field}.nodePort", node_port, _PORT_RANGE)
        key = (port.get("port"), port.get("protocol"))
        if key in seen:
            fields = {"Name": "", "Protocol": key[1], "AppProtocol": None, "Port": key[0]}
            yield causes.duplicate_struct(field, {**fields, "TargetPort": 0, "NodePort": 0})
        seen.add(key)


def _service_change(new: Object, old: Object) -> Iterator[Cause]:
    was, now = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if new["spec"].get("type") == "ExternalName":
        return
    if was and was != now:
        yield causes.invalid("spec.clusterIPs[0]", [now], "may not change once set")
    families = new["spec"].get("ipFamilies") or ["IPv4"]
    if was and now not in ("", HEADLESS) and (":" in now) != (families[0] == "IPv6"):
        detail = f"expected an {families[0]} value as indicated by `ipFamilies[0]`"
        yield causes.invalid("spec.clusterIPs[0]", now, detail)


def _ingress_causes(ingress: Object) -> Iterator[Cause]:
    spec = ingress.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield causes.invalid("spec", spec.get("rules"), "either `defaultBackend` or `rules` must be specified")


def _lists(obj: Object) -> Any:
    return obj.get("endpoints"), obj.get("ports"), obj.get("addressType"), obj["metadata"].get("labels")


STRATEGIES: dict[str, Strategy] = {
    "services": Strategy(
        warnings=deprecations.service,
        prepare_for_create=_create_service,
        prepare_for_update=_update_service,
        validate=_service_causes,
        validate_update=_service_change,
        allow_create_on_update=True,
    ),
    "endpoints": Strategy(allow_create_on_update=True),
    "ingresses.networking.k8s.io": Strategy(
        warnings=deprecations.ingress, validate=_ingress_causes, generation_source=strategy.spec
    ),
    "networkpolicies.networking.k8s.io": Strategy(generation_source=strategy.spec),
    "ingressclasses.networking.k8s.io": Strategy(
        validate_update=lambda new, old: strategy.immutable(new, old, "spec", "controller"),
        generation_source=strategy.spec,
    ),
    "endpointslices.discovery.k8s.io": Strategy(generation_source=_lists),
}
