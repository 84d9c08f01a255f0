"""Rights as objects of the cluster: a ClusterRole or Roles, and what binds them to the controller's account. Pure.

What the rights are is known in `rights`; nothing here is sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from rudr_py.api import Rule
from rudr_py.plugins.rights import Grant, Rights

GROUP = "rbac.authorization.k8s.io"

AGGREGATE = {"rbac.core.oam.dev/aggregate-to-controller": "true"}
"""The label of ClusterRoles that add to the rights of the controller that our chart installed."""

Document = dict[str, Any]


class ServiceAccount(msgspec.Struct, frozen=True):
    """A ServiceAccount."""

    namespace: str
    name: str


class RoleScope(msgspec.Struct, frozen=True, kw_only=True):
    """Where the controller works. `watched` is empty when it watches all namespaces; `own` is where its Lease is.

    `name` is that of the objects, `account` whom they are bound to; nobody, when it is None.
    """

    name: str = "rudr"
    watched: tuple[str, ...] = ()
    definitions: str = "rudr-system"
    own: str = "rudr-system"
    account: ServiceAccount | None = None


def documents(rights: Rights, installation: RoleScope) -> tuple[Document, ...]:
    """The roles with these rights, and their bindings. Without watched namespaces the first is a ClusterRole."""
    name = installation.name
    found = []
    if installation.watched:
        found += [role("Role", name, rights.cluster, namespace) for namespace in installation.watched]
    else:
        found.append(role("ClusterRole", name, rights.cluster))
    found.append(role("Role", f"{name}-definitions", rights.definitions, installation.definitions))
    if rights.own:
        found.append(role("Role", f"{name}-leader-election", rights.own, installation.own))
    if installation.account is not None:
        found += [_binding(one, installation.account) for one in found]
    return tuple(found)


def role(kind: str, name: str, rules: Iterable[Rule], namespace: str = "", **metadata: Any) -> Document:
    """A ClusterRole, or a Role in a namespace."""
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": name, **place, **metadata},
        "rules": list(rule_documents(rules)),
    }


def rule_documents(rules: Iterable[Rule]) -> Iterator[Document]:
    """The rules as they stand in a role."""
    for rule in rules:
        found = {"apiGroups": list(rule.groups), "resources": list(rule.resources), "verbs": list(rule.verbs)}
        names = list(rule.names) if isinstance(rule, Grant) else []
        yield {**found, "resourceNames": names} if names else found


def _binding(bound: Document, account: ServiceAccount) -> Document:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": f"{bound['kind']}Binding",
        "metadata": bound["metadata"],
        "roleRef": {"apiGroup": GROUP, "kind": bound["kind"], "name": bound["metadata"]["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}],
    }
