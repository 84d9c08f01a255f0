"""The chart on a cluster with rights: Helm installs it, and the controller does its job with the account it was given.

On the local API; where a kube-apiserver is at hand, that is asked the same, as far as it can without controllers.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import yaml

from rudr_py.api import Kind
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import AioTransport
from rudr_py.local import certificates
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.controllers.workloads.containers import PodScript
from rudr_py.model.crd_schemas import crds
from rudr_py.testing.cluster import Cluster
from tests.charts import cases, rendering
from tests.e2e import apiserver, installed
from tests.e2e.conftest import ASSETS
from tests.e2e.documents import APPLICATION, CRD, DEPLOYMENT, NAMESPACE, condition, observed, synced
from tests.e2e.installed import HOME, RELEASE, ROOT, WORK, Answered, Document, Platform, controller, main_job, running

CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole")
MONITORING = "monitoring.coreos.com/"
WAYS: dict[str, Document] = {"all namespaces": {}, "one namespace": {"watchNamespaces": [WORK]}}
RUDRS_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: rudr, labels: {app.kubernetes.io/name: rudr, app.kubernetes.io/instance: rudr}}
spec:
  replicas: {{ .Values.replicaCount }}
  selector: {matchLabels: {app.kubernetes.io/name: rudr, app.kubernetes.io/instance: rudr}}
  template:
    metadata: {labels: {app.kubernetes.io/name: rudr, app.kubernetes.io/instance: rudr}}
    spec: {containers: [{name: rudr, image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"}]}
"""


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """The local API with TLS, tokens and roles; the pod of `helm test` succeeds."""
    settings = LocalSettings(access=AccessSettings(certificate=certificates.generate()), script=_course)
    async with LocalCluster(settings) as local:

        def answered() -> list[Answered]:
            return [Answered(one.method, one.path, one.user_agent, one.status) for one in local.requests]

        path = tmp_path / "admin"
        path.write_text(yaml.safe_dump(local.kubeconfig()))
        async with _handles(path) as (home, work, found):
            yield Platform(found, home, work, tmp_path, local.kubeconfig, answered)


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Platform]:
    """A kube-apiserver of its own."""
    if not apiserver.present(ASSETS):
        pytest.skip("no kube-apiserver on this machine")
    with apiserver.running(ASSETS, tmp_path) as server:

        def kubeconfig(token: str) -> Document:
            found: Document = yaml.safe_load(server.kubeconfig.read_text())
            return {**found, "users": [{"name": "admin", "user": {"token": token}}]}

        def answered() -> list[Answered]:
            events = [json.loads(line) for line in server.audit.read_text().splitlines()]
            return [
                Answered(one["verb"], one["requestURI"], one.get("userAgent", ""), one["responseStatus"]["code"])
                for one in events
                if "responseStatus" in one
            ]

        async with _handles(server.kubeconfig) as (home, work, found):
            yield Platform(found, home, work, tmp_path, kubeconfig, answered)


@contextlib.asynccontextmanager
async def _handles(kubeconfig: Path) -> AsyncIterator[tuple[Cluster, Cluster, object]]:
    """Handles on our two namespaces, and Helm."""
    transport = AioTransport(await config.connect(str(kubeconfig)))
    try:
        home, work = (Cluster(transport, name, SystemClock()) for name in (HOME, WORK))
        for name in (HOME, WORK):
            await home.apply({"apiVersion": "v1", "kind": NAMESPACE.kind, "metadata": {"name": name}})
        with installed.helm.Config(kubeconfig_path=str(kubeconfig), namespace=HOME) as found:
            yield home, work, found
    finally:
        await transport.close()


def _course(pod: Document) -> PodScript:
    return PodScript(outcome="succeed" if pod["metadata"]["name"].endswith("-test") else "ready")


def ready(document: Document) -> bool:
    return observed(document) and condition(document, "Ready") == "True"


@pytest.mark.parametrize("values", [*WAYS.values(), cases.RUDR], ids=[*WAYS, "Rudr's file"])
async def test_the_controller_does_its_job_with_the_rights_of_the_chart(platform: Platform, values: Document) -> None:
    await platform.install(values)
    async with controller(platform):
        await main_job(platform, ready)
    assert platform.refused() == []


@pytest.mark.parametrize("values", WAYS.values(), ids=WAYS)
async def test_a_real_server_refuses_the_controller_nothing_either(real: Platform, values: Document) -> None:
    await real.install(values)
    async with controller(real, pods=False):
        await main_job(real, synced)
    assert real.refused() == []


async def test_a_real_server_takes_every_object_of_every_case(real: Platform) -> None:
    await real.install()
    await real.do(lambda one: one.uninstall(RELEASE))
    for name in ("till", "definitions"):
        await real.home.apply({"apiVersion": "v1", "kind": NAMESPACE.kind, "metadata": {"name": name}})
    for values in cases.CASES.values():
        for document in rendering.rendered(values):
            if not document["apiVersion"].startswith(MONITORING):
                await tried(real.home, document)


