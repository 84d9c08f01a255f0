"""Objects as slim values."""

from __future__ import annotations

import gc
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py import errors
from rudr_py.kube import live_object
from rudr_py.settings import FIELD_MANAGER

FIELDS = {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {}}}

DOCUMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "ns",
        "uid": "u1",
        "resourceVersion": "42",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "finalizers": ["x/y"],
        "labels": {"app": "web"},
        "annotations": {
            "rudr.oam.dev/applied": "hash",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
        },
        "ownerReferences": [
            {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u2"},
            {"apiVersion": "x/v1", "kind": "App", "name": "a", "uid": "u3", "controller": True},
        ],
        "managedFields": [
            {"manager": "rudr", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}},
            {"manager": "rudr", "operation": "Update", "fieldsV1": {"f:x": {}}},
            {"manager": "rudr", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": FIELDS},
            {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:y": {}}},
        ],
    },
    "spec": {"replicas": 2},
    "status": {"readyReplicas": 1},
}


def test_the_attributes_are_read_from_metadata() -> None:
    live = live_object.decode(msgspec.json.encode(DOCUMENT))
    assert (live.api_version, live.kind, live.key) == ("apps/v1", "Deployment", ("ns", "web"))
    assert (live.uid, live.resource_version, live.generation, live.deleting) == ("u1", "42", 3, False)
    assert (live.owner_uid, live.owner_kind, live.owner_name) == ("u3", "App", "a")
    assert live.labels == {"app": "web"}
    assert live.applied == "hash"
    assert live.annotations == {"rudr.oam.dev/applied": "hash"}
    assert live.part("status") == {"readyReplicas": 1}
    assert live.part("data") is None


def test_the_time_of_the_last_edit_is_that_of_other_managers_and_not_of_a_subresource() -> None:
    entries = [
        {"manager": "kubectl", "operation": "Update", "time": "2026-01-01T00:00:01Z"},
        {"manager": "helm", "operation": "Apply", "time": "2026-01-01T00:00:02Z"},
        {"manager": "kubectl", "operation": "Update", "subresource": "status", "time": "2026-01-01T00:00:03Z"},
        {"manager": "rudr", "operation": "Apply", "time": "2026-01-01T00:00:04Z"},
        {"manager": "old", "operation": "Update", "time": None},
    ]
    document = {"metadata": {"name": "a", "managedFields": entries}}
    assert live_object.decode(msgspec.json.encode(document)).edited == "2026-01-01T00:00:02Z"
    assert live_object.decode(msgspec.json.encode(DOCUMENT)).edited == ""


def test_the_document_is_complete_except_for_managed_fields() -> None:
    live = live_object.decode(msgspec.json.encode(DOCUMENT))
    expected = dict(DOCUMENT, metadata=dict(DOCUMENT["metadata"]))
    del expected["metadata"]["managedFields"]
    assert live.document() == expected
    assert b"managedFields" not in live.body


def test_the_digest_is_that_of_the_own_apply_entry() -> None:
    live = live_object.decode(msgspec.json.encode(DOCUMENT))
    assert live.digest == live_object.digest(msgspec.json.encode(FIELDS))
    foreign = dict(
        DOCUMENT, metadata=DOCUMENT["metadata"] | {"managedFields": DOCUMENT["metadata"]["managedFields"][:2]}
    )
    assert live_object.decode(msgspec.json.encode(foreign)).digest == ""


def test_held_is_true_with_an_entry_of_the_hand_over_manager() -> None:
    entry = {"manager": "rudr-handover", "operation": "Apply", "fieldsV1": {"f:spec": {}}}
    document = {"metadata": {"name": "a", "managedFields": [entry]}}
    assert live_object.decode(msgspec.json.encode(document)).held
    assert not live_object.decode(msgspec.json.encode(DOCUMENT)).held


