"""The chart on a cluster with rights: Helm installs it, and the controller does its job with the account it was given.

The pods of the local API are pretended; the controller is a process here, with the arguments, the environment and the
token that its pod would have.
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
from rudr_py.cli.clock import SystemClock
from rudr_py.kube import config
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import AioTransport
from rudr_py.local import certificates
from rudr_py.local.access.settings import Access
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.controllers.containers import Script
from rudr_py.model import crds
from rudr_py.testing.cluster import TIMEOUT, Cluster
from tests.charts import cases
from tests.e2e.documents import APPLICATION, CRD, DEPLOYMENT, JOB, NAMESPACE, POD, condition, established, observed

helm: Any = pytest.importorskip("helm_python", reason="no helm-python-sdk for this platform")

T = TypeVar("T")
Document = dict[str, Any]

ROOT = Path(__file__).parents[2]
RELEASE, HOME, WORK = "rudr-py", "rudr-system", "shop"
ACCOUNT = Kind("v1", "ServiceAccount")
LEASE = Kind("coordination.k8s.io/v1", "Lease")
TRAIT = Kind("core.oam.dev/v1alpha1", "Trait")
REVIEW = Kind("authorization.k8s.io/v1", "SubjectAccessReview")
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole")
ANYWHERE = "127.0.0.1:0"


@dataclass(frozen=True)
class Platform:
    """A cluster with rights, Helm on it as its admin, and handles on the namespace of the release and another one."""

    local: LocalCluster
    helm: Any
    home: Cluster
    work: Cluster
    folder: Path

    async def do(self, action: Callable[[Any], T]) -> T:
        """Have Helm do something, in a thread: it waits for answers of a server that runs here."""
        return await asyncio.to_thread(action, self.helm)

    async def install(self, values: Document | None = None) -> None:
        """Install the chart, and wait until our kinds are served."""
        await self.do(lambda one: one.install(str(ROOT / "charts" / "rudr-py"), RELEASE, values or {}))
        await self.defined()

    async def upgrade(self, values: Document) -> None:
        """Upgrade the release, to these values only."""
        await self.do(lambda one: one.upgrade(str(ROOT / "charts" / "rudr-py"), RELEASE, values, reset_values=True))

    async def defined(self) -> None:
        """Wait until our kinds are served."""
        for document in crds.documents():
            await self.work.until(CRD, document["metadata"]["name"], established)
        for handle in (self.home, self.work):
            handle.discovery.invalidate()

    async def allowed(self, verb: str, group: str, resource: str, **who: Any) -> bool:
        """Whether somebody may, by the server's own answer."""
        attributes = {"verb": verb, "group": group, "resource": resource, "namespace": WORK}
        body = {
            "apiVersion": REVIEW.api_version,
            "kind": REVIEW.kind,
            "spec": {"resourceAttributes": attributes, **who},
        }
        answer = await posted(self.work, (await self.work.target(REVIEW, "")).path, body)
        return bool(answer["status"]["allowed"])

    def refused(self) -> list[str]:
        """What the controller was forbidden."""
        own = [one for one in self.local.requests if one.user_agent.startswith("rudr-py/")]
        assert own
        return [f"{one.method} {one.path}" for one in own if one.status == 403]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """TLS, tokens and roles; the pod of `helm test` succeeds."""
    settings = LocalSettings(access=Access(tls=certificates.generate()), script=_course)
    async with contextlib.AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalCluster(settings))
        path = tmp_path / "admin"
        path.write_text(yaml.safe_dump(local.kubeconfig()))
        transport = AioTransport(await config.connect(str(path)))
        stack.push_async_callback(transport.close)
        home, work = (Cluster(transport, name, SystemClock()) for name in (HOME, WORK))
        for name in (HOME, WORK):
            await home.apply({"apiVersion": "v1", "kind": NAMESPACE.kind, "metadata": {"name": name}})
        found = stack.enter_context(helm.Config(kubeconfig_path=str(path), namespace=HOME))
        yield Platform(local, found, home, work, tmp_path)


def _course(pod: Document) -> Script:
    return Script(outcome="succeed" if pod["metadata"]["name"].endswith("-test") else "ready")


@contextlib.asynccontextmanager
async def controller(platform: Platform) -> AsyncIterator[asyncio.subprocess.Process]:
    """The controller as the Deployment on the cluster describes it, as the first of its pods, with its account."""
    deployment = await platform.home.until(DEPLOYMENT, RELEASE, running)
    pod = (await platform.home.list(POD, "app.kubernetes.io/instance=rudr-py"))[0]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    path = platform.folder / "controller"
    path.write_text(yaml.safe_dump(platform.local.kubeconfig(await token(platform, pod))))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rudr_py",
        *container["args"],
        # where the pod has addresses and an account of its own
        f"--kubeconfig={path}",
        f"--health-probe-bind-address={ANYWHERE}",
        f"--metrics-bind-address={ANYWHERE}",
        cwd=ROOT,
        env={**environment(container, pod), "PATH": os.environ["PATH"], "RUDR_STATE_DIR": str(platform.folder)},
    )
    try:
        yield process
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), TIMEOUT) == 0


def running(deployment: Document) -> bool:
    """Whether all pods that it asks for are there."""
    return bool(deployment.get("status", {}).get("readyReplicas") == deployment["spec"]["replicas"])


async def token(platform: Platform, pod: Document) -> str:
    """What the kubelet would mount."""
    bound = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"boundObjectRef": bound}}
    target = await platform.home.target(ACCOUNT, pod["spec"]["serviceAccountName"], "token")
    return str((await posted(platform.home, target.path, body))["status"]["token"])


