"""The difference of two states of an object: ignored fields, masked values, and owners of fields."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Kind, Ref
from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff

Document = dict[str, Any]


def deployment(replicas: int, image: str = "web:1", **metadata: Any) -> Document:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", **metadata},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "main", "image": image}]}}},
    }


def secret(**data: str) -> Document:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "data": data}


def between(live: Document | None, merged: Document | None) -> DocumentDiff:
    document = live or merged or {}
    ref = Ref(Kind(document["apiVersion"], document["kind"]), "web")
    return DocumentDiff(ref=ref, namespace="shop", live=live, merged=merged)


def test_fields_that_change_with_every_write_are_ignored() -> None:
    noise: Document = {
        "resourceVersion": "7",
        "generation": 3,
        "managedFields": [],
        "uid": "x",
        "creationTimestamp": "y",
    }
    records = {"rudr.oam.dev/applied": "abc", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    live = {**deployment(1, "web:1", annotations=records, **noise), "status": {"replicas": 1}}
    assert document_diff.lines(between(live, deployment(1))) == []


def test_a_difference_is_a_unified_diff() -> None:
    assert document_diff.lines(between(deployment(1), deployment(2)))[:6] == [
        "--- LIVE/apps.v1.Deployment.shop.web",
        "+++ MERGED/apps.v1.Deployment.shop.web",
        "@@ -3,7 +3,7 @@",
        " metadata:",
        "   name: web",
        " spec:",
    ]


def test_created_and_pruned_objects_are_compared_with_dev_null() -> None:
    assert document_diff.lines(between(None, deployment(1)))[0] == "--- /dev/null"
    assert document_diff.lines(between(deployment(1), None))[1] == "+++ /dev/null"


def test_only_differing_fields_are_listed_with_owners() -> None:
    entries = [
        {"manager": "kubectl-edit", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {
            "manager": "rudr",
            "fieldsV1": {
                "f:spec": {
                    "f:replicas": {},
                    "f:template": {
                        "f:spec": {"f:containers": {'k:{"name":"main"}': {".": {}, "f:name": {}, "f:image": {}}}}
                    },
                }
            },
        },
    ]
    live = deployment(5, managedFields=entries)
    assert document_diff.owners(between(live, deployment(2))) == ["spec.replicas is owned by kubectl-edit and rudr"]
    assert document_diff.owners(between(live, deployment(5, "web:2"))) == [
        "spec.template.spec.containers[name=main].image is owned by rudr"
    ]
    assert document_diff.owners(between(None, deployment(2))) == []


def test_a_released_field_keeps_its_value() -> None:
    merged = document_diff.held(deployment(1), deployment(5), (("spec", "replicas"),))
    assert merged == deployment(5)


@given(st.dictionaries(st.text("ab", min_size=1), st.text("xyz", min_size=9)), st.data())
def test_values_of_secrets_are_masked(old: dict[str, str], data: st.DataObject) -> None:
    new = data.draw(st.dictionaries(st.text("ab", min_size=1), st.text("xyz", min_size=9)))
    whole = {"kubectl.kubernetes.io/last-applied-configuration": str(old)}
    live = {**secret(**old), "metadata": {"name": "web", "annotations": whole}, "stringData": old}
    diff = between(live, {**secret(**new), "stringData": new})
    printed = "".join(document_diff.texts(diff))
    assert not [value for value in (*old.values(), *new.values()) if value in printed]
    kept = {key for key in old if new.get(key) == old[key]}
    assert (len(kept) == len(old) == len(new)) or document_diff.lines(diff)


def test_masked_values_of_secrets_show_which_change() -> None:
    live, merged = document_diff.texts(between(secret(a="1", b="2"), secret(a="1", b="3")))
    assert "a: '***'" in live.replace('"', "'")
    assert "*** (before)" in live
    assert "*** (after)" in merged
