"""Rights as objects of the cluster: a ClusterRole or Roles, and their bindings to the controller's account. Pure.

`rights` defines the rights; nothing here sends requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from rudr_py.api import Rule
from rudr_py.errors import Right
from rudr_py.kube.requests import ServiceAccount
from rudr_py.plugins import impersonated_rights
from rudr_py.plugins.rights import DEFINITIONS_NAMESPACE, RBAC_GROUP, Grant, Rights

AGGREGATE = {"rbac.core.oam.dev/aggregate-to-controller": "true"}
"""The label of ClusterRoles that are aggregated into the ClusterRole of the Helm chart."""

GRANTS = "To grant these rights to the service account: kubectl apply -f -"
"""The line of a condition's message that precedes the documents of `grants`, to its end."""

Document = dict[str, Any]


class RoleScope(msgspec.Struct, frozen=True, kw_only=True):
    """The namespaces of the controller, and names for its roles.

    `watched` is empty when it watches all namespaces; `own` is the namespace of its Lease. `name` is the name of the
    roles; `account` is the subject of their bindings, which are omitted when it is None.
    """

    name: str = "rudr"
    watched: tuple[str, ...] = ()
    definitions: str = "rudr-system"
    own: str = "rudr-system"
    account: ServiceAccount | None = None


def documents(rights: Rights, scope: RoleScope) -> tuple[Document, ...]:
    """The roles with these rights, and their bindings. Without watched namespaces, the first is a ClusterRole."""
    name = scope.name
    roles = [
        role("Role", name, (*_watched(rights), *namespace_rules(rights, namespace)), namespace)
        for namespace in scope.watched
    ]
    if not scope.watched:
        rules = (*_watched(rights), *namespace_rules(rights, ""), *cluster_waits(rights, scope.definitions))
        roles.append(role("ClusterRole", name, rules))
    roles.append(role("Role", f"{name}-definitions", rights.definitions, scope.definitions))
    if rights.own:
        roles.append(role("Role", f"{name}-leader-election", rights.own, scope.own))
    if scope.account is not None:
        roles += [_binding(one, scope.account) for one in roles]
    return (*roles, *account_roles(rights, scope))


def account_roles(rights: Rights, scope: RoleScope) -> tuple[Document, ...]:
    """The roles for the service accounts that the controller acts as. An administrator binds them in each namespace."""
    name = f"{scope.name}-applications"
    if not rights.accounts:
        return ()
    if not scope.watched:
        return (role("ClusterRole", name, rights.accounts),)
    return tuple(role("Role", name, rights.accounts, namespace) for namespace in scope.watched)


def grants(missing: Iterable[tuple[str, Right]]) -> Iterator[Document]:
    """A Role and a RoleBinding for each account, as namespace/name, and each resource for which it lacks a right.

    The names differ by account and resource, so that one grant does not replace another.
    """
    rules = {(account, impersonated_rights.of_account(right)): None for account, right in missing}
    for account, rule in rules:
        namespace, _, name = account.partition("/")
        resource, group = rule.resources[0].replace("/", "-"), rule.groups[0]
        granted = role("Role", f"rudr-{name}-{resource}{'.' if group else ''}{group}", [rule], namespace)
        yield granted
        yield _binding(granted, ServiceAccount(namespace, name))


def _watched(rights: Rights) -> tuple[Rule, ...]:
    return (*rights.cluster, *rights.impersonation, *rights.waits)


def namespace_rules(rights: Rights, namespace: str) -> tuple[Rule, ...]:
    """The right to read the metadata of a namespace, or of all, if the controller depends on them."""
    if not (rights.impersonation or rights.reads_namespaces):
        return ()
    return (impersonated_rights.namespace_read(namespace),) if namespace else (impersonated_rights.NAMESPACES,)


def cluster_waits(rights: Rights, definitions: str) -> tuple[Rule, ...]:
    """The optional rights of cluster-scoped kinds, with the name of the definitions namespace."""
    names = {DEFINITIONS_NAMESPACE: definitions}
    return tuple(
        msgspec.structs.replace(rule, names=tuple(names.get(name, name) for name in rule.names))
        if isinstance(rule, Grant)
        else rule
        for rule in rights.cluster_waits
    )


def role(kind: str, name: str, rules: Iterable[Rule], namespace: str = "", **metadata: Any) -> Document:
    """A ClusterRole, or a Role in a namespace."""
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": kind,
        "metadata": {"name": name, **place, **metadata},
        "rules": list(rule_documents(rules)),
    }


def rule_documents(rules: Iterable[Rule]) -> Iterator[Document]:
    """The rules in the format of a role."""
    for rule in rules:
        document = {"apiGroups": list(rule.groups), "resources": list(rule.resources), "verbs": list(rule.verbs)}
        names = list(rule.names) if isinstance(rule, Grant) else []
        yield {**document, "resourceNames": names} if names else document


def _binding(bound: Document, account: ServiceAccount) -> Document:
    return {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": f"{bound['kind']}Binding",
        "metadata": bound["metadata"],
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": bound["kind"], "name": bound["metadata"]["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}],
    }
