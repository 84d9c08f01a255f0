"""Which manager owns which field, and drift, checked against the entries that a server-side apply creates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rudr_py.api import Kind, Path, Ref
from rudr_py.controller.apply import managed_fields
from rudr_py.local.merge.apply import apply
from rudr_py.local.merge.managed_fields import Write
from rudr_py.local.schema.builtin import builtin_schema

NODE = builtin_schema("1.36").node("apps/v1", "Deployment")
Document = dict[str, Any]


def write(manager: str) -> Write:
    assert NODE is not None
    return Write(manager=manager, api_version="apps/v1", node=NODE, time="2026-01-02T03:04:05Z")


env = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("ABC"), "value": st.sampled_from(["1", "2"])}),
    max_size=3,
    unique_by=lambda item: item["name"],
)
ports = st.lists(
    st.fixed_dictionaries({"containerPort": st.integers(80, 82)}, optional={"protocol": st.sampled_from(["TCP"])}),
    max_size=2,
    unique_by=lambda item: item["containerPort"],
)
containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["web", "side"])},
        optional={
            "image": st.sampled_from(["a:1", "a:2"]),
            "env": env,
            "ports": ports,
            "args": st.lists(st.sampled_from("xy"), min_size=1, max_size=2),
            "resources": st.just({}),
        },
    ),
    max_size=2,
    unique_by=lambda item: str(item["name"]),
)


@st.composite
def deployments(draw: st.DrawFn) -> Document:
    metadata: Document = {"name": "web", "namespace": "shop"}
    labels = draw(st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2))
    finalizers = draw(st.lists(st.sampled_from(["x/y", "x/z"]), unique=True, max_size=2))
    metadata |= {"labels": labels} if labels else {}
    metadata |= {"finalizers": finalizers} if finalizers else {}
    spec: Document = {"template": {"spec": {"containers": draw(containers)}}}
    replicas = draw(st.none() | st.integers(1, 3))
    spec |= {"replicas": replicas} if replicas is not None else {}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


@given(deployments())
def test_an_applied_body_is_owned_completely(wanted: Document) -> None:
    live = apply(None, wanted, write("rudr"), force=True)
    mine = managed_fields.entry(live, "rudr")
    assert managed_fields.missing(mine, wanted) == ()
    if "replicas" in wanted["spec"]:
        assert managed_fields.owns(mine, ("spec", "replicas"))


def values(document: Document) -> Any:
    """The spec without the order of its keyed lists, which no manager owns."""
    spec = document.get("spec", {})
    items = spec.get("template", {}).get("spec", {}).get("containers", [])
    return spec.get("replicas"), sorted((unordered(item) for item in items), key=str)


def unordered(container: Document) -> Document:
    """The container with its keyed lists in a fixed order."""
    return {
        key: sorted(container[key], key=str) if key in ("env", "ports") else container[key] for key in sorted(container)
    }


def with_env(*names: str) -> Document:
    """A Deployment of one container with these environment variables."""
    container = {"name": "side", "env": [{"name": name, "value": "1"} for name in names]}
    metadata = {"name": "web", "namespace": "shop"}
    spec = {"template": {"spec": {"containers": [container]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


@example(with_env("B", "A"), with_env("A", "B"))
@given(deployments(), deployments())
def test_a_field_that_another_manager_took_is_missing_and_shared(wanted: Document, other: Document) -> None:
    live = apply(None, wanted, write("rudr"), force=True)
    live = apply(live, other, write("other"), force=True)
    mine = managed_fields.entry(live, "rudr")
    theirs = dict(managed_fields.others(live, "rudr")).get("other", {})
    missing = managed_fields.missing(mine, wanted)
    again = apply(live, wanted, write("rudr"), force=True)
    if not missing:
        assert values(again) == values(live)
    for path in missing:
        assert any(managed_fields.overlap(path, one) for one in managed_fields.shared(theirs, wanted)), (path, theirs)


@given(deployments(), st.data())
def test_a_field_that_another_client_removed_is_missing(wanted: Document, data: st.DataObject) -> None:
    """A removed item of a list, or a removed label, is told by its name."""
    live = apply(None, wanted, write("rudr"), force=True)
    mine = managed_fields.entry(live, "rudr")
    for key in wanted["metadata"].get("labels", {}):
        cut = {**mine["f:metadata"]["f:labels"]}
        del cut[f"f:{key}"]
        cutting: Document = {**mine, "f:metadata": {**mine["f:metadata"], "f:labels": cut or {".": {}}}}
        assert managed_fields.missing(cutting, wanted) == (f"metadata.labels.{key}",)
    found = wanted["spec"]["template"]["spec"]["containers"]
    if len(found) > 1:
        gone = data.draw(st.sampled_from(found))["name"]
        below = mine["f:spec"]["f:template"]["f:spec"]
        left = {key: value for key, value in below["f:containers"].items() if f'"{gone}"' not in key}
        entry = {**mine, "f:spec": {**mine["f:spec"], "f:template": {"f:spec": {**below, "f:containers": left}}}}
        assert managed_fields.missing(entry, wanted) == (f"spec.template.spec.containers[name={gone}]",)


def test_without_an_entry_everything_is_missing() -> None:
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}, "data": {"a": "b"}}
    assert managed_fields.missing({}, wanted) == ("data",)


def test_a_finalizer_is_named_by_its_value() -> None:
    entry: Document = {"f:metadata": {"f:finalizers": {".": {}, 'v:"x/y"': {}}}}
    wanted = {"metadata": {"finalizers": ["x/y", "x/z"]}}
    assert managed_fields.missing(entry, wanted) == ("metadata.finalizers[x/z]",)


IMAGE: Path = ("spec", "template", "spec", "containers", {"name": "web"}, "image")


@given(deployments())
def test_a_nested_value_is_read_at_its_path(wanted: Document) -> None:
    assert managed_fields.value(managed_fields.nested(IMAGE, "a:1"), IMAGE) == "a:1"
    live = apply(None, wanted, write("rudr"), force=True)
    found = managed_fields.value(wanted, IMAGE)
    assert managed_fields.owns(managed_fields.entry(live, "rudr"), IMAGE) == (found is not None)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("spec.replicas", "spec.replicas", True),
        ("spec", "spec.replicas", True),
        ("spec.containers[name=web].image", "spec.containers[name=web]", True),
        ("spec.replicas", "spec.replicasets", False),
        ("spec.replicas", "metadata.labels", False),
    ],
)
def test_paths_overlap_when_one_lies_within_the_other(one: str, other: str, expected: bool) -> None:
    assert managed_fields.overlap(one, other) is expected
    assert managed_fields.overlap(other, one) is expected


def test_an_entry_is_that_of_an_apply_to_the_object_itself() -> None:
    def entry(manager: str, operation: str, subresource: str, name: str) -> Document:
        found = {"manager": manager, "operation": operation, "fieldsV1": {f"f:{name}": {}}}
        return {**found, **({"subresource": subresource} if subresource else {})}

    document = {
        "metadata": {
            "managedFields": [
                entry("rudr", "Update", "", "update"),
                entry("rudr", "Apply", "status", "status"),
                entry("rudr", "Apply", "", "mine"),
                entry("kubectl", "Update", "scale", "scaled"),
            ]
        }
    }
    assert managed_fields.entry(document, "rudr") == {"f:mine": {}}
    assert managed_fields.entry(document, "nobody") == {}
    assert list(managed_fields.others(document, "rudr")) == [("kubectl", {"f:scaled": {}})]


def test_fields_with_different_values_are_named_as_deep_as_they_are_owned() -> None:
    owned: dict[str, Any] = {
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:containers": {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:image": {}}, 'k:{"name":"x"}': {".": {}}},
        }
    }
    one = {"spec": {"replicas": 1, "selector": {"a": 1}, "containers": [{"name": "web", "image": "a"}, {"name": "x"}]}}
    two = {"spec": {"replicas": 1, "selector": {"a": 2}, "containers": [{"name": "web", "image": "b"}], "more": 1}}
    assert managed_fields.changed(owned, one, two) == (
        "spec.containers[name=web].image",
        "spec.containers[name=x]",
        "spec.selector",
    )
    assert managed_fields.changed(owned, one, one) == ()
    assert managed_fields.changed(owned, one, {}) == ("spec",)


DESIRED: Document = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "shop", "labels": {"a": "1"}},
    "data": {"colour": "green", "size": "big"},
}


def applied(live: Document | None, document: Document, manager: str) -> Document:
    node = builtin_schema("1.36").node("v1", "ConfigMap")
    assert node is not None
    return apply(live, document, Write(manager=manager, api_version="v1", node=node), force=True)


def described(document: Document, desired: Document = DESIRED) -> str:
    return managed_fields.drift(document, desired).describe(Ref(Kind("v1", "ConfigMap"), "settings"))


@pytest.fixture
def live() -> Document:
    return applied(None, DESIRED, "rudr")


def test_fields_of_other_managers_are_no_drift(live: Document) -> None:
    assert described(live, DESIRED) == ""
    foreign = {**DESIRED, "metadata": {"name": "settings"}, "data": {"theirs": "yes"}}
    assert described(applied(live, foreign, "kubectl"), DESIRED) == ""


def test_the_manager_and_the_field_are_named(live: Document) -> None:
    other = {**DESIRED, "metadata": {"name": "settings"}, "data": {"colour": "red"}}
    assert described(applied(live, other, "kubectl-edit"), DESIRED) == (
        'field data.colour of configmap/settings was changed by "kubectl-edit"; reverted'
    )


def test_a_field_that_is_not_there_any_more_is_named_without_a_manager(live: Document) -> None:
    mine = live["metadata"]["managedFields"][0]["fieldsV1"]
    del mine["f:data"]["f:size"]
    assert described(live, DESIRED) == "field data.size of configmap/settings was removed; restored"


def test_changes_and_removals_are_reported_together(live: Document) -> None:
    other = {**DESIRED, "metadata": {"name": "settings"}, "data": {"colour": "red"}}
    changed = applied(live, other, "kubectl-edit")
    for entry in changed["metadata"]["managedFields"]:
        if entry["manager"] == "rudr":
            del entry["fieldsV1"]["f:metadata"]
    assert described(changed, DESIRED) == (
        'field data.colour of configmap/settings was changed by "kubectl-edit"; field metadata was removed; reverted'
    )


def test_a_scale_by_the_subresource_has_a_manager_too() -> None:
    desired = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
    scaled = {"manager": "kubectl", "operation": "Update", "subresource": "scale"}
    entries = [
        {"manager": "rudr", "operation": "Apply", "fieldsV1": {"f:spec": {}}},
        {**scaled, "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    ]
    document = {**desired, "metadata": {"name": "web", "managedFields": entries}}
    entries[0]["fieldsV1"] = {"f:spec": {".": {}}}
    assert (
        described(document, desired) == 'field spec.replicas of configmap/settings was changed by "kubectl"; reverted'
    )


def test_many_fields_are_counted_not_listed() -> None:
    data = {f"key{number:02}": "x" for number in range(20)}
    desired = {**DESIRED, "data": data}
    live = applied(None, desired, "rudr")
    other = {**DESIRED, "metadata": {"name": "settings"}, "data": dict.fromkeys(data, "y")}
    note = described(applied(live, other, "bot"), desired)
    assert note.startswith("fields data.key00, data.key01")
    assert note.endswith(' and 12 more of configmap/settings were changed by "bot"; reverted')
