"""A release of the chart on a cluster with RBAC, and a controller that is configured by the release's Deployment.

The controller is a process with the arguments, the environment and the account of its pod; no container runs. Tests
provide the cluster.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
import yaml

from rudr_py.api import Kind
from rudr_py.kube.requests import Request
from rudr_py.model.crd_schemas import crds
from rudr_py.testing.cluster import TIMEOUT, Cluster, Predicate
from tests.e2e.documents import APPLICATION, CRD, DEPLOYMENT, INGRESS, JOB, POD, established

helm: Any = pytest.importorskip("helm_python", reason="no helm-python-sdk for this platform")

T = TypeVar("T")
Document = dict[str, Any]

ROOT = Path(__file__).parents[2]
CHART = str(ROOT / "charts" / "rudr-py")
RELEASE, HOME, WORK = "rudr-py", "rudr-system", "shop"
ACCOUNT = Kind("v1", "ServiceAccount")
LEASE = Kind("coordination.k8s.io/v1", "Lease")
TRAIT = Kind("core.oam.dev/v1alpha1", "Trait")
REVIEW = Kind("authorization.k8s.io/v1", "SubjectAccessReview")
ANYWHERE = "127.0.0.1:0"


@dataclass(frozen=True)
class Answered:
    """A request as recorded by the server."""

    method: str
    path: str
    agent: str
    status: int


@dataclass(frozen=True)
class Platform:
    """A cluster, Helm with admin rights, and handles on the namespace of the release (`home`) and on another one.

    `kubeconfig` returns a kubeconfig for a token; `answered` lists all requests that the server has processed.
    """

    helm: Any
    home: Cluster
    work: Cluster
    folder: Path
    kubeconfig: Callable[[str], Document]
    answered: Callable[[], list[Answered]]

    async def do(self, action: Callable[[Any], T]) -> T:
        """Run an action of Helm in a thread, because it blocks and the server may run in this loop."""
        return await asyncio.to_thread(action, self.helm)

    async def install(self, values: Document | None = None) -> None:
        """Install the chart, and wait until the CRDs are established."""
        await self.do(lambda config: config.install(CHART, RELEASE, values or {}))
        for document in crds.documents():
            await self.work.until(CRD, document["metadata"]["name"], established)
        for handle in (self.home, self.work):
            handle.discovery.invalidate()

    async def upgrade(self, values: Document) -> None:
        """Upgrade the release to exactly these values."""
        await self.do(lambda config: config.upgrade(CHART, RELEASE, values, reset_values=True))

    async def allowed(self, verb: str, group: str, resource: str, user: str) -> bool:
        """Whether a user has a permission, by a SubjectAccessReview."""
        attributes = {"verb": verb, "group": group, "resource": resource, "namespace": WORK}
        spec = {"resourceAttributes": attributes, "user": user}
        body = {"apiVersion": REVIEW.api_version, "kind": REVIEW.kind, "spec": spec}
        answer = await _post(self.work, (await self.work.target(REVIEW, "")).path, body)
        return bool(answer["status"]["allowed"])

    def refused(self) -> list[str]:
        """The requests of the controller that were forbidden."""
        own = [
            request
            for request in self.answered()
            if request.agent.startswith("rudr-py/") and "fieldManager=tester" not in request.path
        ]
        assert own
        return [f"{request.method} {request.path}" for request in own if request.status == 403]


def running(deployment: Document) -> bool:
    """Whether all replicas are ready."""
    return bool(deployment.get("status", {}).get("readyReplicas") == deployment["spec"]["replicas"])


@contextlib.asynccontextmanager
async def controller(platform: Platform, *, pods: bool = True) -> AsyncIterator[None]:
    """Run the controller as the first pod of the Deployment; without `pods`, on clusters that run no pods."""
    deployment = await platform.home.until(DEPLOYMENT, RELEASE, running if pods else bool)
    spec = deployment["spec"]["template"]["spec"]
    pod: Document = {"metadata": {"name": f"{RELEASE}-0", "namespace": HOME}}
    if pods:
        pod = (await platform.home.list(POD, f"app.kubernetes.io/instance={RELEASE}"))[0]
    (container,) = spec["containers"]
    path = platform.folder / "controller"
    token = await _token(platform.home, spec["serviceAccountName"], pod)
    path.write_text(yaml.safe_dump(platform.kubeconfig(token)))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rudr_py",
        *container["args"],
        # instead of the addresses and files of the pod
        f"--kubeconfig={path}",
        f"--health-probe-bind-address={ANYWHERE}",
        f"--metrics-bind-address={ANYWHERE}",
        cwd=ROOT,
        env={**_environment(container, pod), "PATH": os.environ["PATH"], "RUDR_STATE_DIR": str(platform.folder)},
    )
    try:
        yield
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), TIMEOUT) == 0


async def use_all_features(platform: Platform, done: Predicate) -> None:
    """Use all features: apply the examples, remove a trait, publish definitions, hold a Lease."""
    examples = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "examples").glob("*.yaml")}
    await platform.work.apply(*examples.values())
    for name in ("shop", "preview"):
        await platform.work.until(APPLICATION, name, done)
    for kind, name in ((JOB, "shop-migrate"), (INGRESS, "shop-web-trait-ingress")):
        assert await platform.work.get(kind, name)
    await platform.home.until(TRAIT, "auto-scaler", bool)
    lease = await platform.home.until(LEASE, RELEASE, bool)
    assert lease["spec"]["holderIdentity"].startswith(RELEASE)
    examples["shop"]["spec"]["components"][0]["traits"] = []
    await platform.work.apply(examples["shop"])
    await platform.work.gone(INGRESS, "shop-web-trait-ingress")


async def _token(cluster: Cluster, account: str, pod: Document) -> str:
    """A token as mounted by the kubelet."""
    spec: Document = {}
    if "uid" in pod["metadata"]:
        named = {"name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", **named}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    target = await cluster.target(ACCOUNT, account, "token")
    return str((await _post(cluster, target.path, body))["status"]["token"])


async def _post(cluster: Cluster, path: str, body: Document) -> Document:
    """The response to a POST of a review object."""
    answer = await cluster.client.send(Request("POST", path, body=msgspec.json.encode(body)))
    document: Document = msgspec.json.decode(answer)
    return document


def _environment(container: Document, pod: Document) -> dict[str, str]:
    """The environment variables of a container, including those from fields of its pod."""
    fields = {"metadata.name": pod["metadata"]["name"], "metadata.namespace": pod["metadata"]["namespace"]}
    return {
        variable["name"]: variable["value"]
        if "value" in variable
        else fields[variable["valueFrom"]["fieldRef"]["fieldPath"]]
        for variable in container["env"]
    }
