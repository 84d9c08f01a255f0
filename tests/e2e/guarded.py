"""A cluster with rights, the service account of the controller in it, and what that account was answered.

The local API, and a kube-apiserver of its own when one is at hand: with the admission plugin that asks for the right to
set finalizers, and with no applications of other tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from rudr_py import errors
from rudr_py.api import Rule
from rudr_py.errors import Right
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.config import Connection
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import AioTransport
from rudr_py.local.access import attributes
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import User
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.model.crd_schemas import crds
from rudr_py.plugins import roles
from rudr_py.plugins.rights import Rights
from rudr_py.plugins.roles import RoleScope, ServiceAccount
from rudr_py.testing.cluster import TIMEOUT, Cluster
from tests.e2e import apiserver
from tests.e2e.documents import APPLICATION, CRD, established

ENFORCING = "--enable-admission-plugins=OwnerReferencesPermissionEnforcement"
METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True, order=True)
class Asked:
    """What a request of the account asked for, and how it was answered."""

    namespace: str
    group: str
    resource: str
    verb: str
    status: int


@dataclass(frozen=True)
class Places:
    """Namespaces: two with applications, one with definitions, and the account's own."""

    shop: str
    other: str
    types: str
    own: str

    @property
    def account(self) -> ServiceAccount:
        """Whom the controller works as."""
        return ServiceAccount(self.own, "rudr")

    @property
    def user(self) -> str:
        """The name of the account as the server knows it."""
        return f"system:serviceaccount:{self.own}:{self.account.name}"


@dataclass
class Guarded:
    """The cluster as the admin sees it, how the account comes to it, and how to read what it asked for."""

    admin: Cluster
    places: Places
    connection: Connection
    read: Callable[[str], list[Asked]]
    local: LocalCluster | None = None

    def asked(self) -> list[Asked]:
        """All that the account asked for, oldest first; what creates by applying is both."""
        return self.read(self.places.user)

    def at(self, namespace: str) -> Cluster:
        """The admin's handle on another namespace."""
        return Cluster(self.admin.transport, namespace, self.admin.clock)

    async def grant(self, rights: Rights, *, watched: tuple[str, ...] = ()) -> None:
        """Give the account just these rights; with namespaces none in the whole cluster."""
        await self._apply(rights, watched)
        await self.until(rights.cluster, watched[0] if watched else "", allowed=True)

    async def take(self, right: Right, rights: Rights, *, watched: tuple[str, ...]) -> None:
        """Leave it all of these rights but one."""
        await self._apply(without(rights, right), watched)
        lost = Rule(groups=(right.group,), resources=(right.resource,), verbs=(right.verb,))
        await self.until([lost], right.namespace, allowed=False)

    async def _apply(self, rights: Rights, watched: tuple[str, ...]) -> None:
        home = self.places
        places = RoleScope(watched=watched, definitions=home.types, own=home.own, account=home.account)
        await self.admin.apply(*(one for one in roles.documents(rights, places) if one.get("rules", True)))

    async def until(self, rules: Iterable[Rule], namespace: str, *, allowed: bool) -> None:
        """Wait until the server knows: its authorizer sees roles a moment after they are written."""
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
            for one in spec:
                while await self._may(one) != allowed:
                    pass

    async def _may(self, what: dict[str, str]) -> bool:
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        groups = ["system:serviceaccounts", "system:authenticated"]
        review = {"spec": {"user": self.places.user, "groups": groups, "resourceAttributes": what}}
        request = Request("POST", path, body=msgspec.json.encode(review), content_type="application/json")
        return bool((await self.admin.client.json(request))["status"]["allowed"])


R = TypeVar("R", bound=Rule)


