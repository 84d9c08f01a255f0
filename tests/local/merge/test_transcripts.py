"""Field ownership in recorded exchanges with a real kube-apiserver."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from rudr_py.local.merge import apply as merging
from rudr_py.local.merge import managed_fields
from rudr_py.local.merge.managed_fields import Write
from rudr_py.local.schema.builtin import BuiltinSchemas
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import SchemaNode

RECORDED = Path(__file__).parents[3] / ".." / "shared" / "apiserver" / "transcripts"
ALLOCATED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded transcripts are not here")


def steps(name: str) -> list[dict[str, Any]]:
    recorded: list[dict[str, Any]] = msgspec.json.decode((RECORDED / f"{name}.json").read_bytes())["steps"]
    return recorded


def node_of(schemas: BuiltinSchemas, obj: dict[str, Any]) -> SchemaNode:
    node = schemas.node(obj["apiVersion"], obj["kind"])
    if node is not None:
        return node
    crd = steps("crd")[0]["request"]["body"]
    return structural.structural_node(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], schemas.metadata)


def write_of(step: dict[str, Any], node: SchemaNode, obj: dict[str, Any], time: str) -> Write:
    address = urlsplit(step["request"]["path"])
    subresource = "status" if address.path.endswith("/status") else ""
    custom = not node.builtin
    return Write(
        manager=parse_qs(address.query).get("fieldManager", ["Python-urllib"])[0],
        api_version=obj["apiVersion"],
        node=node,
        time=time,
        subresource=subresource,
        reset=managed_fields.reset_fields(subresource, custom=custom, has_status=True),
    )


def timeless(managed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if key != "time"} for entry in managed]


@pytest.mark.parametrize("name", ["apply", "apply-lists", "kinds", "crd"])
def test_an_apply_writes_the_managed_fields_of_the_real_server(name: str, schemas: BuiltinSchemas) -> None:
    live: dict[str, Any] = {}
    uid = ""
    for step in steps(name):
        request, answer = step.get("request", {}), step.get("response", {})
        if answer.get("status") not in (200, 201) or not isinstance(answer["body"], dict):
            continue
        obj = answer["body"]
        path = urlsplit(request["path"]).path.removesuffix("/status")
        if request.get("contentType") == "application/apply-patch+yaml":
            text = msgspec.json.encode(request["body"]).decode().replace("${uid}", uid)
            applied = msgspec.json.decode(text)
            managed = obj["metadata"]["managedFields"]
            write = write_of(step, node_of(schemas, applied), applied, max(e["time"] for e in managed))
            result = merging.apply(live.get(path), applied, write, force=True)
            assert timeless(result["metadata"]["managedFields"]) == timeless(managed), step.get("note")
        if request["method"] == "POST":
            uid = obj["metadata"]["uid"]
            path = f"{path}/{obj['metadata']['name']}"
        if "dryRun" not in request["path"] and request["method"] != "GET":
            live[path] = obj


def test_a_conflict_has_the_message_of_the_real_server(schemas: BuiltinSchemas) -> None:
    recorded = steps("apply")
    refused = recorded[5]
    applied = refused["request"]["body"]
    write = write_of(refused, node_of(schemas, applied), applied, "2026-11-23T10:00:00Z")
    with pytest.raises(merging.ApplyConflict) as caught:
        merging.apply(recorded[4]["response"]["body"], applied, write, force=False)
    expected = refused["response"]["body"]
    assert caught.value.message == expected["message"]
    assert [msgspec.to_builtins(cause) for cause in caught.value.causes] == expected["details"]["causes"]


@pytest.mark.parametrize(
    ("name", "index"), [("patches", 0), ("validation", 4), ("subresources", 0), ("kinds", 7), ("crd", 0), ("crd", 4)]
)
def test_a_create_owns_the_fields_that_it_owns_on_the_real_server(
    name: str, index: int, schemas: BuiltinSchemas
) -> None:
    step = steps(name)[index]
    obj = copy.deepcopy(step["response"]["body"])
    managed = obj["metadata"].pop("managedFields")
    for key in ALLOCATED:
        obj["spec"].pop(key, None)
    write = write_of(step, node_of(schemas, obj), obj, managed[0]["time"])
    assert managed_fields.update(None, obj, write) == managed


@pytest.mark.parametrize(("name", "first", "last"), [("patches", 1, 4), ("crd", 10, 11)])
def test_an_update_moves_ownership_as_on_the_real_server(
    name: str, first: int, last: int, schemas: BuiltinSchemas
) -> None:
    recorded = steps(name)
    for index in range(first, last + 1):
        live = recorded[index - 1 if recorded[index - 1]["response"]["status"] < 300 else 4]["response"]["body"]
        obj = copy.deepcopy(recorded[index]["response"]["body"])
        managed = obj["metadata"].pop("managedFields")
        write = write_of(recorded[index], node_of(schemas, obj), obj, max(entry["time"] for entry in managed))
        assert timeless(managed_fields.update(live, obj, write)) == timeless(managed), recorded[index].get("note")
