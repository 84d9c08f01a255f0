"""Random values that a JSON Schema accepts, for hypothesis. Supports the keywords of the properties of types."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rudr_py import json_schema

_LARGEST = 10_000
_TEXTS = st.from_regex(re.compile(r"[a-z][a-z0-9]{0,7}"), fullmatch=True)
"""Texts without a pattern: other types of the application, such as names of containers, occur as examples only."""


SUPPRESSED = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example)
"""Checks that schemas of upstream projects do not pass, because their values are large and mostly rejected."""


def values(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    """Values that the schema accepts, and that are different from its default with a high probability."""
    validator = json_schema.validator(schema)
    return _of(schema).filter(lambda value: next(iter(json_schema.errors(validator, value)), None) is None)


def changed(
    schema: Mapping[str, Any], properties: Mapping[str, Any], fixed: Collection[str] = ()
) -> SearchStrategy[dict[str, Any]]:
    """The properties with up to three of them, except those in `fixed`, replaced by values that the schema accepts."""
    declared = {name: inner for name, inner in (schema.get("properties") or {}).items() if name not in fixed}
    if not declared:
        return st.just(dict(properties))
    one = st.sampled_from(sorted(declared)).flatmap(lambda name: st.tuples(st.just(name), values(declared[name])))
    return st.lists(one, max_size=3).map(lambda replaced: {**properties, **dict(replaced)})


def _of(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(list(schema["enum"]))
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return st.one_of(*(_of({**{k: v for k, v in schema.items() if k not in _JUNCTORS}, **b}) for b in branches))
    declared = schema.get("type", "object")
    kinds = declared if isinstance(declared, list) else [declared]
    examples = [st.sampled_from(list(schema["examples"]))] if schema.get("examples") else []
    return st.one_of(*examples, *(_KINDS[kind](schema) for kind in kinds))


def _object(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    declared, required = schema.get("properties") or {}, frozenset(schema.get("required") or ())
    fixed = st.fixed_dictionaries(
        {name: _of(inner) for name, inner in declared.items() if name in required},
        optional={name: _of(inner) for name, inner in declared.items() if name not in required},
    )
    further = schema.get("additionalProperties", not declared)
    if further is False:
        return fixed
    keys = _of({"type": "string", **schema.get("propertyNames", {})})
    entries = st.dictionaries(keys, _of(further if isinstance(further, Mapping) else {"type": "string"}), max_size=2)
    return st.tuples(entries, fixed).map(lambda parts: {**parts[0], **parts[1]})


def _array(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    least = schema.get("minItems", 0)
    return st.lists(_of(schema.get("items") or {"type": "string"}), min_size=least, max_size=max(2, least))


def _string(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    if "pattern" not in schema:
        return _TEXTS if schema.get("minLength", 0) <= 1 else _TEXTS.map(lambda text: text.ljust(8, "x"))
    ascii_only = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    return st.from_regex(re.compile(schema["pattern"], re.ASCII), alphabet=ascii_only)


def _number(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    least, most = schema.get("minimum", 0), schema.get("maximum", _LARGEST)
    return st.integers(min_value=least, max_value=max(least, most))


_JUNCTORS = frozenset({"anyOf", "oneOf"})
_KINDS: dict[str, Callable[[Mapping[str, Any]], SearchStrategy[Any]]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
}
