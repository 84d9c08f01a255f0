"""The checks of an installation: server, definitions, controller, applications and permissions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from rudr_py.api import kstatus
from rudr_py.cli.cluster import user_roles
from rudr_py.cli.commands.doctor import (
    advice,
    author_policy,
    crd_names,
    definition_objects,
    deployment,
    finding,
    leases,
    types,
    workload_pods,
)
from rudr_py.cli.commands.doctor.access_reviews import AccessReview
from rudr_py.cli.commands.doctor.author_policy import AuthorPolicy
from rudr_py.cli.commands.doctor.deployment import ControllerDeployment
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.cli.commands.status import report
from rudr_py.cli.output import plain_text
from rudr_py.model import json_text, kubernetes
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import loading
from rudr_py.plugins.loading import LoadedPlugins

Document = Mapping[str, Any]

OLDEST_MINOR, NEWEST_MINOR = 25, 37
"""The minor versions of Kubernetes 1 that are supported."""

MAX_NAMES = 5
"""The number of names in a message; the rest is counted."""


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about an installation. A fact that cannot be read is None, and `unread` has the reason.

    `pods` are those of the controllers that are not ready. `denied` are permissions that a controller lacks, by the
    name of its Deployment. `caller_denied` are those that the caller lacks, by their purpose. `leases` are by namespace
    and name.
    """

    version: Document
    crds: tuple[Document, ...] | None
    namespace: Document | None
    deployments: tuple[Document, ...] | None
    pods: tuple[Document, ...] = ()
    leases: Mapping[tuple[str, str], Document] = msgspec.field(default_factory=dict)
    published: tuple[Document, ...] = ()
    applications: tuple[Document, ...] = ()
    components: tuple[Document, ...] = ()
    denied: Mapping[str, tuple[AccessReview, ...]] = msgspec.field(default_factory=dict)
    caller_denied: Mapping[str, tuple[AccessReview, ...]] = msgspec.field(default_factory=dict)
    author_policy: AuthorPolicy | None = None
    unread: tuple[str, ...] = ()
    definitions_namespace: str = ""


def check(installation: Installation, loaded: LoadedPlugins, now: datetime) -> list[Finding]:
    """The findings of all checks."""
    controllers = deployment.controllers(installation.deployments or ())
    uses = types.used(installation.applications, installation.components)
    return [
        *server(installation.version),
        *(custom_kinds(installation.crds) if installation.crds is not None else ()),
        *namespace(installation.namespace, installation.definitions_namespace, installation.unread),
        *deployment.check(controllers, installation.deployments is not None),
        *(
            result
            for controller in controllers
            for result in workload_pods.findings(controller.own(installation.pods), (), controller.namespace)
        ),
        *_leases(installation, controllers, now),
        *rights(installation.denied),
        *applications(installation.applications),
        *deployment.rudr(deployment.rudr_deployments(installation.deployments or ())),
        *types.plugins(loaded.plugins),
        *types.check(uses, loaded.catalog, installation.published),
        *published(installation, loaded),
        *caller_rights(installation.caller_denied),
        *author_policy.check(installation.author_policy, loading.installed(only=()).catalog),
        *(note(finding.UNREAD, message) for message in installation.unread),
    ]


def server(version: Document) -> Iterator[Finding]:
    """Whether the release of Kubernetes is supported. Some providers report a minor version such as `31+`."""
    git = str(version.get("gitVersion") or "")
    minor = (kubernetes.of_version(version) or (1, 0))[1]
    supported = f"supported versions: 1.{OLDEST_MINOR} to 1.{NEWEST_MINOR}"
    if minor < OLDEST_MINOR:
        yield problem("server", f"Kubernetes {git} is too old; {supported}", "upgrade the cluster")
    elif minor > NEWEST_MINOR:
        yield note("server", f"Kubernetes {git} is newer than the tested versions; {supported}")
    else:
        yield ok("server", f"Kubernetes {git}; {supported}")


def custom_kinds(definitions: Sequence[Document]) -> Iterator[Finding]:
    """Whether the custom resource definitions exist, are established, and are those of this release.

    Notes for names that they share with other definitions.
    """
    install = "rudr crds | kubectl apply --server-side -f -"
    by_name = {str(definition.get("metadata", {}).get("name")): definition for definition in definitions}
    required = crds.documents()
    good = 0
    for document in required:
        name = document["metadata"]["name"]
        live = by_name.get(name)
        if live is None:
            yield problem("crds", f"the CustomResourceDefinition {name} does not exist", install)
            continue
        health = kstatus.assess(live)
        if not health.ok:
            message = f"{name} is not established: {health.reason} {health.message}".rstrip()
            yield problem("crds", message, crd_names.REPAIR)
        elif not _covers(_schema(live), _schema(document)):
            message = f"{name} is of another release: its schema lacks fields of this release"
            yield problem("crds", message, install)
        else:
            good += 1
    if good == len(required):
        yield ok("crds", f"all {good} custom resource definitions are established and current")
    yield from crd_names.check(definitions)


