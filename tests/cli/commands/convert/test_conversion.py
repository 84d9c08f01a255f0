"""`rudr convert`: every old shape becomes today's, and everything else stays as it is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.cli.commands.convert import conversion
from rudr_py.cli.commands.convert.conversion import Conversion
from rudr_py.model.document import Json
from rudr_py.model.parse import documents as parse
from rudr_py.model.parse import yaml_file
from rudr_py.model.shapes.table import SHAPES
from tests.conformance import oam
from tests.model.shapes.old_shapes import OLD_SHAPES

EXAMPLES = Path(__file__).parents[4] / "examples"
APPLICATION = "apiVersion: core.oam.dev/v1alpha1\nkind: ApplicationConfiguration\nmetadata: {name: shop}\nspec:\n"
RENDERED = [shape.id for shape in SHAPES if shape.kinds in (("ApplicationConfiguration",), ("ComponentSchematic",))]


def convert(text: str | bytes) -> Conversion:
    result = conversion.convert(text.encode() if isinstance(text, str) else text, "a.yaml")
    assert result.problems == ()
    return result


def converted(text: str) -> str:
    return convert(text).content.decode()


def values(text: str | bytes) -> list[Json]:
    return [document.value for document in yaml_file.load(text, "a.yaml")]


@pytest.mark.parametrize("name", OLD_SHAPES)
def test_an_old_shape_becomes_the_spelling_of_today_without_warnings(name: str) -> None:
    shape = OLD_SHAPES[name]
    result = convert(shape.old)
    assert values(result.content) == values(shape.today)
    (document,) = yaml_file.load(result.content, "a.yaml")
    parsed = parse.parse(document.value)
    assert (parsed.problems, parsed.warnings) == ((), ())
    assert result.changes
    assert not any("written as a whole" in loss.message for loss in result.losses)


@pytest.mark.parametrize("name", [name for name in RENDERED if name != "settings-map"])
def test_a_converted_document_renders_without_warnings(name: str) -> None:
    shape = OLD_SHAPES[name]
    plan = oam.plan(converted(shape.old), shape.beside, name="healthy" if name == "scope-configuration" else "shop")
    assert plan.warnings == oam.plan(shape.today, shape.beside).warnings == ()
    assert oam.objects(plan) == oam.objects(oam.plan(shape.today, shape.beside))


@pytest.mark.parametrize("name", OLD_SHAPES)
def test_a_converted_document_is_not_converted_again(name: str) -> None:
    once = converted(OLD_SHAPES[name].old)
    again = convert(once)
    assert again.content.decode() == once
    assert (again.changed, again.changes, again.losses) == (0, (), ())


@pytest.mark.parametrize("name", OLD_SHAPES)
def test_no_comment_is_lost(name: str) -> None:
    lines = OLD_SHAPES[name].old.splitlines()
    # a comment above, and one at the end of each line that does not end in the text of a block
    is_block = "|\n" in OLD_SHAPES[name].old
    text = "".join(
        f"{line}{'' if is_block or not line.strip() else f'  # comment {number}'}\n"
        if not line.strip().startswith("#")
        else f"{line}\n"
        for number, line in enumerate(lines)
    )
    result = convert(text)
    assert values(result.content) == values(OLD_SHAPES[name].today)
    before, after = text.count("#"), result.content.decode().count("#")
    assert after == before, result.content.decode()


def test_comments_order_quotes_and_other_documents_stay() -> None:
    text = """\
# the shop
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata:
    name:   'shop'   # odd spaces
spec:
    components:

    # the first
    - name: "web"    # the web
      instanceName: front
      traits:
        # reachable from outside
        - name: ingress.core.oam.dev/v1alpha1
          parameterValues:
            # the host
            - name: hostname
              value: "a.example.com"   # of the shop
            - {name: service_port, value: 80}  # http
---
apiVersion: v1
kind: ConfigMap
metadata: {name: x}
data: {a: "b",   c: d}  # not of OAM
"""
    assert (
        converted(text)
        == """\
# the shop
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata:
    name:   'shop'   # odd spaces
spec:
    components:

    # the first
    - componentName: "web"    # the web
      instanceName: front
      traits:
        # reachable from outside
        - name: ingress
          properties:
            # the host
            hostname: "a.example.com"  # of the shop
            servicePort: 80  # http
