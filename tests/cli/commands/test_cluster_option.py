"""`rudr validate` and `rudr render` with `--cluster`: definitions, components and CRDs of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke
from tests.cli.documents.test_checking import CRD

DEFINITION = """\
apiVersion: core.oam.dev/v1alpha1
kind: WorkloadType
metadata: {name: redis-cluster, namespace: rudr-system}
spec:
  group: cache.example.org
  version: v1alpha1
  names: {kind: RedisCluster, singular: rediscluster, plural: redisclusters}
  settings: [{name: region, type: string}]
"""
COMPONENT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: cache}
spec:
  workloadType: cache.example.org/v1alpha1.RedisCluster
  workloadSettings: [{name: region, value: eu}]
"""
APPLICATION = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: cache}
spec: {components: [{componentName: cache, instanceName: cache}]}
"""
MOON = COMPONENT.replace("eu", "moon")


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster") / "kubeconfig"


@pytest.fixture(name="api", scope="module")
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    with shop.open_shop(kubeconfig) as handle:
        handle.apply(CRD, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rudr-system"}})
        handle.apply(*yaml.safe_load_all("---\n".join((DEFINITION, COMPONENT))))
        yield handle


@pytest.fixture(name="run")
def _run(invoke: Invoke, api: LocalHandle, kubeconfig: Path) -> Invoke:
    del api

    def run(command: str, *documents: str, options: tuple[str, ...] = ("--cluster",)) -> Result:
        text = "---\n".join(documents)
        return invoke(command, "-f", "-", *options, input=text, env={"KUBECONFIG": str(kubeconfig)})

    return run


@pytest.mark.parametrize("command", ["validate", "render"])
def test_documents_of_the_cluster_complete_those_of_the_files(command: str, run: Invoke) -> None:
    assert run(command, APPLICATION, options=()).exit_code == 1
    done = run(command, APPLICATION)
    assert (done.exit_code, done.stderr) == (0, "")
    assert run(command, COMPONENT, APPLICATION).exit_code == 0


@pytest.mark.parametrize("command", ["validate", "render"])
def test_a_file_replaces_the_document_of_the_cluster(command: str, run: Invoke) -> None:
    done = run(command, MOON, APPLICATION)
    assert done.exit_code == 1
    assert "spec.region" in done.output
    other = DEFINITION.replace("name: region", "name: zone").replace(", namespace: rudr-system", "")
    assert run(command, other, COMPONENT, APPLICATION).exit_code == 1


@pytest.mark.parametrize("option", ["--kubeconfig", "--context"])
def test_an_option_that_selects_a_cluster_implies_that_it_is_read(option: str, run: Invoke, kubeconfig: Path) -> None:
    value = str(kubeconfig) if option == "--kubeconfig" else "rudr-local"
    assert run("validate", APPLICATION, options=(option, value)).exit_code == 0


def test_a_namespace_selects_the_components(run: Invoke) -> None:
    assert run("validate", APPLICATION, options=("--cluster", "-n", "elsewhere")).exit_code == 1
    own = APPLICATION.replace("{name: cache}", "{name: cache, namespace: default}", 1)
    assert run("validate", own, options=("--cluster", "-n", "elsewhere")).exit_code == 0


def test_a_cluster_that_cannot_be_reached_is_an_error(run: Invoke, tmp_path: Path) -> None:
    assert run("validate", APPLICATION, options=("--kubeconfig", str(tmp_path / "absent"))).exit_code == 1
