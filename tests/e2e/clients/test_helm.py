"""Helm: a chart is installed, upgraded, rolled back, listed and uninstalled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import CONFIG_MAP, CRD, DEPLOYMENT, JOB

helm = pytest.importorskip("helm_python", reason="no helm-python-sdk for this platform")

T = TypeVar("T")

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "values.yaml": "greeting: hello\nreplicas: 1\n",
    "crds/trays.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: trays.helm.example}
spec:
  group: helm.example
  scope: Namespaced
  names: {plural: trays, singular: tray, kind: Tray}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
""",
    "templates/shop.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data: {greeting: "{{ .Values.greeting }}", revision: "{{ .Release.Revision }}"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec: {containers: [{name: web, image: "registry.example/web:1"}]}
""",
}

HOOKS = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: "{{ .Release.Name }}-certificate"
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  ttlSecondsAfterFinished: 0
  template:
    spec:
      restartPolicy: OnFailure
      containers: [{name: create, image: "registry.example/certificate:1"}]
---
apiVersion: v1
kind: Pod
metadata:
  name: "{{ .Release.Name }}-greets"
  annotations: {helm.sh/hook: test}
spec:
  restartPolicy: Never
  containers: [{name: check, image: "registry.example/curl:1"}]
"""


class Releases:
    """Helm on the test's cluster and namespace, in a thread, because its SDK blocks this loop."""

    def __init__(self, config: Any, chart: Any) -> None:
        self.config = config
        self.chart = chart

    async def do(self, action: Callable[[Any], T]) -> T:
        """Do something with the configuration."""
        return await asyncio.to_thread(action, self.config)

    async def listed(self) -> list[tuple[str, int, str]]:
        """Name, revision and state of every release."""
        releases = await self.do(lambda config: config.list(all_states=True))
        return [(release["name"], release["revision"], release["status"]) for release in releases]


@pytest.fixture
async def releases(server: Server, client_cluster: Cluster, tmp_path: Path) -> Any:
    """Helm, with the chart."""
    for name, text in CHART.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with (
        helm.Config(kubeconfig_path=str(server.kubeconfig), namespace=client_cluster.namespace) as config,
        helm.Chart.load(str(tmp_path)) as chart,
    ):
        yield Releases(config, chart)
    await client_cluster.delete(CRD, "trays.helm.example")


async def test_a_chart_is_installed_upgraded_rolled_back_and_uninstalled(
    releases: Releases, client_cluster: Cluster
) -> None:
    chart = releases.chart
    await releases.do(lambda config: config.install(chart, "shop", namespace=client_cluster.namespace))
    assert await releases.listed() == [("shop", 1, "deployed")]
    assert await data(client_cluster) == {"greeting": "hello", "revision": "1"}
    assert await client_cluster.get(CRD, "trays.helm.example")

    await releases.do(lambda config: config.upgrade(chart, "shop", {"greeting": "hi", "replicas": 3}))
    assert await data(client_cluster) == {"greeting": "hi", "revision": "2"}
    assert await replicas(client_cluster) == 3

    await releases.do(lambda config: config.rollback("shop", version=1))
    assert await data(client_cluster) == {"greeting": "hello", "revision": "1"}
    assert await replicas(client_cluster) == 1
    assert await releases.listed() == [("shop", 3, "deployed")]
    history = await releases.do(lambda config: config.history("shop"))
    assert [revision["revision"] for revision in history] == [1, 2, 3]

    await releases.do(lambda config: config.uninstall("shop"))
    assert await releases.listed() == []
    assert await client_cluster.get(CONFIG_MAP, "shop") is None


@pytest.mark.controllers
async def test_an_install_that_waits_ends_when_the_pods_are_ready(releases: Releases, client_cluster: Cluster) -> None:
    chart = releases.chart
    await releases.do(
        lambda config: config.install(chart, "shop", namespace=client_cluster.namespace, wait="watcher", timeout=60)
    )
    deployment = await client_cluster.get(DEPLOYMENT, "shop")
    assert deployment is not None
    assert deployment["status"]["readyReplicas"] == 1
    await releases.do(lambda config: config.uninstall("shop", wait="watcher", timeout=60))
    assert await client_cluster.get(DEPLOYMENT, "shop") is None


async def data(client_cluster: Cluster) -> Any:
    """The data of the chart's ConfigMap."""
    config_map = await client_cluster.get(CONFIG_MAP, "shop")
    return config_map and config_map["data"]


async def replicas(client_cluster: Cluster) -> Any:
    """The replicas of the chart's Deployment."""
    deployment = await client_cluster.get(DEPLOYMENT, "shop")
    return deployment and deployment["spec"]["replicas"]


@pytest.mark.slow
@pytest.mark.controllers
async def test_hooks_that_expire_at_once_and_tests_of_a_chart_end(
    releases: Releases, client_cluster: Cluster, tmp_path: Path
) -> None:
    """A chart whose Job with a TTL of 0 creates a certificate before the installation and each upgrade."""
    (tmp_path / "templates" / "hooks.yaml").write_text(HOOKS)
    with helm.Chart.load(str(tmp_path)) as chart:
        await releases.do(
            lambda config: config.install(chart, "shop", namespace=client_cluster.namespace, wait="watcher", timeout=60)
        )
        await releases.do(lambda config: config.upgrade(chart, "shop", wait="watcher", timeout=60))
    assert await releases.listed() == [("shop", 2, "deployed")]
    assert not await client_cluster.list(JOB)
    await releases.do(lambda config: config.test("shop", timeout=60))
    await releases.do(lambda config: config.uninstall("shop"))
