"""A cluster with RBAC, the service account of the controller, and a record of the requests of that account.

Uses the local API, and a separate kube-apiserver if available, with the admission plugin that enforces the right to set
finalizers and without applications of other tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
import pytest
import yaml

from rudr_py import errors
from rudr_py.api import Rule
from rudr_py.catalog import Catalog
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.wiring import assemble
from rudr_py.errors import Right
from rudr_py.kube import config
from rudr_py.kube.clock import Clock, SystemClock
from rudr_py.kube.config import Connection
from rudr_py.kube.requests import Request, ServiceAccount
from rudr_py.kube.transport import AioTransport
from rudr_py.local.access import attributes
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import User
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.model.crd_schemas import crds
from rudr_py.plugins import roles
from rudr_py.plugins.rights import RBAC_GROUP, Rights
from rudr_py.plugins.roles import RoleScope
from rudr_py.settings import Impersonation
from rudr_py.testing.cluster import ADDRESS, SETTINGS, TIMEOUT, Cluster
from tests.e2e import apiserver, waiting
from tests.e2e.documents import APPLICATION, CRD, established

ENFORCING = "--enable-admission-plugins=OwnerReferencesPermissionEnforcement"
METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True, order=True)
class AccountRequest:
    """The permission that a request of the account requires, and the status of its response."""

    namespace: str
    group: str
    resource: str
    verb: str
    status: int


@dataclass(frozen=True)
class Namespaces:
    """Namespaces: two for applications, one for definitions, and that of the account."""

    shop: str
    other: str
    definitions: str
    own: str

    @property
    def account(self) -> ServiceAccount:
        """The account of the controller."""
        return ServiceAccount(self.own, "rudr")

    @property
    def user(self) -> str:
        """The user name of the account."""
        return self.account.user

    def writer(self, namespace: str, name: str = Impersonation().account) -> ServiceAccount:
        """The account that writes the objects of applications, with impersonation."""
        return ServiceAccount(namespace, name)


@dataclass
class RbacCluster:
    """A cluster with an admin handle, the connection of the account, and a function that reads its requests.

    `kubeconfig` writes a kubeconfig with the token of another account.
    """

    admin: Cluster
    namespaces: Namespaces
    connection: Connection
    read: Callable[[str], list[AccountRequest]]
    kubeconfig: Callable[[ServiceAccount], Awaitable[Path]]
    local: LocalCluster | None = None
    release: tuple[int, int] = (1, 36)

    def requests(self) -> list[AccountRequest]:
        """All permissions that requests of the account required, oldest first; an apply that creates requires two."""
        return self.read(self.namespaces.user)

    def writes(self) -> list[AccountRequest]:
        """The requests of the accounts that write the objects of applications."""
        namespaces = (self.namespaces.shop, self.namespaces.other)
        return [request for namespace in namespaces for request in self.read(self.namespaces.writer(namespace).user)]

    async def bind_writers(self, rights: Rights, *, watched: tuple[str, ...] = ()) -> None:
        """Grant the accounts that write the objects of applications the rights for that, in their own namespaces."""
        for namespace in (self.namespaces.shop, self.namespaces.other):
            writer = self.namespaces.writer(namespace)
            role = {"kind": "Role" if watched else "ClusterRole", "name": "rudr-applications"}
            subject = {"kind": "ServiceAccount", "name": writer.name, "namespace": namespace}
            await self.at(namespace).apply(
                {
                    "apiVersion": f"{RBAC_GROUP}/v1",
                    "kind": "RoleBinding",
                    "metadata": {"name": "rudr-applications", "namespace": namespace},
                    "roleRef": {"apiGroup": RBAC_GROUP, **role},
                    "subjects": [subject],
                }
            )
            await self.until(rights.accounts, namespace, allowed=True, user=writer.user)

    @contextlib.asynccontextmanager
    async def connected(self, account: ServiceAccount) -> AsyncIterator[Cluster]:
        """A handle on the namespace of applications with the token of an account."""
        transport = AioTransport(await config.connect(str(await self.kubeconfig(account))))
        try:
            yield Cluster(transport, self.namespaces.shop, self.admin.clock)
        finally:
            await transport.close()

    def at(self, namespace: str) -> Cluster:
        """An admin handle on another namespace."""
        return Cluster(self.admin.transport, namespace, self.admin.clock)

    def user(self, name: str) -> contextlib.AbstractAsyncContextManager[Cluster]:
        """A handle on `shop` with the token of an account there, which is created without rights."""
        return self.connected(ServiceAccount(self.namespaces.shop, name))

    async def grant(self, rights: Rights, *, watched: tuple[str, ...] = ()) -> None:
        """Grant the account exactly these rights; with `watched`, only in these namespaces."""
        await self._apply(rights, watched)
        await self.until(rights.cluster, watched[0] if watched else "", allowed=True)

    async def take(self, right: Right, rights: Rights, *, watched: tuple[str, ...]) -> None:
        """Grant the account all of these rights except one."""
        await self._apply(without(rights, right), watched)
        lost = Rule(groups=(right.group,), resources=(right.resource,), verbs=(right.verb,))
        await self.until([lost], right.namespace, allowed=False)

    async def _apply(self, rights: Rights, watched: tuple[str, ...]) -> None:
        namespaces = self.namespaces
        scope = RoleScope(
            watched=watched, definitions=namespaces.definitions, own=namespaces.own, account=namespaces.account
        )
        await self.admin.apply(
            *(document for document in roles.documents(rights, scope) if document.get("rules", True))
        )

    async def until(self, rules: Iterable[Rule], namespace: str, *, allowed: bool, user: str = "") -> None:
        """Wait until the authorizer of the server has processed the roles."""
        spec = [
            {
                "namespace": namespace,
                "group": rule.groups[0],
                "verb": rule.verbs[-1],
                "resource": resource,
                "subresource": sub,
            }
            for rule in rules
            for resource, _, sub in [rule.resources[-1].partition("/")]
        ]
        async with asyncio.timeout(TIMEOUT):
            for review in spec:
                while await self._may(review, user or self.namespaces.user) != allowed:
                    pass

    async def _may(self, what: dict[str, str], user: str) -> bool:
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        groups = ["system:serviceaccounts", "system:authenticated"]
        review = {"spec": {"user": user, "groups": groups, "resourceAttributes": what}}
        request = Request("POST", path, body=msgspec.json.encode(review), content_type="application/json")
        return bool((await self.admin.client.json(request))["status"]["allowed"])


@contextlib.asynccontextmanager
async def controlled(
    cluster: RbacCluster, catalog: Catalog, clock: Clock | None = None, **chosen: Any
) -> AsyncIterator[ControllerProcess]:
    """A controller with the token of the account, and further settings. Fails if it ends before the context exits."""
    settings = msgspec.structs.replace(
        SETTINGS,
        definitions_namespace=cluster.namespaces.definitions,
        health_address=ADDRESS,
        metrics_address=ADDRESS,
        **chosen,
    )
    transport = AioTransport(cluster.connection)
    try:
        controller = assemble(settings, transport, clock or cluster.admin.clock, catalog)
        async with waiting.running(controller) as running:
            await controller.synced.wait()
            yield controller
            assert not running.done()
    finally:
        await transport.close()


R = TypeVar("R", bound=Rule)


def without(needed: Rights, missing: Right) -> Rights:
    """All required rights except one."""

    def left(rules: tuple[R, ...]) -> tuple[R, ...]:
        kept: list[R] = []
        for rule in rules:
            if missing.group not in rule.groups or missing.resource not in rule.resources:
                kept.append(rule)
                continue
            other_resources = tuple(resource for resource in rule.resources if resource != missing.resource)
            verbs = tuple(verb for verb in rule.verbs if verb != missing.verb)
            parts = ((other_resources, rule.verbs), ((missing.resource,), verbs))
            kept += [msgspec.structs.replace(rule, resources=r, verbs=v) for r, v in parts if r and v]
        return tuple(kept)

    return Rights(cluster=left(needed.cluster), definitions=left(needed.definitions), own=left(needed.own))


@contextlib.asynccontextmanager
async def local(
    folder: Path, release: str = LocalSettings().release, access: AccessSettings | None = None
) -> AsyncIterator[RbacCluster]:
    """The local API with RBAC."""
    async with LocalCluster(LocalSettings(release=release, access=access or AccessSettings())) as server:

        def read(user: str) -> list[AccountRequest]:
            return [
                account_request
                for request in server.requests
                if request.user == user
                for account_request in _account_requests(request.method, request.path, request.status)
            ]

        async with _opened(server.kubeconfig(), folder, read, server) as cluster:
            major, minor = map(int, release.split("."))
            cluster.release = (major, minor)
            yield cluster


@contextlib.asynccontextmanager
async def real(server: apiserver.RealServer, folder: Path) -> AsyncIterator[RbacCluster]:
    """A running kube-apiserver, in namespaces of this test. Deletes the applications at the end."""

    def read(user: str) -> list[AccountRequest]:
        entries = [json.loads(line) for line in server.audit.read_text().splitlines()]
        return [
            account_request
            for entry in entries
            if entry.get("impersonatedUser", entry["user"]).get("username") == user
            for account_request in _account_requests(
                METHODS.get(entry["verb"], "GET"), entry["requestURI"], entry["responseStatus"]["code"]
            )
        ]

    async with _opened(yaml.safe_load(server.kubeconfig.read_text()), folder, read) as cluster:
        yield cluster
        for namespace in (cluster.namespaces.shop, cluster.namespaces.other):
            other = cluster.at(namespace)
            for application in await other.list(APPLICATION):
                name = application["metadata"]["name"]
                await other.patch(APPLICATION, name, {"metadata": {"finalizers": None}})
                with contextlib.suppress(errors.NotFoundError):
                    await other.delete(APPLICATION, name)


def requested(
    request: pytest.FixtureRequest, folder: Path, **settings: Any
) -> contextlib.AbstractAsyncContextManager[RbacCluster]:
    """The cluster that the parameter of a fixture names: `local`, with these settings, or a kube-apiserver."""
    if request.param == "local":
        return local(folder, **settings)
    return real(request.getfixturevalue("enforcing"), folder)


@contextlib.asynccontextmanager
async def _opened(
    kubeconfig: dict[str, Any],
    folder: Path,
    read: Callable[[str], list[AccountRequest]],
    server: LocalCluster | None = None,
) -> AsyncIterator[RbacCluster]:
    """Create namespaces, CRDs and the account."""
    transport = AioTransport(await config.connect(_written(folder / "admin", kubeconfig)))
    try:
        suffix = secrets.token_hex(3)
        namespaces = Namespaces(*(f"{name}-{suffix}" for name in ("shop", "other", "definitions", "own")))
        admin = Cluster(transport, namespaces.shop, SystemClock())
        for name in vars(namespaces).values():
            await admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await admin.apply(*crds.documents())
        for document in crds.documents():
            await admin.until(CRD, document["metadata"]["name"], established)
        admin.discovery.invalidate()

        async def account_kubeconfig(account: ServiceAccount) -> Path:
            user = {**kubeconfig["users"][0], "user": {"token": await _token(admin, account)}}
            path = folder / f"{account.namespace}-{account.name}"
            _written(path, {**kubeconfig, "users": [user]})
            return path

        connection = await config.connect(str(await account_kubeconfig(namespaces.account)))
        yield RbacCluster(admin, namespaces, connection, read, account_kubeconfig, server)
    finally:
        await transport.close()


def _written(path: Path, kubeconfig: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump(kubeconfig))
    return str(path)


async def _token(admin: Cluster, account: ServiceAccount) -> str:
    """A token of the account, requested as by the kubelet."""
    metadata = {"name": account.name, "namespace": account.namespace}
    await admin.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    path = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}/token"
    body = b'{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}'
    answer = await admin.client.json(Request("POST", path, body=body, content_type="application/json"))
    return str(answer["status"]["token"])


def _account_requests(method: str, uri: str, status: int) -> Iterable[AccountRequest]:
    path, _, text = uri.partition("?")
    query = dict(parse_qsl(text))
    target = attributes.of_request(User(name=""), method, path, query)
    if target.resource:
        verbs = (target.verb, "create") if method == "PATCH" and status == 201 else (target.verb,)
        for verb in verbs:
            yield AccountRequest(target.namespace, target.group, target.full_resource, verb, status)
