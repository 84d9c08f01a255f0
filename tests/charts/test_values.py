"""values.yaml, values.schema.json and the templates agree, and the generated files are current."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

import rudr_py
from tests.charts import cases, generated, values_file

SCHEMA = json.loads((values_file.FOLDER / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((values_file.FOLDER / "values.yaml").read_text())
GLOBAL = {"global"}
"""Defined by Helm."""


def leaves(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all values that a schema names, except inside of Kubernetes' types."""
    fields = schema.get("properties", {})
    if schema.get("additionalProperties") is not False or path in PROBES:
        yield path
        return
    for key, inner in fields.items():
        if (path, key) != ((), "global"):
            yield from leaves(inner, (*path, key))


PROBES = {("livenessProbe",), ("readinessProbe",)}


def at(values: dict[str, Any], path: tuple[str, ...]) -> Any:
    for key in path:
        values = values[key]
    return values


def without(values: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    """A copy without the value at a path, or None if it is not set."""
    reduced = copy.deepcopy(values)
    place = reduced
    for key in path[:-1]:
        place = place.get(key, {})
    if path[-1] not in place:
        return None
    del place[path[-1]]
    return reduced


@pytest.mark.parametrize(("path", "text"), generated.files().items(), ids=lambda value: getattr(value, "name", ""))
def test_generated_files_are_current(path: Any, text: str) -> None:
    assert path.read_text() == text, "run `make chart`"


def test_the_folder_of_generated_files_has_no_other_files() -> None:
    existing = {path for path in (values_file.FOLDER / "generated").rglob("*") if path.is_file()}
    assert existing == {path for path in generated.files() if "generated" in path.parts}


def test_every_value_has_a_default_a_comment_and_a_place_in_the_schema() -> None:
    described = {value.path for value in values_file.values()}
    assert described == set(leaves(SCHEMA))
    assert all(value.text.endswith((".", ").", '".')) for value in values_file.values())
    for path in described:
        at(DEFAULTS, path)


def test_the_schema_has_every_value() -> None:
    def closed(schema: dict[str, Any], values: Any, path: str = "") -> Iterator[str]:
        for key in values if "properties" in schema else ():
            if key not in schema["properties"]:
                yield f"{path}.{key}"
            elif isinstance(values[key], dict):
                yield from closed(schema["properties"][key], values[key], f"{path}.{key}")

    assert list(closed(SCHEMA, DEFAULTS)) == []


def test_every_value_is_set_by_some_case() -> None:
    unset = [
        ".".join(path)
        for path in leaves(SCHEMA)
        if not any(without(values, path) is not None for values in cases.CASES.values())
    ]
    assert unset == []


def test_the_chart_has_the_version_of_the_program() -> None:
    chart = yaml.safe_load((values_file.FOLDER / "Chart.yaml").read_text())
    assert chart["appVersion"] == rudr_py.__version__
    # the same version in the form that Helm requires
    assert chart["version"] == rudr_py.__version__.replace(".dev", "-dev")
