"""The controller as it is deployed: its Deployment, its Lease, and whether it works. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from rudr_py.api import Health, kstatus
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.plugins import rights
from rudr_py.settings import Settings

Document = Mapping[str, Any]

NAME_LABEL = "app.kubernetes.io/name"
CHART = "rudr-py"

LATE = 3
"""A lease that was not renewed for so many of its durations is nobody's; clocks may differ by some of that."""

_RUDRS_IMAGE = re.compile(r"(^|/)rudr([:@]|$)")
"""Rudr's own image, `oamdev/rudr` and copies of it."""


class ControllerDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """A Deployment that runs the controller; `flags` are those of its container, without dashes."""

    name: str
    namespace: str
    account: str
    replicas: int
    health: Health
    flags: Mapping[str, str]

    @property
    def place(self) -> str:
        """Namespace and name, as `kubectl` takes them."""
        return f"-n {self.namespace} deployment/{self.name}"

    @property
    def elects(self) -> bool:
        """Whether its pods elect a leader."""
        return "leader-elect" in self.flags

    @property
    def lease(self) -> tuple[str, str]:
        """Namespace and name of the Lease."""
        name = self.flags.get("leader-election-id") or rights.LEASE
        return self.flags.get("leader-election-namespace") or self.namespace, name

    @property
    def definitions(self) -> str:
        """The namespace that it reads definitions from."""
        return self.flags.get("definitions-namespace") or self.namespace

    @property
    def namespaces(self) -> tuple[str, ...]:
        """What it watches; empty is everything."""
        return tuple(filter(None, self.flags.get("watch-namespace", "").split(",")))

    @property
    def user(self) -> str:
        """Its name for RBAC."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"


def controllers(deployments: Iterable[Document]) -> list[ControllerDeployment]:
    """The Deployments among these that the chart has made."""
    found = [one for one in deployments if _labels(one).get(NAME_LABEL) == CHART]
    return [_deployed(one) for one in found]


def rudrs(deployments: Iterable[Document]) -> list[str]:
    """The Deployments that run Rudr itself, as namespace/name."""
    return [
        f"{one['metadata'].get('namespace')}/{one['metadata']['name']}"
        for one in deployments
        if any(_RUDRS_IMAGE.search(str(container.get("image", ""))) for container in _containers(one))
        and one.get("spec", {}).get("replicas", 1) != 0
    ]


def check(deployed: Sequence[ControllerDeployment], known: bool) -> Iterator[Finding]:
    """Whether there is one controller, and its pods are ready; `known` says that Deployments could be read."""
    if not deployed and known:
        yield note(
            "controller",
            "there is no Deployment of the chart; a controller outside of the cluster (rudr run, rudr dev) has none",
            "to install one: helm install rudr-py charts/rudr-py --namespace rudr-system --create-namespace",
        )
    if len(deployed) > 1:
        listed = ", ".join(f"{one.namespace}/{one.name}" for one in deployed)
        yield note("controller", f"there are several: {listed}; none may watch a namespace that another watches")
    for one in deployed:
        where = f"{one.namespace}/{one.name}"
        if one.replicas == 0:
            yield problem("controller", f"{where} has no replicas", f"kubectl scale {one.place} --replicas 2")
        elif not one.health.ok:
            message = f"{where}: {one.health.message or one.health.reason}"
            yield problem("controller", message, f"kubectl logs {one.place}; kubectl describe {one.place}")
        else:
            yield ok("controller", f"{where}: {one.health.message}")
        if one.replicas > 1 and not one.elects:
            message = f"{where} has {one.replicas} replicas that elect no leader, and all write"
            yield problem("controller", message, "helm upgrade with leaderElection.enabled=true, or one replica")


def lease(found: Document | None, one: ControllerDeployment, now: datetime) -> Iterator[Finding]:
    """Who leads, and whether they still do."""
    namespace, name = one.lease
    if not one.elects:
        return
    spec = (found or {}).get("spec") or {}
    holder, seconds = spec.get("holderIdentity"), spec.get("leaseDurationSeconds") or 15
    look = f"kubectl logs {one.place}"
    if not holder:
        why = "nobody holds it" if found else "it is not there"
        yield problem("leader", f"Lease {namespace}/{name}: {why}, so nobody works", look)
        return
    age = _age(spec.get("renewTime"), now)
    if age is None or age > LATE * seconds:
        when = "never" if age is None else f"{age:.0f} s ago"
        message = f"Lease {namespace}/{name}: {holder} renewed it {when}, though it lasts {seconds} s"
        yield problem("leader", message, look)
    else:
        yield ok("leader", f"{holder} leads, and renewed Lease {namespace}/{name} {max(age, 0):.0f} s ago")


def rudr(found: Sequence[str]) -> Iterator[Finding]:
    """Whether Rudr itself runs beside us."""
    for place in found:
        namespace, _, name = place.partition("/")
        yield problem(
            "rudr",
            f"Rudr itself still runs, as Deployment {place}; both would write the same objects",
            f"kubectl -n {namespace} scale deployment/{name} --replicas 0; see docs/migrating-from-rudr.md",
        )


def definitions_namespace(deployed: Sequence[ControllerDeployment]) -> str:
    """Where definitions are, as far as can be told."""
    return deployed[0].definitions if deployed else Settings().definitions_namespace


def _deployed(document: Document) -> ControllerDeployment:
    metadata, spec = document["metadata"], document.get("spec", {})
    pod = spec.get("template", {}).get("spec", {})
    arguments = [str(word) for container in _containers(document) for word in container.get("args") or ()]
    return ControllerDeployment(
        name=metadata["name"],
        namespace=metadata.get("namespace", ""),
        account=pod.get("serviceAccountName") or "default",
        replicas=spec.get("replicas", 1),
        health=kstatus.assess(document),
        flags={word[2:].partition("=")[0]: word.partition("=")[2] for word in arguments if word.startswith("--")},
    )


def _containers(document: Document) -> list[Document]:
    return list(document.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or ())


def _labels(document: Document) -> Mapping[str, str]:
    return document["metadata"].get("labels") or {}


def _age(stamp: object, now: datetime) -> float | None:
    try:
        return (now - datetime.fromisoformat(str(stamp))).total_seconds()
    except (ValueError, TypeError):
        return None
