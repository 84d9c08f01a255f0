"""The checks of an installation: the server, our definitions, the controller's work, and rights. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from rudr_py.api import kstatus
from rudr_py.cli.commands.doctor import deployment, finding, types
from rudr_py.cli.commands.doctor.access_reviews import AccessReview
from rudr_py.cli.commands.doctor.deployment import ControllerDeployment
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.cli.commands.status import report
from rudr_py.cli.output import problems
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins.loading import LoadedPlugins

Document = Mapping[str, Any]

OLDEST, NEWEST = 25, 37
"""The minor versions of Kubernetes 1 that are supported."""

SHOWN = 5
"""How many of a kind are named; the rest is counted."""


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an installation. What could not be read is None, and `unread` says why.

    `lacking` are rights that a controller has not, by the place of its Deployment; `mine` those that the caller has
    not, by what they are for. `leases` are by namespace and name.
    """

    version: Document
    crds: tuple[Document, ...] | None
    namespace: Document | None
    deployments: tuple[Document, ...] | None
    leases: Mapping[tuple[str, str], Document] = msgspec.field(default_factory=dict)
    published: tuple[Document, ...] = ()
    applications: tuple[Document, ...] = ()
    components: tuple[Document, ...] = ()
    lacking: Mapping[str, tuple[AccessReview, ...]] = msgspec.field(default_factory=dict)
    mine: Mapping[str, tuple[AccessReview, ...]] = msgspec.field(default_factory=dict)
    unread: tuple[str, ...] = ()
    definitions_namespace: str = ""


def check(found: Installation, loaded: LoadedPlugins, now: datetime) -> list[Finding]:
    """Everything that there is to say."""
    controllers = deployment.controllers(found.deployments or ())
    return [
        *server(found.version),
        *(our_kinds(found.crds) if found.crds is not None else ()),
        *namespace(found.namespace, found.definitions_namespace, found.unread),
        *deployment.check(controllers, found.deployments is not None),
        *(one for controller in controllers for one in deployment.lease(_lease(found, controller), controller, now)),
        *rights(found.lacking),
        *work(found.applications),
        *deployment.rudr(deployment.rudrs(found.deployments or ())),
        *types.plugins(loaded.plugins),
        *types.check(types.used(found.applications, found.components), loaded.catalog, found.published),
        *types.published(loaded.catalog, found.published, found.definitions_namespace),
        *own_rights(found.mine),
        *(note(finding.UNREAD, message) for message in found.unread),
    ]


def server(version: Document) -> Iterator[Finding]:
    """Whether the release of Kubernetes is one that we support. Some providers write `31+`."""
    git = str(version.get("gitVersion") or "")
    numbers = re.match(r"v?1\.(\d+)", git) or re.match(r"(\d+)", str(version.get("minor") or ""))
    minor = int(numbers[1]) if numbers else 0
    supported = f"supported are 1.{OLDEST} to 1.{NEWEST}"
    if minor < OLDEST:
        yield problem("server", f"Kubernetes {git} is too old; {supported}", "upgrade the cluster")
    elif minor > NEWEST:
        yield note("server", f"Kubernetes {git} is newer than what was tested; {supported}")
    else:
        yield ok("server", f"Kubernetes {git}; {supported}")


def our_kinds(there: Sequence[Document]) -> Iterator[Finding]:
    """Whether the definitions of our kinds are there, in use, and of this release."""
    install = "rudr crds | kubectl apply --server-side -f -"
    by_name = {str(one.get("metadata", {}).get("name")): one for one in there}
    wanted = crds.documents()
    good = 0
    for document in wanted:
        name = document["metadata"]["name"]
        live = by_name.get(name)
        if live is None:
            yield problem("crds", f"the CustomResourceDefinition {name} is missing", install)
            continue
        health = kstatus.assess(live)
        if not health.ok:
            message = f"{name} is not established: {health.reason} {health.message}".rstrip()
            hint = "another project may have taken the same names: rudr crds --help tells how to do without short names"
            yield problem("crds", message, hint)
        elif not _covers(_schema(live), _schema(document)):
            message = f"{name} is of another release: it lacks something of the schema of this one"
            yield problem("crds", message, install)
        else:
            good += 1
    if good == len(wanted):
        yield ok("crds", f"all {good} definitions are there, established and current")


