"""RBAC over HTTP. Messages are those of kube-apiserver v1.36.2."""

from __future__ import annotations

import pytest

from rudr_py.local.cluster import LocalCluster
from tests.local.access.harness import Ask, Roles, path_of, rbac, rule
from tests.local.harness import CONFIG_MAPS, config_map

SECRETS = "/api/v1/namespaces/default/secrets"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        (
            "GET",
            DEPLOYMENTS,
            'deployments.apps is forbidden: User "alice" cannot list resource "deployments" in API group "apps" in the '
            'namespace "default"',
        ),
        (
            "GET",
            f"{DEPLOYMENTS}/x",
            'deployments.apps "x" is forbidden: User "alice" cannot get resource "deployments" in API group "apps" in '
            'the namespace "default"',
        ),
        (
            "PUT",
            f"{DEPLOYMENTS}/d/status",
            'deployments.apps "d" is forbidden: User "alice" cannot update resource "deployments/status" in API group '
            '"apps" in the namespace "default"',
        ),
        (
            "GET",
            "/api/v1/nodes",
            'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope',
        ),
        (
            "GET",
            "/api/v1/namespaces/n",
            'namespaces "n" is forbidden: User "alice" cannot get resource "namespaces" in API group "" in the '
            'namespace "n"',
        ),
        (
            "GET",
            "/api/v1/namespaces/n/pods?watch=1&fieldSelector=metadata.name%3Dq",
            'pods "q" is forbidden: User "alice" cannot watch resource "pods" in API group "" in the namespace "n"',
        ),
        (
            "DELETE",
            CONFIG_MAPS,
            'configmaps is forbidden: User "alice" cannot deletecollection resource "configmaps" in API group "" in '
            'the namespace "default"',
        ),
        (
            "GET",
            "/apis/nope.dev/v1/foos",
            'foos.nope.dev is forbidden: User "alice" cannot list resource "foos" in API group "nope.dev" at the '
            "cluster scope",
        ),
        ("GET", "/metrics", 'forbidden: User "alice" cannot get path "/metrics"'),
    ],
)
async def test_a_rejection_names_user_verb_and_resource(ask: Ask, method: str, path: str, message: str) -> None:
    reply = await ask("alice", method, path)
    assert (reply.status, reply.body["reason"], reply.body["message"]) == (403, "Forbidden", message)


async def test_a_request_without_credentials_is_unauthorized_at_any_path(ask: Ask) -> None:
    for token in ("", "wrong", "a.b.c"):
        reply = await ask(token, "GET", CONFIG_MAPS)
        assert (reply.status, reply.body["message"]) == (401, "Unauthorized")


async def test_discovery_is_allowed_for_all_authenticated_users(ask: Ask) -> None:
    assert [(await ask("alice", "GET", path)).status for path in ("/api", "/apis/apps", "/version", "/healthz")] == [
        200
    ] * 4


async def test_a_role_applies_to_its_namespace_and_verbs(ask: Ask, roles: Roles) -> None:
    await roles.grant("reader", rule("get list", "", "configmaps"), to="alice")
    assert (await ask("alice", "GET", CONFIG_MAPS)).status == 200
    assert (await ask("alice", "GET", f"{CONFIG_MAPS}?watch=true")).status == 403
    assert (await ask("alice", "POST", CONFIG_MAPS, config_map("a"))).status == 403
    assert (await ask("alice", "GET", "/api/v1/namespaces/kube-system/configmaps")).status == 403
    assert (await ask("alice", "GET", "/api/v1/configmaps")).status == 403
    assert (await ask("bob", "GET", CONFIG_MAPS)).status == 403


async def test_a_rule_with_names_applies_to_these_objects_only(ask: Ask, roles: Roles) -> None:
    await roles.grant("one", rule("get list", "", "secrets", "one"), to="alice")
    codes = [
        (await ask("alice", "GET", SECRETS + rest)).status
        for rest in ("/one", "/two", "", "?fieldSelector=metadata.name%3Done")
    ]
    assert codes == [404, 403, 403, 200]


@pytest.mark.parametrize(
    ("method", "media", "path", "word"),
    [
        ("PATCH", "application/apply-patch+yaml", f"{CONFIG_MAPS}/a?fieldManager=x", "configmaps"),
        ("PUT", "application/json", "/apis/coordination.k8s.io/v1/namespaces/default/leases/a", "leases"),
    ],
)
async def test_a_write_that_creates_needs_permission_to_create(
    ask: Ask, roles: Roles, method: str, media: str, path: str, word: str
) -> None:
    api_version = "v1" if word == "configmaps" else "coordination.k8s.io/v1"
    kind = "ConfigMap" if word == "configmaps" else "Lease"
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}
    await roles.grant("change", rule("patch update", "*", word), to="alice")
    reply = await ask("alice", method, path, body, media)
    assert reply.status == 403
    assert f'"a" is forbidden: User "alice" cannot create resource "{word}"' in reply.body["message"]
    # a PATCH or PUT names the object in its path, a POST does not
    await roles.grant("create", rule("create", "*", word, "a"), to="alice")
    assert (await ask("alice", method, path, body, media)).status == 201
    assert (await ask("alice", method, path, body, media)).status == 200


