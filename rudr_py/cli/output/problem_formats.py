"""Problems of documents for programs: JSON, annotations of GitHub Actions, and SARIF 2.1.0. Pure.

SARIF is the format of code scanning in GitHub, GitLab and Azure DevOps.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote

import msgspec

import rudr_py
from rudr_py.cli.output import plain_text
from rudr_py.cli.output.problems import Problems
from rudr_py.errors import Problem

SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

GENERAL: Final = "document"
"""The rule in SARIF of problems that break no rule of the specification."""

_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = {**_DATA, ":": "%3A", ",": "%2C"}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check: the problems, the files that were read, the files that were skipped, and documents."""

    problems: Problems
    files: Sequence[str] = ()
    skipped: Sequence[str] = ()
    documents: int = 0


def data(report: Report) -> dict[str, Any]:
    """All problems in the order of files and lines, and numbers, for JSON and YAML."""
    problems = report.problems
    return {
        "documents": report.documents,
        "files": list(report.files),
        "skipped": list(report.skipped),
        "errors": len(problems.errors),
        "warnings": len(problems.warnings),
        "problems": [_fields(severity, problem) for severity, problem in problems.ordered(report.files)],
    }


def github_text(report: Report) -> str:
    """A workflow command for each problem, which GitHub Actions shows at the line of the file."""
    ordered = report.problems.ordered(report.files)
    return "".join(f"{_command(severity, problem)}\n" for severity, problem in ordered)


def sarif_text(report: Report) -> str:
    """A log of SARIF 2.1.0 with one run."""
    ordered = report.problems.ordered(report.files)
    rules = list(dict.fromkeys(problem.rule or GENERAL for _, problem in ordered))
    driver = {"name": "rudr", "version": rudr_py.__version__, "rules": [{"id": rule} for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(severity, problem, rules) for severity, problem in ordered],
    }
    content = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(content)).decode() + "\n"


def _fields(severity: str, problem: Problem) -> dict[str, Any]:
    location = problem.location
    return {
        "severity": severity,
        "file": location.file if location else "",
        "line": location.line if location else 0,
        "column": location.column if location else 0,
        "document": problem.document,
        "path": problem.path,
        "message": _message(problem),
        "rule": problem.rule,
    }


def _command(severity: str, problem: Problem) -> str:
    properties: dict[str, str] = {}
    location = problem.location
    if location is not None:
        properties["file"] = _relative(location.file)
        if location.line:
            properties |= {"line": str(location.line), "col": str(location.column)}
    properties["title"] = f"rudr {problem.rule}".rstrip()
    listed = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    return f"::{severity} {listed}::{_escaped(_described(problem), _DATA)}"


def _result(severity: str, problem: Problem, rules: Sequence[str]) -> dict[str, Any]:
    rule = problem.rule or GENERAL
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": severity,
        "message": {"text": _described(problem)},
    }
    place: dict[str, Any] = {}
    if problem.path != "$":
        place["logicalLocations"] = [{"fullyQualifiedName": problem.path}]
    location = problem.location
    if location is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(location.file)}}
        if location.line:
            physical["region"] = {"startLine": location.line, "startColumn": location.column}
        place["physicalLocation"] = physical
    return {**result, "locations": [place]} if place else result


def _message(problem: Problem) -> str:
    return plain_text.printable(" ".join(problem.message.split()))


def _described(problem: Problem) -> str:
    """The message with the path in the document and, where no file is named, the document."""
    document = f"{problem.document}: " if problem.document and problem.location is None else ""
    path = "" if problem.path == "$" else plain_text.printable(f"{problem.place}: ")
    return f"{document}{path}{_message(problem)}"


def _relative(file: str) -> str:
    """The name of a file from the working directory, the root of the repository in CI, if the file is below it."""
    path = PurePath(os.path.normpath(file))
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        return path.relative_to(Path.cwd()).as_posix()
    return path.as_posix()


def _uri(file: str) -> str:
    path = _relative(file)
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)


def _escaped(text: str, characters: Mapping[str, str]) -> str:
    return "".join(characters.get(character, character) for character in text)
