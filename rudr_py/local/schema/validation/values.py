"""Validation of a value against its schema, with the messages of the real server.

Names, immutable fields and the rules of a kind are checked elsewhere, CEL rules in `cel_rules`. Source: kube-openapi,
pkg/validation/validate, and apiextensions-apiserver's translation to causes.
"""

from __future__ import annotations

import math
from typing import Any

from rudr_py import patterns
from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import formats, list_types

_NO_PATH = "<nil>"  # the field of a failed junctor in messages of the server
FORMATS_OF_NUMBERS = {"integer": ("int32", "int64"), "number": ("float", "double")}


def validate(obj: dict[str, Any], node: SchemaNode) -> list[Cause]:
    """Return every cause for which the server rejects the object with 422; empty if it is valid."""
    errors = check(obj, node, "")
    return errors + list_types.duplicates(obj, node)


def check(value: Any, node: SchemaNode, path: str) -> list[Cause]:
    """Return the causes in a value and below it; `path` is dotted, empty at the root."""
    errors = _type(value, node, path)
    if value is None:
        return errors + _enum(value, node, path)
    errors += _junctors(value, node, path)
    if isinstance(value, str):
        errors += _string(value, node, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        errors += _number(value, node, path)
    elif isinstance(value, list):
        errors += _list(value, node, path)
    errors += _enum(value, node, path)
    if isinstance(value, dict):
        errors += _map(value, node, path)
    return errors


def _kind(value: Any) -> tuple[str, str]:
    """The JSON type and the Go format of a value."""
    kinds: dict[type, tuple[str, str]] = {
        bool: ("boolean", ""),
        int: ("integer", "int64"),
        float: ("number", "float64"),
        str: ("string", ""),
        list: ("array", ""),
        dict: ("object", ""),
    }
    return kinds.get(type(value), ("null", ""))


def _type(value: Any, node: SchemaNode, path: str) -> list[Cause]:
    expected = _expected_types(node)
    kind, go_format = _kind(value)
    if not expected or _has_type(value, kind, expected) or (value is None and (node.nullable or node.builtin)):
        return []
    format_name = _format(node)
    if format_name and not {"integer", "number"} & set(expected):
        # for a format the server checks strings separately, and accepts lists
        return [] if kind == "array" else [_mistyped(path, format_name, go_format)]
    if format_name and kind not in ("string", "array", "null"):
        return [_mistyped(path, format_name, go_format)]
    return [_mistyped(path, ",".join(expected), kind)]


def _has_type(value: Any, kind: str, types: tuple[str, ...]) -> bool:
    """Whether a value is of one of the types: a whole float is an integer, and an integer is a number."""
    if kind == "number" and "integer" in types and "number" not in types:
        return bool(math.isfinite(value) and value == int(value))
    return kind in types or (kind == "integer" and "number" in types)


def _expected_types(node: SchemaNode) -> tuple[str, ...]:
    if node.int_or_string:
        return ("integer", "string")
    if node.builtin and node.format == "quantity":
        return ("string", "integer", "number")
    return (node.type,) if node.type else ()


def _format(node: SchemaNode) -> str:
    """The format, if the server checks it."""
    if node.builtin and node.format in ("quantity", "int-or-string", "byte"):
        return ""
    if node.type in ("", "string"):
        return node.format if formats.is_supported(node.format) else ""
    return node.format if node.format in FORMATS_OF_NUMBERS.get(node.type, ()) else ""


def _mistyped(path: str, expected: str, actual: str) -> Cause:
    return causes.type_invalid(path or _NO_PATH, actual, f'{path} in body must be of type {expected}: "{actual}"')


def _enum(value: Any, node: SchemaNode, path: str) -> list[Cause]:
    if not node.enum or any(
        allowed == value and isinstance(allowed, bool) == isinstance(value, bool) for allowed in node.enum
    ):
        return []
    if node.builtin and value is None:
        return []
    return [causes.not_supported(path, value, [a if isinstance(a, str) else causes.encoded(a) for a in node.enum])]


def _string(value: str, node: SchemaNode, path: str) -> list[Cause]:
    errors: list[Cause] = []
    limits = node.limits
    if "maxLength" in limits and len(value) > limits["maxLength"]:
        errors.append(causes.too_long(path, limits["maxLength"]))
    elif "minLength" in limits and len(value) < limits["minLength"]:
        errors.append(_out_of_bounds(path, value, f"should be at least {limits['minLength']} chars long"))
    elif limits.get("pattern") and not patterns.compiled(limits["pattern"]).is_in(value):
        errors.append(_out_of_bounds(path, value, f"should match '{limits['pattern']}'"))
    format_name = _format(node)
    if format_name and not formats.fits(value, format_name):
        errors.append(
            causes.type_invalid(path, value, f"{path} in body must be of type {format_name}: {causes.encoded(value)}")
        )
    return errors


def _number(value: float, node: SchemaNode, path: str) -> list[Cause]:
    errors: list[Cause] = []
    limits = node.limits
    factor = limits.get("multipleOf")
    if factor and not math.isclose(value / factor, round(value / factor), rel_tol=0, abs_tol=1e-9):
        errors.append(_out_of_bounds(path, value, f"should be a multiple of {causes.encoded(factor)}"))
    low, high = limits.get("minimum"), limits.get("maximum")
    if low is not None and (value <= low if limits.get("exclusiveMinimum") else value < low):
        bound = "greater than" if limits.get("exclusiveMinimum") else "greater than or equal to"
        errors.append(_out_of_bounds(path, value, f"should be {bound} {causes.encoded(low)}"))
    if high is not None and (value >= high if limits.get("exclusiveMaximum") else value > high):
        bound = "less than" if limits.get("exclusiveMaximum") else "less than or equal to"
        errors.append(_out_of_bounds(path, value, f"should be {bound} {causes.encoded(high)}"))
    return errors


def _list(value: list[Any], node: SchemaNode, path: str) -> list[Cause]:
    errors: list[Cause] = []
    if node.items is not None:
        for index, item in enumerate(value):
            errors += check(item, node.items, f"{path}[{index}]")
    low, high = node.limits.get("minItems"), node.limits.get("maxItems")
    if low is not None and len(value) < low:
        errors.append(_out_of_bounds(path, len(value), f"should have at least {low} items"))
    if high is not None and len(value) > high:
        errors.append(causes.too_many(path, len(value), high))
    return errors


def _map(value: dict[str, Any], node: SchemaNode, path: str) -> list[Cause]:
    errors: list[Cause] = []
    low, high = node.limits.get("minProperties"), node.limits.get("maxProperties")
    if low is not None and len(value) < low:
        errors.append(_out_of_bounds(path, len(value), f"should have at least {low} properties"))
    if high is not None and len(value) > high:
        errors.append(causes.too_many(path, len(value), high))
    for key, item in value.items():
        child = node.properties.get(key) or node.additional_node
        if child is not None:
            errors += check(item, child, f"{path}.{key}" if path else key)
    for key in node.required:
        if (node.name, key) in MAY_BE_EMPTY:
            continue
        if key not in value or (node.builtin and is_empty(value[key])):
            errors.append(causes.required(f"{path}.{key}" if path else key))
    return errors


MAY_BE_EMPTY = frozenset(
    {
        ("io.k8s.api.apps.v1.StatefulSetSpec", "serviceName"),  # published as required before Kubernetes 1.33
        ("io.k8s.api.apps.v1.DaemonSetSpec", "selector"),
        ("io.k8s.api.core.v1.HTTPHeader", "value"),
    }
)
"""Fields of built-in kinds that are published as required and may be empty."""


def is_empty(value: Any) -> bool:
    """For a built-in kind an empty value counts as missing, because Go cannot distinguish them."""
    return value is None or value in ("", [])


def _junctors(value: Any, node: SchemaNode, path: str) -> list[Cause]:
    """anyOf, oneOf, allOf and not."""
    if not node.combined:
        return []
    errors: list[Cause] = []
    where = causes.encoded(path)
    if "anyOf" in node.combined:
        failures = [check(value, part, path) for part in node.combined["anyOf"]]
        if all(failures):
            errors.append(causes.invalid(_NO_PATH, "", f"{where} must validate at least one schema (anyOf)"))
            errors += failures[0]
    if "oneOf" in node.combined:
        failures = [check(value, part, path) for part in node.combined["oneOf"]]
        valid = sum(not failure for failure in failures)
        if valid != 1:
            why = f"Found {valid} valid alternatives" if valid else "Found none valid"
            errors.append(causes.invalid(_NO_PATH, "", f"{where} must validate one and only one schema (oneOf). {why}"))
            errors += [] if valid else failures[0]
    if "allOf" in node.combined:
        failures = [check(value, part, path) for part in node.combined["allOf"]]
        errors += [cause for failure in failures for cause in failure]
        if any(failures):
            none = ". None validated" if all(failures) else ""
            errors.append(causes.invalid(_NO_PATH, "", f"{where} must validate all the schemas (allOf){none}"))
    if "not" in node.combined and not check(value, node.combined["not"], path):
        errors.append(causes.invalid(_NO_PATH, "", f"{where} must not validate the schema (not)"))
    return errors


def _out_of_bounds(path: str, value: Any, words: str) -> Cause:
    return causes.invalid(path or _NO_PATH, value, f"{path} in body {words}")
