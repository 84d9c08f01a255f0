"""The schemas of the definitions (Trait, WorkloadType, ApplicationScope), ComponentInstance and HealthScope.

Rudr never read the definitions, so nothing in them was ever refused: no field is required here.
"""

from __future__ import annotations

from rudr_py.model.crd_schemas import nodes
from rudr_py.model.crd_schemas.component import parameter, setting
from rudr_py.model.crd_schemas.nodes import PRESERVE, Schema


def trait_spec() -> Schema:
    """`spec` of a Trait."""
    fields = {
        "appliesTo": nodes.texts("The workload types it can be attached to, or * for all."),
        "properties": nodes.anything("JSON Schema of its properties: text, or the schema itself."),
    }
    return nodes.record("What a trait is.", fields)


def workload_type_spec() -> Schema:
    """`spec` of a WorkloadType."""
    names = {
        "kind": nodes.text("The kind: a capital, then letters and digits."),
        "singular": nodes.text("Its name for one."),
        "plural": nodes.text("Its name for many."),
    }
    fields = {
        "group": nodes.text("The API group of the kind."),
        "version": nodes.text("The API version of the kind."),
        "names": nodes.record("The names of the kind.", names),
        "settings": nodes.array("The workloadSettings that a component of the type may use.", setting()),
        "workloadSettings": nodes.array("Deprecated spelling of settings.", setting()),
    }
    return nodes.record("What a workload type is.", fields)


def scope_spec() -> Schema:
    """`spec` of an ApplicationScope."""
    fields = {
        "type": nodes.text("The type as GROUP/VERSION.Kind."),
        "allowComponentOverlap": nodes.anything(
            "Whether a component may be in two scopes of this type: true or false. False when absent."
        ),
        "parameters": nodes.array("The properties of such a scope.", parameter()),
    }
    return nodes.record("What a type of scope is.", fields)


def component_instance_spec() -> Schema:
    """`spec` of a ComponentInstance."""
    fields = {"traits": nodes.array("Always empty; kept for readers of Rudr's objects.", nodes.anything("One trait."))}
    return nodes.record("One instance of a component, which owns its objects.", fields)


def component_instance_status() -> Schema:
    """`status` of a ComponentInstance: a bare string, as Rudr wrote it."""
    return nodes.text("healthy or unhealthy.")


def health_scope_spec() -> Schema:
    """`spec` of a HealthScope."""
    fields = {
        "probeMethod": nodes.text("How members are asked: kube-get, httpGet, tcp."),
        "probeEndpoint": nodes.text("What is asked: .status for kube-get, a path for httpGet, a port for tcp."),
        "probeTimeout": nodes.integer("Seconds to wait for an answer; 30 when absent."),
        "probeInterval": nodes.integer("Seconds between two rounds; 30 when absent."),
        "failureRateThreshold": nodes.number("Per cent of failed probes above which a member is unhealthy."),
        "healthyRateThreshold": nodes.number("Per cent of good probes from which a member is healthy."),
        "healthThresholdPercentage": nodes.number("Per cent of healthy members from which the scope is healthy."),
        "requiredHealthyComponents": nodes.texts("Members without which the scope is not healthy."),
    }
    needed = ("probeMethod", "probeEndpoint")
    return nodes.record("A group of instances whose health is told together.", fields, required=needed)


def health_scope_status() -> Schema:
    """`status` of a HealthScope."""
    member = {
        "name": nodes.text("The component."),
        "instanceName": nodes.text("The instanceName in its application."),
        "status": nodes.text("healthy or unhealthy."),
    }
    fields = {
        "components": nodes.array(
            "The members and how they are.", {**nodes.record("One member.", member), PRESERVE: True}
        ),
        "health": nodes.text("healthy or unhealthy: the members together."),
        "lastAggregateTimestamp": nodes.text("When any of this last changed, in RFC 3339."),
    }
    return {**nodes.record("How the members are.", fields), PRESERVE: True}