async def test_subresources_need_their_own_permission(ask: Ask, roles: Roles) -> None:
    await roles.grant("logs", rule("get", "", "pods/log"), to="alice")
    await roles.grant("scales", rule("*", "apps", "*/scale"), to="alice")
    pods = "/api/v1/namespaces/default/pods/x"
    assert [(await ask("alice", "GET", pods + rest)).status for rest in ("/log", "")] == [404, 403]
    assert [(await ask("alice", "GET", f"{DEPLOYMENTS}/d{rest}")).status for rest in ("/scale", "/status")] == [
        404,
        403,
    ]


async def test_a_connection_by_get_needs_the_right_to_create_it_too(ask: Ask, roles: Roles) -> None:
    path = "/api/v1/namespaces/default/pods/x/exec?command=ls"
    await roles.grant("reads", rule("get", "", "pods/exec"), to="alice")
    replies = [await ask("alice", method, path) for method in ("GET", "POST")]
    assert [(reply.status, reply.body["message"]) for reply in replies] == [
        (403, 'pods "x" is forbidden: '),
        (
            403,
            'pods "x" is forbidden: User "alice" cannot create resource "pods/exec" in API group "" '
            'in the namespace "default"',
        ),
    ]
    await roles.grant("creates", rule("create", "", "pods/exec"), to="alice")
    assert [(await ask("alice", method, path)).status for method in ("GET", "POST")] == [404, 404]


async def test_groups_and_cluster_roles_can_be_bound(ask: Ask, roles: Roles) -> None:
    await roles.create("ClusterRole", "apps", rules=[rule("*", "apps", "*")])
    await roles.bind("apps", "ClusterRole/apps", {"kind": "Group", "name": "devs"})
    assert (await ask("alice", "GET", DEPLOYMENTS)).status == 200
    assert (await ask("bob", "GET", DEPLOYMENTS)).status == 403
    assert (await ask("alice", "GET", "/apis/apps/v1/deployments")).status == 403


async def test_a_rejection_names_missing_roles(ask: Ask, roles: Roles) -> None:
    await roles.bind("lost", "ClusterRole/nope", {"kind": "User", "name": "bob"})
    reply = await ask("bob", "GET", CONFIG_MAPS)
    assert reply.body["message"].endswith(': RBAC: clusterrole.rbac.authorization.k8s.io "nope" not found')


async def test_errors_of_rules_have_the_messages_of_the_real_server(ask: Ask) -> None:
    rules = [
        {"apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["get"], "nonResourceURLs": ["/x"]},
        {"verbs": ["get"]},
    ]
    reply = await ask("admin", "POST", path_of("Role", "default"), rbac("Role", "inv", rules=rules))
    assert reply.body["message"] == (
        'Role.rbac.authorization.k8s.io "inv" is invalid: '
        "[rules[0].verbs: Required value: verbs must contain at least one value, "
        'rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs, '
        "rules[2].apiGroups: Required value: resource rules must supply at least one api group, "
        "rules[2].resources: Required value: resource rules must supply at least one resource]"
    )


async def test_a_binding_needs_valid_subjects_and_a_role(ask: Ask) -> None:
    reference = {"apiGroup": "x", "kind": "Foo", "name": ""}
    subjects = [{"kind": "User"}, {"kind": "Blub", "name": "q"}]
    body = rbac("RoleBinding", "inv", roleRef=reference, subjects=subjects)
    reply = await ask("admin", "POST", path_of("RoleBinding", "default"), body)
    assert [cause["field"] for cause in reply.body["details"]["causes"]] == [
        "roleRef.apiGroup",
        "roleRef.kind",
        "roleRef.name",
        "subjects[0].name",
        "subjects[1].kind",
    ]


async def test_answered_requests_are_recorded_with_their_user(ask: Ask, cluster: LocalCluster) -> None:
    cluster.requests.clear()
    for token in ("alice", "wrong", "admin"):
        await ask(token, "GET", CONFIG_MAPS)
    assert [(request.user, request.status) for request in cluster.requests] == [
        ("alice", 403),
        ("", 401),
        ("local-admin", 200),
    ]
