"""Checks properties against the schema of their type and says every mistake in words for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
import msgspec

from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import suggest

Where = Callable[..., str]
"""Steps inside the properties (keys and indices) -> the JSON path in the document; no steps: the properties."""

_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")

_JSON_TYPES = {"object": "a map", "array": "a list", "integer": "a whole number"}


def problems(offer: Offer[Any], properties: Mapping[str, Any], where: Where) -> tuple[Problem, ...]:
    """Every mistake in the properties of a type (TR-17)."""
    errors = sorted(
        offer.validator.iter_errors(dict(properties)), key=lambda error: list(map(str, error.absolute_path))
    )
    return tuple(problem for error in errors for problem in _problems(offer.name, error, where))


def renamed(
    offer: Offer[Any], properties: Mapping[str, Any], where: Where
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The properties with outdated spellings replaced, and a warning for each."""
    result: dict[str, Any] = {}
    warnings: list[Problem] = []
    for name, value in properties.items():
        now = offer.provides.renamed_properties.get(name, name)
        if now != name:
            warnings.append(Problem(f'"{name}" is an outdated spelling; write "{now}"', where(name)))
            if now in properties:
                continue
        result[now] = value
    return result, tuple(warnings)


def inside(where: Where, path: str) -> str:
    """The path in the document of a path inside the properties, as a type gives it: `$.rules[0].host`."""
    return where(*(int(index) if index else key for key, index in _STEP.findall(path)))


def _problems(name: str, error: jsonschema.ValidationError, where: Where) -> Iterator[Problem]:
    steps = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(_declared(error))
        for extra in sorted(set(error.instance) - set(known)):
            hint = suggest.nearest(extra, known) or (f" Known are: {', '.join(known)}." if known else " It takes none.")
            yield Problem(f'{name} has no property "{extra}".{hint}', where(*steps, extra), rule="TR-17")
    elif error.validator == "required" and isinstance(error.instance, dict):
        for missing in _wanted(error):
            if missing not in error.instance:
                yield Problem(
                    f'{name} needs the property "{missing}"{_meaning(error, missing)}', where(*steps), rule="TR-17"
                )
    else:
        yield Problem(_message(error), where(*steps), rule="TR-17")


def _declared(error: jsonschema.ValidationError) -> Mapping[str, Any]:
    schema = error.schema
    return schema.get("properties", {}) if isinstance(schema, Mapping) else {}


def _wanted(error: jsonschema.ValidationError) -> list[str]:
    """What the failed keyword asks for, as words: `type: integer`, `enum: [a, b]`, `required: [x]`."""
    value: Any = error.validator_value
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _meaning(error: jsonschema.ValidationError, name: str) -> str:
    text = _declared(error).get(name, {}).get("description", "")
    return f": {text}" if text else ""


def _message(error: jsonschema.ValidationError) -> str:
    given = msgspec.json.encode(error.instance).decode()
    given = given if len(given) <= 60 else f"{given[:57]}..."
    if error.validator == "type":
        return f"is {given}, must be {' or '.join(_JSON_TYPES.get(name, f'a {name}') for name in _wanted(error))}"
    if error.validator == "enum":
        return f"is {given}, must be one of {', '.join(_wanted(error))}"
    if error.validator in ("minimum", "maximum"):
        return f"is {given}, must be at {'least' if error.validator == 'minimum' else 'most'} {_wanted(error)[0]}"
    return error.message
