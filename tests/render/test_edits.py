"""Edits of manifests: what they change, when they clash, and that order does not matter."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import DropField, Kind, Manifest, Path, Ref, SetField
from rudr_py.render import edits
from rudr_py.render.edits import Change

DEPLOYMENT = Kind("apps/v1", "Deployment")
REF = Ref(DEPLOYMENT, "web")
CONTAINERS = ("spec", "template", "spec", "containers")


def _manifest() -> Manifest:
    containers = [{"name": "web", "image": "nginx:1", "env": [{"name": "A", "value": "1"}]}, {"name": "log"}]
    return Manifest(
        kind=DEPLOYMENT,
        name="web",
        body={"spec": {"replicas": 2, "template": {"spec": {"containers": containers}}}},
        labels={"a": "1"},
    )


def _changes(*made: SetField | DropField) -> list[Change]:
    return [Change(edit, f"t{index}", f"$.traits[{index}]") for index, edit in enumerate(made)]


def _edited(*made: SetField | DropField) -> Manifest:
    edited, misfits = edits.edited(_manifest(), _changes(*made))
    assert misfits == ()
    return edited


def _containers(manifest: Manifest) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = manifest.body["spec"]["template"]["spec"]["containers"]
    return result


def test_a_field_of_an_entry_of_a_keyed_list_is_set() -> None:
    edited = _edited(SetField(REF, (*CONTAINERS, {"name": "web"}, "image"), "nginx:2"))
    assert [c.get("image") for c in _containers(edited)] == ["nginx:2", None]


@pytest.mark.parametrize("edit", [SetField, lambda ref, path, _: DropField(ref, path)])
@pytest.mark.parametrize("key", ["app.kubernetes.io/managed-by", "app.kubernetes.io/name", "oam.dev/instance-name"])
def test_an_edit_of_a_label_that_the_core_sets_is_reported(edit: Any, key: str) -> None:
    changes = _changes(edit(REF, ("metadata", "labels", key), "other"))
    assert [clash.path for clash in edits.clashes(changes, {REF: _manifest()})] == ["$.traits[0]"]


def test_an_absent_list_entry_is_created_with_its_keys() -> None:
    edited = _edited(SetField(REF, (*CONTAINERS, {"name": "side"}, "image"), "side:1"))
    assert _containers(edited)[-1] == {"name": "side", "image": "side:1"}


def test_an_entry_is_replaced_as_a_whole_and_keeps_its_keys() -> None:
    edited = _edited(SetField(REF, (*CONTAINERS, {"name": "web"}), {"name": "other", "image": "x"}))
    assert _containers(edited)[0] == {"name": "web", "image": "x"}


def test_missing_or_null_parents_of_a_field_are_created() -> None:
    path = ("spec", "template", "spec", "volumes", {"name": "v"}, "emptyDir", "medium")
    manifest = Manifest(kind=DEPLOYMENT, name="web", body={"spec": {"template": None}})
    edited, misfits = edits.edited(manifest, _changes(SetField(REF, path, "Memory")))
    assert misfits == ()
    assert edited.body == {
        "spec": {"template": {"spec": {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]}}}
    }


def test_fields_and_entries_are_dropped_and_absent_ones_are_ignored() -> None:
    edited = _edited(
        DropField(REF, ("spec", "replicas")),
        DropField(REF, (*CONTAINERS, {"name": "log"})),
        DropField(REF, (*CONTAINERS, {"name": "web"}, "env", {"name": "A"}, "value")),
        DropField(REF, ("spec", "nothing", {"name": "x"}, "here")),
    )
    assert "replicas" not in edited.body["spec"]
    assert _containers(edited) == [{"name": "web", "image": "nginx:1", "env": [{"name": "A"}]}]


def test_a_field_that_is_left_to_others_after_the_creation_remains_in_the_manifest() -> None:
    assert _edited(DropField(REF, ("spec", "replicas"), initial=True)) == _manifest()


def test_labels_and_annotations_are_edited_like_fields() -> None:
    edited = _edited(
        DropField(REF, ("metadata", "labels", "a")), SetField(REF, ("metadata", "annotations", "example.com/b"), "2")
    )
    assert (edited.labels, edited.annotations) == ({}, {"example.com/b": "2"})
    assert "metadata" not in edited.body


def test_the_original_manifest_is_not_changed() -> None:
    manifest = _manifest()
    before = copy.deepcopy(manifest)
    edits.edited(
        manifest,
        _changes(SetField(REF, (*CONTAINERS, {"name": "web"}, "env"), []), DropField(REF, ("spec", "replicas"))),
    )
    assert manifest == before


def test_edits_of_other_objects_are_ignored() -> None:
    other = Ref(DEPLOYMENT, "other")
    manifest = _manifest()
    assert edits.edited(manifest, _changes(SetField(other, ("spec",), {}))) == (manifest, ())


@pytest.mark.parametrize(
    "edit",
    [
        SetField(REF, ("spec", "replicas", "deeper"), 1),
        SetField(REF, ("spec", {"name": "x"}, "image"), 1),
        SetField(REF, (*CONTAINERS, "image"), "x"),
        SetField(REF, (*CONTAINERS, {"name": "web"}), "no map"),
    ],
)
def test_an_unreachable_path_is_reported_and_other_edits_are_applied(edit: SetField) -> None:
    edited, misfits = edits.edited(_manifest(), _changes(edit, SetField(REF, ("spec", "paused"), True)))
    assert [clash.path for clash in misfits] == ["$.traits[0]"]
    assert misfits[0].message.startswith('"t0" cannot edit spec')
    assert edited.body["spec"]["paused"] is True


@pytest.mark.parametrize(
    ("item", "other", "together"),
    [
        (("spec", "replicas"), ("spec", "replicas"), False),
        (("spec",), ("spec", "replicas"), False),
        (("spec", "replicas"), ("spec", "paused"), True),
        ((*CONTAINERS, {"name": "web"}, "image"), (*CONTAINERS, {"name": "log"}, "image"), True),
        ((*CONTAINERS, {"name": "web"}, "image"), (*CONTAINERS, {"name": "web"}, "env"), True),
        ((*CONTAINERS, {"name": "web"}), (*CONTAINERS, {"name": "web"}, "env"), False),
        # a port by its name and by its number may be one port
        (("spec", "ports", {"name": "http"}), ("spec", "ports", {"port": "80"}), False),
        (("spec", "ports", {"port": "80", "protocol": "UDP"}), ("spec", "ports", {"port": "80"}), False),
        (
            ("spec", "ports", {"port": "80", "protocol": "UDP"}),
            ("spec", "ports", {"port": "80", "protocol": "TCP"}),
            True,
        ),
    ],
)
def test_two_edits_of_one_path_clash_in_either_order(item: Path, other: Path, *, together: bool) -> None:
    existing = {REF: _manifest()}
    for first, second in ((item, other), (other, item)):
        clashes = edits.clashes(_changes(SetField(REF, first, "a"), DropField(REF, second)), existing)
        assert (not clashes) is together


def test_a_clash_names_both_types_and_has_the_path_of_the_trait() -> None:
    trait = Change(SetField(REF, ("spec", "replicas"), 1), "scaler", "$.components[0].traits[1]")
    workload = Change(DropField(REF, ("spec", "replicas")), "Server", "$.components[0]")
    clashes = edits.clashes([trait, workload], {REF: _manifest()})
    message = '"scaler" and "Server" both edit spec.replicas of deployment.apps/web; remove one of them'
    assert [(clash.message, clash.path) for clash in clashes] == [(message, "$.components[0].traits[1]")]


def test_an_object_that_the_instance_does_not_have_cannot_be_edited() -> None:
    (clash,) = edits.clashes(_changes(SetField(Ref(DEPLOYMENT, "x"), ("spec",), {})), {REF: _manifest()})
    assert clash.message == '"t0" edits deployment.apps/x, which this instance does not have'


def test_a_path_is_shown_in_the_usual_notation() -> None:
    path = ("spec", "ports", {"port": "80", "protocol": "TCP"}, "name")
    assert edits.show(path) == "spec.ports[port=80,protocol=TCP].name"


KEYS = st.sampled_from("abc")
STEPS = st.one_of(KEYS, st.builds(lambda name: {"name": name}, KEYS))
PATHS = st.lists(STEPS, min_size=1, max_size=4).map(lambda steps: ("spec", *steps))
EDITS = st.lists(
    st.one_of(
        st.builds(lambda path, value: SetField(REF, path, value), PATHS, st.sampled_from([1, {}, {"a": 1}, []])),
        st.builds(lambda path: DropField(REF, path), PATHS),
    ),
    max_size=4,
)


@given(EDITS)
def test_edits_that_do_not_clash_commute(made: list[SetField | DropField]) -> None:
    changes = _changes(*made)
    manifest = _manifest()
    if edits.clashes(changes, {REF: manifest}):
        return
    outcomes = [edits.edited(manifest, order) for order in itertools.permutations(changes)]
    assert all(outcome == outcomes[0] for outcome in outcomes)
