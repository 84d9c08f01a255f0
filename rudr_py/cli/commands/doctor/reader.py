"""Reads the facts about an installation or an application from the cluster. Changes nothing.

Objects that the caller cannot read are recorded, and the checks that need them are skipped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.cli.cluster import list_watch, pod_state
from rudr_py.cli.cluster.client import ClusterClient, unreadable_message
from rudr_py.cli.commands.doctor import access_reviews, author_policy, deployment
from rudr_py.cli.commands.doctor.access_reviews import AccessReview
from rudr_py.cli.commands.doctor.application import ApplicationFacts
from rudr_py.cli.commands.doctor.author_policy import AuthorPolicy
from rudr_py.cli.commands.doctor.deployment import ControllerDeployment
from rudr_py.cli.commands.doctor.installation import Installation
from rudr_py.cli.commands.tree import command as tree
from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.commands.tree.command import TreeQuery
from rudr_py.controller.state import definition_index
from rudr_py.kube.requests import Request, Selection, Target
from rudr_py.model.identity import CORE_GROUP
from rudr_py.model.kinds import (
    APPLICATION,
    COMPONENT,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    EVENT,
    LEASE,
    NAMESPACE,
    POD,
)
from rudr_py.plugins import impersonated_rights, loading, rights, roles

T = TypeVar("T")
Document = dict[str, Any]


APPLY = ("applicationconfigurations", "componentschematics")
PURPOSES: Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "for rudr status and tree": (
        (CORE_GROUP, "applicationconfigurations", ("get", "list", "watch")),
        (CORE_GROUP, "componentschematics", ("list", "watch")),
        ("", "pods", ("list", "watch")),
    ),
    "to apply documents": tuple((CORE_GROUP, name, ("get", "create", "patch")) for name in APPLY),
    "for rudr diff": (
        (CORE_GROUP, "componentschematics", ("list",)),
        (CORE_GROUP, "componentinstances", ("get", "list")),
        ("apps", "deployments", ("get", "list")),
        ("", "services", ("get", "list")),
    ),
    "to try changes on the server with rudr diff, which computes them otherwise": (
        (CORE_GROUP, "componentinstances", ("patch",)),
        ("apps", "deployments", ("patch",)),
        ("", "services", ("patch",)),
    ),
}
"""The permissions of the caller by purpose, as group, resource and verbs."""


class ClusterReader:
    """Reads from a cluster, and records what cannot be read."""

    def __init__(self, cluster: ClusterClient) -> None:
        self._cluster = cluster
        self._unread: list[str] = []

    async def installation(self, definitions_namespace: str | None) -> Installation:
        """The facts about the installation. Raises KubeError if the server cannot be reached."""
        version = await self._cluster.client.json(Request("GET", "/version"))
        deployments = await self._try(self.list(DEPLOYMENT))
        controllers = deployment.controllers(deployments or ())
        definitions = definitions_namespace or deployment.definitions_namespace(controllers)
        published = await self._published(definitions)
        return Installation(
            version=version,
            crds=_tuple(await self._try(self.list(CUSTOM_RESOURCE_DEFINITION))),
            namespace=await self._try(self.get(NAMESPACE, "", definitions)),
            deployments=_tuple(deployments),
            pods=tuple([pod for controller in controllers for pod in await self._unready_pods(controller)]),
            leases={
                (election.namespace, name): lease
                for election in [controller.election for controller in controllers]
                for name in election.leases
                if (lease := await self._try(self.get(LEASE, election.namespace, name)))
            },
            published=published,
            applications=_tuple(await self._list_widely(APPLICATION)) or (),
            components=_tuple(await self._list_widely(COMPONENT)) or (),
            denied={
                f"{controller.namespace}/{controller.name}": denied
                for controller in controllers
                if (denied := await self._try(self._denied(controller))) is not None
            },
            caller_denied=await self._try(self._caller_denied()) or {},
            author_policy=await self._author_policy(),
            unread=tuple(dict.fromkeys(self._unread)),
            definitions_namespace=definitions,
        )

    async def application(self, name: str, definitions_namespace: str) -> ApplicationFacts | None:
        """The facts about an application; None if it does not exist. Raises KubeError."""
        cluster = self._cluster
        namespace = cluster.namespace
        applications = await list_watch.read(cluster, [list_watch.applications(namespace, name)])
        if not applications:
            return None
        application = applications[0]
        queries = tree.queries(cluster, TreeQuery(name), applications)
        below = await list_watch.read(cluster, [query for query in queries if query.kind != APPLICATION])
        published = await self._published(definitions_namespace)
        owned = ownership_tree.owned(application, [application, *below])
        return ApplicationFacts(
            application=application,
            objects=tuple(owned),
            components=_tuple(await self._try(self.list(COMPONENT, namespace))),
            published=published,
            events=tuple(_about(await self._try(self.list(EVENT, namespace)) or [], (application, *owned))),
            unread=tuple(dict.fromkeys(self._unread)),
        )

    async def list(self, kind: Kind, namespace: str = "") -> list[Document]:
        """The objects of a kind, in all namespaces if none is given."""
        resource = await self._cluster.resource(kind)
        items = await self._cluster.client.list_all(Selection(resource, namespace))
        return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items]

    async def get(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """An object, or None if it does not exist."""
        try:
            return await self._cluster.client.get(Target(await self._cluster.resource(kind), namespace, name))
        except errors.NotFoundError:
            return None

    async def _unready_pods(self, controller: ControllerDeployment) -> Sequence[Mapping[str, Any]]:
        """The pods of a controller that is not ready, which are not ready themselves."""
        if controller.health.ok:
            return []
        pods = await self._try(self.list(POD, controller.namespace)) or []
        return [pod for pod in controller.own(pods) if not pod_state.assess(pod).ok]

    async def _published(self, namespace: str) -> tuple[Document, ...]:
        by_kind = [await self._try(self.list(kind, namespace)) for kind in definition_index.KINDS]
        return tuple(document for documents in by_kind for document in documents or ())

    async def _list_widely(self, kind: Kind) -> Sequence[Document] | None:
        """The objects of a kind in all namespaces, or in the client's namespace if only that is allowed."""
        try:
            return await self.list(kind)
        except (errors.ForbiddenError, errors.KindAbsentError):
            return await self._try(self.list(kind, self._cluster.namespace))

    async def _try(self, reading: Awaitable[T]) -> T | None:
        try:
            return await reading
        except (errors.ForbiddenError, errors.NotFoundError, errors.KindAbsentError) as error:
            self._unread.append(f"skipped: {unreadable_message(error)}")
            return None

    async def _denied(self, controller: ControllerDeployment) -> tuple[AccessReview, ...]:
        """The permissions for the standard types that a controller lacks, with respect to its flags."""
        standard = loading.installed(only=()).catalog
        needed = rights.needed(
            standard,
            publish="no-publish-definitions" not in controller.flags,
            root_scopes="root-scopes" in controller.flags,
            leases=controller.election.leases if controller.elects else (),
        )
        if controller.impersonates:
            needed = impersonated_rights.impersonated(needed, ())
        needed = msgspec.structs.replace(needed, reads_namespaces=controller.reads_namespaces)
        reviews = [
            review
            for namespace in controller.namespaces or ("",)
            for rules in (needed.cluster, roles.namespace_rules(needed, namespace))
            for review in access_reviews.expanded(rules, namespace)
        ]
        reviews += access_reviews.expanded(needed.definitions, controller.definitions)
        reviews += access_reviews.expanded(needed.own, controller.election.namespace)
        return tuple(await access_reviews.denied(self._cluster, reviews, controller.user))

    async def _author_policy(self) -> AuthorPolicy | None:
        """The author policy for the client's namespace, with the permissions on which it depends."""
        namespace = self._cluster.namespace
        try:
            policy = author_policy.in_effect(await self.list(author_policy.BINDING), namespace)
        except errors.KindAbsentError:
            return None
        except errors.ForbiddenError:
            policy = AuthorPolicy(namespace=namespace)
        if policy is None:
            return None
        reviews = author_policy.reviews(loading.installed(only=()).catalog, namespace)
        denied = await access_reviews.denied(self._cluster, reviews)
        return msgspec.structs.replace(policy, denied=tuple(denied))

    async def _caller_denied(self) -> dict[str, tuple[AccessReview, ...]]:
        """The permissions that the caller lacks, by purpose."""
        namespace = self._cluster.namespace
        denied = {}
        for purpose, rules in PURPOSES.items():
            reviews = [AccessReview(group, name, verb, namespace) for group, name, verbs in rules for verb in verbs]
            denied[purpose] = tuple(await access_reviews.denied(self._cluster, reviews))
        return denied


def _about(events: Sequence[Document], objects: Sequence[Mapping[str, Any]]) -> list[Document]:
    """The events about these objects, by uid."""
    uids = {document["metadata"].get("uid") for document in objects}
    return [event for event in events if (event.get("involvedObject") or {}).get("uid") in uids]


def _tuple(documents: Sequence[Document] | None) -> tuple[Document, ...] | None:
    return None if documents is None else tuple(documents)
