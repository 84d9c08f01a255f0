"""Lists in the form of Compose or of a command line."""

from __future__ import annotations

import pytest

from rudr_py.model.advice import lists
from rudr_py.model.document import Json


@pytest.mark.parametrize(
    ("key", "value", "advice"),
    [
        ("cmd", "sh -c run", '["sh", "-c", "run"]'),
        ("args", "--port", '["--port"]'),
        ("env", {"A": "b"}, "a list of name and value"),
        ("settings", "{not json", "a list of name and type, or a JSON Schema with properties"),
        ("workloadSettings", "a: b", "a list of name and value, or a map"),
        ("parameters", {"a": "string"}, "a list of name and type"),
    ],
)
def test_a_value_in_the_place_of_a_list_leads_to_the_list(key: str, value: Json, advice: str) -> None:
    assert lists.of_value(key, value) == f"; write {advice}"


@pytest.mark.parametrize(
    ("key", "item", "advice"),
    [
        ("ports", 80, "{name: http, containerPort: 80}"),
        ("ports", "8080:80", "{name: http, containerPort: 80}"),
        ("ports", "53/udp", "{name: http, containerPort: 53, protocol: UDP}"),
        ("env", "A=b=c", '{name: A, value: "b=c"}'),
        ("traits", "ingress", "{name: ingress}"),
    ],
)
def test_an_entry_in_the_place_of_a_map_leads_to_the_map(key: str, item: Json, advice: str) -> None:
    assert lists.of_item(key, item) == f"; write {advice}"


@pytest.mark.parametrize("value", [None, True, 5, [], {"a": 1}, "x" * 500])
def test_other_values_have_no_advice(value: Json) -> None:
    assert lists.of_value("ports", value) == ""
    assert lists.of_item("containers", value) == ""
