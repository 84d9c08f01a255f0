"""Strategies of cluster configuration: policies, classes, webhooks, custom resource definitions. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.schema.crd import keywords
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import deprecations, strategy
from rudr_py.local.strategies.strategy import Strategy, StrategyContext

APPROVAL_ANNOTATION = "api-approved.kubernetes.io"
_APPROVAL_PAGE = "https://github.com/kubernetes/enhancements/pull/1111"


def _create_definition(definition: Object, _context: StrategyContext) -> None:
    stored = [each["name"] for each in definition["spec"].get("versions") or () if each.get("storage")]
    definition["status"] = {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": stored,
    }


def is_protected(definition: Object) -> bool:
    """Whether the group of a definition is reserved for the Kubernetes community."""
    return str((definition.get("spec") or {}).get("group", "")).endswith((".k8s.io", ".kubernetes.io"))


def _approval_causes(definition: Object) -> Iterator[Cause]:
    approval = (definition["metadata"].get("annotations") or {}).get(APPROVAL_ANNOTATION)
    if is_protected(definition) and not approval:
        text = f'protected groups must have approval annotation "{APPROVAL_ANNOTATION}", see {_APPROVAL_PAGE}'
        yield causes.required(f"metadata.annotations[{APPROVAL_ANNOTATION}]", text)


def _definition_causes(definition: Object) -> Iterator[Cause]:
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    expected_name = f"{names.get('plural', '')}.{spec.get('group', '')}"
    if definition["metadata"].get("name") != expected_name:
        yield causes.invalid(
            "metadata.name", definition["metadata"].get("name"), 'must be spec.names.plural+"."+spec.group'
        )
    yield from _approval_causes(definition)
    versions = spec.get("versions") or ()
    if sum(bool(each.get("storage")) for each in versions) != 1:
        yield causes.invalid("spec.versions", list(versions), "must have exactly one version marked as storage version")
    for index, version in enumerate(versions):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            yield causes.required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield causes.not_supported("spec.scope", spec.get("scope", ""), ("Cluster", "Namespaced"))


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
    yield from strategy.immutable(new, old, "spec", "group")
    yield from strategy.immutable(new, old, "spec", "scope")
    yield from strategy.immutable(new, old, "spec", "names", "plural")
    yield from strategy.immutable(new, old, "spec", "names", "kind")


def _class_fixed(new: Object, old: Object) -> Iterator[Cause]:
    for field in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"):
        if new.get(field) != old.get(field):
            yield causes.forbidden(
                field, "updates to provisioner are forbidden." if field == "provisioner" else "immutable"
            )


def _webhooks(obj: Object) -> object:
    return obj.get("webhooks")


def _api_service_causes(api_service: Object) -> Iterator[Cause]:
    spec, name = api_service.get("spec") or {}, api_service["metadata"].get("name", "")
    expected = f"{spec.get('version', '')}.{spec.get('group', '')}"
    if name != expected:
        yield causes.invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{expected}"')
    if not spec.get("group") and spec.get("version") != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        yield Cause(reason="FieldValueRequired", message=f"Required value: {detail}", field="spec.group")
    for field, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        if not 0 < spec.get(field, 0) <= limit:
            yield causes.invalid(f"spec.{field}", spec.get(field, 0), f"must be positive and less than {limit}")


def _priority_causes(priority_class: Object) -> Iterator[Cause]:
    """Users cannot create priorities of the system."""
    if priority_class["metadata"].get("name") in _SYSTEM_CLASSES:
        return
    if priority_class["metadata"].get("name", "").startswith("system-"):
        detail = "priority class names with 'system-' prefix are reserved for system use only"
        yield causes.forbidden("metadata.name", detail)
    if priority_class.get("value", 0) > _HIGHEST_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {_HIGHEST_PRIORITY}"
        yield causes.forbidden("value", detail)


_HIGHEST_PRIORITY = 1_000_000_000
_SYSTEM_CLASSES = ("system-cluster-critical", "system-node-critical")
STRATEGIES: dict[str, Strategy] = {
    "customresourcedefinitions.apiextensions.k8s.io": Strategy(
        warnings=deprecations.definition,
        prepare_for_create=_create_definition,
        validate=_definition_causes,
        validate_schema=_schema_causes,
        validate_update=_definition_change,
        generation_source=strategy.spec,
        allow_unconditional_update=False,
    ),
    "apiservices.apiregistration.k8s.io": Strategy(validate=_api_service_causes),
    "poddisruptionbudgets.policy": Strategy(generation_source=strategy.spec),
    "priorityclasses.scheduling.k8s.io": Strategy(
        validate=_priority_causes, generation_source=lambda obj: obj.get("value")
    ),
    "storageclasses.storage.k8s.io": Strategy(validate_update=_class_fixed),
    "flowschemas.flowcontrol.apiserver.k8s.io": Strategy(generation_source=strategy.spec),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": Strategy(generation_source=strategy.spec),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": Strategy(generation_source=_webhooks),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": Strategy(generation_source=_webhooks),
    "validatingadmissionpolicies.admissionregistration.k8s.io": Strategy(generation_source=strategy.spec),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": Strategy(generation_source=strategy.spec),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": Strategy(generation_source=strategy.spec),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": Strategy(generation_source=strategy.spec),
}
