"""Duplicate keys in bodies. Messages are those of kube-apiserver v1.36.2."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.http.duplicate_keys import duplicate_fields
from tests.local.harness import CONFIG_MAPS, Api

TWICE = (
    b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},'
    b'"data":{"a":"1","a":"2","b":"1","b":"3"},"data":{"c":"x"},"bogus":1}'
)
PROBLEMS = ['duplicate field "data.a"', 'duplicate field "data.b"', 'duplicate field "data"', 'unknown field "bogus"']


async def test_strict_validation_rejects_duplicate_keys(api: Api) -> None:
    reply = await api("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", TWICE)
    message = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
    assert (reply.status, reply.body["message"]) == (400, message + ", ".join(PROBLEMS))


async def test_other_modes_of_validation_return_a_warning(api: Api) -> None:
    reply = await api("POST", CONFIG_MAPS, TWICE)
    quoted = [f'299 - "{problem}"'.replace('field "', 'field \\"').replace('""', '\\""') for problem in PROBLEMS]
    assert (reply.status, reply.headers.getall("Warning")) == (201, quoted)


async def test_ignore_returns_no_warning(api: Api) -> None:
    reply = await api("POST", f"{CONFIG_MAPS}?fieldValidation=Ignore", TWICE)
    assert (reply.status, reply.headers.getall("Warning", [])) == (201, [])


def test_paths_contain_list_indexes() -> None:
    text = b'{"l":[{"n":1},{"n":1,"n":2,"q":{"x":1,"x":1}}]}'
    assert duplicate_fields(text, msgspec.json.decode(text)) == ["l[1].n", "l[1].q.x"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_encoded_json_has_no_duplicate_keys(value: Any) -> None:
    text = msgspec.json.encode(value)
    assert duplicate_fields(text, value) == []
    assert duplicate_fields(msgspec.json.format(text, indent=2), value) == []


@given(st.dictionaries(st.text(max_size=5), _VALUES, min_size=1, max_size=3))
def test_a_duplicate_key_is_reported_at_any_place(value: dict[str, Any]) -> None:
    key = next(iter(value))
    text = msgspec.json.encode(value)[:-1] + b"," + msgspec.json.encode(key) + b":1}"
    assert key in duplicate_fields(text, msgspec.json.decode(text))
