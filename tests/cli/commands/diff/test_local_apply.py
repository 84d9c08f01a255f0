"""A computed apply has the result of the server: every case is compared with a dry run of the local API."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.cli.commands.diff import local_apply
from rudr_py.kube import requests
from rudr_py.model.kinds import DEPLOYMENT
from rudr_py.settings import FIELD_MANAGER
from rudr_py.testing.local_handle import LocalHandle

Document = dict[str, Any]
Change = Callable[[Document], object]

SERVICE = Kind("v1", "Service")
LABELS = {"app": "a"}


def deployment() -> Document:
    """A Deployment with lists and maps of all kinds: keyed, atomic, sets and maps of strings."""
    main = {
        "name": "main",
        "image": "registry.example/a:1",
        "args": ["a", "b"],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"name": "http", "containerPort": 80}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}],
        "resources": {"limits": {"cpu": "1", "memory": "64Mi"}},
        "securityContext": {"runAsUser": 1, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "nodeSelector": {"a": "1", "b": "2"},
        "containers": [main, {"name": "side", "image": "registry.example/side:1"}],
        "volumes": [{"name": "files", "configMap": {"name": "files"}}, {"name": "empty", "emptyDir": {}}],
    }
    template = {"metadata": {"labels": LABELS, "annotations": {"a": "1", "b": "2"}}, "spec": pod}
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.kind,
        "metadata": {"name": "a", "labels": {"x": "1", "y": "2"}, "finalizers": ["example.org/a", "example.org/b"]},
        "spec": {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template},
    }


def container(document: Document) -> Document:
    first: Document = document["spec"]["template"]["spec"]["containers"][0]
    return first


def pod(document: Document) -> Document:
    spec: Document = document["spec"]["template"]["spec"]
    return spec


DEFAULTS: tuple[tuple[str, object], ...] = (("replicas", 1), ("resources", {}), ("defaultMode", 420))

CHANGES: dict[str, Change] = {
    "nothing": lambda _: None,
    "a value": lambda d: container(d).update(image="registry.example/a:2"),
    "a field less": lambda d: d["spec"].pop("replicas"),
    "an annotation less": lambda d: d["spec"]["template"]["metadata"]["annotations"].pop("a"),
    "no annotations": lambda d: d["spec"]["template"]["metadata"].pop("annotations"),
    "a label more": lambda d: d["metadata"]["labels"].update(z="3"),
    "a variable less": lambda d: container(d)["env"].pop(0),
    "a variable more": lambda d: container(d)["env"].append({"name": "C", "value": "3"}),
    "variables in another order": lambda d: container(d)["env"].reverse(),
    "no variables": lambda d: container(d).pop("env"),
    "another list": lambda d: container(d).update(args=["c"]),
    "a port less": lambda d: container(d)["ports"].pop(0),
    "another protocol": lambda d: container(d)["ports"][0].update(protocol="SCTP"),
    "a limit less": lambda d: container(d)["resources"]["limits"].pop("cpu"),
    "no resources": lambda d: container(d).pop("resources"),
    "no capabilities": lambda d: container(d)["securityContext"].pop("capabilities"),
    "a container less": lambda d: pod(d)["containers"].pop(),
    "no volumes": lambda d: pod(d).pop("volumes"),
    "a volume of another kind": lambda d: pod(d)["volumes"].__setitem__(
        0, {"name": "files", "secret": {"secretName": "s"}}
    ),
    "a node label less": lambda d: pod(d)["nodeSelector"].pop("a"),
    "no node labels": lambda d: pod(d).pop("nodeSelector"),
    "a finalizer less": lambda d: d["metadata"]["finalizers"].pop(),
    "a finalizer more": lambda d: d["metadata"]["finalizers"].append("example.org/c"),
}

FOREIGN: dict[str, Document] = {
    "no other manager": {},
    "a manager of own fields": {
        "metadata": {"annotations": {"other": "1"}, "finalizers": ["example.org/other"]},
        "spec": {"minReadySeconds": 5},
    },
    "a manager of shared fields": {
        "metadata": {"labels": {"x": "1"}},
        "spec": {
            "replicas": 2,
            "template": {
                "metadata": {"annotations": {"a": "1"}},
                "spec": {
                    "containers": [
                        {"name": "main", "env": [{"name": "A", "value": "1"}, {"name": "Z", "value": "26"}]},
                        {"name": "third", "image": "registry.example/third:1"},
                    ],
                },
            },
        },
    },
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_computed_apply_equals_a_dry_run(api: LocalHandle, change: Change, foreign: Document) -> None:
    before = deployment()
    api.wait(api.cluster.apply(before, manager=FIELD_MANAGER))
    identity = {key: before[key] for key in ("apiVersion", "kind")}
    if foreign:
        other = {**foreign, **identity, "metadata": {"name": "a", **foreign.get("metadata", {})}}
        api.wait(api.cluster.apply(other, manager="other"))
    try:
        after = copy.deepcopy(before)
        change(after)
        live = api.get(DEPLOYMENT.api_version, DEPLOYMENT.kind, "a")
        expected = dry_run(api, after)
    finally:
        api.wait(api.cluster.patch(DEPLOYMENT, "a", {"metadata": {"finalizers": None}}))
        api.delete(DEPLOYMENT.api_version, DEPLOYMENT.kind, "a")
        api.gone(DEPLOYMENT.api_version, DEPLOYMENT.kind, "a")
    computed = local_apply.applied(live, after, FIELD_MANAGER)
    assert compared(computed) == without_defaults(compared(expected), compared(computed))


def dry_run(api: LocalHandle, document: Document) -> Document:
    target = api.wait(api.cluster.target(DEPLOYMENT, "a"))
    request = requests.apply(target, msgspec.json.encode(document), FIELD_MANAGER, dry_run=True)
    return api.wait(api.cluster.client.json(request))


def compared(document: Document) -> Document:
    """The document without its status and what the server sets in metadata."""
    keys = ("name", "labels", "annotations", "finalizers")
    return {"metadata": {key: document["metadata"].get(key) for key in keys}, "spec": document["spec"]}


def without_defaults(expected: Any, computed: Any) -> Any:
    """The expected value without the defaults that the server has added to it."""
    if isinstance(expected, dict) and isinstance(computed, dict):
        return {
            key: without_defaults(value, computed.get(key))
            for key, value in expected.items()
            if key in computed or (key, value) not in DEFAULTS
        }
    if isinstance(expected, list) and isinstance(computed, list) and len(expected) == len(computed):
        return [without_defaults(*pair) for pair in zip(expected, computed, strict=True)]
    return expected


def test_an_absent_object_becomes_the_desired_one() -> None:
    assert local_apply.applied(None, deployment(), FIELD_MANAGER) == deployment()


def test_removals_of_a_patch_are_computed() -> None:
    operations = [
        {"op": "test", "path": "/spec/template/spec/volumes/0/name", "value": "files"},
        {"op": "remove", "path": "/spec/template/spec/volumes/0"},
        {"op": "remove", "path": "/spec/template/metadata/annotations/a"},
    ]
    trimmed = local_apply.trimmed(deployment(), operations)
    assert [volume["name"] for volume in pod(trimmed)["volumes"]] == ["empty"]
    assert trimmed["spec"]["template"]["metadata"]["annotations"] == {"b": "2"}