@pytest.mark.parametrize(
    ("manager", "subresource", "fields", "is_sized"),
    [
        ("rudr", "", {"f:spec": {"f:replicas": {}, "f:template": {}}}, True),
        ("rudr", "", {"f:spec": {"f:template": {"f:metadata": {"f:labels": {"f:replicas": {}}}}}}, True),
        ("rudr", "", {"f:spec": {"f:template": {}, "f:replicasets": {}}}, False),
        ("rudr", "scale", {"f:spec": {"f:replicas": {}}}, False),
        ("autoscaler", "", {"f:spec": {"f:replicas": {}}}, False),
        ("rudr-handover", "", {"f:spec": {"f:replicas": {}}}, False),
    ],
)
def test_sized_is_true_if_the_own_entry_may_contain_replicas(
    manager: str, subresource: str, fields: dict[str, Any], is_sized: bool
) -> None:
    entry = {"manager": manager, "operation": "Apply", "subresource": subresource, "fieldsV1": fields}
    live = live_object.decode(msgspec.json.encode({"metadata": {"name": "a", "managedFields": [entry]}}))
    assert live.sized == is_sized


def test_the_digest_depends_on_fields_but_not_on_order_or_spaces() -> None:
    turned = b'{"f:spec": {"f:replicas":{}}, "f:metadata":{"f:labels":{"f:app":{}}}}'
    assert live_object.digest(turned) == live_object.digest(msgspec.json.encode(FIELDS))
    assert live_object.digest(b'{"f:spec":{}}') != live_object.digest(turned)


def test_of_a_part_inside_a_field_only_that_part_is_kept() -> None:
    document = {"kind": "Pod", "spec": {"volumes": [{"name": "a"}], "containers": []}, "status": {"phase": "Running"}}
    live = live_object.decode(msgspec.json.encode(document), parts=("spec.volumes", "status.message", "data.x"))
    assert (live.part("spec"), live.part("status"), live.part("data")) == ({"volumes": [{"name": "a"}]}, {}, None)


def test_only_the_requested_parts_are_kept() -> None:
    live = live_object.decode(msgspec.json.encode(DOCUMENT), parts=("status", "data"))
    assert live.part("status") == {"readyReplicas": 1}
    assert live.part("spec") is None
    assert set(live.document()) == {"apiVersion", "kind", "metadata", "status"}


def test_items_of_a_list_get_their_kind_from_the_caller() -> None:
    live = live_object.decode(b'{"metadata":{"name":"a"}}', "v1", "Pod")
    assert (live.api_version, live.kind, live.labels, live.digest) == ("v1", "Pod", {}, "")


def test_null_fields_mean_absent() -> None:
    live = live_object.decode(
        b'{"metadata":{"name":"a","labels":null,"annotations":null,"ownerReferences":null,"managedFields":null,'
        b'"deletionTimestamp":null}}'
    )
    assert (live.labels, live.annotations, live.owner_uid, live.deleting) == ({}, {}, "", False)


def test_an_object_with_a_deletion_timestamp_is_deleting() -> None:
    assert live_object.decode(b'{"metadata":{"name":"a","deletionTimestamp":"2026-01-01T00:00:00Z"}}').deleting


def test_a_value_does_not_keep_its_source_buffer() -> None:
    buffer = b'{"items":[' + msgspec.json.encode(DOCUMENT) + b',"' + b"x" * 1000 + b'"]}'
    raw = msgspec.json.decode(buffer, type=dict[str, list[msgspec.Raw]])["items"][0]
    live = live_object.decode(raw)
    del raw
    assert not [holder for holder in gc.get_referrers(buffer) if holder is live]
    assert not gc.is_tracked(live)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b'{"metadata":[]}', b'{"kind":7}', b'{"metadata":{"generation":"x"}}', b'{"a":"\\ud800"}',
     b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"a":"\xff"}', b'{"metadata":{"labels":{"a":1}}}',
     b'{"metadata":{"annotations":{"rudr.oam.dev/applied":1}}}'],
)  # fmt: skip
def test_an_unreadable_object_raises_undecodable_error(data: bytes) -> None:
    with pytest.raises(errors.UndecodableError):
        live_object.decode(data)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_raise_only_undecodable_error(data: bytes) -> None:
    try:
        live = live_object.decode(data)
    except errors.UndecodableError:
        return
    live.document()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_any_document_survives_the_round_trip(rest: dict[str, Any]) -> None:
    document = rest | {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}}
    assert live_object.decode(msgspec.json.encode(document)).document() == document


