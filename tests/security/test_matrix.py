"""Every attack of the matrix under RBAC, on the local API and on a real server: no tenant gains a right.

The tenant has a token with the rights to write applications and components, and the controller the rights of the chart.
With impersonation, the account of the namespace has no rights.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.catalog import Catalog
from rudr_py.model.identity import CORE_GROUP
from rudr_py.model.kinds import APPLICATION, DEPLOYMENT
from rudr_py.plugins import impersonated_rights, rights
from rudr_py.settings import Impersonation
from rudr_py.testing.cluster import TIMEOUT, Cluster
from tests.e2e import rbac_cluster
from tests.e2e.rbac_cluster import RbacCluster
from tests.security import matrix
from tests.security.attacks import ACCOUNT, SYSTEM, TARGETS, WAYS, Attack, Document, Target, attack

TENANT = "tenant"
HOUR = 3600.0
WRITER = {
    "apiGroups": [CORE_GROUP],
    "resources": ["applicationconfigurations", "componentschematics"],
    "verbs": ["get", "list", "watch", "create", "update", "patch", "delete", "use"],
}


async def allow_tenant(cluster: RbacCluster, tenant: Cluster) -> None:
    """Grant the tenant the rights of an author, and wait until they are in effect."""
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": TENANT}, "rules": [WRITER]}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": TENANT},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": TENANT},
        "subjects": [{"kind": "ServiceAccount", "name": TENANT, "namespace": cluster.namespaces.shop}],
    }
    await cluster.admin.apply(role, binding)
    async with asyncio.timeout(TIMEOUT):
        while True:
            with contextlib.suppress(errors.ForbiddenError):
                await tenant.list(APPLICATION)
                return


async def submitted(tenant: Cluster, documents: Iterable[Document]) -> list[str]:
    """The names of the applications among the documents that the API server accepts."""
    accepted = []
    for document in documents:
        with contextlib.suppress(errors.InvalidError, errors.ForbiddenError):
            await tenant.apply(document, manager=TENANT)
            accepted.append(document)
    return [document["metadata"]["name"] for document in accepted if document["kind"] == APPLICATION.kind]


async def run(cluster: RbacCluster, tenant: Cluster, attacks: Iterable[Attack]) -> None:
    """Submit the attacks, and wait until the controller has reconciled each application and its deletion."""
    applications: list[str] = []
    deleted: list[str] = []
    for one in attacks:
        names = await submitted(tenant, one.documents)
        applications += names
        deleted += names if one.delete else []
    for name in applications:
        await reconciled(cluster.admin, name)
    for name in deleted:
        with contextlib.suppress(errors.NotFoundError):
            await tenant.delete(APPLICATION, name)
        await cluster.admin.gone(APPLICATION, name)


async def reconciled(admin: Cluster, name: str) -> None:
    """Wait until an application is reconciled, or deleted by the garbage collector."""
    async with asyncio.timeout(TIMEOUT), contextlib.aclosing(admin.changes(APPLICATION, name)) as changes:
        async for live in changes:
            if live is None or is_reconciled(live.document()):
                return


def is_reconciled(application: Document) -> bool:
    status = application.get("status", {})
    valid: Document = next((entry for entry in status.get("conditions", ()) if entry["type"] == "Valid"), {})
    return bool(valid.get("observedGeneration") == application["metadata"]["generation"])


async def state(cluster: RbacCluster, target: Target, desired: Document) -> Any:
    """The identity and the content of the object, as far as only a client changes them; None if it does not exist."""
    handle = cluster.at(target.namespace(cluster.namespaces) or cluster.namespaces.shop)
    live = await handle.get(target.kind, desired["metadata"]["name"])
    if live is None:
        return None
    metadata = {key: live["metadata"].get(key) for key in ("uid", "labels", "ownerReferences", "deletionTimestamp")}
    return metadata, {key: live.get(key) for key in target.manifest}


async def is_gained(cluster: RbacCluster, target: Target, one: Attack, before: Any) -> bool:
    """Whether the tenant has gained the object, a change of it, or a pod with the property."""
    name = one.desired["metadata"]["name"]
    if target.is_gained is not None:
        others = [d for d in await cluster.admin.list(DEPLOYMENT) if d["metadata"]["name"].startswith(name)]
        pods = [d["spec"]["template"]["spec"] for d in others if not (one.exists and d["metadata"]["name"] == name)]
        if any(map(target.is_gained, pods)):
            return True
        if not one.exists:
            return False
    return bool(await state(cluster, target, one.desired) != before)


@pytest.fixture
async def cells(cluster: RbacCluster) -> AsyncIterator[dict[tuple[Target, str], Attack]]:
    """The attacks by target and way. The objects that exist before are deleted at the end."""
    cells = {(target, way): attack(target, way, cluster.namespaces) for target in TARGETS for way in WAYS}
    yield cells
    for (target, _), one in cells.items():
        if one.exists:
            handle = cluster.at(target.namespace(cluster.namespaces) or cluster.namespaces.shop)
            with contextlib.suppress(errors.NotFoundError):
                await handle.delete(target.kind, one.desired["metadata"]["name"])


@pytest.mark.parametrize("impersonate", [False, True], ids=["controller's rights", "impersonation"])
async def test_no_attack_gains_more_than_the_matrix_states(
    cluster: RbacCluster, catalog: Catalog, cells: dict[tuple[Target, str], Attack], impersonate: bool
) -> None:
    admin = cluster.admin
    needed, settings = rights.needed(catalog), Impersonation()
    if impersonate:
        needed = impersonated_rights.impersonated(needed, (settings.account,))
    if cluster.local is not None:
        await admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}})
    await admin.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}})
    await cluster.grant(needed)
    for one in cells.values():
        await admin.apply(*one.admitting, *([one.desired] if one.exists else []))
    before = {cell: await state(cluster, cell[0], one.desired) for cell, one in cells.items()}
    chosen: dict[str, Any] = {"impersonation": settings, "refused_retry": HOUR} if impersonate else {}
    async with cluster.user(TENANT) as tenant, rbac_cluster.controlled(cluster, catalog, **chosen):
        await allow_tenant(cluster, tenant)
        await run(cluster, tenant, cells.values())
        verdicts = {
            (target.title, way): await is_gained(cluster, target, one, before[target, way])
            for (target, way), one in cells.items()
        }
    expected: set[tuple[str, str]] = set() if impersonate else set(matrix.REASONS)
    assert {cell for cell, gained in verdicts.items() if gained} == expected