---
apiVersion: v1
kind: ConfigMap
metadata: {name: x}
data: {a: "b",   c: d}  # not of OAM
"""
    )


@pytest.mark.parametrize(
    "path",
    sorted(path for path in EXAMPLES.rglob("*.yaml") if "templates" not in path.parts),
    ids=lambda path: path.name,
)
def test_documents_of_today_stay_byte_for_byte(path: Path) -> None:
    content = path.read_bytes()
    assert convert(content).content == content


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {name: b, parameterValues: c}\n",
        "apiVersion: ros.example.com/v1alpha1\nkind: ApplicationConfiguration\nmetadata: {name: a}\nspec:\n"
        "  components: [{name: a, instanceName: b}]\n",
        "apiVersion: core.oam.dev/v1alpha2\nkind: ApplicationConfiguration\nmetadata: {name: a}\nspec:\n"
        "  components: [{componentName: a, traits: [{trait: {kind: A}}]}]\n",
        "\ufeffa: 1\r\n",
        f"{APPLICATION}  components: []",
        "{}\n",
    ],
)
def test_other_documents_pass_through_unchanged(text: str) -> None:
    result = convert(text)
    assert result.content == text.encode()
    assert (result.changes, result.losses) == ((), ())


def test_json_stays_json() -> None:
    text = OLD_SHAPES["component-name"].old
    (document,) = values(text)
    result = convert(json.dumps(document, indent=4))
    assert json.loads(result.content) == values(OLD_SHAPES["component-name"].today)[0]


def test_the_items_of_a_list_of_objects_are_converted_in_it() -> None:
    items = [OLD_SHAPES[name].old for name in ("component-name", "os", "trait-parameter-values")]
    listed = "".join(f"- {item.replace(chr(10), chr(10) + '  ').rstrip()}\n" for item in items)
    text = f"apiVersion: v1\nkind: List\nmetadata: {{resourceVersion: ''}}\nitems:\n{listed}"
    result = converted(text)
    expected = [values(OLD_SHAPES[name].today)[0] for name in ("component-name", "os", "trait-parameter-values")]
    assert yaml.safe_load(result)["kind"] == "List"
    assert values(result) == expected


def test_a_document_with_aliases_keeps_its_values() -> None:
    text = APPLICATION + (
        "  components:\n"
        "  - name: web\n    instanceName: one\n    parameterValues: &values [{name: text, value: a}]\n"
        "  - name: web\n    instanceName: two\n    parameterValues: *values\n"
    )
    names = [binding["componentName"] for binding in values(converted(text))[0]["spec"]["components"]]
    assert names == ["web", "web"]


def test_a_merged_map_is_written_as_a_whole_and_reported() -> None:
    text = APPLICATION + (
        "  components:\n  - &first {name: web, instanceName: one}\n  - <<: *first\n    instanceName: two  # comment\n"
    )
    result = convert(text)
    assert [binding["componentName"] for binding in values(result.content)[0]["spec"]["components"]] == ["web", "web"]
    assert "written as a whole" in result.losses[0].message


def test_two_spellings_with_different_values_stay_and_are_an_error() -> None:
    text = f"{APPLICATION}  components:\n  - name: a\n    componentName: b\n    instanceName: c\n"
    result = conversion.convert(text.encode(), "a.yaml")
    assert result.content == text.encode()
    assert [problem.path for problem in result.problems] == ["$.spec.components[0].name"]


def test_a_kind_that_oam_has_nothing_for_stays_and_is_an_error() -> None:
    text = "apiVersion: core.hydra.io/v1alpha1\nkind: ApplicationModel\nmetadata: {name: a}\nspec: {components: []}\n"
    result = conversion.convert(text.encode(), "a.yaml")
    assert result.content == text.encode()
    assert "ApplicationModel" in result.problems[0].message


def test_a_file_that_cannot_be_read_has_no_content() -> None:
    result = conversion.convert(b"a: [\n", "a.yaml")
    assert result.content == b""
    assert result.problems


def test_names_that_are_not_kept_are_reported() -> None:
    (loss,) = convert(OLD_SHAPES["trait-type"].old).losses
    assert "my-app-ingress" in loss.message
    assert loss.location is not None
    assert loss.location.line > 1


@pytest.mark.parametrize("depth", [50, 5000])
def test_deep_nesting_is_refused_or_converted_without_recursion_errors(depth: int) -> None:
    text = f"{APPLICATION}  components:\n  - name: web\n    instanceName: a\n    traits: {'[' * depth}{']' * depth}\n"
    result = conversion.convert(text.encode(), "a.yaml")
    assert bool(result.problems) is (depth > 100)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    result = conversion.convert("\n".join(lines).encode(), "a.yaml")
    assert any("aliases" in problem.message for problem in result.problems)


WORDS = st.sampled_from(["web", "front", "a.example.com", "Ingress", "ingress.core.oam.dev/v1alpha1", "5", "yes", "#x"])
SCALARS = WORDS | st.integers(-5, 5) | st.booleans() | st.none() | st.text(max_size=6)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))
PAIRS = st.lists(st.fixed_dictionaries({"name": WORDS, "value": VALUES}), max_size=3)
PROPERTIES = st.dictionaries(st.sampled_from(["hostname", "service_port", "servicePort", "replicaCount"]), VALUES)
TRAITS = st.fixed_dictionaries(
    {"name": WORDS},
    optional={
        "properties": PAIRS | PROPERTIES | SCALARS,
        "parameterValues": PAIRS | PROPERTIES | SCALARS,
        "type": st.sampled_from(["core.oam.dev/v1alpha1.Ingress", "core.hydra.io/v1alpha1.ManualScaler", "x"]),
        "hostname": VALUES,
    },
)
BINDINGS = st.fixed_dictionaries(
    {},
    optional={
        "name": WORDS,
        "componentName": WORDS,
        "instanceName": WORDS,
        "parameterValues": PAIRS | PROPERTIES,
        "traits": st.lists(TRAITS, max_size=3),
    },
)
SCOPES = st.fixed_dictionaries(
    {"name": WORDS | st.just("core.oam.dev/v1alpha1.Network")},
    optional={"type": WORDS, "properties": PAIRS, "parameterValues": PAIRS | PROPERTIES},
)
CONTAINERS = st.fixed_dictionaries(
    {"name": WORDS},
    optional={
        "image": WORDS | st.fixed_dictionaries({"name": WORDS}, optional={"digest": WORDS}),
        "tag": WORDS,
        "ports": st.lists(
            st.dictionaries(st.sampled_from(["name", "value", "port", "containerPort", "type", "protocol"]), SCALARS),
            max_size=2,
        ),
        "resources": st.dictionaries(st.sampled_from(["cpu", "memory"]), SCALARS | st.just({"required": "0.5"})),
        "env": st.lists(st.dictionaries(st.sampled_from(["name", "fromValue", "fromParam"]), WORDS), max_size=2),
    },
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "components": st.lists(BINDINGS, max_size=3) | BINDINGS,
        "scopes": st.lists(SCOPES, max_size=2),
        "component": WORDS,
        "parameterValues": PAIRS,
        "workloadType": st.sampled_from(["Server", "core.hydra.io/v1.Singleton", "core.oam.dev/v1alpha1.Task"]),
        "workloadSettings": VALUES,
        "settings": st.just('{"properties": {"a": {"enum": [1]}}}') | VALUES,
        "parameters": st.lists(st.dictionaries(st.sampled_from(["name", "type", "value", "default"]), SCALARS)),
        "properties": VALUES,
        "containers": st.lists(CONTAINERS, max_size=2),
        "os": WORDS,
        "name": WORDS,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "apiVersion": st.sampled_from(["core.oam.dev/v1alpha1", "core.hydra.io/v1alpha1", "core.oam.dev/v1"]),
        "kind": st.sampled_from(
            ["ApplicationConfiguration", "Configuration", "ComponentSchematic", "Component", "Trait", "WorkloadType"]
        ),
        "metadata": st.fixed_dictionaries({"name": WORDS}, optional={"version": WORDS, "description": WORDS}),
        "spec": SPECS,
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DOCUMENTS, min_size=1, max_size=2), st.booleans())
def test_a_conversion_reads_as_the_rewritten_documents_and_converts_to_itself(
    documents: list[Json], flow: bool | None
) -> None:
    text = yaml.safe_dump_all(documents, default_flow_style=bool(flow), sort_keys=False)
    once = conversion.convert(text.encode(), "a.yaml")
    twice = conversion.convert(once.content, "a.yaml")
    assert values(once.content) == list(once.values)
    assert twice.content == once.content
    assert twice.changes == ()


@pytest.mark.parametrize("name", OLD_SHAPES)
def test_line_breaks_of_windows_are_read_and_kept_where_nothing_changes(name: str) -> None:
    shape = OLD_SHAPES[name]
    result = convert(shape.old.replace("\n", "\r\n"))
    assert values(result.content) == values(shape.today)
    assert result.content.startswith(f"apiVersion: {values(shape.today)[0]['apiVersion']}\r\n".encode())
