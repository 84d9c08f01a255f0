"""The schema of ApplicationConfiguration, in the words that `kubectl explain` shows (OAM v1alpha1 §6).

Says what `parse_application` reads and what the controller writes as status.
"""

from __future__ import annotations

from rudr_py.model.crd_schemas import nodes
from rudr_py.model.crd_schemas.nodes import PRESERVE, Schema


def application_spec() -> Schema:
    """`spec` of an ApplicationConfiguration."""
    variable = {
        "name": nodes.text("Unique name, used as [fromVariable(NAME)]."),
        "value": nodes.anything("Text, a number, true or false."),
    }
    fields = {
        "variables": nodes.array(
            "Values to be used in many places: write [fromVariable(NAME)] in a parameter value or in a property of "
            "a trait or scope.",
            nodes.record("One variable.", variable, required=("name", "value")),
        ),
        "scopes": nodes.array("Scopes that this application creates.", _scope()),
        "components": nodes.array("The components that make up the application.", _component()),
    }
    return nodes.record("What an operator says about an application.", fields)


def application_status() -> Schema:
    """`status` of an ApplicationConfiguration."""
    instance = nodes.record(
        "One instance.",
        {
            "name": nodes.text("Its instanceName."),
            "component": nodes.text("The ComponentSchematic it was made from."),
            "workload": nodes.text("Its workload type."),
            "state": nodes.text("ready, progressing, failed or unknown."),
            "reason": nodes.text("Why, in one word."),
            "message": nodes.text("Why, in a sentence."),
            "traits": nodes.array("Its traits, each with state and reason.", _free("One trait.")),
        },
    )
    fields = {
        "phase": nodes.text("Add or Modify until everything of this generation is applied, then synced."),
        "components": nodes.mapping(
            "A word on each object, by component and then by kind/name, as Rudr had it.",
            nodes.mapping("A word on each object of the component.", {"type": "string"}),
        ),
        "observedGeneration": nodes.integer("The generation that this status speaks of."),
        "conditions": conditions("Valid, Synced and Ready, and Paused while it is."),
        "instances": nodes.array("The instances and how they are.", {**instance, PRESERVE: True}),
        "warnings": nodes.texts("What deserves attention in the documents but hinders nothing."),
        "packages": nodes.array(
            "The packages beside rudr-py itself that the types in use come from.",
            nodes.record(
                "One package.",
                {
                    "name": nodes.text("Its name."),
                    "version": nodes.text("Its version."),
                    "types": nodes.texts("The types in use that it offers, or did when it was there."),
                },
            ),
        ),
        "resources": nodes.array(
            "The objects of this application, for the controller's own use.",
            _free(
                "One object.",
                {name: nodes.text(f"Its {name}.") for name in ("apiVersion", "kind", "name", "uid", "digest")},
            ),
        ),
    }
    return {**nodes.record("How the application is, written by the controller.", fields), PRESERVE: True}


def conditions(description: str) -> Schema:
    """Conditions of KEP-1623, one of each type."""
    fields = {
        "type": nodes.text("What the condition is about."),
        "status": nodes.text("True, False or Unknown.", choices=("True", "False", "Unknown")),
        "observedGeneration": nodes.integer("The generation that it speaks of.", least=0),
        "lastTransitionTime": nodes.moment("When the status last changed."),
        "reason": nodes.text("Why, in one CamelCase word."),
        "message": nodes.text("Why, in full."),
    }
    needed = ("type", "status", "lastTransitionTime", "reason", "message")
    node = nodes.array(description, nodes.record("One condition.", fields, required=needed))
    return {**node, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


def _free(description: str, fields: dict[str, Schema] | None = None) -> Schema:
    return {**nodes.record(description, fields or {}), PRESERVE: True}


def _component() -> Schema:
    fields = {
        "componentName": nodes.text("The ComponentSchematic in this namespace."),
        "instanceName": nodes.text(
            "Unique name of the instance; the workload object is called so. Lower-case letters, digits, - and ., "
            "at most 63."
        ),
        "parameterValues": nodes.anything("Values of the component's parameters: a list of name and value."),
        "traits": nodes.array("Operational behaviour, applied in the listed order.", _trait()),
        "applicationScopes": nodes.texts("The scopes it belongs to, or the applications that create them."),
    }
    return nodes.record("One use of a component.", fields, required=("componentName", "instanceName"))


def _trait() -> Schema:
    fields = {
        "name": nodes.text("Name of the trait, for instance manual-scaler."),
        "properties": nodes.anything("Properties of the trait; `rudr explain trait NAME` tells which."),
        "parameterValues": nodes.anything("Deprecated spelling of properties."),
    }
    return nodes.record("One trait.", fields, required=("name",))


def _scope() -> Schema:
    fields = {
        "name": nodes.text("Unique name of the scope."),
        "type": nodes.text("Its type as GROUP/VERSION.Kind, for instance core.oam.dev/v1alpha1.HealthScope."),
        "properties": nodes.anything("Properties of the scope: a map, or a list of name and value."),
    }
    return nodes.record("One scope.", fields, required=("name", "type"))
