"""Impersonation, as in kube-apiserver v1.36.2."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import User
from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.access.harness import Ask, Roles, rule
from tests.local.harness import CONFIG_MAPS, Api

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
BOT = "system:serviceaccount:default:bot"


async def test_an_admin_may_impersonate_any_user(ask: Ask) -> None:
    headers = {
        "Impersonate-User": "joe",
        "Impersonate-Group": "g",
        "Impersonate-Uid": "7",
        "Impersonate-Extra-Scopes": "a",
    }
    reply = await ask("admin", "POST", WHO, REVIEW, **headers)
    assert reply.body["status"]["userInfo"] == {
        "username": "joe",
        "uid": "7",
        "groups": ["g", "system:authenticated"],
        "extra": {"scopes": ["a"]},
    }


async def test_an_impersonated_service_account_has_its_groups(ask: Ask) -> None:
    reply = await ask("admin", "POST", WHO, REVIEW, **{"Impersonate-User": BOT})
    assert reply.body["status"]["userInfo"]["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:default",
        "system:authenticated",
    ]


async def test_permissions_are_those_of_the_impersonated_user(ask: Ask) -> None:
    reply = await ask("admin", "GET", CONFIG_MAPS, **{"Impersonate-User": BOT})
    assert reply.body["message"].startswith(f'configmaps is forbidden: User "{BOT}" cannot list')


async def test_without_permission_the_first_mode_is_reported(ask: Ask) -> None:
    user = await ask("bob", "GET", CONFIG_MAPS, **{"Impersonate-User": "alice"})
    account = await ask("bob", "GET", CONFIG_MAPS, **{"Impersonate-User": BOT})
    where = 'resource "configmaps" in API group "" in the namespace "default"'
    assert [each.body["message"] for each in (user, account)] == [
        f'configmaps is forbidden: User "bob" cannot impersonate-on:user-info:list {where}',
        f'configmaps is forbidden: User "bob" cannot impersonate-on:serviceaccount:list {where}',
    ]


async def test_a_permission_in_a_namespace_applies_to_its_service_accounts(ask: Ask, roles: Roles) -> None:
    await roles.grant("imp", rule("impersonate", "", "serviceaccounts", "bot"), to="bob")
    reply = await ask("bob", "GET", CONFIG_MAPS, **{"Impersonate-User": BOT})
    assert f'User "{BOT}" cannot list' in reply.body["message"]
    other = await ask("bob", "GET", CONFIG_MAPS, **{"Impersonate-User": "system:serviceaccount:other:bot"})
    assert other.body["message"] == (
        'serviceaccounts "bot" is forbidden: User "bob" cannot impersonate resource "serviceaccounts" in API group "" '
        'in the namespace "other"'
    )


@pytest.mark.parametrize(
    ("header", "value", "message"),
    [
        ("Impersonate-Group", "devs", 'groups "devs" is forbidden: User "bob" cannot impersonate resource "groups"'),
        (
            "Impersonate-Uid",
            "3",
            'uids.authentication.k8s.io "3" is forbidden: User "bob" cannot impersonate resource "uids"',
        ),
        (
            "Impersonate-Extra-Some%2fkey",
            "v",
            'userextras.authentication.k8s.io "v" is forbidden: User "bob" cannot impersonate resource '
            '"userextras/some/key"',
        ),
    ],
)
async def test_user_groups_uid_and_extras_need_separate_permissions(
    ask: Ask, roles: Roles, header: str, value: str, message: str
) -> None:
    await roles.grant("imp", rule("impersonate", "", "users", "alice"), to="bob", namespace="")
    assert (await ask("bob", "POST", WHO, REVIEW, **{"Impersonate-User": "alice"})).status == 201
    reply = await ask("bob", "GET", CONFIG_MAPS, **{"Impersonate-User": "alice", header: value})
    assert reply.body["message"].startswith(message)


async def test_constrained_impersonation_needs_the_identity_and_the_action(ask: Ask, roles: Roles) -> None:
    authentication = "authentication.k8s.io"
    await roles.grant("id", rule("impersonate:serviceaccount", authentication, "serviceaccounts", "bot"), to="bob")
    assert (await ask("bob", "GET", CONFIG_MAPS, **{"Impersonate-User": BOT})).status == 403
    await roles.grant("on", rule("impersonate-on:serviceaccount:list", "", "configmaps"), to="bob")
    await roles.bind(
        "bot", "ClusterRole/cluster-admin", {"kind": "ServiceAccount", "name": "bot", "namespace": "default"}
    )
    assert (await ask("bob", "GET", CONFIG_MAPS, **{"Impersonate-User": BOT})).status == 200
    assert (await ask("bob", "GET", f"{CONFIG_MAPS}/a", **{"Impersonate-User": BOT})).status == 403
    assert (await ask("bob", "GET", CONFIG_MAPS, **{"Impersonate-User": BOT, "Impersonate-Group": "g"})).status == 403


async def test_a_group_without_a_user_is_a_bad_request(ask: Ask) -> None:
    reply = await ask("admin", "GET", CONFIG_MAPS, **{"Impersonate-Group": "g"})
    assert (reply.status, reply.body["message"]) == (
        400,
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} '
        "without impersonating a user name",
    )


@pytest.fixture
async def old() -> AsyncIterator[Api]:
    access = AccessSettings(tokens={"bob": User(name="bob")})
    settings = LocalSettings(access=access, controllers=frozenset(), release="1.30")
    async with (
        LocalCluster(settings) as cluster,
        aiohttp.ClientSession(headers={"Authorization": "Bearer bob", "Impersonate-User": "alice"}) as session,
    ):
        yield Api(session, cluster.url)


async def test_older_releases_have_no_constrained_impersonation(old: Api) -> None:
    reply = await old("GET", CONFIG_MAPS)
    message = 'users "alice" is forbidden: User "bob" cannot impersonate resource "users" in API group ""'
    assert reply.body["message"] == f"{message} at the cluster scope"
