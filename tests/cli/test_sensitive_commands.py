"""No command prints a sensitive value that objects of the cluster repeat, in any output format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.api import Kind
from rudr_py.local.cluster import LocalSettings
from rudr_py.model.identity import API_VERSION
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke

Document = dict[str, Any]

CANARIES = ("Canary-7f3a9/x y", "Default-Canary", "5551234987", "Variable-Canary")
TEXT = f"cannot log in with {' and '.join(CANARIES)}"

DOCUMENTS: list[Document] = [
    {
        "apiVersion": API_VERSION,
        "kind": "ComponentSchematic",
        "metadata": {"name": "web"},
        "spec": {
            "workloadType": "core.oam.dev/v1alpha1.Worker",
            "parameters": [
                {"name": "password", "type": "string"},
                {"name": "apiToken", "type": "string", "default": CANARIES[1]},
                {"name": "pinSecret", "type": "number"},
                {"name": "dbPassword", "type": "string"},
            ],
            "containers": [
                {
                    "name": "main",
                    "image": "registry.example/web:1",
                    "env": [
                        {"name": name.upper(), "fromParam": name}
                        for name in ("password", "apiToken", "pinSecret", "dbPassword")
                    ],
                    "config": [{"path": "/etc/web/settings", "fromParam": "password"}],
                }
            ],
        },
    },
    {
        "apiVersion": API_VERSION,
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "shop"},
        "spec": {
            "variables": [{"name": "shared", "value": CANARIES[3]}],
            "components": [
                {
                    "componentName": "web",
                    "instanceName": "shop-web",
                    "parameterValues": [
                        {"name": "password", "value": CANARIES[0]},
                        {"name": "pinSecret", "value": int(CANARIES[2])},
                        {"name": "dbPassword", "value": "[fromVariable(shared)]"},
                    ],
                }
            ],
        },
    },
]

CONDITIONS = [
    {"type": "Valid", "status": "True", "reason": "Valid", "message": TEXT},
    {"type": "Synced", "status": "False", "reason": "Invalid", "message": f"deployment.apps/shop-web: {TEXT}"},
    {"type": "Ready", "status": "False", "reason": "NotReady", "message": TEXT},
]


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop") / "kubeconfig"


@pytest.fixture(name="api", scope="module", autouse=True)
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    """A cluster without controllers, in which each object repeats the values as careless clients do."""
    with local_handle.started(LocalSettings(controllers=frozenset())) as handle:
        shop.write_kubeconfig(handle, kubeconfig)
        handle.apply(*DOCUMENTS)
        root = handle.get(API_VERSION, "ApplicationConfiguration", "shop")
        assert root is not None
        owner = {"apiVersion": API_VERSION, "kind": root["kind"], "name": "shop", "uid": root["metadata"]["uid"]}
        labels = {"app.kubernetes.io/name": "shop", "oam.dev/instance-name": "shop-web"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "shop-web-1", "labels": labels, "ownerReferences": [{**owner, "controller": True}]},
            "spec": {
                "containers": [{"name": "main", "image": f"registry.example/{CANARIES[1].lower()}:{CANARIES[1]}"}]
            },
        }
        handle.apply(pod)
        terminated = {"exitCode": 1, "reason": "Error", "message": TEXT}
        statuses = {"containerStatuses": [{"name": "main", "ready": False, "state": {"terminated": terminated}}]}
        patch(handle, Kind("v1", "Pod"), "shop-web-1", {"phase": "Failed", **statuses})
        instance = {"name": "shop-web", "component": "web", "state": "failed", "reason": "Error", "message": TEXT}
        trait = {
            "name": "ingress",
            "state": "failed",
            "reason": "Error",
            "message": TEXT,
            "show": {"host": CANARIES[0]},
        }
        status = {
            "observedGeneration": root["metadata"]["generation"],
            "conditions": [{**each, "lastTransitionTime": "2026-01-01T00:00:00Z"} for each in CONDITIONS],
            "instances": [{**instance, "show": {"host": CANARIES[3]}, "traits": [trait]}],
            "warnings": [TEXT],
        }
        patch(handle, Kind(API_VERSION, "ApplicationConfiguration"), "shop", status)
        about = {**owner, "namespace": "default"}
        handle.apply(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": "shop.1"},
                "involvedObject": about,
                "type": "Warning",
                "reason": "Failed",
                "message": TEXT,
            }
        )
        yield handle


def patch(handle: LocalHandle, kind: Kind, name: str, status: Document) -> None:
    async def write() -> None:
        target = await handle.cluster.target(kind, name, "status")
        await handle.cluster.client.merge_patch(target, json.dumps({"status": status}).encode(), "tester")

    handle.wait(write())


def leaks(text: str) -> list[str]:
    plain = text + json.dumps(text)[1:-1].replace("\\n", " ")
    plain += " ".join(text.split())
    return [canary for canary in (*CANARIES, "Canary", "7f3a9") if canary in plain]


FORMATS = {
    "status": ("", "wide", "yaml", "json", "name"),
    "tree": ("", "wide", "yaml", "json", "name"),
    "doctor": ("", "yaml", "json", "name"),
    "diff": ("", "yaml", "json"),
    "validate": ("", "yaml", "json", "github", "sarif"),
    "render": ("yaml", "json", "name"),
}


@pytest.mark.parametrize("columns", ["40", "300"])
@pytest.mark.parametrize(("command", "form"), [(name, form) for name, forms in FORMATS.items() for form in forms])
def test_no_format_of_a_command_contains_a_sensitive_value(
    command: str, form: str, columns: str, invoke: Invoke, kubeconfig: Path, tmp_path: Path
) -> None:
    done = invoke(*arguments(command, form, kubeconfig, tmp_path), env={"COLUMNS": columns})
    assert done.exit_code in (0, 1), done.output
    assert leaks(done.stdout) == leaks(done.stderr) == []


def arguments(command: str, form: str, kubeconfig: Path, folder: Path) -> list[str]:
    documents = json.loads(json.dumps(DOCUMENTS).replace("registry.example/web:1", "registry.example/web:2"))
    documents[1]["spec"]["components"][0]["traits"] = [{"name": "ingress", "properties": {"hostname": CANARIES[0]}}]
    documents = documents if command == "validate" else [documents[0], DOCUMENTS[1]]
    (folder / "app.yaml").write_text(yaml.safe_dump_all(documents))
    where = ["--kubeconfig", str(kubeconfig)] if command not in ("validate", "render") else []
    subject = ["-f", str(folder / "app.yaml")] if command in ("diff", "validate", "render") else ["shop"]
    return [command, *subject, *(["-o", form] if form else []), *where]


@pytest.mark.parametrize("command", ["status", "tree", "doctor"])
def test_the_values_are_in_the_cluster_and_printed_on_request(command: str, invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke(command, "shop", "-o", "json", "--show-sensitive", "--kubeconfig", str(kubeconfig))
    assert CANARIES[0] in done.stdout
    assert CANARIES[3] in done.stdout


def test_an_external_program_gets_no_sensitive_value(invoke: Invoke, kubeconfig: Path, tmp_path: Path) -> None:
    program = tmp_path / "differ"
    program.write_text(f'#!/bin/sh\ncat "$1"/* "$2"/* > {tmp_path}/seen\nexit 1\n')
    program.chmod(0o755)
    environment = {"KUBECTL_EXTERNAL_DIFF": str(program)}
    done = invoke(*arguments("diff", "", kubeconfig, tmp_path), env=environment)
    assert done.exit_code == 1, done.output
    text = (tmp_path / "seen").read_text()
    assert "registry.example/web:2" in text
    assert leaks(text) == []
