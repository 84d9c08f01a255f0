"""Tokens of service accounts, and reviews of tokens and access."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.access.harness import Ask, Roles, rule
from tests.local.harness import CONFIG_MAPS, Api, Reply

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEWS = "/apis/authorization.k8s.io/v1"


def review(kind: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


async def token_request(ask: Ask, *, account: str = "bot", **spec: Any) -> Reply:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return await ask("admin", "POST", f"{ACCOUNTS}/{account}/token", body)


@pytest.fixture
async def token(ask: Ask) -> str:
    assert (await ask("admin", "POST", ACCOUNTS, {"metadata": {"name": "bot"}})).status == 201
    reply = await token_request(ask)
    assert reply.status == 201
    return str(reply.body["status"]["token"])


async def test_a_token_authenticates_its_service_account(ask: Ask, token: str) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    user = (await ask(token, "POST", WHO, body)).body["status"]["userInfo"]
    assert user["username"] == "system:serviceaccount:default:bot"
    assert user["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]
    assert user["extra"]["authentication.kubernetes.io/credential-id"][0].startswith("JTI=")


async def test_a_token_has_the_permissions_of_its_account(ask: Ask, token: str, roles: Roles) -> None:
    assert (await ask(token, "GET", CONFIG_MAPS)).status == 403
    await roles.create("Role", "reader", "default", rules=[rule("list", "", "configmaps")])
    await roles.bind("reader", "Role/reader", {"kind": "ServiceAccount", "name": "bot", "namespace": "default"})
    assert (await ask(token, "GET", CONFIG_MAPS)).status == 200


async def test_a_modified_token_is_invalid(ask: Ask, token: str) -> None:
    head, body, signature = token.split(".")
    flipped = "A" if body[-1] != "A" else "B"
    assert (await ask(f"{head}.{body[:-1]}{flipped}.{signature}", "GET", CONFIG_MAPS)).status == 401


async def test_a_token_is_invalid_after_its_account_is_deleted(ask: Ask, token: str) -> None:
    await ask("admin", "DELETE", f"{ACCOUNTS}/bot")
    assert (await ask(token, "GET", CONFIG_MAPS)).status == 401
    await ask("admin", "POST", ACCOUNTS, {"metadata": {"name": "bot"}})
    assert (await ask(token, "GET", CONFIG_MAPS)).status == 401


async def test_a_bound_token_is_invalid_after_its_object_is_deleted(ask: Ask, token: str) -> None:
    secrets = "/api/v1/namespaces/default/secrets"
    reference = {"kind": "Secret", "apiVersion": "v1", "name": "s"}
    assert (await token_request(ask, boundObjectRef=reference)).status == 404
    await ask("admin", "POST", secrets, {"metadata": {"name": "s"}})
    bound = (await token_request(ask, boundObjectRef=reference)).body["status"]["token"]
    assert (await ask(bound, "GET", "/api")).status == 200
    await ask("admin", "DELETE", f"{secrets}/s")
    assert (await ask(bound, "GET", "/api")).status == 401


async def test_a_token_expires() -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    settings = LocalSettings(access=AccessSettings(), token="admin", controllers=frozenset(), clock=lambda: now[0])
    async with LocalCluster(settings) as cluster, aiohttp.ClientSession() as session:
        api = Api(session, cluster.url)
        session.headers["Authorization"] = "Bearer admin"
        await api.created(ACCOUNTS, {"metadata": {"name": "bot"}})
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
        token_request = await api.created(f"{ACCOUNTS}/bot/token", body)
        assert token_request["status"]["expirationTimestamp"] == "2026-01-01T00:10:00Z"
        session.headers["Authorization"] = f"Bearer {token_request['status']['token']}"
        assert (await api("GET", "/api")).status == 200
        now[0] += timedelta(seconds=600)
        assert (await api("GET", "/api")).status == 401


async def test_errors_of_token_requests_have_the_messages_of_the_real_server(ask: Ask, token: str) -> None:
    short = await token_request(ask, expirationSeconds=10)
    assert short.body["message"] == (
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 10: '
        "may not specify a duration less than 10 minutes"
    )
    assert (await token_request(ask, account="none")).body["message"] == 'serviceaccounts "none" not found'
    other = await token_request(ask, boundObjectRef={"kind": "ConfigMap", "apiVersion": "v1", "name": "x"})
    assert other.body["message"] == "cannot bind token to object of type /v1, Kind=ConfigMap"


async def test_access_reviews_return_a_decision_with_a_reason(ask: Ask, roles: Roles) -> None:
    await roles.grant("reader", rule("list", "", "configmaps"), to="alice")
    attributes = {"namespace": "default", "verb": "list", "resource": "configmaps"}
    path = f"{REVIEWS}/selfsubjectaccessreviews"
    yes = await ask("alice", "POST", path, review("SelfSubjectAccessReview", resourceAttributes=attributes))
    assert yes.body["status"] == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to User "alice"',
    }
    no = await ask("bob", "POST", path, review("SelfSubjectAccessReview", resourceAttributes=attributes))
    assert no.body["status"] == {"allowed": False}


async def test_subject_access_reviews_need_permission(ask: Ask, roles: Roles) -> None:
    attributes = {"namespace": "default", "verb": "get", "group": "apps", "resource": "deployments"}
    body = review("SubjectAccessReview", user="carl", groups=["devs"], resourceAttributes=attributes)
    assert (await ask("alice", "POST", f"{REVIEWS}/subjectaccessreviews", body)).status == 403
    await roles.create("ClusterRole", "apps", rules=[rule("*", "apps", "*")])
    await roles.bind("apps", "ClusterRole/apps", {"kind": "Group", "name": "devs"})
    reply = await ask("admin", "POST", f"{REVIEWS}/subjectaccessreviews", body)
    assert reply.body["status"]["allowed"] is True
    local = {**body, "kind": "LocalSubjectAccessReview"}
    elsewhere = await ask("admin", "POST", f"{REVIEWS}/namespaces/other/localsubjectaccessreviews", local)
    assert elsewhere.body["message"] == (
        '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "default": '
        "must match metadata.namespace"
    )


async def test_rules_reviews_list_permissions(ask: Ask, roles: Roles) -> None:
    held = rule("list", "", "configmaps")
    await roles.grant("reader", held, to="alice")
    path = f"{REVIEWS}/selfsubjectrulesreviews"
    reply = await ask("alice", "POST", path, review("SelfSubjectRulesReview", namespace="default"))
    assert held in reply.body["status"]["resourceRules"]
    assert (await ask("alice", "POST", path, review("SelfSubjectRulesReview"))).body[
        "message"
    ] == "no namespace on request"


async def test_token_reviews_return_the_user_of_a_token(ask: Ask, token: str) -> None:
    async def of(value: str) -> Any:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": value}}
        return (await ask("admin", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", body)).body["status"]

    assert (await of("alice"))["user"]["username"] == "alice"
    assert (await of(token))["user"]["username"] == "system:serviceaccount:default:bot"
    assert await of("zz") == {"user": {}, "error": "invalid bearer token"}
