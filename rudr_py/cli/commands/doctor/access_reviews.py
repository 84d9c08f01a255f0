"""Checks permissions with access reviews, several at a time. Changes nothing."""

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

_GROUP = "authorization.k8s.io"
SELF_SUBJECT_ACCESS_REVIEW = Resource(
    _GROUP, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False
)
SUBJECT_ACCESS_REVIEW = Resource(_GROUP, "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False)

CONCURRENCY = 16
"""The number of concurrent requests."""


class AccessReview(msgspec.Struct, frozen=True, order=True):
    """A verb on a resource (`deployments`, `pods/log`) in a namespace (empty: all), or on one object."""

    group: str
    resource: str
    verb: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        place = f" in {self.namespace}" if self.namespace else ""
        group = f".{self.group}" if self.group else ""
        resource, slash, below = self.resource.partition("/")
        return f"{self.verb} {resource}{group}{slash}{below}{place}"


def expanded(rules: Iterable[Rule], namespace: str = "") -> list[AccessReview]:
    """A review for each verb on each resource of the rules, in a namespace."""
    reviews = []
    for rule in rules:
        names = (rule.names if isinstance(rule, Grant) else ()) or ("",)
        reviews += [
            AccessReview(group, resource, verb, namespace, name)
            for group in rule.groups
            for resource in rule.resources
            for verb in rule.verbs
            for name in names
        ]
    return reviews


async def denied(cluster: ClusterClient, reviews: Sequence[AccessReview], user: str = "") -> list[AccessReview]:
    """The reviews that the server denies for a user, or for the caller if `user` is empty. Raises KubeError."""
    semaphore = asyncio.Semaphore(CONCURRENCY)

    async def allowed(review: AccessReview) -> bool:
        async with semaphore:
            return await _is_allowed(cluster, review, user)

    results = await asyncio.gather(*map(allowed, reviews))
    return [review for review, is_allowed in zip(reviews, results, strict=True) if not is_allowed]


async def _is_allowed(cluster: ClusterClient, review: AccessReview, user: str) -> bool:
    resource, _, subresource = review.resource.partition("/")
    attributes = {
        "verb": review.verb,
        "group": review.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": review.namespace,
        "name": review.name,
    }
    kind = SUBJECT_ACCESS_REVIEW if user else SELF_SUBJECT_ACCESS_REVIEW
    spec = {"resourceAttributes": {key: value for key, value in attributes.items() if value}}
    subject = {"user": user, "groups": _groups(user)} if user else {}
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": {**spec, **subject}}
    created = await cluster.client.json(requests.create(Target(kind, "", ""), msgspec.json.encode(body), "rudr-cli"))
    status = created.get("status")
    if not isinstance(status, dict):
        raise errors.UndecodableError(f"the server returned a {kind.kind} without a status")
    return bool(status.get("allowed"))


def _groups(user: str) -> list[str]:
    """The groups of a service account."""
    namespace = user.split(":")[2] if user.startswith("system:serviceaccount:") else ""
    own = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"] if namespace else []
    return [*own, "system:authenticated"]
