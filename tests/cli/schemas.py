"""Strategies of hypothesis for JSON Schemas and values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"type": st.just("boolean")}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": st.integers(-9, 9), "maximum": st.integers(10, 99), "multipleOf": st.just(2)},
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")}, optional={"minLength": st.integers(0, 20), "maxLength": st.integers(20, 30)}
    ),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["a", "", 1, True]), min_size=1)}),
    st.just({"type": "null"}),
    st.just({"type": "string", "pattern": "^a+$"}),
    st.fixed_dictionaries({"const": st.sampled_from(["a", 5, False])}),
)


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Only declared properties are required."""
    return {**schema, "required": [name for name in schema["required"] if name in schema["properties"]]}


NAMES = st.sampled_from(["a", "b", "c"])
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"minItems": st.integers(0, 3)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(NAMES, inner),
                "required": st.lists(NAMES, unique=True),
                "additionalProperties": st.just(False),
            }
        ).map(_closed),
    ),
    max_leaves=8,
)
"""Schemas as authors of types write them."""

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 5, 12, 2.5, "", "a", "aaa", "b", "x" * 25]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner)),
    max_leaves=6,
)
"""Values, some of which such schemas take."""
