"""Files with the templates of another tool."""

from __future__ import annotations

import pytest

from rudr_py.errors import DocumentError, Problem
from rudr_py.model.parse import yaml_file


def _problems(text: str) -> tuple[Problem, ...]:
    try:
        yaml_file.load(text, "x.yaml")
    except DocumentError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nname: {{ .Release.Name }}\n", 2, 7),
        ("{{- if .Values.ingress }}\na: 1\n{{- end }}\n", 1, 1),
        ('a: 1\n{{ include "x" . | nindent 2 }}\n', 2, 1),
        ("spec:\n  {{- range .Values.list }}\n  - {{ . }}\n  {{- end }}\n", 2, 3),
        ("a: {{ x }}-{{ y }}\n", 1, 4),
        ("image: {{ .Values.image }}:{{ .Values.tag }}\nport: {{ .Values.port }}\n", 1, 8),
    ],
)
def test_a_helm_template_is_one_error_at_its_first_expression(text: str, line: int, column: int) -> None:
    (problem,) = _problems(text)
    assert "helm template . | rudr validate -f -" in problem.message
    assert problem.location is not None
    assert (problem.location.line, problem.location.column) == (line, column)


@pytest.mark.parametrize(("text", "word"), [("{% if x %}\na: 1\n", "Jinja"), ("<<<<<<< HEAD\na: 1\n=======\n", "git")])
def test_the_syntax_of_another_tool_is_named(text: str, word: str) -> None:
    (problem,) = _problems(text)
    assert word in problem.message


def test_another_error_of_a_file_with_a_quoted_template_is_reported_as_it_is() -> None:
    (problem,) = _problems('a: "{{ x }}"\nb: 1\nc: 2\nd: 3\nd: 4\n')
    assert "duplicate key" in problem.message


def test_a_file_that_yaml_can_read_has_no_error() -> None:
    assert _problems('a: "{{ .Values.x }}"\n') == ()
