"""Privilege escalation checks. Messages are those of kube-apiserver v1.36.2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.access.harness import Ask, Roles, path_of, rbac, rule
from tests.local.harness import APPLY, MERGE

GROUP = "rbac.authorization.k8s.io"
WRITES = rule("get list create update patch delete", GROUP, "roles rolebindings clusterroles clusterrolebindings")
NOT_HELD = (
    'user "alice" (groups=["devs" "qa" "system:authenticated"]) is attempting to grant RBAC permissions '
    "not currently held:"
)
ROLES, BINDINGS = path_of("Role", "default"), path_of("RoleBinding", "default")


@pytest.fixture(autouse=True)
async def _writer(roles: Roles) -> None:
    await roles.grant(
        "writer", WRITES, rule("get list", "", "configmaps"), rule("get", "", "secrets", "one"), to="alice"
    )


def binding(role: str, name: str = "b") -> dict[str, Any]:
    kind, _, role_name = role.partition("/")
    reference = {"apiGroup": GROUP, "kind": kind, "name": role_name}
    return rbac("RoleBinding", name, roleRef=reference, subjects=[{"kind": "User", "name": "alice"}])


async def test_a_role_with_more_permissions_than_its_writer_is_rejected(ask: Ask) -> None:
    rules = [rule("get list watch", "", "configmaps secrets"), rule("delete", "apps", "deployments")]
    reply = await ask("alice", "POST", ROLES, rbac("Role", "more", rules=rules))
    assert (reply.status, reply.body["message"]) == (
        403,
        f'roles.{GROUP} "more" is forbidden: {NOT_HELD}\n'
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["watch"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list" "watch"]}\n'
        '{APIGroups:["apps"], Resources:["deployments"], Verbs:["delete"]}',
    )


async def test_resource_names_limit_held_permissions(ask: Ask) -> None:
    both = [rule("get", "", "secrets", "one", "two")]
    reply = await ask("alice", "POST", ROLES, rbac("Role", "two", rules=both))
    last = '{APIGroups:[""], Resources:["secrets"], ResourceNames:["two"], Verbs:["get"]}'
    assert reply.body["message"].splitlines()[-1] == last
    assert (
        await ask("alice", "POST", ROLES, rbac("Role", "one", rules=[rule("get", "", "secrets", "one")]))
    ).status == 201


@pytest.mark.parametrize("method", ["apply", "update", "patch"])
async def test_every_kind_of_write_is_checked(ask: Ask, roles: Roles, method: str) -> None:
    everything = rbac("Role", "r", rules=[rule("*", "*", "*")])
    await roles.create("Role", "r", "default", rules=[rule("get", "", "configmaps")])
    path = f"{ROLES}/r"
    if method == "apply":
        reply = await ask("alice", "PATCH", f"{path}?fieldManager=x&force=true", everything, APPLY)
    elif method == "update":
        reply = await ask("alice", "PUT", path, everything)
    else:
        reply = await ask("alice", "PATCH", path, {"rules": everything["rules"]}, MERGE)
    assert reply.status == 403


async def test_unchanged_rules_of_a_role_are_not_checked(ask: Ask, roles: Roles) -> None:
    await roles.create("Role", "big", "default", rules=[rule("*", "*", "*")])
    reply = await ask("alice", "PATCH", f"{ROLES}/big", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert reply.status == 200


async def test_binding_a_role_with_more_permissions_is_rejected(ask: Ask) -> None:
    reply = await ask("alice", "POST", BINDINGS, binding("ClusterRole/cluster-admin"))
    assert reply.body["message"].splitlines()[1:] == [
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
        '{NonResourceURLs:["*"], Verbs:["*"]}',
    ]
    absent = await ask("alice", "POST", BINDINGS, binding("ClusterRole/nope"))
    assert (absent.status, absent.body["message"]) == (404, f'rolebindings.{GROUP} "nope" not found')
    assert (await ask("alice", "POST", BINDINGS, binding("Role/writer"))).status == 201


async def test_the_verbs_bind_and_escalate_exempt(ask: Ask, roles: Roles) -> None:
    await roles.grant(
        "exempt", rule("bind", GROUP, "clusterroles", "cluster-admin"), rule("escalate", GROUP, "roles"), to="alice"
    )
    assert (await ask("alice", "POST", BINDINGS, binding("ClusterRole/cluster-admin"))).status == 201
    await ask("admin", "DELETE", f"{BINDINGS}/b")
    assert (await ask("alice", "POST", ROLES, rbac("Role", "all", rules=[rule("*", "*", "*")]))).status == 201


async def test_aggregation_needs_cluster_admin_permissions(ask: Ask, roles: Roles) -> None:
    await roles.grant("cluster-writer", WRITES, to="bob", namespace="")
    selectors = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    body = rbac("ClusterRole", "agg", rules=[], aggregationRule=selectors)
    reply = await ask("bob", "POST", path_of("ClusterRole"), body)
    message = f'clusterroles.{GROUP} "agg" is forbidden: must have cluster-admin privileges to use the aggregationRule'
    assert reply.body["message"] == message
    assert (await ask("admin", "POST", path_of("ClusterRole"), body)).status == 201
