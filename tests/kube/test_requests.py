"""Requests as values."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rudr_py.kube import requests
from rudr_py.kube.requests import Request, Resource, Selection

DEPLOYMENTS = Resource("apps", "v1", "Deployment", "deployments", namespaced=True)
NAMESPACES = Resource("", "v1", "Namespace", "namespaces", namespaced=False)
NODES = Resource("", "v1", "Node", "nodes", namespaced=False)


def test_paths_are_those_of_the_api_server() -> None:
    assert DEPLOYMENTS.path("ns") == "/apis/apps/v1/namespaces/ns/deployments"
    assert DEPLOYMENTS.path("") == "/apis/apps/v1/deployments"
    assert DEPLOYMENTS.path("ns", "web", "status") == "/apis/apps/v1/namespaces/ns/deployments/web/status"
    assert NODES.path("ignored", "n1") == "/api/v1/nodes/n1"
    assert (DEPLOYMENTS.api_version, NODES.api_version) == ("apps/v1", "v1")


def test_a_name_cannot_leave_its_place_in_the_path() -> None:
    assert NODES.path("", "../secrets?x#y") == "/api/v1/nodes/..%2Fsecrets%3Fx%23y"


def test_an_apply_names_its_manager_and_forces_by_default() -> None:
    target = DEPLOYMENTS.object("ns", "web")
    forced = requests.apply(target, b"{}", "rudr")
    assert (forced.method, forced.content_type) == ("PATCH", "application/apply-patch+yaml")
    assert dict(forced.query) == {"fieldManager": "rudr", "force": "true"}
    gentle = requests.apply(target, b"{}", "rudr", force=False, dry_run=True)
    assert dict(gentle.query) == {"fieldManager": "rudr", "dryRun": "All"}


def test_a_create_posts_to_the_collection() -> None:
    request = requests.create(DEPLOYMENTS.object("ns", "web"), b"{}", "rudr")
    assert (request.method, request.path) == ("POST", "/apis/apps/v1/namespaces/ns/deployments")


def test_a_delete_has_its_preconditions_and_always_a_propagation() -> None:
    target = DEPLOYMENTS.object("ns", "web")
    bare = msgspec.json.decode(requests.delete(target).body or b"")
    assert bare == {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    full = requests.delete(target, uid="u", resource_version="7", propagation="Foreground", dry_run=True)
    options = msgspec.json.decode(full.body or b"")
    assert options["preconditions"] == {"uid": "u", "resourceVersion": "7"}
    assert (options["propagationPolicy"], options["dryRun"]) == ("Foreground", ["All"])


def test_a_list_is_consistent() -> None:
    request = requests.list_page(Selection(DEPLOYMENTS, labels="a=b", fields="metadata.name=x"), limit=5)
    assert dict(request.query) == {"labelSelector": "a=b", "fieldSelector": "metadata.name=x", "limit": "5"}


def test_patches_have_their_content_types() -> None:
    target = DEPLOYMENTS.object("ns", "web", "status")
    assert requests.merge_patch(target, b"{}", "rudr").content_type == "application/merge-patch+json"
    assert requests.json_patch(target, b"[]", "rudr").content_type == "application/json-patch+json"
    assert requests.update(target, b"{}", "rudr").path.endswith("/web/status")
    assert "PartialObjectMetadata" in requests.get(target, metadata_only=True).accept


@given(st.text())
@example("\x7f\x85\x9f\u2028\u2029\ufeff\ufffe\uffff\U0001f600")
def test_an_applied_body_is_valid_yaml_and_means_the_same_as_json(text: str) -> None:
    body = (
        requests.apply(DEPLOYMENTS.object("ns", "web"), msgspec.json.encode({"data": {"text": text}}), "tester").body
        or b""
    )
    assert msgspec.json.decode(body) == {"data": {"text": text}}
    breaks = {"\x85", "\u2028", "\u2029"}
    assert not [
        item for item in body.decode() if "\x7f" <= item <= "\x9f" or item in breaks | {"\ufeff", "\ufffe", "\uffff"}
    ]


@pytest.mark.parametrize(
    ("request_", "written"),
    [
        (requests.apply(DEPLOYMENTS.object("shop", "web"), b"{}", "rudr"), ("apply", "deployments")),
        (requests.apply(DEPLOYMENTS.object("shop", "web", "status"), b"{}", "rudr"), ("apply", "deployments/status")),
        (requests.merge_patch(DEPLOYMENTS.object("shop", "web"), b"{}", "rudr"), ("patch", "deployments")),
        (requests.create(DEPLOYMENTS.object("shop", ""), b"{}", "rudr"), ("create", "deployments")),
        (requests.apply(NAMESPACES.object("", "shop"), b"{}", "rudr"), ("apply", "namespaces")),
        (requests.apply(DEPLOYMENTS.object("shop", "web"), b"{}", "rudr", dry_run=True), None),
        (requests.get(DEPLOYMENTS.object("shop", "web")), None),
    ],
)
def test_a_write_is_named_as_in_rbac_and_a_read_gives_none(request_: Request, written: tuple[str, str] | None) -> None:
    assert requests.write(request_) == written


@pytest.mark.parametrize(
    ("path", "namespace"),
    [
        ("/api/v1/namespaces/team/pods/web", "team"),
        ("/api/v1/namespaces/team/pods", "team"),
        ("/apis/apps/v1/namespaces/team/deployments/web/status", "team"),
        ("/api/v1/namespaces/team", ""),
        ("/api/v1/namespaces", ""),
        ("/apis/apps/v1/deployments", ""),
        ("/api/v1/nodes/one/status", ""),
        ("/version", ""),
    ],
)
def test_the_namespace_of_a_request_is_that_of_its_object(path: str, namespace: str) -> None:
    assert requests.namespace(requests.Request("GET", path)) == namespace
