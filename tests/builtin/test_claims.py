"""The names of claims, as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Attached, InvalidProperties, WorkloadContext, claims
from rudr_py.api.component import Component
from rudr_py.builtin.workloads.replicated import Worker

Document = dict[str, Any]
VOLUME = {"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Exclusive"}
MAIN = {"name": "main", "image": "example:1", "resources": {"volumes": [VOLUME]}}


def claim(name: str, **annotations: str) -> Document:
    """A claim of the instance."""
    metadata = {"name": name, "annotations": {f"rudr.oam.dev/{key}": value for key, value in annotations.items()}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}


def mounter(**properties: Any) -> Attached:
    return Attached("volume-mounter", {"volumeName": "Data", "storageClass": "fast", **properties})


@pytest.fixture(name="mounted")
def _mounted(component: Callable[..., Component], context: Callable[..., WorkloadContext[Any]]) -> Callable[..., str]:
    """The claim that the instance `web` mounts for the volume `data`."""

    def mounted(*traits: Attached, observed: tuple[Document, ...] = ()) -> str:
        return claims.InstanceClaims(context(Worker(), component(MAIN), traits=traits, observed=observed)).mounted_name(
            "data"
        )

    return mounted


@pytest.mark.parametrize(
    ("existing", "with_trait", "without_trait"),
    [
        ((), "web-data", "data"),
        (("web-data",), "web-data", "web-data"),
        (("data",), "data", "data"),
        (("data", "web-data"), "data", "data"),
        (("other",), "web-data", "data"),
    ],
)
def test_a_claim_of_the_instance_keeps_its_name_and_a_new_one_is_named_for_the_instance(
    mounted: Callable[..., str], existing: tuple[str, ...], with_trait: str, without_trait: str
) -> None:
    observed = tuple(map(claim, existing))
    assert mounted(mounter(), observed=observed) == with_trait
    assert mounted(observed=observed) == without_trait


@pytest.mark.parametrize("observed", [(), (claim("data"), claim("web-data"))])
def test_the_claim_that_the_trait_names_is_mounted(mounted: Callable[..., str], observed: tuple[Document, ...]) -> None:
    assert mounted(mounter(claimName="archive"), observed=observed) == "archive"
    assert mounted(mounter(volumeName="x", volumes=[{"volumeName": "data", "claimName": "a"}])) == "a"


def test_the_claim_of_another_volume_is_not_mounted_twice(mounted: Callable[..., str]) -> None:
    other = {"volumeName": "media", "claimName": "data"}
    assert mounted(mounter(volumes=[other]), observed=(claim("data"),)) == "web-data"


def test_names_of_claims_differ_for_different_instances_and_volumes() -> None:
    pairs = [("a", "b-c"), ("a-b", "c"), ("a", "b"), ("a-b", "b-c"), ("a" * 60, "b"), ("a" * 60, "c")]
    assert len({claims.new_name(*pair) for pair in pairs}) == len(pairs)


def test_a_claim_that_was_taken_over_is_mounted_before_all_other_ones(mounted: Callable[..., str]) -> None:
    observed = (claim("data"), claim("web-data"), claim("archive", volume="data"), claim("films", volume="media"))
    assert mounted(mounter(), observed=observed) == "archive"
    assert mounted(mounter(claimName="data"), observed=observed) == "data"


def test_several_claims_that_were_taken_over_for_one_volume_are_a_problem(
    component: Callable[..., Component], context: Callable[..., WorkloadContext[Any]]
) -> None:
    observed = (claim("films", volume="data"), claim("archive", volume="data"))
    ctx = context(Worker(), component(MAIN), observed=observed)
    with pytest.raises(InvalidProperties) as refused:
        Worker().render(ctx)
    (problem,) = refused.value.problems
    assert problem.path == "$.spec.containers[0].resources.volumes[0].name"
    assert "archive, films" in problem.message
    chosen = msgspec.structs.replace(ctx, traits=(mounter(claimName="films"),))
    assert Worker().render(chosen).add
