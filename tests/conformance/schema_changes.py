"""Changes of CRD schemas that refuse documents which the previous schema accepted.

    python -m tests.conformance.schema_changes

records the present schemas as those of the release; see docs/releasing.md. A test compares the schemas with the record:
a change that narrows a schema needs another API version (OAM v1alpha1 §2, MD-8). A field that is declared for the first
time is compatible: as an unknown field it had no meaning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rudr_py.model.crd_schemas import crds

RECORD = Path(__file__).parent / "golden" / "released_schemas.json"

Schema = Mapping[str, Any]

_HAS = re.compile(r"has\(self\.(\w+)\)")
_ALTERNATIVES = re.compile(r"has\(self\.\w+\)( \|\| has\(self\.\w+\))*")
"""A rule that requires one of several fields; it accepts more than one that requires a certain field of them."""

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_LOWER_BOUNDS = ("minimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "maxLength", "maxItems", "maxProperties")
_EXACT = (
    "pattern",
    "format",
    "uniqueItems",
    "multipleOf",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "not",
)
_OTHER_TYPES = ("x-kubernetes-int-or-string", "x-kubernetes-embedded-resource", "anyOf", "oneOf", "allOf")


def schemas() -> dict[str, Any]:
    """The present schemas, by kind and API version."""
    return {
        f"{document['spec']['names']['kind']} {version['name']}": version["schema"]["openAPIV3Schema"]
        for document in crds.documents()
        for version in document["spec"]["versions"]
    }


def recorded() -> dict[str, Any]:
    """The schemas of the last release."""
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def narrowed(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> Iterator[str]:
    """A line for each change by which a version refuses a document that it accepted, or is not served any more."""
    for version, schema in old.items():
        if version not in new:
            yield f"{version} is not served any more"
        else:
            yield from _node(schema, new[version], version)


def _node(old: Schema, new: Schema, path: str) -> Iterator[str]:
    yield from _values(old, new, path)
    yield from _bounds(old, new, path)
    yield from _children(old, new, path)


def _values(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if "type" in new and old.get("type") not in (new["type"], *(["integer"] if new["type"] == "number" else [])):
        yield f"{path}: the type is {new['type']} instead of {old.get('type', 'any')}"
    if old.get("nullable") and not new.get("nullable"):
        yield f"{path}: null is refused"
    if "enum" in new and (lost := [value for value in old.get("enum", ["any value"]) if value not in new["enum"]]):
        yield f"{path}: refused values: {lost}"
    for name in sorted({*new.get("required", ())} - {*old.get("required", ())}):
        yield f"{path}.{name} is required"
    rules = {rule["rule"] for rule in old.get("x-kubernetes-validations", ())}
    for rule in new.get("x-kubernetes-validations", ()):
        alternatives = {*_HAS.findall(rule["rule"])} if _ALTERNATIVES.fullmatch(rule["rule"]) else set()
        if rule["rule"] not in rules and not alternatives & {*old.get("required", ())}:
            yield f"{path}: the rule {rule['rule']} is new"


def _bounds(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for key in _LOWER_BOUNDS:
        if key in new and (key not in old or new[key] > old[key]):
            yield f"{path}: {key} is {new[key]} instead of {old.get(key, 'none')}"
    for key in _UPPER_BOUNDS:
        if key in new and (key not in old or new[key] < old[key]):
            yield f"{path}: {key} is {new[key]} instead of {old.get(key, 'none')}"
    for key in (*_EXACT, *_OTHER_TYPES):
        if key in new and new[key] != old.get(key):
            yield f"{path}: {key} is {new[key]} instead of {old.get(key, 'none')}"


def _children(old: Schema, new: Schema, path: str) -> Iterator[str]:
    properties, further = new.get("properties", {}), new.get("additionalProperties")
    keeps_unknown = bool(new.get(_PRESERVE)) or further is True
    if old.get(_PRESERVE) and not keeps_unknown and not isinstance(further, dict):
        yield f"{path}: unknown fields are dropped"
    for name, schema in old.get("properties", {}).items():
        if name in properties:
            yield from _node(schema, properties[name], f"{path}.{name}")
        elif isinstance(further, dict):
            yield from _node(schema, further, f"{path}.{name}")
        elif not keeps_unknown:
            yield f"{path}.{name} is dropped"
    for key in ("items", "additionalProperties"):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield from _node(old[key], new[key], f"{path}[]")
        elif isinstance(new.get(key), dict) and key == "items" and "items" not in old and "type" not in old:
            yield from _node({_PRESERVE: True}, new[key], f"{path}[]")


def main() -> None:
    """Record the present schemas."""
    RECORD.write_text(json.dumps(schemas(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
