"""What has to be known of an installation, or of one application, asked of the cluster. Changes nothing.

What the caller may not read is noted, and the checks that need it are left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.cli.cluster import list_watch
from rudr_py.cli.cluster.client import APPLICATION, ClusterClient, unread
from rudr_py.cli.commands.doctor import access_reviews, deployment
from rudr_py.cli.commands.doctor.access_reviews import AccessReview
from rudr_py.cli.commands.doctor.application import ApplicationFacts
from rudr_py.cli.commands.doctor.deployment import ControllerDeployment
from rudr_py.cli.commands.doctor.installation import Installation
from rudr_py.cli.commands.tree import command, ownership_tree
from rudr_py.cli.commands.tree.command import TreeQuery
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.kube.requests import Request, Selection, Target
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import loading, rights

T = TypeVar("T")
Document = dict[str, Any]

CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
DEPLOYMENT = Kind("apps/v1", "Deployment")
EVENT = Kind("v1", "Event")
LEASE = Kind("coordination.k8s.io/v1", "Lease")
NAMESPACE = Kind("v1", "Namespace")

APPLY = ("applicationconfigurations", "componentschematics")
PURPOSES: Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "for rudr status and tree": (
        (CORE_GROUP, "applicationconfigurations", ("get", "list", "watch")),
        ("", "pods", ("list", "watch")),
    ),
    "to apply documents": tuple((CORE_GROUP, name, ("get", "create", "patch")) for name in APPLY),
    "for rudr diff": (
        (CORE_GROUP, "componentschematics", ("list",)),
        (CORE_GROUP, "componentinstances", ("list", "patch")),
        ("apps", "deployments", ("get", "patch")),
        ("", "services", ("get", "patch")),
    ),
}
"""What the caller needs rights for."""


class ClusterReader:
    """Reads, and notes what cannot be read."""

    def __init__(self, cluster: ClusterClient) -> None:
        self._cluster = cluster
        self._unread: list[str] = []

    async def installation(self, definitions_namespace: str | None) -> Installation:
        """Everything about the installation. Raises KubeError when nothing can be asked."""
        cluster = self._cluster
        version = await cluster.client.json(Request("GET", "/version"))
        deployments = await self._try(self.list(DEPLOYMENT))
        controllers = deployment.controllers(deployments or ())
        place = definitions_namespace or deployment.definitions_namespace(controllers)
        found = {kind: await self._try(self.list(kind, place)) for kind in definition_index.KINDS}
        return Installation(
            version=version,
            crds=_tuple(await self._try(self.list(CRD))),
            namespace=await self._try(self.get(NAMESPACE, "", place)),
            deployments=_tuple(deployments),
            leases={one.lease: lease for one in controllers if (lease := await self._try(self.get(LEASE, *one.lease)))},
            published=tuple(one for listed in found.values() for one in listed or ()),
            applications=_tuple(await self._wide(APPLICATION)) or (),
            components=_tuple(await self._wide(cluster_state.COMPONENT)) or (),
            lacking={
                f"{one.namespace}/{one.name}": lacking
                for one in controllers
                if (lacking := await self._try(self._lacking(one))) is not None
            },
            mine=await self._try(self._mine()) or {},
            unread=tuple(dict.fromkeys(self._unread)),
            definitions_namespace=place,
        )

    async def application(self, name: str, definitions_namespace: str) -> ApplicationFacts | None:
        """Everything about one application; None when there is none of this name. Raises KubeError."""
        cluster = self._cluster
        namespace = cluster.namespace
        first = await list_watch.once(cluster, [list_watch.applications(namespace, name)])
        if not first:
            return None
        below = [look for look in command.looks(cluster, TreeQuery(name), first) if look.kind != APPLICATION]
        objects = [*first, *await list_watch.once(cluster, below)]
        found = {kind: await self._try(self.list(kind, definitions_namespace)) for kind in definition_index.KINDS}
        owned = ownership_tree.owned(first[0], objects)
        return ApplicationFacts(
            application=first[0],
            objects=tuple(owned),
            components=_tuple(await self._try(self.list(cluster_state.COMPONENT, namespace))),
            published=tuple(one for listed in found.values() for one in listed or ()),
            events=tuple(_about(await self._try(self.list(EVENT, namespace)) or [], (first[0], *owned))),
            unread=tuple(dict.fromkeys(self._unread)),
        )

    async def list(self, kind: Kind, namespace: str = "") -> list[Document]:
        """The objects of a kind, in all namespaces if none is named."""
        resource = await self._cluster.resource(kind)
        items = await self._cluster.client.list_all(Selection(resource, namespace))
        return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items]

    async def get(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """One object, or None."""
        try:
            return await self._cluster.client.get(Target(await self._cluster.resource(kind), namespace, name))
        except errors.NotFoundError:
            return None

    async def _wide(self, kind: Kind) -> Sequence[Document] | None:
        """The objects of a kind in all namespaces, or in our own if that is all that we may see."""
        try:
            return await self.list(kind)
        except (errors.ForbiddenError, errors.KindAbsentError):
            return await self._try(self.list(kind, self._cluster.namespace))

    async def _try(self, reading: Awaitable[T]) -> T | None:
        try:
            return await reading
        except (errors.ForbiddenError, errors.NotFoundError, errors.KindAbsentError) as error:
            self._unread.append(f"not looked at: {unread(error)}")
            return None

    async def _lacking(self, one: ControllerDeployment) -> tuple[AccessReview, ...]:
        """The rights that a controller lacks for the standard types, with its flags."""
        standard = loading.installed(only=()).catalog
        needed = rights.needed(
            standard,
            publish="no-publish-definitions" not in one.flags,
            root_scopes="root-scopes" in one.flags,
            leader_elect=one.elects,
            lease=one.lease[1],
        )
        wanted = [
            right for place in one.namespaces or ("",) for right in access_reviews.expanded(needed.cluster, place)
        ]
        wanted += access_reviews.expanded(needed.definitions, one.definitions)
        wanted += access_reviews.expanded(needed.own, one.lease[0])
        return tuple(await access_reviews.missing(self._cluster, wanted, one.user))

    async def _mine(self) -> dict[str, tuple[AccessReview, ...]]:
        """The rights that the caller lacks, by what they are for."""
        namespace = self._cluster.namespace
        found = {}
        for purpose, listed in PURPOSES.items():
            wanted = [AccessReview(group, name, verb, namespace) for group, name, verbs in listed for verb in verbs]
            found[purpose] = tuple(await access_reviews.missing(self._cluster, wanted))
        return found


def _about(events: Sequence[Document], objects: Sequence[Mapping[str, Any]]) -> list[Document]:
    """The events about these very objects."""
    uids = {one["metadata"].get("uid") for one in objects}
    return [event for event in events if (event.get("involvedObject") or {}).get("uid") in uids]


def _tuple(found: Sequence[Document] | None) -> tuple[Document, ...] | None:
    return None if found is None else tuple(found)