async def tried(cluster: Cluster, document: Document) -> None:
    """Have the server check an object strictly, without keeping it. Raises its refusal."""
    namespace = document["metadata"].get("namespace", cluster.namespace)
    resource = await cluster.discovery.resolve(document["apiVersion"], document["kind"])
    path = resource.path(namespace if resource.namespaced else "", document["metadata"]["name"])
    query = (("fieldManager", "tester"), ("dryRun", "All"), ("fieldValidation", "Strict"), ("force", "true"))
    body, form = msgspec.json.encode(document), "application/apply-patch+yaml"
    await cluster.client.send(Request("PATCH", path, query, body, content_type=form))


async def test_a_release_is_upgraded_rolled_back_tested_and_uninstalled(platform: Platform) -> None:
    await platform.install({"replicaCount": 3})
    async with controller(platform):
        await main_job(platform, ready)
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
    assert await platform.work.get(DEPLOYMENT, "shop-orders")
    await platform.install()
    async with controller(platform):
        shop = yaml.safe_load((ROOT / "examples" / "shop.yaml").read_text())
        await platform.work.apply(shop)
        await platform.work.until(APPLICATION, "shop", ready)
    assert platform.refused() == []


async def test_any_set_of_values_can_follow_any_other(platform: Platform) -> None:
    await takes_each_upgrade(platform, ["one replica, no election", "two namespaces", "somebody else gives rights"])


@pytest.mark.slow
async def test_a_real_server_takes_each_upgrade_too(real: Platform) -> None:
    await takes_each_upgrade(real, list(cases.CASES))


async def takes_each_upgrade(place: Platform, names: list[str]) -> None:
    """Nothing immutable is ever changed: Helm upgrades the release from each case to the next, and back."""
    await place.home.apply({"apiVersion": "v1", "kind": NAMESPACE.kind, "metadata": {"name": "till"}})
    await place.install()
    for values in (cases.CASES[name] for name in names):
        if not any(document["apiVersion"].startswith(MONITORING) for document in rendering.rendered(values)):
            await place.upgrade(values)
    await place.upgrade({})


async def test_a_release_of_rudrs_chart_becomes_one_of_ours(platform: Platform, tmp_path: Path) -> None:
    """Of what is left of it on the Kubernetes of today: the Deployment, by its name and labels."""
    (tmp_path / "rudr" / "templates").mkdir(parents=True)
    (tmp_path / "rudr" / "Chart.yaml").write_text("apiVersion: v1\nname: rudr\nversion: 0.1.0\n")
    (tmp_path / "rudr" / "templates" / "deployment.yaml").write_text(RUDRS_DEPLOYMENT)
    await platform.do(lambda one: one.install(str(tmp_path / "rudr"), "rudr", cases.RUDR))
    await platform.home.until(DEPLOYMENT, "rudr", running)
    await platform.do(lambda one: one.upgrade(installed.CHART, "rudr", cases.RUDR))
    await platform.home.until(DEPLOYMENT, "rudr-rudr-py", running)
    await platform.home.gone(DEPLOYMENT, "rudr")


async def test_a_labelled_role_gives_the_controller_a_right_that_a_plugin_needs(platform: Platform) -> None:
    await platform.install()
    account = f"system:serviceaccount:{HOME}:{RELEASE}"
    assert await platform.allowed("list", "apps", "deployments", account)
    assert not await platform.allowed("list", "shop.example", "trays", account)
    assert not await platform.allowed("get", "", "secrets", account)
    role = {
        "apiVersion": CLUSTER_ROLE.api_version,
        "kind": CLUSTER_ROLE.kind,
        "metadata": {"name": "trays", "labels": {"rbac.core.oam.dev/aggregate-to-controller": "true"}},
        "rules": [{"apiGroups": ["shop.example"], "resources": ["trays"], "verbs": ["list"]}],
    }
    await platform.home.apply(role)
    await platform.home.until(CLUSTER_ROLE, f"{RELEASE}-aggregate", lambda found: found.get("rules"))
    assert await platform.allowed("list", "shop.example", "trays", account)


async def test_each_role_of_oam_may_write_what_is_its_own(platform: Platform) -> None:
    await platform.install()
    definitions = {"traits", "workloadtypes", "applicationscopes"}
    may = {
        "rudr-developer": {"componentschematics"},
        "rudr-application-operator": {"applicationconfigurations"},
        "rudr-infrastructure-operator": definitions,
        "view": set(),
        "edit": {"componentschematics", "applicationconfigurations"},
        "admin": {"componentschematics", "applicationconfigurations", *definitions},
    }
    for role in may:
        await platform.work.apply(bound(role))
    # each in turn is taken up by the next: view, edit, admin
    await platform.home.until(CLUSTER_ROLE, "admin", lambda found: granted(found) >= {*may["admin"]})
    for role, own in may.items():
        found = {one for one in may["admin"] if await platform.allowed("create", "core.oam.dev", one, role)}
        assert (role, found) == (role, own)
        assert await platform.allowed("list", "core.oam.dev", "componentinstances", role)
        assert not await platform.allowed("create", "core.oam.dev", "componentinstances", role)


def bound(role: str) -> Document:
    """A binding of a ClusterRole to the user of its name."""
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": CLUSTER_ROLE.api_version,
        "kind": "RoleBinding",
        "metadata": {"name": role},
        "roleRef": {"apiGroup": group, "kind": CLUSTER_ROLE.kind, "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": role}],
    }


def granted(role: Document) -> set[str]:
    """The resources that may be created."""
    return {resource for rule in role["rules"] if "create" in rule["verbs"] for resource in rule["resources"]}
