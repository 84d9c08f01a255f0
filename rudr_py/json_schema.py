"""Validators for JSON Schema whose work is bounded, whatever the schema and the values.

jsonschema searches patterns with Python's backtracking engine and compares all pairs of a list for `uniqueItems`; here
patterns are those of RE2, items are compared by their canonical text, and each application of a keyword is counted.
"""

from __future__ import annotations

import contextvars
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import jsonschema
import referencing

from rudr_py import patterns
from rudr_py.errors import RudrError

MOST_STEPS: Final = 50_000
"""The most applications of keywords in one validation; about a third of a second."""

_WORK_OF_STEP: Final = 5_000
"""The comparisons of a search, or characters times instructions of a pattern, that count as one step."""

_MOST_INSTRUCTIONS: Final = 200_000
"""The most instructions of all patterns in a schema; about a tenth of a second to compile them."""

_EXACT: Final = 2.0**53
"""Above this absolute value a float is not compared with whole numbers."""

MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords with a map of names to schemas."""
VALUES: Final = frozenset({"enum", "const", "default", "examples"})
"""Keywords with values, which are no schemas."""
_QUADRATIC: Final = frozenset({"unevaluatedProperties", "unevaluatedItems"})
"""Keywords that jsonschema checks by a search in a list for each entry."""

_NO_FORMATS: Final = jsonschema.FormatChecker(formats=())
"""With formats, jsonschema would compile patterns with Python's engine, whose syntax differs from that of RE2."""

_Errors = Iterator[jsonschema.ValidationError]
_Keyword = Callable[[Any, Any, Any, Any], Iterable[jsonschema.ValidationError]]


_Dialect = type[jsonschema.protocols.Validator]

_accepted: Final[dict[tuple[_Dialect, bytes], None]] = {}
"""The dialects and digests of valid schemas, the oldest one first."""

_MOST_ACCEPTED: Final = 1000


class TooManyStepsError(RudrError):
    """A validation exceeds its budget."""


class _Budget:
    def __init__(self) -> None:
        self.left = MOST_STEPS

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooManyStepsError(f"the values need more than {MOST_STEPS:,} steps of validation")


_budget: contextvars.ContextVar[_Budget | None] = contextvars.ContextVar("budget", default=None)


def validator(schema: Mapping[str, Any]) -> jsonschema.protocols.Validator:
    """A validator that loads no remote references.

    Raises jsonschema.SchemaError when the schema is invalid, or has a pattern that RE2 cannot use.
    """
    dialect = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    check_schema(schema, dialect)
    try:
        keywords = set(_keywords(schema, _Patterns()))
    except patterns.PatternError as error:
        raise jsonschema.SchemaError(str(error)) from error
    if {"patternProperties", "unevaluatedProperties"} <= keywords:
        raise jsonschema.SchemaError("unevaluatedProperties cannot be combined with patternProperties")
    bounded: jsonschema.protocols.Validator = _bounded(dialect)(schema, registry=referencing.Registry())
    return bounded


def check_schema(schema: Mapping[str, Any], dialect: _Dialect) -> None:
    """Raise jsonschema.SchemaError if a schema is invalid in its dialect.

    A check takes milliseconds, so a schema with the text of a valid one is accepted without another check.
    """
    key = (dialect, hashlib.sha256(repr(schema).encode(errors="backslashreplace")).digest())
    if key in _accepted:
        return
    check: Any = dialect.check_schema  # the annotations of jsonschema lack the second parameter
    check(dict(schema), format_checker=_NO_FORMATS)
    _accepted[key] = None
    if len(_accepted) > _MOST_ACCEPTED:
        del _accepted[next(iter(_accepted))]


def errors(checker: jsonschema.protocols.Validator, value: Any) -> list[jsonschema.ValidationError]:
    """The errors of a value. Raises TooManyStepsError beyond the budget of one validation."""
    token = _budget.set(_Budget())
    try:
        return list(checker.iter_errors(value))
    finally:
        _budget.reset(token)


def _spend(steps: int) -> None:
    budget = _budget.get()
    if budget is not None:
        budget.spend(steps)


