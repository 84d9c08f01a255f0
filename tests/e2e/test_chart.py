"""The chart on a cluster with RBAC: Helm installs it, and the controller works with the account of the chart.

Runs on the local API, and on a kube-apiserver if available, as far as possible without controllers.
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
from rudr_py.errors import KindAbsentError
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
from tests.e2e import apiserver, chart_release
from tests.e2e.chart_release import (
    HOME,
    RELEASE,
    ROOT,
    WORK,
    Answered,
    Document,
    Platform,
    controller,
    running,
    use_all_features,
)
from tests.e2e.conftest import ASSETS
from tests.e2e.documents import APPLICATION, CRD, DEPLOYMENT, NAMESPACE, ready, synced

CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole")
AUTHOR_POLICY = Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
MONITORING = "monitoring.coreos.com/"
NAMESPACE_VALUES: dict[str, Document] = {"all namespaces": {}, "one namespace": {"watchNamespaces": [WORK]}}
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
    """The local API of the default release."""
    async with local_platform(tmp_path, LocalSettings().release) as opened:
        yield opened


@contextlib.asynccontextmanager
async def local_platform(tmp_path: Path, release: str) -> AsyncIterator[Platform]:
    """The local API with TLS, tokens and roles; the pod of `helm test` succeeds."""
    access = AccessSettings(certificate=certificates.generate())
    async with LocalCluster(LocalSettings(release=release, access=access, script=_script)) as local:

        def answered() -> list[Answered]:
            return [
                Answered(request.method, request.path, request.user_agent, request.status) for request in local.requests
            ]

        path = tmp_path / "admin"
        path.write_text(yaml.safe_dump(local.kubeconfig()))
        async with _handles(path) as (home, work, helm_config):
            yield Platform(helm_config, home, work, tmp_path, local.kubeconfig, answered)


@pytest.fixture
async def real_platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """A separate kube-apiserver."""
    if not apiserver.present(ASSETS):
        pytest.skip("no kube-apiserver on this machine")
    with apiserver.running(ASSETS, tmp_path) as server:

        def kubeconfig(token: str) -> Document:
            document: Document = yaml.safe_load(server.kubeconfig.read_text())
            return {**document, "users": [{"name": "admin", "user": {"token": token}}]}

        def answered() -> list[Answered]:
            events = [json.loads(line) for line in server.audit.read_text().splitlines()]
            return [
                Answered(
                    event["verb"], event["requestURI"], event.get("userAgent", ""), event["responseStatus"]["code"]
                )
                for event in events
                if "responseStatus" in event
            ]

        async with _handles(server.kubeconfig) as (home, work, helm_config):
            yield Platform(helm_config, home, work, tmp_path, kubeconfig, answered)


@contextlib.asynccontextmanager
async def _handles(kubeconfig: Path) -> AsyncIterator[tuple[Cluster, Cluster, object]]:
    """Handles on both namespaces, and Helm."""
    transport = AioTransport(await config.connect(str(kubeconfig)))
    try:
        home, work = (Cluster(transport, name, SystemClock()) for name in (HOME, WORK))
        for name in (HOME, WORK):
            await home.apply({"apiVersion": "v1", "kind": NAMESPACE.kind, "metadata": {"name": name}})
        with chart_release.helm.Config(kubeconfig_path=str(kubeconfig), namespace=HOME) as helm_config:
            yield home, work, helm_config
    finally:
        await transport.close()


def _script(pod: Document) -> PodScript:
    return PodScript(outcome="succeed" if pod["metadata"]["name"].endswith("-test") else "ready")


def _unexpected(refused: list[str]) -> list[str]:
    """The refused requests, without those for IngressClasses and nodes: a Role cannot grant them; they are optional."""
    return [request for request in refused if "/ingressclasses?" not in request and "/nodes?" not in request]


@pytest.mark.parametrize("values", [*NAMESPACE_VALUES.values(), cases.RUDR], ids=[*NAMESPACE_VALUES, "Rudr's file"])
async def test_the_controller_works_with_the_rights_of_the_chart(platform: Platform, values: Document) -> None:
    await platform.install(values)
    async with controller(platform):
        await use_all_features(platform, ready)
    assert _unexpected(platform.refused()) == []


@pytest.mark.parametrize("values", NAMESPACE_VALUES.values(), ids=NAMESPACE_VALUES)
async def test_the_rights_of_the_chart_suffice_on_a_real_server(real_platform: Platform, values: Document) -> None:
    await real_platform.install(values)
    async with controller(real_platform, pods=False):
        await use_all_features(real_platform, synced)
    assert _unexpected(real_platform.refused()) == []


@pytest.mark.parametrize(("release", "created"), [("1.29", False), ("1.30", True)])
async def test_the_policy_for_authors_is_created_where_the_cluster_has_the_api(
    tmp_path: Path, release: str, created: bool
) -> None:
    async with local_platform(tmp_path, release) as platform:
        await platform.install()
        try:
            policy = await platform.home.get(AUTHOR_POLICY, f"{RELEASE}-authors")
        except KindAbsentError:
            policy = None
        assert bool(policy) is created


async def test_a_real_server_accepts_every_object_of_every_case(real_platform: Platform) -> None:
    await real_platform.install()
    await real_platform.do(lambda config: config.uninstall(RELEASE))
    for name in ("till", "definitions"):
        await real_platform.home.apply({"apiVersion": "v1", "kind": NAMESPACE.kind, "metadata": {"name": name}})
    for values in cases.CASES.values():
        for document in rendering.rendered(values):
            if not document["apiVersion"].startswith(MONITORING):
                await dry_run(real_platform.home, document)


async def dry_run(cluster: Cluster, document: Document) -> None:
    """Apply an object as a dry run with strict validation. Raises ApiError if the server refuses it."""
    namespace = document["metadata"].get("namespace", cluster.namespace)
    resource = await cluster.discovery.resolve(document["apiVersion"], document["kind"])
    path = resource.path(namespace if resource.namespaced else "", document["metadata"]["name"])
    query = (("fieldManager", "tester"), ("dryRun", "All"), ("fieldValidation", "Strict"), ("force", "true"))
    body, form = msgspec.json.encode(document), "application/apply-patch+yaml"
    await cluster.client.send(Request("PATCH", path, query, body, content_type=form))


async def test_a_release_is_upgraded_rolled_back_tested_and_uninstalled(platform: Platform) -> None:
    await platform.install({"replicaCount": 3})
    async with controller(platform):
        await use_all_features(platform, ready)
    await platform.upgrade(cases.RUDR)
    await platform.home.until(DEPLOYMENT, RELEASE, lambda deployment: deployment["spec"]["replicas"] == 1)
    await platform.do(lambda config: config.rollback(RELEASE, version=1))
    await platform.home.until(
        DEPLOYMENT, RELEASE, lambda deployment: deployment["spec"]["replicas"] == 3 and running(deployment)
    )
    await platform.do(lambda config: config.test(RELEASE, timeout=30))
    history = await platform.do(lambda config: config.history(RELEASE))
    assert [revision["revision"] for revision in history] == [1, 2, 3]

    await platform.do(lambda config: config.uninstall(RELEASE))
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
    assert _unexpected(platform.refused()) == []


async def test_any_set_of_values_can_follow_any_other(platform: Platform) -> None:
    await upgrade_through_cases(platform, ["one replica, no election", "two namespaces", "rights by the cluster admin"])


@pytest.mark.slow
async def test_any_set_of_values_can_follow_any_other_on_a_real_server(real_platform: Platform) -> None:
    await upgrade_through_cases(real_platform, list(cases.CASES))


async def upgrade_through_cases(platform: Platform, names: list[str]) -> None:
    """Upgrade the release from each case to the next, and back. Fails if an immutable field changes."""
    await platform.home.apply({"apiVersion": "v1", "kind": NAMESPACE.kind, "metadata": {"name": "till"}})
    await platform.install()
    for values in (cases.CASES[name] for name in names):
        if not any(document["apiVersion"].startswith(MONITORING) for document in rendering.rendered(values)):
            await platform.upgrade(values)
    await platform.upgrade({})


async def test_a_release_of_the_rudr_chart_is_upgraded_to_this_chart(platform: Platform, tmp_path: Path) -> None:
    """Only the Deployment of that chart still works with current Kubernetes versions."""
    (tmp_path / "rudr" / "templates").mkdir(parents=True)
    (tmp_path / "rudr" / "Chart.yaml").write_text("apiVersion: v1\nname: rudr\nversion: 0.1.0\n")
    (tmp_path / "rudr" / "templates" / "deployment.yaml").write_text(RUDRS_DEPLOYMENT)
    await platform.do(lambda config: config.install(str(tmp_path / "rudr"), "rudr", cases.RUDR))
    await platform.home.until(DEPLOYMENT, "rudr", running)
    await platform.do(lambda config: config.upgrade(chart_release.CHART, "rudr", cases.RUDR))
    await platform.home.until(DEPLOYMENT, "rudr-rudr-py", running)
    await platform.home.gone(DEPLOYMENT, "rudr")


async def test_a_labelled_role_grants_the_controller_a_right_of_a_plugin(platform: Platform) -> None:
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
    await platform.home.until(CLUSTER_ROLE, f"{RELEASE}-aggregate", lambda document: document.get("rules"))
    assert await platform.allowed("list", "shop.example", "trays", account)


async def test_each_oam_role_may_write_its_own_kinds_only(platform: Platform) -> None:
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
    # roles are aggregated in the order view, edit, admin
    await platform.home.until(CLUSTER_ROLE, "admin", lambda document: granted(document) >= {*may["admin"]})
    for role, own in may.items():
        allowed = {
            resource for resource in may["admin"] if await platform.allowed("create", "core.oam.dev", resource, role)
        }
        assert (role, allowed) == (role, own)
        assert await platform.allowed("list", "core.oam.dev", "componentinstances", role)
        assert not await platform.allowed("create", "core.oam.dev", "componentinstances", role)


def bound(role: str) -> Document:
    """A binding of a ClusterRole to a user with the same name."""
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": CLUSTER_ROLE.api_version,
        "kind": "RoleBinding",
        "metadata": {"name": role},
        "roleRef": {"apiGroup": group, "kind": CLUSTER_ROLE.kind, "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": role}],
    }


def granted(role: Document) -> set[str]:
    """The resources that a role may create."""
    return {resource for rule in role["rules"] if "create" in rule["verbs"] for resource in rule["resources"]}
