"""The trait volume-mounter: claims, and volumes without a claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import InvalidProperties, Manifest, Ref, TraitContext
from rudr_py.api.component import Component
from rudr_py.builtin import kinds
from rudr_py.builtin.traits.volume_mounter import VolumeMounter, VolumeMounterProperties

Render = Callable[..., tuple[Manifest, ...]]
FAST = {"volumeName": "data", "storageClass": "fast"}


@pytest.fixture
def render(component: Callable[..., Component], context: Callable[..., TraitContext[Any]]) -> Render:
    """The claims for a component whose containers have these volumes, one each."""

    def make(
        given: dict[str, Any], *volumes: dict[str, Any], existing: dict[str, Any] | None = None
    ) -> tuple[Manifest, ...]:
        containers = [
            {
                "name": f"c{index}",
                "image": "example:1",
                "resources": {"volumes": [{"name": "data", "mountPath": "/data", **volume}]},
            }
            for index, volume in enumerate(volumes)
        ]
        ctx = context(VolumeMounter(), component(*containers), given, _read=lambda _: existing)
        return VolumeMounter().render(ctx).add

    return make


def test_a_claim_is_named_by_its_instance_and_its_volume_in_the_components_spelling(render: Render) -> None:
    (claim,) = render({**FAST, "volumeName": "DATA"}, {"disk": {"required": "1Gi"}})
    assert claim.name == "web-data"
    assert claim.body["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "fast",
    }
    assert claim.labels == {
        "app": "store",
        "component-name": "shop-v1",
        "instance-name": "web",
        "trait": "volume-mounter",
    }


@pytest.mark.parametrize(
    ("volumes", "mode"),
    [
        ([{}], "ReadWriteOnce"),
        ([{"accessMode": "RO"}], "ReadOnlyMany"),
        ([{"sharingPolicy": "Shared"}], "ReadWriteMany"),
        ([{"accessMode": "RO", "sharingPolicy": "Shared"}], "ReadOnlyMany"),
        ([{"accessMode": "RO"}, {"accessMode": "RW"}], "ReadWriteOnce"),
    ],
)
def test_the_access_mode_follows_all_uses_of_the_volume(
    volumes: list[dict[str, Any]], mode: str, render: Render
) -> None:
    (claim,) = render(FAST, *volumes)
    assert claim.body["spec"]["accessModes"] == [mode]


def test_a_volume_without_a_disk_gets_rudrs_size(render: Render) -> None:
    (claim,) = render(FAST, {})
    assert claim.body["spec"]["resources"]["requests"]["storage"] == "200M"


def test_an_empty_storage_class_stays_empty_because_it_means_none(render: Render) -> None:
    (claim,) = render({**FAST, "storageClass": ""}, {})
    assert claim.body["spec"]["storageClassName"] == ""


def test_claims_are_retained_unless_reclaim_is_delete(render: Render) -> None:
    (kept,) = render(FAST, {})
    (ended,) = render({**FAST, "reclaim": "delete"}, {})
    assert (kept.retain, kept.delete_with_application) == (True, False)
    assert (ended.retain, ended.delete_with_application) == (False, True)


def test_an_ephemeral_volume_has_no_claim(render: Render) -> None:
    with pytest.raises(InvalidProperties, match="ephemeral"):
        render(FAST, {"disk": {"required": "1Gi", "ephemeral": True}})


def test_an_unknown_volume_is_rejected_with_the_volumes_of_the_component(render: Render) -> None:
    with pytest.raises(InvalidProperties, match="it has data"):
        render({**FAST, "volumeName": "dat"}, {})


def test_further_volumes_get_claims_of_their_own(render: Render) -> None:
    more = {"volumes": [{"volumeName": "media", "storageClass": "slow", "reclaim": "delete"}]}
    first, second = render({**FAST, **more}, {}, {"name": "media"})
    assert (first.name, first.retain) == ("web-data", True)
    assert (second.name, second.retain) == ("web-media", False)
    assert second.body["spec"]["storageClassName"] == "slow"


def test_a_duplicate_volume_is_rejected(render: Render) -> None:
    with pytest.raises(InvalidProperties) as refused:
        render({**FAST, "volumes": [{"volumeName": "Data", "storageClass": "slow"}]}, {})
    assert refused.value.problems[0].path == "$.volumes[0].volumeName"


def test_an_instance_may_list_the_trait_for_each_of_its_volumes() -> None:
    assert VolumeMounter.repeatable


EXISTING: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "archive"},
    "spec": {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "7Gi"}},
        "storageClassName": "slow",
        "volumeName": "pv-1",
    },
}


def test_an_existing_claim_is_not_rendered_unless_it_is_taken_over(render: Render) -> None:
    used = {"volumeName": "data", "claimName": "archive"}
    assert render(used, {}, existing=EXISTING) == ()
    (taken,) = render({**used, "adopt": True, "storageClass": "fast", "reclaim": "delete"}, {}, existing=EXISTING)
    assert (taken.name, taken.adopt, taken.delete_with_application) == ("archive", True, True)
    assert taken.labels["instance-name"] == "web"
    assert taken.annotations == {"rudr.oam.dev/volume": "data"}
    expected = {key: value for key, value in EXISTING["spec"].items() if key != "volumeName"}
    assert taken.body["spec"] == expected


def test_a_claim_to_take_over_is_not_created(render: Render) -> None:
    assert render({"volumeName": "data", "claimName": "archive", "adopt": True}, {}) == ()


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({}, "$"),
        ({"adopt": True, "storageClass": "fast"}, "$.adopt"),
        ({"claimName": "archive", "reclaim": "delete"}, "$.reclaim"),
        ({"claimName": "a" * 64, "adopt": True}, "$.claimName"),
    ],
)
def test_properties_of_a_claim_that_contradict_each_other_are_rejected(
    render: Render, properties: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidProperties) as refused:
        render({"volumeName": "data", **properties}, {})
    assert [problem.path for problem in refused.value.problems] == [path]


@pytest.mark.parametrize(
    ("properties", "names"),
    [
        ({"reclaim": "delete"}, {"data", "web-data"}),
        ({"reclaim": "retain"}, set()),
        ({"claimName": "archive"}, set()),
        ({"claimName": "archive", "adopt": True, "reclaim": "delete"}, {"archive"}),
    ],
)
def test_the_claims_that_are_deleted_with_the_application(properties: dict[str, Any], names: set[str]) -> None:
    trait = VolumeMounter()
    loaded = msgspec.convert({**FAST, **properties}, VolumeMounterProperties)
    candidates = ("data", "web-data", "archive", "other")
    assert {name for name in candidates if trait.is_reclaimed(loaded, "web", Ref(kinds.CLAIM, name))} == names