def _keywords(schema: Any, added: _Patterns) -> Iterator[str]:
    """The keywords in a schema; its patterns are added. Raises PatternError."""
    for part in schema if isinstance(schema, list) else ():
        yield from _keywords(part, added)
    for keyword, value in schema.items() if isinstance(schema, dict) else ():
        yield keyword
        if keyword == "pattern" and isinstance(value, str):
            added.add(value)
        elif keyword in MAPS and isinstance(value, dict):
            for name, part in value.items():
                if keyword == "patternProperties":
                    added.add(name)
                yield from _keywords(part, added)
        elif keyword not in VALUES:
            yield from _keywords(value, added)


class _Patterns:
    """The patterns of one schema."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._left = _MOST_INSTRUCTIONS

    def add(self, pattern: str) -> None:
        """Raise PatternError if RE2 cannot use the pattern, or if all of the schema are too large to be compiled."""
        if pattern in self._seen:
            return
        self._seen.add(pattern)
        self._left -= patterns.compiled(pattern).size
        if self._left < 0:
            message = f"the patterns of the schema have more than {_MOST_INSTRUCTIONS:,} instructions"
            raise patterns.PatternError(message)


@functools.cache
def _bounded(dialect: type[jsonschema.protocols.Validator]) -> Any:
    """The dialect with linear keywords, each of which counts its applications."""
    replaced = {name: function for name, function in _LINEAR.items() if name in dialect.VALIDATORS}
    keywords = {**dialect.VALIDATORS, **replaced}
    counted = {name: _counted(name, function) for name, function in keywords.items()}
    return jsonschema.validators.extend(dialect, counted)  # type: ignore[no-untyped-call]  # jsonschema does not annotate it


def _counted(name: str, function: _Keyword) -> _Keyword:
    def keyword(checker: Any, value: Any, instance: Any, schema: Any) -> _Errors:
        size = len(instance) if name in _QUADRATIC and isinstance(instance, (dict, list)) else 0
        _spend(1 + size * size // _WORK_OF_STEP)
        yield from function(checker, value, instance, schema) or ()

    return keyword


def _matches(pattern: str, text: str) -> bool:
    compiled = patterns.compiled(pattern)
    _spend(1 + len(text) * compiled.size // _WORK_OF_STEP)
    return compiled.is_in(text)


def _pattern(checker: Any, pattern: str, instance: Any, schema: Any) -> _Errors:
    del schema
    if checker.is_type(instance, "string") and not _matches(pattern, instance):
        yield jsonschema.ValidationError(f"does not match {pattern}")


def _pattern_properties(checker: Any, declared: Mapping[str, Any], instance: Any, schema: Any) -> _Errors:
    del schema
    if checker.is_type(instance, "object"):
        for pattern, part in declared.items():
            for name, value in instance.items():
                if _matches(pattern, name):
                    yield from checker.descend(value, part, path=name, schema_path=pattern)


def _additional_properties(checker: Any, permitted: Any, instance: Any, schema: Any) -> _Errors:
    if not checker.is_type(instance, "object"):
        return
    names = additional_names(instance, schema)
    if checker.is_type(permitted, "object"):
        for name in names:
            yield from checker.descend(instance[name], permitted, path=name)
    elif not permitted and names:
        yield jsonschema.ValidationError("has additional properties")


def additional_names(instance: Mapping[str, Any], schema: Any) -> list[str]:
    """The names that neither `properties` nor `patternProperties` of the schema declare."""
    declared, by_pattern = schema.get("properties", {}), schema.get("patternProperties", {})
    return [
        name for name in instance if name not in declared and not any(_matches(pattern, name) for pattern in by_pattern)
    ]


def _unique_items(checker: Any, required: Any, instance: Any, schema: Any) -> _Errors:
    del schema
    if required and checker.is_type(instance, "array") and len(set(map(_canonical, instance))) < len(instance):
        yield jsonschema.ValidationError("has equal items")


def _canonical(value: Any) -> str:
    """A text that is the same for values that JSON Schema regards as equal: 1 and 1.0 are, 1 and true are not."""
    return json.dumps(_with_whole_numbers(value), sort_keys=True)


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_whole_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


_LINEAR: Final[Mapping[str, _Keyword]] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
}
