"""Checks properties against the schema of their type and returns all errors as readable messages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema

from rudr_py import json_schema
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import parameter_types, suggest
from rudr_py.model.advice import words
from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt

Locator = Callable[..., str]
"""Steps inside the properties (keys and indices) -> the JSON path in the document; without steps: the properties."""

_STEP = re.compile(r'\.([A-Za-z0-9_-]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')
_PLACE = re.compile(r" - at (?:key in )?`(\$[^`]*)`$")

MOST_EXTRAS = 100
"""Maximum number of unknown properties of one map that are listed; further ones are counted."""

_TYPES = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
}

_LIMITS: Mapping[str, str] = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "pattern": "must match {}",
    "minItems": "must have at least {} entries",
    "maxItems": "must have at most {} entries",
    "minProperties": "must have at least {} entries",
    "maxProperties": "must have at most {} entries",
    "const": "must be {}",
}


def check(offer: Offer[Any], properties: Mapping[str, Any], locate: Locator, rule: str) -> tuple[Problem, ...]:
    """All problems of the properties of a type, in the order of their paths; `rule` is the ID of the broken rule."""
    try:
        return check_against(offer, offer.validator, properties, locate, rule)
    except Exception as error:  # noqa: BLE001 - a broken schema of one plugin must not stop the rest
        text = f"the schema of {offer.name} of {offer.package} cannot be used (an error of the plugin): {error}"
        return (Problem(text, locate()),)


def check_against(
    offer: Offer[Any],
    validator: jsonschema.protocols.Validator,
    properties: Mapping[str, Any],
    locate: Locator,
    rule: str,
) -> tuple[Problem, ...]:
    """All problems of the properties of a type by a schema. Raises any exception when the schema is broken.

    Properties that need too much work are a problem of the document, not of the schema: it must not skip the check.
    """
    try:
        errors = offer.guard(lambda: sorted(json_schema.errors(validator, dict(properties)), key=_place))
    except (json_schema.TooManyStepsError, RecursionError) as error:
        return (Problem(f"the properties of {offer.name} are too large to check: {error}", locate(), rule=rule),)
    messages = (text for error in errors for text in _texts(offer.name, error))
    return tuple(dict.fromkeys(Problem(message, locate(*steps), rule=rule) for message, steps in messages))


def model_problems(offer: Offer[Any], error: ValueError, locate: Locator, rule: str) -> tuple[Problem, ...]:
    """The problems that a type's model reports for properties that match its schema."""
    details = getattr(error, "errors", None)
    if callable(details):
        # pydantic reports all errors of a model at once
        return tuple(
            Problem(f"{offer.name}: {detail['msg']}", locate(*detail["loc"]), rule=rule) for detail in details()
        )
    text = " ".join(str(error).split())
    place = _PLACE.search(text)
    message = f"{offer.name}: {text[: place.start()] if place else text}"
    return (Problem(message, document_path(locate, place[1]) if place else locate(), rule=rule),)


def renamed(
    offer: Offer[Any], properties: Mapping[str, Any], locate: Locator
) -> tuple[dict[str, Any], tuple[Problem, ...], Locator]:
    """The properties with deprecated names replaced, a warning for each, and the `Where` of the names as written."""
    current: dict[str, Any] = {}
    old_names: dict[str | int, str] = {}
    warnings: list[Problem] = []
    for name, value in properties.items():
        new_name = offer.type.renamed_properties.get(name, name)
        if new_name == name:
            current[name] = value
        elif new_name in properties:
            warnings.append(Problem(f'"{name}" is a deprecated name of "{new_name}" and has no effect', locate(name)))
        else:
            warnings.append(Problem(f'"{name}" is an outdated spelling; write "{new_name}"', locate(name)))
            current[new_name], old_names[new_name] = value, name

    def as_written(*steps: str | int) -> str:
        return locate(*(old_names.get(step, step) for step in steps[:1]), *steps[1:])

    return current, tuple(warnings), as_written


def required_text(name: str, missing: str) -> str:
    """The beginning of the message about a missing property of a type."""
    return f'{name} requires the property "{missing}"'


def document_path(locate: Locator, path: str) -> str:
    """The path in the document for a path inside the properties, as types write it: `$.rules[0].host`."""
    steps = _STEP.findall(str(path))
    return locate(*(int(index) if index else key or re.sub(r"\\(.)", r"\1", quoted) for key, index, quoted in steps))


