"""The schema of ApplicationConfiguration, with the descriptions that `kubectl explain` shows (OAM v1alpha1 §6).

It describes the fields that `parse_application` reads and the status that the controller writes.
"""

from __future__ import annotations

from typing import Final

from rudr_py.model.crd_schemas import nodes
from rudr_py.model.crd_schemas.nodes import PRESERVE, Schema

_COMPONENT_NAME: Final = ("has(self.componentName) || has(self.name)", "componentName is required [MD-1]")


def application_spec() -> Schema:
    """`spec` of an ApplicationConfiguration."""
    variable = {
        "name": nodes.text("Unique name, used as [fromVariable(NAME)]."),
        "value": nodes.anything("Text, a number, true or false."),
    }
    fields = {
        "variables": nodes.array(
            "Values for use in several places: write [fromVariable(NAME)] in a parameter value or in a property of "
            "a trait or scope.",
            nodes.record("One variable.", variable, required=("name", "value")),
        ),
        "scopes": nodes.array("Scopes that this application creates.", _scope()),
        "components": nodes.array("The components that make up the application.", _component()),
    }
    return nodes.record("Components, traits and scopes of the application, as its operator configures them.", fields)


def application_status() -> Schema:
    """`status` of an ApplicationConfiguration."""
    fields = {
        "phase": nodes.text("Add or Modify until all objects of this generation are applied, then synced."),
        "components": nodes.mapping(
            "State of each object in one word, by component and then by kind/name, as in Rudr.",
            nodes.mapping("State of each object of the component, by kind/name.", {"type": "string"}),
        ),
        "observedGeneration": nodes.integer("The generation that this status describes."),
        "observedComponents": nodes.mapping(
            "The versions of the ComponentSchematics that this status describes, by name. While the application is "
            "paused, or an instance is held, those before.",
            nodes.record(
                "One version.",
                {
                    "generation": nodes.integer("Its metadata.generation."),
                    "resourceVersion": nodes.text("Its metadata.resourceVersion."),
                },
            ),
        ),
        "pendingComponents": nodes.array(
            "The components that were changed or deleted and that wait for a promotion, in an application with manual "
            "updates.",
            _pending_component(),
        ),
        "currentRevision": _revision(),
        "conditions": conditions(
            "Valid, Synced and Ready; also TraitsReady if it has traits, Held while a type holds an instance or scope, "
            "Replaced while removed instances or objects are kept until the added ones are ready, Pinned while changes "
            "of components wait for a promotion, and Paused while the application is paused."
        ),
        "instances": nodes.array("The instances and their states.", _instance()),
        "replacements": _replacements(),
        "checkpoint": nodes.text(
            "A digest of the documents, objects, types and settings that this status was computed from, while the "
            "application is at rest. A controller that starts over the same ones has nothing to do for it."
        ),
        "warnings": nodes.texts("Problems of the documents that do not block anything."),
        "packages": _packages(),
        "resources": nodes.array(
            "The objects of this application, for the controller's own use.",
            _free(
                "One object.",
                {name: nodes.text(f"Its {name}.") for name in ("apiVersion", "kind", "name", "uid", "digest")},
            ),
        ),
    }
    return {**nodes.record("State of the application, written by the controller.", fields), PRESERVE: True}


def _revision() -> Schema:
    description = "The kept revision of the documents whose objects were all applied last; `rudr history` lists all."
    component = {
        "generation": nodes.integer("The metadata.generation that it had."),
        "digest": nodes.text("The digest of its content."),
    }
    fields = {
        "number": nodes.integer("Its number, from 1."),
        "name": nodes.text("Name of its ControllerRevision."),
        "components": nodes.mapping(
            "Its components by name, in an application with manual updates.", nodes.record("One component.", component)
        ),
    }
    return nodes.record(description, fields)


def _packages() -> Schema:
    return nodes.array(
        "The packages, other than rudr-py itself, that provide the types in use.",
        nodes.record(
            "One package.",
            {
                "name": nodes.text("Its name."),
                "version": nodes.text("Its version."),
                "types": nodes.texts("The types in use that it provides, or provided while it was installed."),
            },
        ),
    )


