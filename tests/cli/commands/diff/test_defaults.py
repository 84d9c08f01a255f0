"""`rudr diff --defaults`: the effect of other defaults on all applications of a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rudr_py.api import Kind
from rudr_py.testing.local_handle import LocalHandle
from tests.cli.conftest import Invoke

Diff = Callable[..., Result]

NAMESPACE = Kind("v1", "Namespace")
ENFORCE = "pod-security.kubernetes.io/enforce"


@pytest.fixture(name="everything")
def _everything(invoke: Invoke, api: LocalHandle, kubeconfig: Path) -> Diff:
    """Compare without files."""
    del api
    return lambda *arguments: invoke("diff", "--kubeconfig", str(kubeconfig), *arguments)


def test_without_files_and_defaults_the_usage_is_wrong(everything: Diff) -> None:
    done = everything()
    assert done.exit_code == 2
    assert "Missing option '-f' / '--filename', or '--defaults'" in done.stderr


def test_defaults_of_the_running_controller_change_nothing(everything: Diff) -> None:
    done = everything("--defaults", "podSecurity=none")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith("0 pods of 0 workloads to restart\n")


def test_new_defaults_are_compared_for_all_applications_with_the_pods_that_restart(everything: Diff) -> None:
    done = everything("--defaults", "podSecurity=restricted,limits.memory=256Mi")
    assert done.exit_code == 1, done.stderr
    lines = done.stdout.splitlines()
    titles = [index for index, line in enumerate(lines) if " in default: " in line]
    assert [lines[index] for index in titles] == [
        "# deployment.apps/shop-web in default: would be changed",
        "# deployment.apps/shop-worker in default: would be changed",
    ]
    assert [lines[index + 1] for index in titles] == ["# restarts 2 pods", "# restarts 1 pod"]
    assert done.stdout.count("runAsNonRoot: true\n") == 2
    assert lines[-1].startswith("0 to create, 2 to change, 0 to delete, ")
    assert lines[-1].endswith(", 3 pods of 2 workloads to restart")


def test_numbers_of_pods_are_part_of_the_data(everything: Diff) -> None:
    done = everything("--defaults", "limits.memory=256Mi", "-o", "json")
    result = json.loads(done.stdout)
    assert result["summary"]["restarts"] == 3
    assert [item["restarts"] for item in result["items"]] == [2, 1]


def test_the_values_of_a_release_are_accepted(everything: Diff, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("replicaCount: 2\napplicationDefaults: {imagePullPolicy: Always}\n")
    done = everything("--defaults", str(tmp_path / "values.yaml"))
    assert done.stdout.count("imagePullPolicy: Always\n") == 2


def test_a_namespace_limits_the_comparison(everything: Diff) -> None:
    done = everything("--defaults", "imagePullPolicy=Always", "-n", "elsewhere")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "0 to create, 0 to change, 0 to delete, 0 unchanged, 0 pods of 0 workloads to restart\n"


@pytest.mark.parametrize(("level", "code"), [("restricted", 1), ("baseline", 0)])
def test_the_label_of_the_namespace_decides_the_profile(
    everything: Diff, api: LocalHandle, level: str, code: int
) -> None:
    labels = {"metadata": {"labels": {ENFORCE: level}}}
    api.wait(api.cluster.patch(NAMESPACE, "default", labels))
    try:
        done = everything("--defaults", "podSecurity=namespace")
    finally:
        api.wait(api.cluster.patch(NAMESPACE, "default", {"metadata": {"labels": {ENFORCE: None}}}))
    assert done.exit_code == code, done.stderr
    assert ("runAsNonRoot: true" in done.stdout) == bool(code)
