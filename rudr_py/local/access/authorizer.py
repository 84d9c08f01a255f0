"""The RBAC authorizer: permissions from the roles and bindings in the store.

It reads the store for each decision and caches nothing, so a binding takes effect as soon as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.local.access import rules
from rudr_py.local.access.attributes import Attributes
from rudr_py.local.access.rules import Rule
from rudr_py.local.access.user import MASTERS, User, account_of
from rudr_py.local.storage.store import Object, Store

_GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = f"roles.{_GROUP}", f"clusterroles.{_GROUP}"
BINDINGS, CLUSTER_BINDINGS = f"rolebindings.{_GROUP}", f"clusterrolebindings.{_GROUP}"


class AccessDecision(msgspec.Struct, frozen=True):
    """A decision and its reason: the binding that allows the request, or the roles that do not exist."""

    allowed: bool
    reason: str = ""


class RoleGrant(msgspec.Struct, frozen=True):
    """A binding that applies to a user, its subject, and the rules of its role (None if the role does not exist)."""

    binding: Object
    subject: Object
    rules: tuple[Rule, ...] | None


class Authorizer:
    """Authorizes with the roles in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def decide(self, attributes: Attributes) -> AccessDecision:
        """Return whether a request is allowed."""
        if MASTERS in attributes.user.groups:
            return AccessDecision(allowed=True)
        missing_roles = []
        for grant in self.grants(attributes.user, attributes.namespace):
            if grant.rules is None:
                missing_roles.append(_missing_role(grant.binding))
            elif any(rules.allows(rule, attributes) for rule in grant.rules):
                return AccessDecision(allowed=True, reason=_allow_reason(grant))
        return AccessDecision(allowed=False, reason=f"RBAC: {_joined(missing_roles)}" if missing_roles else "")

    def rules_of(self, user: User, namespace: str) -> tuple[list[Rule], list[str]]:
        """Return the rules of a user in a namespace (empty: cluster-wide), and the missing roles of its bindings."""
        granted: list[Rule] = []
        missing_roles: list[str] = []
        for grant in self.grants(user, namespace):
            if grant.rules is None:
                missing_roles.append(_missing_role(grant.binding))
            else:
                granted.extend(grant.rules)
        return granted, missing_roles

    def grants(self, user: User, namespace: str) -> Iterator[RoleGrant]:
        """Iterate over the bindings of a user, cluster role bindings first."""
        bindings = self._store.list(CLUSTER_BINDINGS)
        if namespace:
            bindings += self._store.list(BINDINGS, namespace)
        for binding in bindings:
            subject = next((each for each in binding.get("subjects") or () if _matches(each, user, namespace)), None)
            if subject is not None:
                yield RoleGrant(binding, subject, self.role(binding["roleRef"], namespace))

    def role(self, reference: dict[str, Any], namespace: str) -> tuple[Rule, ...] | None:
        """Return the rules of the role that a binding in this namespace refers to, or None."""
        if reference["kind"] == "ClusterRole":
            role = self._store.get(CLUSTER_ROLES, "", reference["name"])
        else:
            role = self._store.get(ROLES, namespace, reference["name"])
        return None if role is None else tuple(role.get("rules") or ())


def _matches(subject: Object, user: User, namespace: str) -> bool:
    kind, name = str(subject.get("kind")), str(subject.get("name", ""))
    if kind == "User":
        return name == user.name
    if kind == "Group":
        return name in user.groups
    return kind == "ServiceAccount" and account_of(user.name) == (subject.get("namespace") or namespace, name)


def _allow_reason(grant: RoleGrant) -> str:
    metadata, reference, subject = grant.binding["metadata"], grant.binding["roleRef"], grant.subject
    name = f"{metadata['name']}/{metadata['namespace']}" if "namespace" in metadata else metadata["name"]
    subject_name = subject["name"]
    if subject["kind"] == "ServiceAccount":
        subject_name = f"{subject_name}/{subject.get('namespace', '')}"
    return (
        f'RBAC: allowed by {grant.binding["kind"]} "{name}" of {reference["kind"]} "{reference["name"]}" '
        f'to {subject["kind"]} "{subject_name}"'
    )


def _missing_role(binding: Object) -> str:
    reference = binding["roleRef"]
    return f'{reference["kind"].lower()}.{_GROUP} "{reference["name"]}" not found'


def _joined(texts: list[str]) -> str:
    distinct = list(dict.fromkeys(texts))
    return distinct[0] if len(distinct) == 1 else "[" + ", ".join(distinct) + "]"
