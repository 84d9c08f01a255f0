"""The schemas of the definitions (Trait, WorkloadType, ApplicationScope), ComponentInstance and HealthScope.

Rudr never read the definitions and rejected none, so no field is required here.
"""

from __future__ import annotations

from rudr_py.model.crd_schemas import nodes
from rudr_py.model.crd_schemas.component import parameter, setting
from rudr_py.model.crd_schemas.nodes import PRESERVE, Schema


def trait_spec() -> Schema:
    """`spec` of a Trait."""
    fields = {
        "appliesTo": nodes.texts("Workload types that the trait can be attached to, or * for all."),
        "properties": nodes.anything("JSON Schema of the properties: as text, or as a map."),
        "parameters": nodes.anything("Deprecated spelling of properties: a list of names and types."),
    }
    return nodes.record("Properties and workload types of the trait.", fields)


def workload_type_spec() -> Schema:
    """`spec` of a WorkloadType."""
    names = {
        "kind": nodes.text("The kind: an upper-case letter, then letters and digits."),
        "singular": nodes.text("Singular name."),
        "plural": nodes.text("Plural name."),
    }
    fields = {
        "group": nodes.text("The API group of the kind."),
        "version": nodes.text("The API version of the kind."),
        "names": nodes.record("The names of the kind.", names),
        "settings": nodes.any_form(
            nodes.array(
                "The workloadSettings that a component of the type may use. A JSON Schema, as text or as a map, is "
                "deprecated.",
                setting(),
            )
        ),
        "workloadSettings": nodes.any_form(nodes.array("Deprecated spelling of settings.", setting())),
    }
    return nodes.record("Names and settings of the workload type.", fields)


def scope_spec() -> Schema:
    """`spec` of an ApplicationScope."""
    fields = {
        "type": nodes.text("The type as GROUP/VERSION.Kind."),
        "allowComponentOverlap": nodes.anything(
            "Whether a component may be in two scopes of this type: true or false. False when absent."
        ),
        "parameters": nodes.array("Properties of a scope of this type.", parameter()),
        "properties": nodes.array("Deprecated spelling of parameters.", parameter()),
    }
    return nodes.record("Name and properties of the scope type.", fields)


def component_instance_spec() -> Schema:
    """`spec` of a ComponentInstance."""
    fields = {
        "traits": nodes.array("Always empty; kept for clients that read Rudr's objects.", nodes.anything("One trait."))
    }
    return nodes.record("One instance of a component, which owns its objects.", fields)


def component_instance_status() -> Schema:
    """`status` of a ComponentInstance: a bare string, as Rudr wrote it."""
    return nodes.text("healthy or unhealthy.")


def health_scope_spec() -> Schema:
    """`spec` of a HealthScope."""
    fields = {
        "probeMethod": nodes.text("How members are probed: kube-get, httpGet or tcp."),
        "probeEndpoint": nodes.text("Target of the probe: .status for kube-get, a path for httpGet, a port for tcp."),
        "probeTimeout": nodes.integer("Seconds to wait for a response; 30 when absent."),
        "probeInterval": nodes.integer("Seconds between two probes; 30 when absent."),
        "failureRateThreshold": nodes.number("Percentage of failed probes above which a member is unhealthy."),
        "healthyRateThreshold": nodes.number("Percentage of successful probes from which a member is healthy."),
        "healthThresholdPercentage": nodes.number("Percentage of healthy members from which the scope is healthy."),
        "requiredHealthyComponents": nodes.texts("Members that must be healthy for the scope to be healthy."),
    }
    required = ("probeMethod", "probeEndpoint")
    return nodes.record("A group of instances with a common health.", fields, required=required)


def health_scope_status() -> Schema:
    """`status` of a HealthScope."""
    member = {
        "name": nodes.text("The component."),
        "instanceName": nodes.text("The instanceName in its application."),
        "status": nodes.text("healthy or unhealthy."),
    }
    fields = {
        "components": nodes.array(
            "The members and their health.", {**nodes.record("One member.", member), PRESERVE: True}
        ),
        "health": nodes.text("Common health of the members: healthy or unhealthy."),
        "lastAggregateTimestamp": nodes.text("Time of the last change of this status, in RFC 3339."),
    }
    return {**nodes.record("Health of the members.", fields), PRESERVE: True}
