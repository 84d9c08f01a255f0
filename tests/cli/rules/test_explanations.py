"""Explanations of rules: each ID of a message has one, and its example is true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from rudr_py.cli.commands import digest
from rudr_py.cli.documents import canonical, checking
from rudr_py.cli.documents.document_set import DocumentSet
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.cli.rules import explanation
from rudr_py.cli.rules.explanation import Explanation
from rudr_py.model.document import Document, Positions
from tests import own_packages
from tests.test_layout import MODULES, ROOT

EXPLANATIONS = explanation.load()
RULE = re.compile(r"[A-Z]{2}-[0-9]+")
API = "core.oam.dev/v1alpha1"


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _component(name: str, workload: str, **container: Any) -> dict[str, Any]:
    main = {"name": name, "image": "nginx:1.25", **container}
    parameters = [{"name": "who", "type": "string"}]
    spec = {"workloadType": f"{API}.{workload}", "parameters": parameters, "containers": [main]}
    return _document("ComponentSchematic", name, spec)


def _documents() -> dict[str, dict[str, Any]]:
    port = {"name": "http", "containerPort": 80}
    instance = {"componentName": "web", "instanceName": "web"}
    queue = {"group": "example.com", "names": {"kind": "Queue"}, "settings": [{"name": "size", "type": "number"}]}
    return {
        "component": _component("web", "Server", ports=[port]),
        "application": _document("ApplicationConfiguration", "shop", {"components": [instance]}),
        "task": _component("task", "Task"),
        "queue": {**_document("WorkloadType", "queues.example.com", queue)},
    }


def _merged(base: Any, part: Any) -> Any:
    if isinstance(base, dict) and isinstance(part, dict):
        return {**base, **{key: _merged(base.get(key), value) for key, value in part.items()}}
    maps = isinstance(base, list) and isinstance(part, list) and part and all(isinstance(x, dict) for x in part)
    if not maps:
        return part
    rest = [None] * (len(part) - len(base))
    return [_merged(old, new) for old, new in zip([*base, *rest], part, strict=False)]


def _rules(entry: Explanation, part: str) -> set[str]:
    """The rules in the messages about the usual documents, of which one has the part."""
    documents = _documents()
    changed = yaml.safe_load(part)
    fields = changed if entry.whole else {"spec": changed}
    base = documents.get(entry.document) or _document(entry.document, "example", {})
    documents[entry.document] = _merged(base, fields)
    read = [Document(value=value, positions=Positions(file=""), name="", index=0) for value in documents.values()]
    workspace = Workspace.parse(read)
    catalog = own_packages.standard_types().catalog
    document_set = DocumentSet(contents=FileContents(), workspace=workspace, server_rules=None)
    problems = checking.check(document_set, catalog, datetime(2026, 1, 1, tzinfo=UTC)).problems
    rules = {problem.rule for problem in (*problems.errors, *problems.warnings) if problem.rule}
    return rules | {digest.RULE_FORM for value in documents.values() if not _has_form(value)}


def _has_form(document: dict[str, Any]) -> bool:
    try:
        return bool(canonical.form(document))
    except ValueError:
        return False


def _used() -> Iterator[str]:
    sources = [*MODULES, *(ROOT / "plugins").glob("*/rudr_py_*/**/*.py")]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if RULE.fullmatch(node.value):
                    yield node.value
                yield from re.findall(r"\[([A-Z]{2}-[0-9]+)\]", node.value)


def test_each_rule_in_a_message_is_explained_and_no_other_one() -> None:
    assert set(_used()) == set(EXPLANATIONS)


@pytest.mark.parametrize("rule", EXPLANATIONS)
def test_the_wrong_part_of_an_example_breaks_the_rule_and_the_right_one_does_not(rule: str) -> None:
    entry = EXPLANATIONS[rule]
    assert rule in _rules(entry, entry.wrong)
    assert rule not in _rules(entry, entry.right)


def test_the_documents_of_the_examples_are_valid() -> None:
    assert _rules(EXPLANATIONS["CO-1"], "osType: linux") == set()


@pytest.mark.parametrize("written", ["TR-17", "tr-17", "[TR-17]"])
def test_a_rule_is_recognized_as_messages_print_it(written: str) -> None:
    assert explanation.is_rule(written)
    assert explanation.find(written)[0] == "TR-17"


@pytest.mark.parametrize("written", ["trait", "ingress", "auto-scaler", "TR-x", "TR17", ""])
def test_the_name_of_a_type_is_no_rule(written: str) -> None:
    assert not explanation.is_rule(written)
