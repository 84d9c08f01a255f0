"""The JSONPath of printer columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.printing import jsonpath

OBJECT = {
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Synced", "status": "False"}]},
    "metadata": {"annotations": {"a.b/c": "x"}},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (".status.conditions[0].type", ["Ready"]),
        (".status.conditions[*].type", ["Ready", "Synced"]),
        ('.status.conditions[?(@.type=="Synced")].status', ["False"]),
        (".status.conditions[-1].type", ["Synced"]),
        (r".metadata.annotations.a\.b/c", ["x"]),
        (".metadata.annotations['a.b/c']", ["x"]),
        ("{.status.missing}", []),
        (".status[", []),
    ],
)
def test_a_path_returns_its_values(path: str, values: list[str]) -> None:
    assert jsonpath.find(OBJECT, path) == values


@given(st.text(alphabet=".[]()?@*='\"ab01-", max_size=20))
def test_no_path_raises(path: str) -> None:
    assert isinstance(jsonpath.find(OBJECT, path), list)
