"""Reading files: what kubectl reads, with places, and what is refused. Nothing but DocumentError may come out."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.errors import DocumentError, Location, Problem
from rudr_py.model.document import Document
from rudr_py.model.parse import yaml_file


def refused(text: str | bytes, loader: object = yaml_file.LOADER) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        yaml_file.load(text, "f.yaml", loader)
    return caught.value.problems


def places(text: str | bytes) -> list[str]:
    return [str(problem.location) for problem in refused(text)]


def test_documents_are_in_order_with_file_and_index() -> None:
    documents = yaml_file.load("---\na: 1\n---\n---\nb: 2\n...\n", "f.yaml")
    assert [(document.value, document.name, document.index) for document in documents] == [
        ({"a": 1}, "f.yaml", 0),
        ({"b": 2}, "f.yaml", 2),
    ]


def test_every_key_and_value_has_its_position() -> None:
    text = "metadata:\n  labels:\n    a.b/c: x\nspec:\n- name: web\n  ports: [80, 81]\n"
    positions = yaml_file.load(text, "f.yaml")[0].positions
    assert positions.of_key('$.metadata.labels["a.b/c"]') == Location("f.yaml", 3, 5)
    assert positions.of_value('$.metadata.labels["a.b/c"]') == Location("f.yaml", 3, 12)
    assert positions.of_value("$.spec[0].ports[1]") == Location("f.yaml", 6, 15)
    assert positions.of_key("$.spec[0]") == Location("f.yaml", 5, 3)


def test_an_absent_value_has_the_position_of_the_enclosing_value() -> None:
    positions = yaml_file.load("a:\n  b: 1\n", "f.yaml")[0].positions
    assert positions.of_value("$.a.x.y[3]") == Location("f.yaml", 2, 3)
    assert positions.of_key("$.z") == Location("f.yaml", 1, 1)


def test_a_duplicate_key_is_rejected_with_both_positions() -> None:
    problems = refused("a: 1\nb:\n  c: 1\n  'c': 2\na: 3\n")
    assert [(problem.path, str(problem.location)) for problem in problems] == [
        ("$.b.c", "f.yaml:4:3"),
        ("$.a", "f.yaml:5:1"),
    ]
    assert "f.yaml:3:3" in problems[0].message
    assert "f.yaml:1:1" in problems[1].message


def test_a_key_may_be_repeated_in_another_document_or_map() -> None:
    assert len(yaml_file.load("a: {b: 1}\nc: {b: 1}\n---\na: 1\n", "f.yaml")) == 2


def test_errors_of_all_documents_are_reported_together() -> None:
    assert places("a: 1\na: 2\n---\n- x\n---\nb: 1\nb: 2\n") == ["f.yaml:2:1", "f.yaml:4:1", "f.yaml:7:1"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1\nb: 2\n", "f.yaml:2:2"),
        ("a:\n\t- b\n", "f.yaml:2:1"),
        ("a: b: c\n", "f.yaml:1:5"),
        ("a: \x01\n", "f.yaml:1:4"),
        (b"a: 1\nb: \xff\n", "f.yaml:2:4"),
        ("a: *nope\n", "f.yaml:1:4"),
        ("a: &x [*x]\n", "f.yaml:1:8"),
        ("a: !secret x\n", "f.yaml:1:4"),
        ("a: !!binary eA==\n", "f.yaml:1:4"),
        ("a: !thing {}\n", "f.yaml:1:4"),
        ("a: .inf\n", "f.yaml:1:4"),
        ("? [a]\n: b\n", "f.yaml:1:3"),
        ("~: b\n", "f.yaml:1:1"),
        ("a:\n  <<: 5\n", "f.yaml:2:7"),
        ("just text\n", "f.yaml:1:1"),
        ("a: 1\nb: \ud800\n", "f.yaml:2:4"),
    ],
)
def test_a_syntax_error_is_reported_with_its_position(text: str | bytes, place: str) -> None:
    assert places(text) == [place]


def test_aliases_and_merge_keys_are_expanded() -> None:
    text = "base: &b {x: 1, w: 1}\none:\n  <<: *b\n  w: 2\ntwo: {<<: [*b, {z: 3, x: 9}]}\nthree: *b\n"
    value = yaml_file.load(text, "f.yaml")[0].value
    assert value["one"] == {"x": 1, "w": 2}
    assert value["two"] == {"x": 1, "w": 1, "z": 3}
    assert value["three"] == {"x": 1, "w": 1}


def test_exponential_aliases_are_rejected() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    assert "aliases" in refused("\n".join(lines))[0].message


@pytest.mark.parametrize(
    ("text", "column"),
    [("[" * 50_000, 101), ("[" * 1_100, 101), ("{a: " * 50_000, 401), ("- " * 20_000, 201), ("ä: " + "[" * 1_100, 103)],
    ids=["list", "list within one look-ahead", "map", "block list", "list after a character of two bytes"],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml_file.LOADER], ids=["python", "libyaml"])
def test_deep_nesting_is_rejected_at_its_position(text: str, column: int, loader: object) -> None:
    (problem,) = refused(text, loader)
    assert problem.message == "nested deeper than 100 levels"
    assert str(problem.location) == f"f.yaml:1:{column}"


def test_a_file_nested_as_deep_as_allowed_keeps_its_syntax_error() -> None:
    (problem,) = refused("[" * 100 + "}")
    assert problem.message.startswith("the file is not valid YAML: ")


def test_deep_nesting_through_aliases_is_rejected() -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {'[' * 40}*a{n - 1}{']' * 40}" for n in range(1, 4)]
    assert "deeper" in refused("\n".join(lines))[0].message
    assert yaml_file.load("\n".join(lines[:3]), "f.yaml")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_in_bytes_is_removed(encoding: str) -> None:
    assert yaml_file.load("a: ä\n".encode(encoding), "f.yaml")[0].value == {"a": "ä"}


def test_a_byte_order_mark_in_text_is_removed() -> None:
    assert yaml_file.load("\ufeffa: 1\n", "f.yaml")[0].value == {"a": 1}


def test_the_items_of_a_list_are_documents_with_their_own_paths() -> None:
    text = "kind: List\napiVersion: v1\nitems:\n- kind: A\n  x: 1\n- kind: B\n"
    first, second = yaml_file.load(text, "f.yaml")
    assert (first.value, second.value) == ({"kind": "A", "x": 1}, {"kind": "B"})
    assert first.positions.of_value("$.x") == Location("f.yaml", 5, 6)
    assert second.positions.of_value("$") == Location("f.yaml", 6, 3)


def test_an_item_of_a_list_that_is_not_a_map_is_rejected() -> None:
    assert places("kind: List\nitems:\n- 5\n") == ["f.yaml:3:3"]


def test_json_is_parsed_with_escapes_and_positions() -> None:
    text = '{\n\t"a": "\\ud83d\\ude00 \\/ \\\\ud83d",\n\t"b": [1.50, true, null]\n}'
    document = yaml_file.load(text, "f.json")[0]
    assert document.value == {"a": "😀 / \\ud83d", "b": [1.5, True, None]}
    assert document.positions.of_value("$.b[1]") == Location("f.json", 3, 14)


def test_keys_are_text_as_in_kubectls_json() -> None:
    assert yaml_file.load("{1: a, on: b, 1.5: c, 'x': d}", "f.yaml")[0].value == {
        "1": "a",
        "true": "b",
        "1.5": "c",
        "x": "d",
    }


def test_an_explicit_tag_of_yaml_is_followed() -> None:
    assert yaml_file.load("a: !!str 5\nb: !!int '5'\nc: !!map {}\n", "f.yaml")[0].value == {"a": "5", "b": 5, "c": {}}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc -:#", max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(value=st.dictionaries(st.sampled_from("abc"), json_values, max_size=3))
def test_any_json_is_read_back(value: dict[str, object]) -> None:
    assert [document.value for document in yaml_file.load(json.dumps(value), "f.json")] == [value]


@given(text=st.text(alphabet="ab:-[]{}&*!|>'\"?#,~%@`<\n\t 01.e", max_size=60) | st.text() | st.binary())
def test_any_text_is_parsed_or_rejected(text: str | bytes) -> None:
    problems: tuple[Problem, ...] = ()
    documents: tuple[Document, ...] = ()
    try:
        documents = yaml_file.load(text, "f.yaml")
    except DocumentError as error:
        problems = error.problems
    assert all(isinstance(document.value, dict) for document in documents)
    assert all(problem.location is not None for problem in problems)