OWNERS = frozenset({"Application"})


def config_map(size: int, **metadata: Any) -> bytes:
    metadata = {"name": "big", "namespace": "ns", "uid": "u", "resourceVersion": "1", **metadata}
    return msgspec.json.encode({"metadata": metadata, "data": {"text": "x" * size}, "extra": [{"a": 1}] * 10})


@pytest.mark.parametrize(
    ("size", "metadata", "is_kept"),
    [
        (live_object.LARGE, {}, False),
        (live_object.LARGE, {"managedFields": [{"manager": "kubectl"}], "labels": {"a": "b"}}, False),
        (live_object.LARGE, {"ownerReferences": [{"kind": "Application", "name": "x", "uid": "y"}]}, True),
        (live_object.LARGE, {"ownerReferences": [{"kind": "Pod", "name": "x", "uid": "y"}]}, False),
        (live_object.LARGE, {"managedFields": [{"manager": FIELD_MANAGER}]}, True),
        (live_object.LARGE, {"annotations": {live_object.APPLIED_ANNOTATION: "hash"}}, True),
        (1000, {}, True),
    ],
)
def test_of_a_large_object_of_another_client_only_the_metadata_is_kept(
    size: int, metadata: dict[str, Any], is_kept: bool
) -> None:
    data = config_map(size, **metadata)
    live = live_object.decode(data, "v1", "ConfigMap", owners=OWNERS)
    assert (live.part("data") is not None) == is_kept
    assert (live.size > size) == is_kept
    whole = live_object.decode(data, "v1", "ConfigMap")
    assert (live.key, live.labels, live.annotations) == (whole.key, whole.labels, whole.annotations)
    assert whole.part("data") is not None


@pytest.mark.parametrize(
    "metadata",
    [
        {"managedFields": "x"},
        {"managedFields": ["x"]},
        {"managedFields": [{"manager": "a", "fieldsV1": "x"}]},
        {"managedFields": [{"manager": "a", "fieldsV1": {"f:spec": 1}}]},
        {"managedFields": [{"manager": "a", "fieldsV1": {"k:{": {}}}]},
        {"ownerReferences": {"name": "a"}},
        {"labels": ["a"]},
        {"annotations": {"a": 1}},
        {"finalizers": [1]},
        "x",
    ],
    ids=str,
)
def test_an_object_whose_metadata_has_a_wrong_type_cannot_be_decoded(metadata: Any) -> None:
    with pytest.raises(errors.UndecodableError):
        live_object.document(msgspec.json.encode({"kind": "ConfigMap", "metadata": metadata}))


def test_a_whole_object_keeps_its_managed_fields_and_has_no_null_in_its_metadata() -> None:
    fields: dict[str, Any] = {"f:data": {".": {}, "f:a": {}}, "f:list": {'k:{"name":"a"}': {}, "v:1": {}}}
    managed = [{"manager": "rudr", "operation": "Apply", "fieldsV1": fields}]
    document = {"data": None, "metadata": {"name": "a", "labels": None, "managedFields": managed}}
    assert live_object.document(msgspec.json.encode(document)) == {
        "data": None,
        "metadata": {"name": "a", "managedFields": managed},
    }


def test_nulls_inside_managed_fields_and_owners_are_omitted() -> None:
    metadata = {"managedFields": [{"manager": "a", "fieldsV1": None}], "ownerReferences": [{"name": "a", "uid": None}]}
    document = live_object.document(msgspec.json.encode({"metadata": metadata}))
    assert document["metadata"] == {"managedFields": [{"manager": "a"}], "ownerReferences": [{"name": "a"}]}
