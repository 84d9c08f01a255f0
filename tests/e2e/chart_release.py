"""A release of our chart on a cluster with rights, and the controller as the release's Deployment describes it.

The controller is a process here, with the arguments, the environment and the account that its pod has; no container
runs. Which cluster that is, and what is asked of it, is the test's matter.
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
    """A request as the server noted it."""

    method: str
    path: str
    agent: str
    status: int


@dataclass(frozen=True)
class Platform:
    """A cluster, Helm on it as its admin, and handles on the namespace of the release (`home`) and on another one.

    `kubeconfig` makes one for the holder of a token, `answered` lists all requests that the server has answered.
    """

    helm: Any
    home: Cluster
    work: Cluster
    folder: Path
    kubeconfig: Callable[[str], Document]
    answered: Callable[[], list[Answered]]

    async def do(self, action: Callable[[Any], T]) -> T:
        """Have Helm do something, in a thread: it waits for answers of a server that may run here."""
        return await asyncio.to_thread(action, self.helm)

    async def install(self, values: Document | None = None) -> None:
        """Install the chart, and wait until our kinds are served."""
        await self.do(lambda config: config.install(CHART, RELEASE, values or {}))
        for document in crds.documents():
            await self.work.until(CRD, document["metadata"]["name"], established)
        for handle in (self.home, self.work):
            handle.discovery.invalidate()

    async def upgrade(self, values: Document) -> None:
        """Upgrade the release, to these values only."""
        await self.do(lambda config: config.upgrade(CHART, RELEASE, values, reset_values=True))

    async def allowed(self, verb: str, group: str, resource: str, user: str) -> bool:
        """Whether somebody may, by the server's own answer."""
        attributes = {"verb": verb, "group": group, "resource": resource, "namespace": WORK}
        spec = {"resourceAttributes": attributes, "user": user}
        body = {"apiVersion": REVIEW.api_version, "kind": REVIEW.kind, "spec": spec}
        answer = await _post(self.work, (await self.work.target(REVIEW, "")).path, body)
        return bool(answer["status"]["allowed"])

    def refused(self) -> list[str]:
        """What the controller was forbidden."""
        own = [
            request
            for request in self.answered()
            if request.agent.startswith("rudr-py/") and "fieldManager=tester" not in request.path
        ]
        assert own
        return [f"{request.method} {request.path}" for request in own if request.status == 403]


def running(deployment: Document) -> bool:
    """Whether all pods that it asks for are there."""
    return bool(deployment.get("status", {}).get("readyReplicas") == deployment["spec"]["replicas"])


@contextlib.asynccontextmanager
async def controller(platform: Platform, *, pods: bool = True) -> AsyncIterator[None]:
    """The controller as the first pod of the Deployment; without `pods`, on a cluster that makes none, as any."""
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
        # where the pod has addresses and files of its own
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


async def main_job(platform: Platform, done: Predicate) -> None:
    """The examples come up, a trait goes, definitions are published, a Lease is held: all that the controller does."""
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
    """What the kubelet would mount."""
    spec: Document = {}
    if "uid" in pod["metadata"]:
        named = {"name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", **named}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    target = await cluster.target(ACCOUNT, account, "token")
    return str((await _post(cluster, target.path, body))["status"]["token"])


async def _post(cluster: Cluster, path: str, body: Document) -> Document:
    """What the server answers to a question that is an object."""
    answer = await cluster.client.send(Request("POST", path, body=msgspec.json.encode(body)))
    document: Document = msgspec.json.decode(answer)
    return document


def _environment(container: Document, pod: Document) -> dict[str, str]:
    """The variables of a container, those that are fields of its pod too."""
    fields = {"metadata.name": pod["metadata"]["name"], "metadata.namespace": pod["metadata"]["namespace"]}
    return {
        variable["name"]: variable["value"]
        if "value" in variable
        else fields[variable["valueFrom"]["fieldRef"]["fieldPath"]]
        for variable in container["env"]
    }
