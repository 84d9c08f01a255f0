"""Checks properties against the schema of their type and says every mistake in words for people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema

from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import suggest
from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt

Where = Callable[..., str]
"""Steps inside the properties (keys and indices) -> the JSON path in the document; no steps: the properties."""

_STEP = re.compile(r'\.([A-Za-z0-9_-]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')
_PLACE = re.compile(r" - at (?:key in )?`(\$[^`]*)`$")

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


def problems(offer: Offer[Any], properties: Mapping[str, Any], where: Where, rule: str) -> tuple[Problem, ...]:
    """Every mistake in the properties of a type, in the order of their places; `rule` is the one they break."""
    try:
        return against(offer, offer.validator, properties, where, rule)
    except Exception as error:  # noqa: BLE001 - a broken schema of one plugin must not stop the rest
        text = f"the schema of {offer.name} of {offer.package} cannot be used, a fault of the plugin: {error}"
        return (Problem(text, where()),)


def against(
    offer: Offer[Any],
    validator: jsonschema.protocols.Validator,
    properties: Mapping[str, Any],
    where: Where,
    rule: str,
) -> tuple[Problem, ...]:
    """Every mistake in the properties of a type by the schema of `validator`. Raises what a broken schema raises."""
    # the schema is somebody else's: a pattern may take for ever
    errors = offer.guard(lambda: sorted(validator.iter_errors(dict(properties)), key=_place))
    found = (text for error in errors for text in _texts(offer.name, error))
    return tuple(dict.fromkeys(Problem(message, where(*steps), rule=rule) for message, steps in found))


def unloadable(offer: Offer[Any], error: ValueError, where: Where, rule: str) -> tuple[Problem, ...]:
    """What an author's own model says against properties that fit its schema."""
    details = getattr(error, "errors", None)
    if callable(details):
        # pydantic tells all mistakes of its model at once
        return tuple(Problem(f"{offer.name}: {one['msg']}", where(*one["loc"]), rule=rule) for one in details())
    text = " ".join(str(error).split())
    place = _PLACE.search(text)
    message = f"{offer.name}: {text[: place.start()] if place else text}"
    return (Problem(message, inside(where, place[1]) if place else where(), rule=rule),)


def renamed(
    offer: Offer[Any], properties: Mapping[str, Any], where: Where
) -> tuple[dict[str, Any], tuple[Problem, ...], Where]:
    """The properties with outdated spellings replaced, a warning for each, and where they stand as they are written."""
    result: dict[str, Any] = {}
    written: dict[str | int, str] = {}
    warnings: list[Problem] = []
    for name, value in properties.items():
        now = offer.type.renamed_properties.get(name, name)
        if now == name:
            result[name] = value
        elif now in properties:
            warnings.append(Problem(f'"{name}" is an outdated spelling of "{now}" and has no effect', where(name)))
        else:
            warnings.append(Problem(f'"{name}" is an outdated spelling; write "{now}"', where(name)))
            result[now], written[now] = value, name

    def as_written(*steps: str | int) -> str:
        return where(*(written.get(step, step) for step in steps[:1]), *steps[1:])

    return result, tuple(warnings), as_written


def inside(where: Where, path: str) -> str:
    """The path in the document of a path inside the properties, as a type gives it: `$.rules[0].host`."""
    steps = _STEP.findall(str(path))
    return where(*(int(index) if index else key or re.sub(r"\\(.)", r"\1", quoted) for key, index, quoted in steps))


def _place(error: jsonschema.ValidationError) -> list[tuple[bool, int, str]]:
    return [(isinstance(step, str), step if isinstance(step, int) else 0, str(step)) for step in error.absolute_path]


def _texts(name: str, error: jsonschema.ValidationError) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """What an error says, and the steps to its place."""
    steps = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(_declared(error))
        for extra in sorted(set(error.instance) - set(known) - _by_pattern(error)):
            hint = suggest.nearest(extra, known) or (f" Known are: {', '.join(known)}." if known else " It takes none.")
            yield f'{name} has no property "{extra}".{hint}', (*steps, extra)
    elif error.validator == "required" and isinstance(error.instance, dict):
        # there is such an error for each missing name, and none says which; what is told twice is dropped later
        for missing in _wanted(error):
            if missing not in error.instance:
                yield f'{name} needs the property "{missing}"{_meaning(error, missing)}', steps
    elif error.validator in ("anyOf", "oneOf") and error.context:
        yield from _alternatives(name, error)
    else:
        yield _message(error), steps


def _alternatives(name: str, error: jsonschema.ValidationError) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """What the one alternative says that the value was meant for; else all that it may be."""
    branches: dict[Any, list[jsonschema.ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    meant = [inner for inner in branches.values() if not any(_other_type(one) for one in inner)]
    types = [_wanted(one) for inner in branches.values() for one in inner if _other_type(one)]
    if len(meant) == 1:
        for one in sorted(meant[0], key=_place):
            yield from _texts(name, one)
    elif not meant:
        yield f"is {excerpt(error.instance)}, must be {_named(types)}", tuple(error.absolute_path)
    else:
        yield f"is {excerpt(error.instance)}, which fits no form that is allowed", tuple(error.absolute_path)


def _other_type(error: jsonschema.ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


def _declared(error: jsonschema.ValidationError) -> Mapping[str, Any]:
    schema = error.schema
    return schema.get("properties", {}) if isinstance(schema, Mapping) else {}


def _by_pattern(error: jsonschema.ValidationError) -> set[str]:
    patterns = error.schema.get("patternProperties", {}) if isinstance(error.schema, Mapping) else {}
    given: Any = error.instance
    return {key for key in given if any(re.search(pattern, key) for pattern in patterns)}


def _meaning(error: jsonschema.ValidationError, name: str) -> str:
    declared = _declared(error).get(name)
    text = declared.get("description", "") if isinstance(declared, Mapping) else ""
    return f": {text}" if text else ""


def _wanted(error: jsonschema.ValidationError) -> Any:
    """What the schema says of the keyword that failed, which for a ValidationError of a validator is always there."""
    return error.validator_value


def _named(types: Json) -> str:
    """The types of JSON Schema (one, a list, a list of such) in words; null is nothing that anyone writes."""
    flat = [name for item in (types if isinstance(types, list) else [types]) for name in _as_list(item)]
    return " or ".join(dict.fromkeys(_TYPES[name] for name in flat if name in _TYPES)) or "nothing"


def _as_list(item: Json) -> list[Json]:
    return item if isinstance(item, list) else [item]


def _message(error: jsonschema.ValidationError) -> str:
    given = excerpt(error.instance)
    if error.validator == "type":
        return f"is {given}, must be {_named(_wanted(error))}"
    if error.validator == "enum":
        return f"is {given}, must be one of {', '.join(_word(item) for item in _wanted(error))}"
    keyword = str(error.validator)
    if keyword in _LIMITS:
        return f"is {given}, {_LIMITS[keyword].format(_word(_wanted(error)))}"
    return error.message if len(error.message) <= 200 else f"{error.message[:197]}..."


def _word(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
