"""The types of parameters."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.model.parameter_types import SCOPE_PARAMETER_TYPES, has_type

VALUES: dict[str, list[Any]] = {
    "boolean": [True],
    "number": [1, 1.5],
    "double": [1, 1.5],
    "integer": [1],
    "string": ["1"],
    "null": [None],
    "object": [{}],
    "array": [[]],
    "[]string": [[]],
}
EVERYTHING: list[Any] = [True, 1, 1.5, "1", None, {}, []]


@pytest.mark.parametrize("name", SCOPE_PARAMETER_TYPES)
def test_a_value_has_its_type_and_no_other(name: str) -> None:
    assert [value for value in EVERYTHING if has_type(value, name)] == VALUES[name]
