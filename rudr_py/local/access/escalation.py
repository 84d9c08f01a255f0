"""Privilege escalation check: a user may grant only permissions that the user has.

The verbs `escalate` and `bind` exempt a user. The local controllers are not users and are exempt too.
"""

from __future__ import annotations

from typing import Any

from rudr_py.errors import ApiError
from rudr_py.local.access import rules
from rudr_py.local.access.attributes import Attributes
from rudr_py.local.access.authorizer import BINDINGS, CLUSTER_BINDINGS, CLUSTER_ROLES, ROLES, Authorizer
from rudr_py.local.access.rules import Rule
from rudr_py.local.access.user import User
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object

TABLES = frozenset({ROLES, CLUSTER_ROLES, BINDINGS, CLUSTER_BINDINGS})
_EVERYTHING: tuple[Rule, ...] = (
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
)


def check(authorizer: Authorizer, user: User, resource: Resource, new: Object, old: Object | None) -> None:
    """Raise `ForbiddenError` (403) for a role or binding that grants permissions its writer does not have."""
    if resource.table in (ROLES, CLUSTER_ROLES):
        _check_role(authorizer, user, resource, new, old)
    elif resource.table in TABLES:
        _check_binding(authorizer, user, resource, new, old)


def _check_role(authorizer: Authorizer, user: User, resource: Resource, new: Object, old: Object | None) -> None:
    before = old or {}
    same_rules = old is not None and (new.get("rules") or []) == (before.get("rules") or [])
    aggregates = new.get("aggregationRule")
    if same_rules and aggregates == before.get("aggregationRule"):
        return
    if _is_allowed(authorizer, user, "escalate", resource.plural, new["metadata"]):
        return
    namespace, name = new["metadata"].get("namespace", ""), new["metadata"].get("name", "")
    held, missing_roles = authorizer.rules_of(user, namespace)
    if aggregates and aggregates != before.get("aggregationRule") and rules.missing(held, _EVERYTHING):
        raise api_errors.forbidden(resource, name, "must have cluster-admin privileges to use the aggregationRule")
    escalated = rules.missing(held, new.get("rules") or ())
    if escalated:
        raise _forbidden(resource, name, user, escalated, missing_roles)


def _check_binding(authorizer: Authorizer, user: User, resource: Resource, new: Object, old: Object | None) -> None:
    if old is not None and all(new.get(key) == old.get(key) for key in ("roleRef", "subjects")):
        return
    reference: dict[str, Any] = new.get("roleRef") or {}
    plural = "clusterroles" if reference.get("kind") == "ClusterRole" else "roles"
    namespace = new["metadata"].get("namespace", "")
    if _is_allowed(authorizer, user, "bind", plural, {"namespace": namespace, "name": reference.get("name", "")}):
        return
    granted = authorizer.role(reference, namespace) if reference.get("kind") and reference.get("name") else ()
    if granted is None:
        raise api_errors.not_found(resource, reference["name"])
    held, missing_roles = authorizer.rules_of(user, namespace)
    escalated = rules.missing(held, granted)
    if escalated:
        raise _forbidden(resource, new["metadata"].get("name", ""), user, escalated, missing_roles)


def _is_allowed(authorizer: Authorizer, user: User, verb: str, plural: str, metadata: dict[str, Any]) -> bool:
    attributes = Attributes(
        user=user,
        verb=verb,
        group="rbac.authorization.k8s.io",
        resource=plural,
        namespace=metadata.get("namespace", ""),
        name=metadata.get("name", ""),
    )
    return authorizer.decide(attributes).allowed


def _forbidden(resource: Resource, name: str, user: User, escalated: list[Rule], missing_roles: list[str]) -> ApiError:
    groups = " ".join(f'"{group}"' for group in user.groups)
    listed = "\n".join(rules.formatted(rule) for rule in escalated)
    reason = (
        f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{listed}'
    )
    if missing_roles:
        reason += f"; resolution errors: [{', '.join(missing_roles)}]"
    return api_errors.forbidden(resource, name, reason)
