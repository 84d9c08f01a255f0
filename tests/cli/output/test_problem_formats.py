"""Problems for programs: data, annotations of GitHub Actions, and SARIF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.output import problem_formats
from rudr_py.cli.output.problem_formats import Report
from rudr_py.cli.output.problems import Problems
from rudr_py.errors import Location, Problem

SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "name": {"type": "string", "minLength": 1},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {"type": "object", "required": ["id"]},
                                    },
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message", "ruleId", "level"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"type": "object", "required": ["text"]},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "required": ["uri"],
                                                        "properties": {
                                                            "uri": {"type": "string", "pattern": r"^[!-~]*$"}
                                                        },
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        },
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""The required parts of the schema of SARIF 2.1.0 that GitHub's code scanning reads."""

FIRST = Problem("is not valid", "$.metadata.name", Location("deploy/web, a.yaml", 3, 9), "MD-2")
SECOND = Problem("100% of\nthis: that, too", location=Location("b.yaml", 0, 0))
THIRD = Problem("is missing", "$.spec", document="componentschematic/web")
REPORT = Report(
    problems=Problems(errors=(SECOND, THIRD), warnings=(FIRST,)),
    files=("deploy/web, a.yaml", "b.yaml"),
    skipped=("package.json",),
    documents=2,
)

problems = st.builds(
    Problem,
    message=st.text(),
    path=st.text().map(lambda text: f"$.{text}"),
    location=st.none() | st.builds(Location, st.text(min_size=1), st.integers(0, 3), st.integers(1, 3)),
    rule=st.sampled_from(["", "TR-17", "MD-2"]),
    document=st.sampled_from(["", "trait/a"]),
)


def test_data_has_all_problems_in_the_order_of_the_files() -> None:
    content = problem_formats.data(REPORT)
    assert [problem["message"] for problem in content["problems"]] == [
        "is not valid",
        "100% of this: that, too",
        "is missing",
    ]
    assert content["problems"][0] == {
        "severity": "warning",
        "file": "deploy/web, a.yaml",
        "line": 3,
        "column": 9,
        "document": "",
        "path": "$.metadata.name",
        "message": "is not valid",
        "rule": "MD-2",
    }
    assert {name: content[name] for name in ("documents", "errors", "warnings", "skipped")} == {
        "documents": 2,
        "errors": 2,
        "warnings": 1,
        "skipped": ["package.json"],
    }


def test_annotations_of_github_are_escaped() -> None:
    assert problem_formats.github_text(REPORT).splitlines() == [
        "::warning file=deploy/web%2C a.yaml,line=3,col=9,title=rudr MD-2::$.metadata.name: is not valid",
        "::error file=b.yaml,title=rudr::100%25 of this: that, too",
        "::error title=rudr::componentschematic/web: $.spec: is missing",
    ]


@given(st.lists(problems, max_size=4))
def test_each_problem_is_one_annotation(listed: list[Problem]) -> None:
    collected = Problems.collect(listed, ())
    lines = problem_formats.github_text(Report(problems=collected)).split("\n")
    assert len(lines) == len(collected.errors) + 1
    assert all(line.startswith("::error ") and line.count("::") >= 2 for line in lines[:-1])


@given(st.lists(problems, max_size=4))
def test_sarif_has_the_required_parts(listed: list[Problem]) -> None:
    log = json.loads(problem_formats.sarif_text(Report(problems=Problems.collect(listed, ()))))
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]


def test_sarif_names_files_as_uris() -> None:
    log = json.loads(problem_formats.sarif_text(REPORT))
    places = [result.get("locations", [{}])[0].get("physicalLocation") for result in log["runs"][0]["results"]]
    assert places == [
        {
            "artifactLocation": {"uri": "deploy/web%2C%20a.yaml"},
            "region": {"startLine": 3, "startColumn": 9},
        },
        {"artifactLocation": {"uri": "b.yaml"}},
        None,
    ]


def test_files_below_the_working_directory_have_relative_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inside, outside = str(tmp_path / "a b.yaml"), "/elsewhere/c.yaml"
    listed = tuple(Problem("wrong", location=Location(file, 1, 1)) for file in (inside, outside, "./d.yaml"))
    report = Report(problems=Problems(errors=listed))
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in json.loads(problem_formats.sarif_text(report))["runs"][0]["results"]
    ]
    assert uris == ["a%20b.yaml", "file:///elsewhere/c.yaml", "d.yaml"]
    assert "::error file=a b.yaml,line=1" in problem_formats.github_text(report)
