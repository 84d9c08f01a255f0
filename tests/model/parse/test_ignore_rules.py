"""The annotation with the fields that an application leaves to other managers."""

from __future__ import annotations

import pytest

from rudr_py.model.application import Application, IgnoreRule
from rudr_py.model.document import Parsed
from rudr_py.model.parse import ignore_rules
from rudr_py.model.parse.application import parse_application
from rudr_py.settings import DEFAULT_LIMITS

KEY = "rudr.oam.dev/ignore-differences"
AT = f'$.metadata.annotations["{KEY}"]'


def parsed(text: str) -> Parsed[Application]:
    document = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "shop", "annotations": {KEY: text}},
        "spec": {"components": []},
    }
    return parse_application(document)


def rules(text: str) -> tuple[IgnoreRule, ...]:
    result = parsed(text)
    assert result.value is not None
    assert result.problems == ()
    return result.value.ignore_rules


def test_a_rule_has_the_fields_of_argo_cd() -> None:
    text = "- group: apps\n  kind: Deployment\n  name: web\n  jsonPointers:\n  - /spec/replicas\n"
    (rule,) = rules(text)
    assert (rule.group, rule.kind, rule.name, rule.pointers) == ("apps", "Deployment", "web", (("spec", "replicas"),))
    assert rule.matches("apps", "Deployment", "web")
    assert not rule.matches("apps", "Deployment", "db")
    assert not rule.matches("", "Service", "web")


def test_without_group_and_name_a_rule_is_for_all_objects_of_the_kind() -> None:
    (rule,) = rules("[{kind: Service, jsonPointers: [/spec/type]}]")
    assert rule.matches("", "Service", "a")
    assert rule.matches("serving.knative.dev", "Service", "b")


def test_the_steps_of_a_pointer_are_unescaped() -> None:
    (rule,) = rules("- {kind: Ingress, jsonPointers: [/metadata/annotations/example.com~1a~0b]}")
    assert rule.pointers == (("metadata", "annotations", "example.com/a~b"),)


@pytest.mark.parametrize("text", ["", "  \n", "[]"])
def test_an_empty_annotation_has_no_rules(text: str) -> None:
    assert rules(text) == ()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{", AT),
        ("a: b", AT),
        ("text", AT),
        ("5", AT),
        ("true", AT),
        ("- text", f"{AT}[0]"),
        ("- {jsonPointers: [/spec/a]}", f"{AT}[0]"),
        ("- {kind: Service}", f"{AT}[0]"),
        ("- {kind: Service, jsonPointers: /spec/a}", f"{AT}[0].jsonPointers"),
        ("- {kind: Service, jsonPointers: [/spec/a], jqPathExpressions: [.spec]}", f"{AT}[0].jqPathExpressions"),
        ("- {kind: Service, jsonPointers: [/spec/a, spec.b]}", f"{AT}[0].jsonPointers[1]"),
        ("- {kind: Service, jsonPointers: [/]}", f"{AT}[0].jsonPointers[0]"),
        ("- {kind: Service, jsonPointers: [/status/x]}", f"{AT}[0].jsonPointers[0]"),
        ("- {kind: Service, jsonPointers: [/metadata/name]}", f"{AT}[0].jsonPointers[0]"),
        ("- {kind: Service, jsonPointers: [/metadata/labels]}", f"{AT}[0].jsonPointers[0]"),
        ("- {kind: Service, jsonPointers: [/metadata/ownerReferences/0]}", f"{AT}[0].jsonPointers[0]"),
    ],
)
def test_an_error_has_the_path_of_its_place(text: str, path: str) -> None:
    assert [problem.path for problem in parsed(text).problems] == [path]


@pytest.mark.parametrize("rule_count", [1, 5])
def test_the_number_of_pointers_in_all_rules_is_limited(rule_count: int) -> None:
    pointers = [f"/spec/field{number}" for number in range(DEFAULT_LIMITS.ignored_fields // rule_count)]
    listed = [f"{{kind: Service, jsonPointers: [{', '.join(pointers)}]}}"] * rule_count
    assert len(rules(f"[{', '.join(listed)}]")) == rule_count
    problems = parsed(f"[{', '.join(listed)}, {{kind: Service, jsonPointers: [/spec/type]}}]").problems
    assert [(problem.path, str(DEFAULT_LIMITS.ignored_fields) in problem.message) for problem in problems] == [
        (AT, True)
    ]


def test_a_long_annotation_is_not_read() -> None:
    result = parsed("#" * ignore_rules.LONGEST + "\n[]")
    assert result.value is not None
    assert result.value.ignore_rules == ()
    assert [problem.path for problem in result.problems] == [AT]
