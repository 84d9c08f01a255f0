"""May somebody do something? Asks the API server by access reviews, many at a time. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from rudr_py import errors
from rudr_py.api import Rule
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.kube import requests
from rudr_py.kube.requests import Resource, Target
from rudr_py.plugins.rights import Grant

SELF = Resource("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False)
OTHERS = Resource("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False)

AT_ONCE = 16
"""Questions under way at the same time."""


class AccessReview(msgspec.Struct, frozen=True, order=True):
    """A verb on a resource (`deployments`, `pods/log`) in a namespace, empty for all, or of one object only."""

    group: str
    resource: str
    verb: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        group = f".{self.group}" if self.group else ""
        resource, slash, below = self.resource.partition("/")
        return f"{self.verb} {resource}{group}{slash}{below}{where}"


def expanded(rules: Iterable[Rule], namespace: str = "") -> list[AccessReview]:
    """Every single right that rules give in a namespace."""
    found = []
    for rule in rules:
        names = (rule.names if isinstance(rule, Grant) else ()) or ("",)
        found += [
            AccessReview(group, resource, verb, namespace, name)
            for group in rule.groups
            for resource in rule.resources
            for verb in rule.verbs
            for name in names
        ]
    return found


async def missing(cluster: ClusterClient, rights: Sequence[AccessReview], user: str = "") -> list[AccessReview]:
    """Those of the rights that a user lacks, ourselves when none is named. Raises KubeError."""
    free = asyncio.Semaphore(AT_ONCE)

    async def allowed(right: AccessReview) -> bool:
        async with free:
            return await _ask(cluster, right, user)

    answers = await asyncio.gather(*(allowed(right) for right in rights))
    return [right for right, answer in zip(rights, answers, strict=True) if not answer]


async def _ask(cluster: ClusterClient, right: AccessReview, user: str) -> bool:
    resource, _, subresource = right.resource.partition("/")
    asked = {
        "verb": right.verb,
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": right.namespace,
        "name": right.name,
    }
    kind = OTHERS if user else SELF
    spec = {"resourceAttributes": {key: value for key, value in asked.items() if value}}
    subject = {"user": user, "groups": _groups(user)} if user else {}
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": {**spec, **subject}}
    answer = await cluster.client.json(requests.create(Target(kind, "", ""), msgspec.json.encode(body), "rudr-cli"))
    status = answer.get("status")
    if not isinstance(status, dict):
        raise errors.UndecodableError(f"a {kind.kind} came back without an answer")
    return bool(status.get("allowed"))


def _groups(user: str) -> list[str]:
    """The groups that a service account is in."""
    namespace = user.split(":")[2] if user.startswith("system:serviceaccount:") else ""
    own = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"] if namespace else []
    return [*own, "system:authenticated"]