def _place(error: jsonschema.ValidationError) -> list[tuple[bool, int, str]]:
    return [(isinstance(step, str), step if isinstance(step, int) else 0, str(step)) for step in error.absolute_path]


def _texts(name: str, error: jsonschema.ValidationError) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """The messages of an error, each with the steps to its place."""
    steps = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        declared_names = list(_declared(error))
        extras = sorted(json_schema.additional_names(error.instance, error.schema))
        for extra in extras[:MOST_EXTRAS]:
            listed = f" Its properties are: {', '.join(declared_names)}." if declared_names else " It has none."
            hint = suggest.nearest(extra, declared_names) or listed
            yield f'{name} has no property "{extra}".{hint}', (*steps, extra)
        if len(extras) > MOST_EXTRAS:
            yield f"{name} has none of {len(extras) - MOST_EXTRAS} further properties, either", steps
    elif error.validator == "required" and isinstance(error.instance, dict):
        # such an error exists for each missing name without naming it; duplicates are removed later
        for missing in _expected(error):
            if missing not in error.instance:
                yield f"{required_text(name, missing)}{_meaning(error, missing)}", steps
    elif error.validator in ("anyOf", "oneOf") and error.context:
        yield from _alternatives(name, error)
    else:
        yield _message(error), steps


def _alternatives(name: str, error: jsonschema.ValidationError) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """The errors of the only alternative with the type of the value, or else the allowed types."""
    branches: dict[Any, list[jsonschema.ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    matching = [inner for inner in branches.values() if not any(_other_type(error_x) for error_x in inner)]
    types = [_expected(error_x) for inner in branches.values() for error_x in inner if _other_type(error_x)]
    if len(matching) == 1:
        for error_x in sorted(matching[0], key=_place):
            yield from _texts(name, error_x)
    elif not matching:
        message = f"is {excerpt(error.instance)}, must be {_named(types)}{_type_advice(error.instance, types)}"
        yield message, tuple(error.absolute_path)
    else:
        yield f"is {excerpt(error.instance)}, which matches none of the allowed forms", tuple(error.absolute_path)


def _other_type(error: jsonschema.ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


def _declared(error: jsonschema.ValidationError) -> Mapping[str, Any]:
    schema = error.schema
    return schema.get("properties", {}) if isinstance(schema, Mapping) else {}


def _meaning(error: jsonschema.ValidationError, name: str) -> str:
    declared = _declared(error).get(name)
    text = declared.get("description", "") if isinstance(declared, Mapping) else ""
    return f": {text}" if text else ""


def _expected(error: jsonschema.ValidationError) -> Any:
    """The value of the failed keyword in the schema."""
    return error.validator_value


def _named(types: Json) -> str:
    """Types of JSON Schema (one, a list, or a list of lists) in words, without null."""
    items = types if isinstance(types, list) else [types]
    flat = [name for item in items for name in (item if isinstance(item, list) else [item])]
    return " or ".join(dict.fromkeys(_TYPES[name] for name in flat if name in _TYPES)) or "nothing"


def _type_advice(value: Json, types: Json) -> str:
    """How to write a scalar so that it has one of the types of a JSON Schema, as the continuation of a message."""
    items = types if isinstance(types, list) else [types]
    flat = [name for item in items for name in (item if isinstance(item, list) else [item])]
    return next((text for name in flat if (text := parameter_types.advice(value, name))), "")


def _message(error: jsonschema.ValidationError) -> str:
    value = excerpt(error.instance)
    if error.validator == "type":
        expected = _expected(error)
        return f"is {value}, must be {_named(expected)}{_type_advice(error.instance, expected)}"
    if error.validator == "enum":
        allowed = [_word(item) for item in _expected(error)]
        hint = words.nearest(error.instance, allowed) if isinstance(error.instance, str) else ""
        return f"is {value}, must be one of {', '.join(allowed)}{f'.{hint}' if hint else ''}"
    keyword = str(error.validator)
    if keyword in _LIMITS:
        return f"is {value}, {_LIMITS[keyword].format(_word(_expected(error)))}"
    return error.message if len(error.message) <= 200 else f"{error.message[:197]}..."


def _word(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
