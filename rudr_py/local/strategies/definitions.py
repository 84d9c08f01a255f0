"""The strategy of CustomResourceDefinitions, whose schemas `schema.crd` checks. Pure.

Source: apiextensions-apiserver, pkg/apis/apiextensions/validation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.apimachinery import object_meta
from rudr_py.local.schema import causes
from rudr_py.local.schema.crd import keywords
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import deprecations, strategy
from rudr_py.local.strategies.strategy import Strategy, StrategyContext

_NO_PRESERVING = (
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
)
_STORED = (
    "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a "
    "storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions"
)
_NO_PATH = "must be a simple json path starting with ."
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
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
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield causes.not_supported("spec.scope", spec.get("scope", ""), ("Cluster", "Namespaced"))
    for index, version in enumerate(versions):
        yield from _version_causes(version, f"spec.versions[{index}]")
    if len({each.get("name") for each in versions}) < len(versions):
        yield causes.invalid("spec.versions", list(versions), "must contain unique version names")
    if sum(bool(each.get("storage")) for each in versions) != 1:
        yield causes.invalid("spec.versions", list(versions), "must have exactly one version marked as storage version")
    yield from _name_causes(names)
    for part, check in (("subresources", _subresource_causes), ("additionalPrinterColumns", _column_causes)):
        yield from _of_versions(versions, part, check)
    yield from _conversion_causes(spec.get("conversion") or {})
    yield from _stored_causes(definition, {each.get("name"): each for each in versions})
    if spec.get("preserveUnknownFields"):
        yield causes.invalid("spec.preserveUnknownFields", True, _NO_PRESERVING)


def _version_causes(version: Object, field: str) -> Iterator[Cause]:
    if not (version.get("schema") or {}).get("openAPIV3Schema"):
        yield causes.required(f"{field}.schema.openAPIV3Schema")
    for problem in object_meta.label1035_problems(version.get("name", "")):
        yield causes.invalid(f"{field}.name", version.get("name", ""), problem)
    warning = version.get("deprecationWarning")
    if warning is not None and not version.get("deprecated"):
        yield causes.invalid(f"{field}.deprecationWarning", warning, "can only be set for deprecated versions")
    elif warning == "":
        yield causes.invalid(f"{field}.deprecationWarning", warning, "must not be an empty string")


def _name_causes(names: Object) -> Iterator[Cause]:
    for key in ("plural", "singular", "kind", "listKind"):
        text = names.get(key) or ""
        problems = ",".join(object_meta.label1035_problems(text.lower() if key in ("kind", "listKind") else text))
        if text and problems:
            mixed = "may have mixed case, but should otherwise match: " if key in ("kind", "listKind") else ""
            yield causes.invalid(f"spec.names.{key}", text, mixed + problems)
    for key in ("shortNames", "categories"):
        for index, text in enumerate(names.get(key) or ()):
            for problem in object_meta.label1035_problems(text):
                yield causes.invalid(f"spec.names.{key}[{index}]", text, problem)
    if names.get("kind") and names["kind"] == names.get("listKind"):
        yield causes.invalid("spec.names.listKind", names["kind"], "kind and listKind may not be the same")


def _of_versions(versions: Any, part: str, check: Callable[[Any, str], Iterator[Cause]]) -> Iterator[Cause]:
    """Yield the errors of a part of all versions, once if the parts are equal."""
    parts = [each.get(part) for each in versions]
    if parts and parts[0] and all(each == parts[0] for each in parts):
        yield from check(parts[0], f"spec.{part}")
        return
    for index, each in enumerate(parts):
        if each:
            yield from check(each, f"spec.versions[{index}].{part}")


def _subresource_causes(subresources: Any, field: str) -> Iterator[Cause]:
    scale = subresources.get("scale") or {}
    roots = {"specReplicasPath": (".spec.",), "statusReplicasPath": (".status.",)}
    for key, allowed in {**roots, "labelSelectorPath": (".spec.", ".status.")}.items():
        path, place = scale.get(key), f"{field}.scale.{key}"
        if path and not path.startswith("."):
            yield causes.invalid(place, path, _NO_PATH)
        elif path and not path.startswith(allowed):
            where = "under either .spec or .status" if len(allowed) > 1 else f"under {allowed[0].rstrip('.')}"
            yield causes.invalid(place, path, f"should be a json path {where}")


def _column_causes(columns: Any, field: str) -> Iterator[Cause]:
    for index, column in enumerate(columns):
        place = f"{field}[{index}]"
        if not column.get("name"):
            yield causes.required(f"{place}.name")
        for key, values in (("type", _COLUMN_TYPES), ("format", _COLUMN_FORMATS)):
            if column.get(key) and column[key] not in values:
                yield causes.invalid(f"{place}.{key}", column[key], f"must be one of {','.join(values)}")
        if column.get("jsonPath") and not column["jsonPath"].startswith("."):
            yield causes.invalid(f"{place}.JSONPath", column["jsonPath"], _NO_PATH)


def _conversion_causes(conversion: Object) -> Iterator[Cause]:
    strategy_name, webhook = conversion.get("strategy") or "None", conversion.get("webhook") or {}
    versions = webhook.get("conversionReviewVersions") or []
    if strategy_name not in ("None", "Webhook"):
        yield causes.not_supported("spec.conversion.strategy", strategy_name, ("None", "Webhook"))
    if strategy_name == "Webhook":
        if not webhook.get("clientConfig"):
            detail = "required when strategy is set to Webhook"
            yield causes.required("spec.conversion.webhookClientConfig", detail)
        if not versions:
            yield causes.required("spec.conversion.conversionReviewVersions")
        elif not {"v1", "v1beta1"} & set(versions):
            detail = "must include at least one of v1, v1beta1"
            yield causes.invalid("spec.conversion.conversionReviewVersions", versions, detail)
    else:
        detail = "should not be set when strategy is not set to Webhook"
        if webhook.get("clientConfig"):
            yield causes.forbidden("spec.conversion.webhookClientConfig", detail)
        if versions:
            yield causes.forbidden("spec.conversion.conversionReviewVersions", detail)


def _stored_causes(definition: Object, versions: dict[Any, Object]) -> Iterator[Cause]:
    """A version that has been stored stays until its objects have been migrated."""
    for index, name in enumerate((definition.get("status") or {}).get("storedVersions") or ()):
        if name not in versions:
            yield causes.invalid(f"status.storedVersions[{index}]", name, _STORED.format(name))


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
}
