"""Commands print no sensitive value of a document, unless the user asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from rudr_py.cli.program import program

VALUE = "Canary-7f3a9"


def _documents(name: str, *, variable: bool = False, annotation: str = "", value: Any = VALUE) -> list[dict[str, Any]]:
    """A component whose variable GREETING has the value of a parameter of this name, and its application."""
    container = {
        "name": "web",
        "image": "registry.example/web:1",
        "env": [{"name": "GREETING", "fromParam": name}],
        "config": [{"path": "/etc/web/settings", "fromParam": name}],
    }
    component = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ComponentSchematic",
        "metadata": {"name": "web"},
        "spec": {
            "workloadType": "core.oam.dev/v1alpha1.Worker",
            "parameters": [{"name": name, "type": "string", "required": True}],
            "containers": [container],
        },
    }
    binding = {
        "componentName": "web",
        "instanceName": "shop-web",
        "parameterValues": [{"name": name, "value": "[fromVariable(plain)]" if variable else value}],
    }
    application = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "shop", "annotations": {"rudr.oam.dev/sensitive": annotation} if annotation else {}},
        "spec": {"variables": [{"name": "plain", "value": value}], "components": [binding]},
    }
    return [component, application]


def _output(folder: Path, command: str, documents: list[dict[str, Any]], *arguments: str) -> str:
    path = folder / "app.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return CliRunner().invoke(program, [command, "-f", str(path), *arguments]).output


@pytest.mark.parametrize("name", ["password", "dbPassword", "API_TOKEN", "private-key", "clientSecret"])
@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("output", ["yaml", "json"])
def test_a_parameter_with_a_sensitive_name_is_not_rendered(
    tmp_path: Path, name: str, output: str, *, variable: bool
) -> None:
    text = _output(tmp_path, "render", _documents(name, variable=variable), "-o", output)
    assert VALUE not in text
    assert "***" in text


def test_short_and_numeric_values_are_not_rendered(tmp_path: Path) -> None:
    text = _output(tmp_path, "render", _documents("pwd", value="x7"))
    assert "x7" not in text


def test_a_name_in_the_annotation_is_sensitive(tmp_path: Path) -> None:
    assert VALUE in _output(tmp_path, "render", _documents("dsn"))
    assert VALUE not in _output(tmp_path, "render", _documents("dsn", annotation="other, dsn"))


def test_the_user_may_choose_the_words_and_show_all_values(tmp_path: Path) -> None:
    documents = _documents("password")
    assert VALUE in _output(tmp_path, "render", documents, "--show-sensitive")
    assert VALUE in _output(tmp_path, "render", documents, "--sensitive-words", "dsn")
    assert VALUE not in _output(tmp_path, "render", _documents("dsn"), "--sensitive-words", "dsn")


@pytest.mark.parametrize("name", ["passwordSecretName", "keyspace", "monkey", "tokenRef"])
def test_other_names_are_not_sensitive(tmp_path: Path, name: str) -> None:
    assert VALUE in _output(tmp_path, "render", _documents(name))


@pytest.mark.parametrize("command", ["validate", "render"])
def test_a_problem_of_a_sensitive_value_does_not_contain_it(tmp_path: Path, command: str) -> None:
    documents = _documents("password")
    trait = {"name": "manual-scaler", "properties": {"replicaCount": VALUE}}
    documents[1]["spec"]["components"][0]["traits"] = [trait]
    text = _output(tmp_path, command, documents)
    assert "error" in text
    assert VALUE not in text