def _replacements() -> Schema:
    fields = {
        "instance": nodes.text("The instance whose objects are replaced; absent where instances are."),
        "removes": nodes.texts("The instances, or objects of the instance, that the documents do not have any more."),
        "adds": nodes.texts("The instances or objects that have to be ready before."),
        "ready": nodes.texts("Those of adds that have been ready."),
        "unreadyTraits": nodes.texts("Traits that are not awaited, because those of removes were not ready either."),
        "state": nodes.text(
            "waiting for those of adds; failed, so that those of removes stay until those of adds are ready or the "
            "documents change; or kept by the removal policy."
        ),
        "message": nodes.text("The state, in a sentence."),
        "since": nodes.text("When the documents were last changed, RFC 3339; absent while an added instance is held."),
        "deadline": nodes.text("When the replacement counts as failed."),
        "version": nodes.text("Digest of the versions of the documents."),
    }
    description = "The instances and objects that the documents have removed, and that are kept."
    return nodes.array(description, _free("Instances or objects of which some replace others.", fields))


def _pending_component() -> Schema:
    fields = {
        "name": nodes.text("Its name."),
        "running": nodes.integer("The metadata.generation of the content that runs."),
        "generation": nodes.integer("The metadata.generation of the document that waits."),
        "resourceVersion": nodes.text("The metadata.resourceVersion of the document that waits."),
        "digest": nodes.text(
            "The digest of its content; the annotation rudr.oam.dev/promoted takes it as NAME@DIGEST."
        ),
        "deleted": nodes.boolean("Whether the ComponentSchematic does not exist any more."),
    }
    return nodes.record("One component.", fields)


def _instance() -> Schema:
    fields = {
        "name": nodes.text("Its instanceName."),
        "component": nodes.text("Its ComponentSchematic."),
        "workload": nodes.text("Its workload type."),
        "state": nodes.text("ready, progressing, failed or unknown."),
        "reason": nodes.text("Reason for the state, in one CamelCase word."),
        "message": nodes.text("Reason for the state, in a sentence."),
        "traits": nodes.array("Its traits, each with state and reason.", _free("One trait.")),
    }
    return _free("One instance.", fields)


def conditions(description: str) -> Schema:
    """Conditions of KEP-1623, one of each type."""
    fields = {
        "type": nodes.text("Type of the condition."),
        "status": nodes.text("True, False or Unknown.", choices=("True", "False", "Unknown")),
        "observedGeneration": nodes.integer("The generation that the condition describes.", minimum=0),
        "lastTransitionTime": nodes.moment("When the status last changed."),
        "reason": nodes.text("Reason for the status, in one CamelCase word."),
        "message": nodes.text("Details, for people."),
    }
    required = ("type", "status", "lastTransitionTime", "reason", "message")
    node = nodes.array(description, nodes.record("One condition.", fields, required=required))
    return {**node, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


def _free(description: str, fields: dict[str, Schema] | None = None) -> Schema:
    return {**nodes.record(description, fields or {}), PRESERVE: True}


def _component() -> Schema:
    fields = {
        "componentName": nodes.text("The ComponentSchematic in this namespace."),
        "name": nodes.text("Deprecated spelling of componentName."),
        "instanceName": nodes.text(
            "Unique name of the instance, and name of its workload object. Lower-case letters, digits, - and ., "
            "at most 63."
        ),
        "parameterValues": nodes.anything("Values of the component's parameters: a list of name and value."),
        "traits": nodes.array("Traits of the instance, applied in the listed order.", _trait()),
        "applicationScopes": nodes.texts("Scopes of the instance, or names of the applications that create them."),
    }
    schema = nodes.record("One use of a component.", fields, required=("instanceName",))
    return nodes.ruled(schema, _COMPONENT_NAME)


def _trait() -> Schema:
    fields = {
        "name": nodes.text("Name of the trait, for instance manual-scaler."),
        "properties": nodes.anything("Properties of the trait; `rudr explain trait NAME` lists them."),
        "parameterValues": nodes.anything("Deprecated spelling of properties."),
        "type": nodes.text(
            "Deprecated: the type of the trait, beside a name that is free; write the name of the trait."
        ),
    }
    return nodes.record("One trait.", fields, required=("name",))


def _scope() -> Schema:
    fields = {
        "name": nodes.text("Unique name of the scope."),
        "type": nodes.text("Its type as GROUP/VERSION.Kind, for instance core.oam.dev/v1alpha1.HealthScope."),
        "properties": nodes.anything("Properties of the scope: a map, or a list of name and value."),
        "parameterValues": nodes.anything("Deprecated spelling of properties."),
    }
    return nodes.record("One scope.", fields, required=("name",))
