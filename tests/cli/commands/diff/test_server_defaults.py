"""Fields that no manager owns are left out of differences."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Kind, Ref
from rudr_py.cli.commands.diff import document_diff, server_defaults
from rudr_py.cli.commands.diff.document_diff import DocumentDiff

Document = dict[str, Any]

OWNED: Document = {
    "f:spec": {
        "f:replicas": {},
        "f:containers": {
            'k:{"name":"web"}': {
                ".": {},
                "f:name": {},
                "f:image": {},
                "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
            }
        },
    }
}


def document(image: str, *, owned: Document | None = OWNED, **spec: Any) -> Document:
    entries = [{"manager": "rudr", "operation": "Apply", "fieldsV1": owned}] if owned is not None else []
    container: Document = {"name": "web", "image": image, "imagePullPolicy": "Always"}
    container |= {"ports": [{"containerPort": 80, "protocol": "TCP"}], "resources": {}}
    metadata = {"name": "web", "namespace": "default", **({"managedFields": entries} if entries else {})}
    body = {"replicas": 2, "containers": [container], "dnsPolicy": "ClusterFirst", **spec}
    return {"apiVersion": "v1", "kind": "Thing", "metadata": metadata, "spec": body}


SHORT: Document = {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}


def test_a_created_and_a_deleted_object_have_only_owned_fields() -> None:
    for states in ((None, document("web:1")), (document("web:1"), None)):
        state = next(filter(None, server_defaults.left_out(*states)))
        assert state["spec"] == {"replicas": 2, "containers": [SHORT]}
        assert (state["kind"], state["metadata"]) == ("Thing", {"name": "web", "namespace": "default"})


def test_only_a_changed_field_and_owned_context_stay() -> None:
    live, merged = server_defaults.left_out(document("web:1"), document("web:2", securityContext={}))
    assert live is not None
    assert merged is not None
    assert live["spec"] == {"replicas": 2, "containers": [SHORT]}
    assert merged["spec"] == {"replicas": 2, "containers": [{**SHORT, "image": "web:2"}]}


def test_a_default_that_replaces_a_value_stays() -> None:
    without = {"f:spec": {key: value for key, value in OWNED["f:spec"].items() if key != "f:replicas"}}
    live, merged = server_defaults.left_out(document("web:1", replicas=5), document("web:1", owned=without, replicas=1))
    assert live is not None
    assert merged is not None
    assert (live["spec"]["replicas"], merged["spec"]["replicas"]) == (5, 1)


def test_a_computed_state_has_no_defaults() -> None:
    computed = document("web:2", owned=None, added={"a": 1})
    live, merged = server_defaults.left_out(document("web:1"), computed)
    assert live is not None
    assert merged is not None
    assert live["spec"] == {"replicas": 2, "containers": [SHORT]}
    assert merged["spec"] == {"replicas": 2, "containers": [{**SHORT, "image": "web:2"}], "added": {"a": 1}}
    assert server_defaults.left_out(None, computed) == (None, computed)


def test_a_difference_of_defaults_alone_has_no_lines() -> None:
    diff = DocumentDiff(
        ref=Ref(Kind("v1", "Thing"), "web"),
        namespace="default",
        live=document("web:1"),
        merged=document("web:1", schedulerName="default-scheduler"),
    )
    assert document_diff.lines(diff) == []


def test_lists_without_keys_and_unusual_values_are_kept() -> None:
    owned: Document = {"f:spec": {"f:args": {}, "f:set": {'v:"a"': {}}, "f:map": {}}}
    spec = {"args": [{"a": 1}, 2], "set": ["a", "b"], "map": {"a": {"b": 1}}, "unowned": [1]}
    state = {"kind": "Thing", "metadata": {"managedFields": [{"manager": "x", "fieldsV1": owned}]}, "spec": spec}
    _, merged = server_defaults.left_out(None, state)
    assert merged is not None
    assert merged["spec"] == {name: value for name, value in spec.items() if name != "unowned"}