async def posted(cluster: Cluster, path: str, body: Document) -> Document:
    """What the server answers to a question that is an object."""
    answer = await cluster.client.send(Request("POST", path, body=msgspec.json.encode(body)))
    found: Document = msgspec.json.decode(answer)
    return found


def environment(container: Document, pod: Document) -> dict[str, str]:
    """The variables of a container, those that are fields of its pod too."""
    fields = {"metadata.name": pod["metadata"]["name"], "metadata.namespace": pod["metadata"]["namespace"]}
    return {
        one["name"]: one["value"] if "value" in one else fields[one["valueFrom"]["fieldRef"]["fieldPath"]]
        for one in container["env"]
    }


def ready(document: Document) -> bool:
    return observed(document) and condition(document, "Ready") == "True"


async def main_job(platform: Platform) -> None:
    """The examples come up, one goes, definitions are published: all that the controller does."""
    examples = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "examples").glob("*.yaml"))]
    await platform.work.apply(*examples)
    for name in ("shop", "preview"):
        await platform.work.until(APPLICATION, name, ready)
    assert await platform.work.get(JOB, "shop-migrate")
    await platform.work.delete(APPLICATION, "preview")
    await platform.work.gone(DEPLOYMENT, "preview-web")
    await platform.home.until(TRAIT, "auto-scaler", bool)
    lease = await platform.home.until(LEASE, RELEASE, bool)
    assert lease["spec"]["holderIdentity"].startswith(RELEASE)


@pytest.mark.parametrize(
    "values",
    [{}, {"watchNamespaces": [WORK]}, cases.RUDR],
    ids=["all namespaces", "one namespace", "Rudr's file"],
)
async def test_the_controller_does_its_job_with_the_rights_of_the_chart(platform: Platform, values: Document) -> None:
    await platform.install(values)
    async with controller(platform):
        await main_job(platform)
    assert platform.refused() == []


async def test_a_release_is_upgraded_rolled_back_tested_and_uninstalled(platform: Platform) -> None:
    await platform.install({"replicaCount": 3})
    async with controller(platform):
        await main_job(platform)
    await platform.upgrade(cases.RUDR)
    await platform.home.until(DEPLOYMENT, RELEASE, lambda found: found["spec"]["replicas"] == 1)
    await platform.do(lambda one: one.rollback(RELEASE, version=1))
    await platform.home.until(DEPLOYMENT, RELEASE, lambda found: found["spec"]["replicas"] == 3 and running(found))
    await platform.do(lambda one: one.test(RELEASE, timeout=30))
    history = await platform.do(lambda one: one.history(RELEASE))
    assert [one["revision"] for one in history] == [1, 2, 3]

    await platform.do(lambda one: one.uninstall(RELEASE))
    await platform.home.gone(DEPLOYMENT, RELEASE)
    for document in crds.documents():
        assert await platform.work.get(CRD, document["metadata"]["name"])
    assert await platform.work.get(APPLICATION, "shop")
    assert await platform.work.get(DEPLOYMENT, "shop-web")
    await platform.install()
    async with controller(platform):
        await platform.work.apply(yaml.safe_load((ROOT / "examples" / "preview.yaml").read_text()))
        await platform.work.until(APPLICATION, "preview", ready)
    assert platform.refused() == []


async def test_a_labelled_role_gives_the_controller_a_right_that_a_plugin_needs(platform: Platform) -> None:
    await platform.install()
    account = {"user": f"system:serviceaccount:{HOME}:{RELEASE}"}
    assert await platform.allowed("list", "apps", "deployments", **account)
    assert not await platform.allowed("list", "shop.example", "trays", **account)
    assert not await platform.allowed("get", "", "secrets", **account)
    role = {
        "apiVersion": CLUSTER_ROLE.api_version,
        "kind": CLUSTER_ROLE.kind,
        "metadata": {"name": "trays", "labels": {"rbac.core.oam.dev/aggregate-to-controller": "true"}},
        "rules": [{"apiGroups": ["shop.example"], "resources": ["trays"], "verbs": ["list"]}],
    }
    await platform.home.apply(role)
    await platform.home.until(CLUSTER_ROLE, f"{RELEASE}-aggregate", lambda found: found.get("rules"))
    assert await platform.allowed("list", "shop.example", "trays", **account)


async def test_each_role_of_oam_may_write_what_is_its_own(platform: Platform) -> None:
    await platform.install()
    may = {
        "rudr-developer": {"componentschematics"},
        "rudr-application-operator": {"applicationconfigurations"},
        "rudr-infrastructure-operator": {"traits", "workloadtypes", "applicationscopes"},
        "view": set(),
        "edit": {"componentschematics", "applicationconfigurations"},
        "admin": {"componentschematics", "applicationconfigurations", "traits", "workloadtypes", "applicationscopes"},
    }
    for role in may:
        subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": role}
        await platform.work.apply(
            {
                "apiVersion": CLUSTER_ROLE.api_version,
                "kind": "RoleBinding",
                "metadata": {"name": role},
                "roleRef": {"apiGroup": subject["apiGroup"], "kind": "ClusterRole", "name": role},
                "subjects": [subject],
            }
        )
    # each in turn is taken up by the next: view, edit, admin
    await platform.home.until(
        CLUSTER_ROLE, "admin", lambda found: "workloadtypes" in str(found["rules"]) and "compo" in str(found["rules"])
    )
    everything = sorted(set().union(*may.values()))
    for role, own in may.items():
        found = {one for one in everything if await platform.allowed("create", "core.oam.dev", one, user=role)}
        assert (role, found) == (role, own)
        assert await platform.allowed("list", "core.oam.dev", "componentinstances", user=role)
        assert not await platform.allowed("create", "core.oam.dev", "componentinstances", user=role)
