"""The client against a scripted server: answers become values or errors by their meaning."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.kube import client as clients
from rudr_py.kube import live_object, requests
from rudr_py.kube.client import Client
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Resource, Selection


@pytest.fixture
def client(transport: Any) -> Client:
    return Client(transport)


@pytest.mark.parametrize(
    ("code", "reason", "message", "kind"),
    [
        (400, "BadRequest", "no", errors.InvalidError),
        (401, "Unauthorized", "no", errors.UnauthorizedError),
        (403, "Forbidden", "no", errors.ForbiddenError),
        (404, "NotFound", "no", errors.NotFoundError),
        (409, "Conflict", "no", errors.ConflictError),
        (409, "AlreadyExists", "no", errors.AlreadyExistsError),
        (410, "Gone", "no", errors.ExpiredError),
        (410, "Expired", "no", errors.ExpiredError),
        (413, "RequestEntityTooLarge", "no", errors.ApiError),
        (422, "Invalid", "no", errors.InvalidError),
        (429, "TooManyRequests", "no", errors.TooManyRequestsError),
        (500, "InternalError", "no", errors.ServerError),
        (500, "", "failed to create typed patch object (ns/a; apps/v1): .spec.x: not declared", errors.InvalidError),
        (504, "Timeout", "Too large resource version: 9, current: 5", errors.ExpiredError),
        (504, "Timeout", "slow", errors.ServerError),
    ],
)
async def test_an_error_is_raised_by_its_meaning(
    client: Client, server: Any, failure: Any, pods: Any, *, code: int, reason: str, message: str, kind: Any
) -> None:
    server.script(failure(code, reason, message))
    with pytest.raises(errors.ApiError) as caught:
        await client.get(pods.object("ns", "a"))
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.reason, caught.value.message) == (code, reason, message)


@pytest.mark.parametrize(
    ("message", "right", "reported"),
    [
        (
            'ingresses.networking.k8s.io "x" is forbidden: User "system:serviceaccount:a:b" cannot patch resource '
            '"ingresses" in API group "networking.k8s.io" in the namespace "shop"',
            errors.Right("patch", "ingresses", "networking.k8s.io", "shop"),
            "may not patch ingresses.networking.k8s.io in namespace shop",
        ),
        (
            'pods is forbidden: User "b" cannot watch resource "pods" in API group "" at the cluster scope: RBAC: no',
            errors.Right("watch", "pods"),
            "may not watch pods",
        ),
        (
            'services "a" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you '
            "can't set finalizers on: , <nil>",
            errors.Right("update", "the finalizers of its owner"),
            "may not update the finalizers of its owner",
        ),
    ],
)
async def test_a_missing_right_is_named(
    transport: Any, server: Any, failure: Any, pods: Any, message: str, right: errors.Right, reported: str
) -> None:
    denied: list[errors.Right] = []
    server.script(failure(403, "Forbidden", message))
    with pytest.raises(errors.MissingRightError) as caught:
        await Client(transport, on_missing_right=denied.append).get(pods.object("ns", "a"))
    assert (caught.value.right, caught.value.message, str(caught.value)) == (right, message, reported)
    assert denied == [right]


USER = "system:serviceaccount:ns:apps"


def denied(user: str, verb: str = "get", resource: str = "pods") -> str:
    """The message of the server."""
    return f'User "{user}" cannot {verb} resource "{resource}" in API group "" in the namespace "ns"'


async def test_a_client_acts_as_a_service_account_except_for_direct_resources(
    transport: Any, server: Any, answer: Any, pods: Any
) -> None:
    server.script(*[answer(body=b"{}")] * 3)
    config_maps = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)
    client = Client(transport).as_user(USER, direct={("", "pods")})
    await client.get(config_maps.object("ns", "a"))
    await client.get(pods.object("ns", "a"))
    await Client(transport).get(config_maps.object("ns", "a"))
    headers = [
        {name: value for name, value in seen.headers.items() if name.startswith("Impersonate-")} for seen in server.seen
    ]
    assert headers == [{"Impersonate-User": USER}, {}, {}]


@pytest.mark.parametrize(
    "user",
    [
        "",
        "admin",
        "system:masters",
        f"{USER}\r\nImpersonate-Group: system:masters",
        f"{USER}\n",
        f"{USER}:x",
        "system:serviceaccount::a",
    ],
    ids=repr,
)
async def test_no_request_is_sent_in_the_name_of_anything_but_a_service_account(
    transport: Any, server: Any, pods: Any, user: str
) -> None:
    with pytest.raises(ValueError, match="not a service account"):
        await Client(transport).as_user(user).get(pods.object("ns", "a"))
    assert server.seen == []


async def test_a_right_that_the_account_lacks_is_attributed_to_it(
    transport: Any, server: Any, failure: Any, pods: Any
) -> None:
    noted: list[errors.Right] = []
    client = Client(transport, on_missing_right=noted.append).as_user(USER)
    of_controller = denied("rudr", "impersonate", "serviceaccounts")
    server.script(failure(403, "Forbidden", denied(USER)), failure(403, "Forbidden", of_controller))
    with pytest.raises(errors.MissingRightError) as caught:
        await client.get(pods.object("ns", "a"))
    assert caught.value.account == "ns/apps"
    assert str(caught.value) == "service account ns/apps may not get pods in namespace ns"
    assert noted == []
    with pytest.raises(errors.ImpersonationError) as refused:
        await client.get(pods.object("ns", "a"))
    assert (refused.value.account, refused.value.target) == ("", "ns/apps")
    assert noted == [errors.Right("impersonate", "serviceaccounts", "", "ns")]


async def test_an_error_has_its_causes_and_retry_after(client: Client, server: Any, failure: Any, pods: Any) -> None:
    causes = [{"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".spec.replicas"}]
    answer = failure(429, causes=causes, retryAfterSeconds=3)
    answer.headers["Retry-After"] = "7"
    server.script(
        answer, failure(429, causes="junk", retryAfterSeconds=3), failure(429, causes=[], retryAfterSeconds=10**400)
    )
    with pytest.raises(errors.TooManyRequestsError) as caught:
        await client.get(pods.object("ns", "a"))
    assert caught.value.causes == (errors.Cause("FieldManagerConflict", 'conflict with "kubectl"', ".spec.replicas"),)
    assert caught.value.retry_after == 7
    with pytest.raises(errors.TooManyRequestsError) as caught:
        await client.get(pods.object("ns", "a"))
    assert (caught.value.causes, caught.value.retry_after) == ((), 3)
    with pytest.raises(errors.TooManyRequestsError) as caught:
        await client.get(pods.object("ns", "a"))
    assert caught.value.retry_after == 0


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"\xff", b"[" * 9000, b"null", b'{"code":"x"}'])
async def test_an_error_without_a_status_body_names_the_request(
    client: Client, server: Any, answer: Any, pods: Any, body: bytes
) -> None:
    server.script(answer(502, body))
    with pytest.raises(errors.ServerError, match=r"GET /api/v1/namespaces/ns/pods/a: HTTP 502"):
        await client.get(pods.object("ns", "a"))


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b"\xff", b'{"metadata":7}'])
async def test_a_response_that_is_not_an_object_is_undecodable(
    client: Client, server: Any, answer: Any, pods: Any, body: bytes
) -> None:
    server.script(answer(body=body), answer(body=body))
    with pytest.raises(errors.UndecodableError):
        await client.live(requests.get(pods.object("ns", "a")))
    if body != b'{"metadata":7}':
        with pytest.raises(errors.UndecodableError):
            await client.get(pods.object("ns", "a"))


async def test_a_list_is_read_to_its_last_page(client: Client, server: Any, answer: Any, pods: Any, pod: Any) -> None:
    def page(items: list[Any], token: str) -> Any:
        metadata = {"resourceVersion": "5", "continue": token}
        return answer(body=msgspec.json.encode({"metadata": metadata, "items": items}))

    server.script(page([pod("a", 1)], "t1"), page([pod("b", 2)], ""))
    items = await client.list_all(Selection(pods, "ns"), page=1)
    assert [item["metadata"]["name"] for item in items] == ["a", "b"]
    assert [seen.query.get("continue") for seen in server.seen] == [None, "t1"]


async def test_writes_send_their_bytes_and_return_the_live_object(
    client: Client, server: Any, answer: Any, pods: Any, pod: Any
) -> None:
    body = msgspec.json.encode({"apiVersion": "v1", "kind": "Pod"} | pod("a", 8))
    server.script(*[answer(body=body)] * 5)
    target = pods.object("ns", "a")
    for write in (client.apply, client.create, client.merge_patch, client.json_patch):
        live = await write(target, b'{"x":1}', "rudr")
        assert (live.kind, live.name, live.resource_version) == ("Pod", "a", "8")
    await client.delete(target, uid="u", resource_version="8")
    assert [seen.method for seen in server.seen] == ["PATCH", "POST", "PATCH", "PATCH", "DELETE"]
    assert {seen.body for seen in server.seen[:4]} == {b'{"x":1}'}
    assert [seen.headers["Content-Type"] for seen in server.seen[:2]] == [
        "application/apply-patch+yaml",
        "application/json",
    ]
    assert server.seen[0].headers["User-Agent"].startswith("rudr-py/")


async def test_a_silent_server_times_out(client: Client, server: Any, answer: Any, pods: Any) -> None:
    server.script(answer(end="hang"))
    with pytest.raises(errors.ConnectionFailedError, match="no response within"):
        await client.send(requests.get(pods.object("ns", "a"), timeout=0.1))


async def test_nothing_is_sent_when_no_time_is_left(transport: Any, server: Any, answer: Any, pods: Any) -> None:
    left = [0.1, 0.0]
    client = Client(transport, allowance=lambda _request: left.pop(0))
    server.script(answer(end="hang"))
    with pytest.raises(errors.ConnectionFailedError, match=r"no response within 0\.1 s"):
        await client.merge_patch(pods.object("ns", "a"), b"{}", "rudr")
    with pytest.raises(errors.ConnectionFailedError, match="not sent"):
        await client.merge_patch(pods.object("ns", "a"), b"{}", "rudr")
    assert len(server.seen) == 1


@pytest.fixture
def ending(failure: Any) -> Any:
    """The reply to a creation in a namespace that is being deleted."""
    return failure(403, "Forbidden", "no new content", causes=[{"reason": "NamespaceTerminating", "message": "no"}])


def created(uid: str) -> LiveObject:
    metadata = {"name": "a", "namespace": "ns", "uid": uid, "resourceVersion": "1"}
    return live_object.decode(msgspec.json.encode({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}))


async def test_after_a_refusal_no_creation_is_sent_to_a_namespace_that_is_being_deleted(
    client: Client, server: Any, answer: Any, pods: Any, pod: Any, ending: Any
) -> None:
    body = msgspec.json.encode({"apiVersion": "v1", "kind": "Pod"} | pod("a", 8))
    server.script(ending, answer(body=body))
    raised = set()
    for write in (client.create, client.apply, client.as_user(USER).create):
        with pytest.raises(errors.ForbiddenError, match="no new content") as caught:
            await write(pods.object("ns", "a"), b"{}", "rudr")
        raised.add(caught.value)
    assert len(raised) == 3  # an error that was raised twice would keep the objects of its first attempt
    assert len(server.seen) == 1
    await client.merge_patch(pods.object("ns", "a"), b"{}", "rudr")
    assert len(server.seen) == 2


@pytest.mark.parametrize("before", [None, created("before")], ids=["new", "replaced in a gap of the watch"])
async def test_creations_are_sent_again_after_an_object_was_created_in_the_namespace(
    client: Client, server: Any, pods: Any, ending: Any, before: LiveObject | None
) -> None:
    server.script(ending, ending)
    for sent in (1, 1, 2):
        if sent == 2:
            client.terminating.observe(before, created("after"))
        else:
            client.terminating.observe(created("before"), created("before"))
        with pytest.raises(errors.ForbiddenError):
            await client.create(pods.object("ns", "a"), b"{}", "rudr")
        assert len(server.seen) == sent


async def test_only_the_namespaces_that_refused_last_are_remembered(
    client: Client, server: Any, pods: Any, ending: Any
) -> None:
    number = clients.REMEMBERED + 1
    server.script(*[ending] * number)
    for index in range(number):
        with pytest.raises(errors.ForbiddenError):
            await client.create(pods.object(f"ns-{index}", "a"), b"{}", "rudr")
    assert ["ns-0" in client.terminating, "ns-1" in client.terminating] == [False, True]


async def test_a_query_reaches_the_server_unchanged(client: Client, server: Any, answer: Any, pods: Any) -> None:
    selector = "a in (x,y),b!=c+d&e/f%2F ä"
    server.script(answer(body=b"{}"))
    await client.send(requests.list_page(Selection(pods, labels=selector), continue_token="t+/=%&"))
    assert server.seen[0].query == {"labelSelector": selector, "continue": "t+/=%&"}
