"""The Deployment of the controller. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click
import msgspec

from rudr_py.api import Health, kstatus
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.cli.options.leader_election import SHARDS
from rudr_py.plugins import rights
from rudr_py.settings import LeaderElection, Settings

Document = Mapping[str, Any]

NAME_LABEL = "app.kubernetes.io/name"
CHART = "rudr-py"

_RUDR_IMAGE = re.compile(r"(^|/)rudr([:@]|$)")
"""The image of Rudr itself: `oamdev/rudr` and copies of it."""


class ControllerDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """A Deployment of the controller. `flags` are those of its container, without dashes."""

    name: str
    namespace: str
    account: str
    replicas: int
    health: Health
    flags: Mapping[str, str]
    ready_replicas: int = 0
    selector: Mapping[str, str] = msgspec.field(default_factory=dict)

    def own(self, pods: Iterable[Document]) -> list[Document]:
        """Those of the pods that belong to it."""
        return [
            pod
            for pod in pods
            if pod["metadata"].get("namespace") == self.namespace and self.selector.items() <= _labels(pod).items()
        ]

    @property
    def kubectl_arguments(self) -> str:
        """The namespace and the name as arguments for kubectl."""
        return f"-n {self.namespace} deployment/{self.name}"

    @property
    def inspection(self) -> str:
        """The command that shows why it does not work; only a ready replica certainly has a log."""
        return f"kubectl {'logs' if self.ready_replicas else 'describe'} {self.kubectl_arguments}"

    @property
    def elects(self) -> bool:
        """Whether its pods elect a leader."""
        return "leader-elect" in self.flags

    @property
    def impersonates(self) -> bool:
        """Whether it writes the objects of applications as service accounts of their namespaces."""
        return "impersonate" in self.flags

    @property
    def reads_namespaces(self) -> bool:
        """Whether the label of a namespace decides the security context of its pods."""
        return "podSecurity=namespace" in self.flags.get("defaults", "").split(",")

    @property
    def election(self) -> LeaderElection:
        """The names of its Leases, and their namespace."""
        return LeaderElection(
            namespace=self.flags.get("leader-election-namespace") or self.namespace,
            identity="",
            name=self.flags.get("leader-election-id") or rights.LEASE,
            shards=self.shards,
        )

    @property
    def shards(self) -> int:
        """The number of its shards; 1 where it does not start with its flag."""
        try:
            return int(SHARDS(self.flags.get("shards", "1")))
        except click.BadParameter:
            return 1

    @property
    def definitions(self) -> str:
        """The namespace of the definitions that it reads."""
        return self.flags.get("definitions-namespace") or self.namespace

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that it watches; empty for all."""
        return tuple(filter(None, self.flags.get("watch-namespace", "").split(",")))

    @property
    def user(self) -> str:
        """The user name of its service account."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"


def controllers(deployments: Iterable[Document]) -> list[ControllerDeployment]:
    """The Deployments that the chart has created."""
    return [_controller(deployment) for deployment in deployments if _labels(deployment).get(NAME_LABEL) == CHART]


def rudr_deployments(deployments: Iterable[Document]) -> list[str]:
    """The Deployments that run Rudr itself, as namespace/name."""
    return [
        f"{deployment['metadata'].get('namespace')}/{deployment['metadata']['name']}"
        for deployment in deployments
        if any(_RUDR_IMAGE.search(str(container.get("image", ""))) for container in _containers(deployment))
        and deployment.get("spec", {}).get("replicas", 1) != 0
    ]


def check(deployments: Sequence[ControllerDeployment], readable: bool) -> Iterator[Finding]:
    """Whether there is one controller whose pods are ready. `readable` is whether Deployments could be listed."""
    if not deployments and readable:
        yield note(
            "controller",
            "no Deployment of the chart exists; a controller outside the cluster (rudr run, rudr dev) needs none",
            "to install one: helm install rudr-py charts/rudr-py --namespace rudr-system --create-namespace",
        )
    if len(deployments) > 1:
        names = ", ".join(f"{deployment.namespace}/{deployment.name}" for deployment in deployments)
        yield note("controller", f"several controllers exist: {names}; no two may watch the same namespace")
    for deployment in deployments:
        name = f"{deployment.namespace}/{deployment.name}"
        arguments = deployment.kubectl_arguments
        if deployment.replicas == 0:
            yield problem("controller", f"{name} has no replicas", f"kubectl scale {arguments} --replicas 2")
        elif not deployment.health.ok:
            message = f"{name}: {deployment.health.message or deployment.health.reason}"
            yield problem("controller", message, deployment.inspection)
        else:
            yield ok("controller", f"{name}: {deployment.health.message}")
        if deployment.replicas > 1 and not deployment.elects:
            message = f"{name} has {deployment.replicas} replicas without leader election, which overwrite each other"
            yield problem("controller", message, "set leaderElection.enabled=true in the chart, or use one replica")


def rudr(deployments: Sequence[str]) -> Iterator[Finding]:
    """Whether Rudr itself runs in the same cluster. `deployments` are namespace/name."""
    for deployment in deployments:
        namespace, _, name = deployment.partition("/")
        yield problem(
            "rudr",
            f"Rudr itself still runs as Deployment {deployment}; both controllers would write the same objects",
            f"kubectl scale -n {namespace} deployment/{name} --replicas 0; see docs/migrating-from-rudr.md",
        )


def definitions_namespace(deployments: Sequence[ControllerDeployment]) -> str:
    """The namespace of the definitions: that of the first controller, or the default."""
    return deployments[0].definitions if deployments else Settings().definitions_namespace


def _controller(document: Document) -> ControllerDeployment:
    metadata, spec = document["metadata"], document.get("spec", {})
    pod = spec.get("template", {}).get("spec", {})
    arguments = [str(argument) for container in _containers(document) for argument in container.get("args") or ()]
    flags = (argument[2:].partition("=") for argument in arguments if argument.startswith("--"))
    return ControllerDeployment(
        name=metadata["name"],
        namespace=metadata.get("namespace", ""),
        account=pod.get("serviceAccountName") or "default",
        replicas=spec.get("replicas", 1),
        health=kstatus.assess(document),
        flags={name: value for name, _, value in flags},
        ready_replicas=document.get("status", {}).get("readyReplicas") or 0,
        selector=spec.get("selector", {}).get("matchLabels") or {},
    )


def _containers(document: Document) -> list[Document]:
    return list(document.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or ())


def _labels(document: Document) -> Mapping[str, str]:
    return document["metadata"].get("labels") or {}
