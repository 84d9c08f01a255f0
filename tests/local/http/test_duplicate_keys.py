"""Duplicate keys in bodies. Messages are those of kube-apiserver v1.36.2."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.http.duplicate_keys import duplicate_fields
from tests.local.harness import CONFIG_MAPS, JSON_PATCH, MERGE, STRATEGIC, Api, config_map

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


@pytest.mark.parametrize(
    ("media", "patch", "problem"),
    [
        (MERGE, b'{"data":{"a":"1","a":"2"},"bogus":1}', 'duplicate field "data.a", unknown field "bogus"'),
        (STRATEGIC, b'{"data":{"a":"1","a":"2"}}', 'duplicate field "data.a"'),
        (
            JSON_PATCH,
            b'[{"op":"add","path":"/data","path":"/data","value":{},"x":1}]',
            'json patch duplicate field "[0].path", json patch unknown field "[0].x"',
        ),
    ],
)
async def test_duplicate_keys_of_a_patch_are_reported(api: Api, media: str, patch: bytes, problem: str) -> None:
    await api.created(CONFIG_MAPS, config_map("m"))
    reply = await api("PATCH", f"{CONFIG_MAPS}/m?fieldValidation=Strict", patch, media=media)
    assert (reply.status, reply.body["message"].endswith(f": strict decoding error: {problem}")) == (422, True)
    warned = await api("PATCH", f"{CONFIG_MAPS}/m", patch, media=media)
    expected = [f'299 - "{each}"' for each in problem.replace('"', '\\"').split(", ")]
    assert (warned.status, warned.headers.getall("Warning")) == (200, expected)


YAML = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n  name: m\ndata:\n  1: x\n  1: y\n"
LINES = ['line 5: key "name" already set in map', "line 8: key 1 already set in map"]


async def test_duplicate_keys_of_yaml_are_reported_with_their_lines(api: Api) -> None:
    errors = "\n  ".join(["yaml: unmarshal errors:", *LINES])
    strict = await api("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", YAML, media="application/yaml")
    applied = await api(
        "PATCH", f"{CONFIG_MAPS}/m?fieldManager=a&fieldValidation=Strict", YAML, media="application/apply-patch+yaml"
    )
    assert strict.body["message"].endswith(f"cannot be handled as a ConfigMap: strict decoding error: {errors}")
    prefix = "error strict decoding patch: error converting YAML to JSON: "
    assert (applied.status, applied.body["message"]) == (400, prefix + errors)


async def test_duplicate_keys_of_an_applied_configuration_are_warnings(api: Api) -> None:
    for _ in range(2):
        reply = await api("PATCH", f"{CONFIG_MAPS}/m?fieldManager=a", YAML, media="application/apply-patch+yaml")
        quoted = [f'299 - "{line}"'.replace('"name"', '\\"name\\"') for line in LINES]
        assert (reply.body["data"], reply.headers.getall("Warning")) == ({"1": "y"}, quoted)


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
