"""The kube-controller-manager of Kubernetes runs the workloads of the local API, in both encodings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import yaml

from rudr_py.local import certificates
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import ADDED, DELETED, Object
from rudr_py.local.verbs.views import PROTOBUF
from tests.local.harness import deployment

BINARY = Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin")) / "kube-controller-manager"
SECONDS = 60
KUBELETS = frozenset({"pod"})
"""The local controllers that a kube-controller-manager does not have."""

pytestmark = [
    pytest.mark.skipif(not BINARY.exists(), reason=f"no kube-controller-manager in {BINARY.parent}"),
    pytest.mark.slow,
]


@pytest.fixture(params=["application/json", PROTOBUF])
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LocalCluster]:
    """A local API whose workloads the kube-controller-manager runs; a failure shows the end of its log."""
    access = AccessSettings(certificate=certificates.generate())
    async with LocalCluster(LocalSettings(controllers=KUBELETS, access=access)) as running:
        kubeconfig, log = tmp_path / "kubeconfig", tmp_path / "kube-controller-manager.log"
        kubeconfig.write_text(yaml.safe_dump(running.kubeconfig()))
        flags = [f"--kubeconfig={kubeconfig}", f"--cert-dir={tmp_path}", "--secure-port=0"]
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                BINARY, *flags, f"--kube-api-content-type={request.param}", stdout=output, stderr=output
            )
            try:
                yield running
            finally:
                process.kill()
                await process.wait()
                print("\n".join(log.read_text().splitlines()[-40:]))  # noqa: T201 - pytest shows it after a failure


async def until(
    cluster: LocalCluster, kind: KindInfo, name: str, holds: Callable[[Object], object], event: str = ""
) -> None:
    """Wait for a state of an object, or for an event. Raises TimeoutError."""
    async with asyncio.timeout(SECONDS):
        async for change, obj in cluster.client.watch(kind):
            if obj["metadata"]["name"] == name and event in ("", change) and holds(obj):
                return


async def test_it_runs_deployments_and_jobs_and_finalizes_namespaces(cluster: LocalCluster) -> None:
    create = cluster.client.create
    create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "work"}})
    in_work = {"namespace": "work"}
    await until(
        cluster, KindInfo("v1", "ServiceAccount"), "default", lambda obj: obj["metadata"]["namespace"] == "work"
    )
    create({**deployment("web", replicas=2), "metadata": {"name": "web", **in_work}})
    await until(cluster, KindInfo("apps/v1", "Deployment"), "web", lambda obj: obj["status"].get("readyReplicas") == 2)
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    metadata = {"name": "once", **in_work}
    create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": pod}})
    await until(cluster, KindInfo("batch/v1", "Job"), "once", lambda obj: obj["status"].get("succeeded") == 1)
    namespace = KindInfo("v1", "Namespace")
    ended = asyncio.create_task(until(cluster, namespace, "work", lambda _: True, DELETED))
    await until(cluster, namespace, "work", lambda _: True, ADDED)
    cluster.client.delete(namespace, "", "work")
    await ended
