"""Names and labels of our objects."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Kind, Manifest
from rudr_py.render.values import labels as stamp


def _manifest(labels: dict[str, str], annotations: dict[str, str] | None = None) -> Manifest:
    return Manifest(
        kind=Kind("v1", "ConfigMap"),
        name="a",
        body={"data": {}, "spec": {"podSelector": {}, "list": []}},
        labels=labels,
        annotations=annotations or {},
    )


def test_an_object_is_completed_and_its_body_unchanged() -> None:
    body = stamp.body(_manifest({"l": "1"}, {"n": "2"}), namespace="prod", application="shop", instance="front")
    assert body == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "a",
            "namespace": "prod",
            "labels": {
                "l": "1",
                "app.kubernetes.io/managed-by": "rudr",
                "app.kubernetes.io/name": "shop",
                "oam.dev/instance-name": "front",
            },
            "annotations": {"n": "2"},
        },
        "data": {},
        "spec": {"podSelector": {}, "list": []},
    }


def test_a_type_cannot_override_the_labels_of_the_core() -> None:
    taken = _manifest({stamp.MANAGED_BY: "me", stamp.INSTANCE: "other"})
    labels = stamp.body(taken, namespace="default", application="shop", instance="front")["metadata"]["labels"]
    assert (labels[stamp.MANAGED_BY], labels[stamp.INSTANCE]) == ("rudr", "front")


def test_objects_of_the_application_have_no_instance_label() -> None:
    assert stamp.labels("shop", "") == {stamp.MANAGED_BY: "rudr", stamp.APPLICATION: "shop"}


def test_a_component_instance_has_the_name_that_rudr_gave_it() -> None:
    assert str(stamp.component_instance("web-v1", "front")) == "componentinstance.core.oam.dev/web-v1-front"


@given(st.text("abc-", min_size=1, max_size=200), st.text("abc-", min_size=1, max_size=200))
def test_labels_and_names_never_exceed_the_limit_of_kubernetes(component: str, instance: str) -> None:
    assert len(stamp.component_instance(component, instance).name) <= 63
    assert all(len(value) <= 63 for value in stamp.labels(component, instance).values())