def namespace(found: Document | None, name: str, unread: Sequence[str]) -> Iterator[Finding]:
    """Whether there is a namespace for the definitions of types."""
    if found is None and any("namespaces" in message for message in unread):
        return
    if found is None:
        message = f"the namespace {name} is not there: types are not published, and no WorkloadType object is read"
        yield problem("namespace", message, f"kubectl create namespace {name}")
    elif found.get("metadata", {}).get("deletionTimestamp"):
        yield problem("namespace", f"the namespace {name} is being deleted", f"kubectl describe namespace {name}")
    else:
        yield ok("namespace", f"definitions are in the namespace {name}")


def work(applications: Iterable[Document]) -> Iterator[Finding]:
    """Whether somebody looks at the applications, and how they are."""
    reports = [report.of(one) for one in applications]
    idle = [f"{one.namespace}/{one.name}" for one in reports if one.pending]
    if idle:
        message = f"{_named(idle)}: no controller has taken up the latest change"
        hint = "see the findings about the controller; if it only watches some namespaces, these must be among them"
        yield problem("work", message, hint)
    unready = [one for one in reports if not one.ready and not one.pending]
    if unready:
        counted = f"{len(unready)} of {len(reports)} applications not Ready"
        first = unready[0]
        hint = f"rudr doctor {first.name} -n {first.namespace}"
        yield note("work", f"{counted}: {_named([f'{one.namespace}/{one.name}' for one in unready])}", hint)
    if not idle and not unready:
        yield ok(
            "work", f"{problems.counted(len(reports), 'application')}, all Ready" if reports else "no applications"
        )


def rights(lacking: Mapping[str, Sequence[AccessReview]]) -> Iterator[Finding]:
    """Whether the controllers have the rights that the standard types need."""
    for place, missing in lacking.items():
        if missing:
            message = f"the account of {place} may not: {'; '.join(_short(missing))}"
            yield problem("rights", message, "rudr rbac prints what it needs; the chart installs that with rbac.create")
        else:
            yield ok("rights", f"the account of {place} has all rights that the standard types need")


def own_rights(mine: Mapping[str, Sequence[AccessReview]]) -> Iterator[Finding]:
    """What the caller may not do, by what it is for. That is nobody's mistake, so it is only noted."""
    for purpose, missing in mine.items():
        if missing:
            yield note("you", f"you may not {'; '.join(map(str, missing))}: {purpose}")
    if mine and not any(mine.values()):
        yield ok("you", "you have the rights for status, tree, diff and for applying documents")


def _lease(found: Installation, controller: ControllerDeployment) -> Document | None:
    return found.leases.get(controller.lease)


def _short(missing: Sequence[AccessReview]) -> list[str]:
    """The missing verbs of each resource in one word group."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for right in missing:
        grouped.setdefault((right.group, right.resource, right.namespace), []).append(right.verb)
    shown = [str(AccessReview(group, name, ",".join(verbs), place)) for (group, name, place), verbs in grouped.items()]
    return [*shown[:SHOWN], *([f"and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else [])]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _schema(definition: Document) -> Any:
    versions = definition.get("spec", {}).get("versions") or ()
    return [
        {"name": one.get("name"), "served": one.get("served"), "schema": one.get("schema")}
        for one in versions
        if definition.get("spec", {}).get("group") == CORE_GROUP
    ]


def _covers(found: Any, wanted: Any) -> bool:
    """Whether `found` says all that `wanted` says, but for what is empty; what it says beyond is the server's."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(_covers(found[name], value) if name in found else not value for name, value in wanted.items())
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_covers, found, wanted))
    return bool(found == wanted)
