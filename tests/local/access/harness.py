"""Users with tokens, and helpers that grant them permissions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rudr_py.local.access.user import User
from tests.local.harness import Reply

TOKENS = {"alice": User(name="alice", uid="u-alice", groups=("devs", "qa")), "bob": User(name="bob")}
Ask = Callable[..., Awaitable[Reply]]


class Roles:
    """Grants permissions as the admin."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def grant(self, name: str, *rules: dict[str, Any], to: str, namespace: str = "default") -> None:
        """Create a role and bind a user to it; a cluster role if the namespace is empty."""
        prefix = "Cluster" if not namespace else ""
        await self.create(f"{prefix}Role", name, namespace, rules=list(rules))
        await self.bind(name, f"{prefix}Role/{name}", {"kind": "User", "name": to}, namespace=namespace)

    async def bind(self, name: str, role: str, *subjects: dict[str, str], namespace: str = "default") -> None:
        kind, _, role_name = role.partition("/")
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role_name}
        binding = "RoleBinding" if namespace else "ClusterRoleBinding"
        await self.create(binding, name, namespace, roleRef=reference, subjects=list(subjects))

    async def create(self, kind: str, name: str, namespace: str = "", **fields: Any) -> None:
        reply = await self._ask("admin", "POST", path_of(kind, namespace), rbac(kind, name, **fields))
        assert reply.status == 201, reply.body


def path_of(kind: str, namespace: str = "") -> str:
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/rbac.authorization.k8s.io/v1{place}/{kind.lower()}s"


def rbac(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}, **fields}


def rule(verbs: str, group: str, resources: str, *names: str) -> dict[str, Any]:
    policy_rule = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**policy_rule, "resourceNames": list(names)} if names else policy_rule