def without(needed: Rights, missing: Right) -> Rights:
    """All rights but one."""

    def left(rules: tuple[R, ...]) -> tuple[R, ...]:
        found: list[R] = []
        for rule in rules:
            if missing.group not in rule.groups or missing.resource not in rule.resources:
                found.append(rule)
                continue
            others = tuple(one for one in rule.resources if one != missing.resource)
            verbs = tuple(verb for verb in rule.verbs if verb != missing.verb)
            parts = ((others, rule.verbs), ((missing.resource,), verbs))
            found += [msgspec.structs.replace(rule, resources=r, verbs=v) for r, v in parts if r and v]
        return tuple(found)

    return Rights(cluster=left(needed.cluster), definitions=left(needed.definitions), own=left(needed.own))


@contextlib.asynccontextmanager
async def local(folder: Path, release: str = LocalSettings().release) -> AsyncIterator[Guarded]:
    """The local API with rights."""
    async with LocalCluster(LocalSettings(release=release, access=AccessSettings())) as server:

        def read(user: str) -> list[Asked]:
            return [
                found
                for one in server.requests
                if one.user == user
                for found in _asked(one.method, one.path, one.status)
            ]

        async with _opened(server.kubeconfig(), folder, read, server) as found:
            yield found


@contextlib.asynccontextmanager
async def real(server: apiserver.RealServer, folder: Path) -> AsyncIterator[Guarded]:
    """A running kube-apiserver, in namespaces of this test; its applications are gone at the end."""

    def read(user: str) -> list[Asked]:
        entries = [json.loads(line) for line in server.audit.read_text().splitlines()]
        return [
            found
            for one in entries
            if one["user"].get("username") == user
            for found in _asked(METHODS.get(one["verb"], "GET"), one["requestURI"], one["responseStatus"]["code"])
        ]

    async with _opened(yaml.safe_load(server.kubeconfig.read_text()), folder, read) as found:
        yield found
        for namespace in (found.places.shop, found.places.other):
            there = found.at(namespace)
            for one in await there.list(APPLICATION):
                name = one["metadata"]["name"]
                await there.patch(APPLICATION, name, {"metadata": {"finalizers": None}})
                with contextlib.suppress(errors.NotFoundError):
                    await there.delete(APPLICATION, name)


@contextlib.asynccontextmanager
async def _opened(
    kubeconfig: dict[str, Any], folder: Path, read: Callable[[str], list[Asked]], server: LocalCluster | None = None
) -> AsyncIterator[Guarded]:
    """Namespaces, definitions and the account are there."""
    transport = AioTransport(await config.connect(_written(folder / "admin", kubeconfig)))
    try:
        suffix = secrets.token_hex(3)
        places = Places(*(f"{name}-{suffix}" for name in ("shop", "other", "types", "own")))
        admin = Cluster(transport, places.shop, SystemClock())
        for name in vars(places).values():
            await admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await admin.apply(*crds.documents())
        for document in crds.documents():
            await admin.until(CRD, document["metadata"]["name"], established)
        admin.discovery.invalidate()
        token = await _token(admin, places.account)
        kubeconfig["users"][0]["user"] = {"token": token}
        yield Guarded(admin, places, await config.connect(_written(folder / "account", kubeconfig)), read, server)
    finally:
        await transport.close()


def _written(path: Path, kubeconfig: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump(kubeconfig))
    return str(path)


async def _token(admin: Cluster, account: ServiceAccount) -> str:
    """A token of the account, as the kubelet asks for one."""
    metadata = {"name": account.name, "namespace": account.namespace}
    await admin.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    path = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}/token"
    asked = b'{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}'
    answer = await admin.client.json(Request("POST", path, body=asked, content_type="application/json"))
    return str(answer["status"]["token"])


def _asked(method: str, uri: str, status: int) -> Iterable[Asked]:
    path, _, text = uri.partition("?")
    query = dict(part.partition("=")[::2] for part in text.split("&"))
    wanted = attributes.of_request(User(name=""), method, path, query)
    if wanted.resource:
        verbs = (wanted.verb, "create") if method == "PATCH" and status == 201 else (wanted.verb,)
        for verb in verbs:
            yield Asked(wanted.namespace, wanted.group, wanted.full_resource, verb, status)
