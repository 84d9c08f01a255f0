"""Rules of Services, Ingresses, NetworkPolicies and EndpointSlices. Cluster IPs and node ports are random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.kind_rules import rule
from rudr_py.local.kind_rules.rule import KindRule, RuleContext
from rudr_py.local.storage.store import Object

HEADLESS = "None"
_PORTS = range(30000, 32768)
_KEPT = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort")


def _create_service(service: Object, context: RuleContext) -> None:
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return
    if not spec.get("clusterIP"):
        spec["clusterIP"] = _address(context)
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    _node_ports(spec, context)


def _address(context: RuleContext) -> str:
    while True:
        address = (
            f"10.{context.chance.randrange(256)}.{context.chance.randrange(256)}.{context.chance.randrange(1, 255)}"
        )
        if not context.in_use("ip", address):
            return address


def _node_ports(spec: Any, context: RuleContext) -> None:
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        return
    for port in spec.get("ports") or ():
        while not port.get("nodePort"):
            number = context.chance.choice(_PORTS)
            if not context.in_use("port", str(number)):
                port["nodePort"] = number


def _update_service(new: Object, old: Object, context: RuleContext) -> None:
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
    _create_service(new, context)


def _service_causes(service: Object) -> Iterator[Cause]:
    spec = service["spec"]
    ports = spec.get("ports") or ()
    if spec.get("type") == "ExternalName":
        if not spec.get("externalName"):
            yield rule.required("spec.externalName")
        return
    if not ports and spec.get("clusterIP") != HEADLESS:
        yield rule.required("spec.ports")
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        if len(ports) > 1 and not port.get("name"):
            yield rule.required(f"{field}.name")
        if not 1 <= port.get("port", 0) <= 65535:
            yield rule.invalid(f"{field}.port", port.get("port", 0), "must be between 1 and 65535, inclusive")
        key = (port.get("port"), port.get("protocol"))
        if key in seen:
            yield Cause(reason="FieldValueDuplicate", message=f"Duplicate value: {port}", field=field)
        seen.add(key)


def _service_change(new: Object, old: Object) -> Iterator[Cause]:
    was, now = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if was and was != now and new["spec"].get("type") != "ExternalName":
        yield rule.invalid("spec.clusterIPs[0]", [now], "may not change once set")


def _ingress_causes(ingress: Object) -> Iterator[Cause]:
    spec = ingress.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield rule.invalid("spec", spec.get("rules") or [], "either `defaultBackend` or `rules` must be specified")


def _lists(obj: Object) -> Any:
    return obj.get("endpoints"), obj.get("ports"), obj.get("addressType"), obj["metadata"].get("labels")


RULES: dict[str, KindRule] = {
    "services": KindRule(
        create=_create_service, update=_update_service, check=_service_causes, check_change=_service_change, upsert=True
    ),
    "endpoints": KindRule(upsert=True),
    "ingresses.networking.k8s.io": KindRule(check=_ingress_causes, watched=rule.spec),
    "networkpolicies.networking.k8s.io": KindRule(watched=rule.spec),
    "ingressclasses.networking.k8s.io": KindRule(watched=rule.spec),
    "endpointslices.discovery.k8s.io": KindRule(watched=_lists),
}
