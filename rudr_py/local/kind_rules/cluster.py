"""Rules of cluster configuration: policies, classes, webhooks, custom resource definitions. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.errors import Cause
from rudr_py.local.kind_rules import rule
from rudr_py.local.kind_rules.rule import KindRule, RuleContext
from rudr_py.local.schema.crd import keywords
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object


def _create_definition(definition: Object, _context: RuleContext) -> None:
    stored = [each["name"] for each in definition["spec"].get("versions") or () if each.get("storage")]
    definition["status"] = {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": stored,
    }


def _definition_causes(definition: Object) -> Iterator[Cause]:
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    expected_name = f"{names.get('plural', '')}.{spec.get('group', '')}"
    if definition["metadata"].get("name") != expected_name:
        yield rule.invalid(
            "metadata.name", definition["metadata"].get("name"), 'must be spec.names.plural+"."+spec.group'
        )
    versions = spec.get("versions") or ()
    if sum(bool(each.get("storage")) for each in versions) != 1:
        yield rule.invalid("spec.versions", list(versions), "must have exactly one version marked as storage version")
    for index, version in enumerate(versions):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            yield rule.required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield Cause(
            reason="FieldValueNotSupported",
            message=f'Unsupported value: "{spec.get("scope", "")}": supported values: "Cluster", "Namespaced"',
            field="spec.scope",
        )


def _schema_causes(definition: Object, node: SchemaNode) -> Iterator[Cause]:
    """The errors of the schemas of all versions, reported once if the schemas are equal, as the real server does."""
    versions = (definition.get("spec") or {}).get("versions") or ()
    schemas = [(each.get("schema") or {}).get("openAPIV3Schema") for each in versions]
    metadata = node.properties["metadata"]
    if schemas and schemas[0] and all(each == schemas[0] for each in schemas):
        yield from keywords.schema_errors(schemas[0], "spec.validation.openAPIV3Schema", metadata)
        return
    for index, schema in enumerate(schemas):
        if schema:
            yield from keywords.schema_errors(schema, f"spec.versions[{index}].schema.openAPIV3Schema", metadata)


def _definition_change(new: Object, old: Object) -> Iterator[Cause]:
    yield from rule.immutable(new, old, "spec", "group")
    yield from rule.immutable(new, old, "spec", "scope")
    yield from rule.immutable(new, old, "spec", "names", "plural")
    yield from rule.immutable(new, old, "spec", "names", "kind")


def _class_fixed(new: Object, old: Object) -> Iterator[Cause]:
    for field in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"):
        if new.get(field) != old.get(field):
            yield rule.forbidden(
                field, "updates to provisioner are forbidden." if field == "provisioner" else "immutable"
            )


def _webhooks(obj: Object) -> object:
    return obj.get("webhooks")


RULES: dict[str, KindRule] = {
    "customresourcedefinitions.apiextensions.k8s.io": KindRule(
        create=_create_definition,
        check=_definition_causes,
        check_schema=_schema_causes,
        check_change=_definition_change,
        watched=rule.spec,
        unconditional=False,
    ),
    "poddisruptionbudgets.policy": KindRule(watched=rule.spec),
    "priorityclasses.scheduling.k8s.io": KindRule(watched=lambda obj: obj.get("value")),
    "storageclasses.storage.k8s.io": KindRule(check_change=_class_fixed),
    "flowschemas.flowcontrol.apiserver.k8s.io": KindRule(watched=rule.spec),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": KindRule(watched=rule.spec),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": KindRule(watched=_webhooks),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": KindRule(watched=_webhooks),
    "validatingadmissionpolicies.admissionregistration.k8s.io": KindRule(watched=rule.spec),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": KindRule(watched=rule.spec),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": KindRule(watched=rule.spec),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": KindRule(watched=rule.spec),
}