def namespace(namespace_object: Document | None, name: str, unread: Sequence[str]) -> Iterator[Finding]:
    """Whether the namespace for the definitions of types exists."""
    if namespace_object is None and any("namespaces" in message for message in unread):
        return
    if namespace_object is None:
        message = f"namespace {name} does not exist: types are not published, and no WorkloadType objects are read"
        yield problem("namespace", message, f"kubectl create namespace {name}")
    elif namespace_object.get("metadata", {}).get("deletionTimestamp"):
        yield problem("namespace", f"namespace {name} is being deleted", f"kubectl describe namespace {name}")
    else:
        yield ok("namespace", f"namespace {name} exists for definitions")


def published(installation: Installation, loaded: LoadedPlugins) -> Iterator[Finding]:
    """Whether the installed types are published, and other definitions; nothing if they cannot be read."""
    if not any(f" {plural}." in message for plural in user_roles.DEFINITIONS for message in installation.unread):
        yield from types.published(loaded.catalog, installation.published, installation.definitions_namespace)
        yield from definition_objects.check(loaded.catalog, installation.published, installation.definitions_namespace)


def applications(documents: Iterable[Document]) -> Iterator[Finding]:
    """Whether the applications are reconciled and Ready."""
    reports = [report.of(document) for document in documents]
    for application in reports:
        if application.unreportable:
            yield problem("documents", f"{_name(application)}: {application.pending}", advice.VALID["InvalidDocument"])
    deleting = [_name(application) for application in reports if application.pending == report.DELETING]
    if deleting:
        message = f"{json_text.listed(deleting, MAX_NAMES)}: {report.DELETING}"
        yield note("work", message, "if it lasts, a finalizer of the application or of one of its objects is the cause")
    late = [application for application in reports if application.pending and application.pending != report.DELETING]
    pending = [_name(application) for application in late if not application.unreportable]
    if pending:
        message = f"{json_text.listed(pending, MAX_NAMES)}: the latest change has not been reconciled"
        hint = "see the findings about the controller; if it watches only some namespaces, add these"
        yield problem("work", message, hint)
    unready = [application for application in reports if not application.ready and not application.pending]
    if unready:
        count = f"{len(unready)} of {len(reports)} applications not Ready"
        hint = f"rudr doctor {unready[0].name} -n {unready[0].namespace}"
        yield note("work", f"{count}: {json_text.listed(list(map(_name, unready)), MAX_NAMES)}", hint)
    if not deleting and not pending and not unready:
        count = plain_text.counted(len(reports), "application")
        yield ok("work", f"{count}, all Ready" if reports else "no applications")


def rights(denied: Mapping[str, Sequence[AccessReview]]) -> Iterator[Finding]:
    """Whether the controllers have the permissions that the standard types need. `denied` is by Deployment."""
    for name, reviews in denied.items():
        if reviews:
            message = f"the service account of {name} is not allowed to: {'; '.join(_short(reviews))}"
            hint = "rudr rbac | kubectl apply -f -; or enable rbac.create in the chart"
            yield problem("rights", message, hint)
        else:
            yield ok("rights", f"the service account of {name} has all permissions for the standard types")


def caller_rights(denied: Mapping[str, Sequence[AccessReview]]) -> Iterator[Finding]:
    """The permissions that the caller lacks, by purpose. These are notes, because not every user needs them."""
    for purpose, reviews in denied.items():
        if reviews:
            yield note("you", f"you are not allowed to {'; '.join(map(str, reviews))} (needed {purpose})")
    if denied and not any(denied.values()):
        yield ok("you", "you have the permissions for status, tree, diff and for applying documents")


def _leases(
    installation: Installation, controllers: Iterable[ControllerDeployment], now: datetime
) -> Iterator[Finding]:
    for controller in controllers:
        yield from leases.check(installation.leases, controller, now)


def _name(application: report.ApplicationReport) -> str:
    return f"{application.namespace}/{application.name}"


def _short(reviews: Sequence[AccessReview]) -> list[str]:
    """The reviews as text, one for all verbs of a resource."""
    verbs: dict[tuple[str, str, str], list[str]] = {}
    for review in reviews:
        verbs.setdefault((review.group, review.resource, review.namespace), []).append(review.verb)
    texts = [str(AccessReview(group, name, ",".join(all_), place)) for (group, name, place), all_ in verbs.items()]
    return [*texts[:MAX_NAMES], *([f"and {len(texts) - MAX_NAMES} more"] if len(texts) > MAX_NAMES else [])]


def _schema(definition: Document) -> Any:
    spec = definition.get("spec", {})
    return [
        {"name": version.get("name"), "served": version.get("served"), "schema": version.get("schema")}
        for version in spec.get("versions") or ()
        if spec.get("group") == CORE_GROUP
    ]


def _covers(live: Any, required: Any) -> bool:
    """Whether `live` contains all of `required` except empty values. The server may add defaults."""
    if isinstance(live, dict) and isinstance(required, dict):
        return all(_covers(live[name], value) if name in live else not value for name, value in required.items())
    if isinstance(live, list) and isinstance(required, list):
        return len(live) == len(required) and all(map(_covers, live, required))
    return bool(live == required)
