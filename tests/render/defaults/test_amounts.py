"""Default requests and limits: only what documents and traits leave open, and never a request above its limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import DropField, PodTemplatePlace
from rudr_py.settings import PlatformDefaults

SpecOf = Callable[..., dict[str, Any]]
USUAL = {"cpu": "0.1", "memory": "128Mi"}
"""The requests of a component that requests nothing."""


def resources(pod: dict[str, Any], name: str = "web") -> dict[str, Any]:
    """The resources of a container."""
    found: dict[str, Any] = next(one for one in pod["containers"] if one["name"] == name)["resources"]
    return found


def requested(**amounts: Any) -> dict[str, Any]:
    """The fields of a container that requests these amounts."""
    return {"resources": {name: {"required": amount} for name, amount in amounts.items()}}


def test_without_defaults_a_container_has_the_requests_of_rudr(spec: SpecOf) -> None:
    assert resources(spec(PlatformDefaults())) == {"requests": USUAL}


def test_defaults_fill_what_the_component_leaves_open(spec: SpecOf) -> None:
    defaults = PlatformDefaults(
        requests={"cpu": "50m", "ephemeral-storage": "1Gi"}, limits={"memory": "256Mi", "ephemeral-storage": "2Gi"}
    )
    assert resources(spec(defaults, container=requested(memory="64Mi"))) == {
        "requests": {"cpu": "50m", "memory": "64Mi", "ephemeral-storage": "1Gi"},
        "limits": {"memory": "256Mi", "ephemeral-storage": "2Gi"},
    }


def test_an_amount_that_equals_the_default_of_rudr_is_not_open_if_the_document_has_it(spec: SpecOf) -> None:
    defaults = PlatformDefaults(requests={"cpu": "1", "memory": "1Gi"})
    assert resources(spec(defaults, container=requested(cpu=0.1)))["requests"] == {"cpu": "0.1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("container", "request_", "limit"),
    [({}, "100Mi", "100Mi"), (requested(memory="1Gi"), "1Gi", "1Gi")],
    ids=["Rudr's request is lowered to the limit", "the limit is raised to the request of the component"],
)
def test_no_request_is_above_its_limit(spec: SpecOf, container: dict[str, Any], request_: str, limit: str) -> None:
    amounts = resources(spec(PlatformDefaults(limits={"memory": "100Mi"}), container=container))
    assert (amounts["requests"]["memory"], amounts["limits"]) == (request_, {"memory": limit})


def test_amounts_of_traits_win_and_bound_the_defaults(spec: SpecOf) -> None:
    defaults = PlatformDefaults(requests={"cpu": "500m", "memory": "1Gi"}, limits={"cpu": "1", "memory": "2Gi"})

    def edits(place: PodTemplatePlace) -> list[Any]:
        return [
            place.edit_container("web", ("resources", "requests", "cpu"), "0.1"),
            place.edit_container("web", ("resources", "limits", "memory"), "512Mi"),
        ]

    assert resources(spec(defaults, edits)) == {
        "requests": {"cpu": "0.1", "memory": "512Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    }


def test_containers_of_traits_get_defaults(spec: SpecOf) -> None:
    defaults = PlatformDefaults(requests={"cpu": "10m"}, limits={"memory": "64Mi"})
    proxy = {"image": "proxy:1", "resources": {"requests": {"memory": "32Mi"}}}
    pod = spec(defaults, lambda place: [place.edit(("spec", "containers", {"name": "proxy"}), proxy)])
    assert resources(pod, "proxy") == {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}


def test_a_limit_that_a_trait_drops_stays_absent(spec: SpecOf) -> None:
    def edits(place: PodTemplatePlace) -> list[DropField]:
        limit = ("spec", "containers", {"name": "web"}, "resources", "limits", "cpu")
        return [DropField(place.ref, (*place.path, *limit))]

    assert resources(spec(PlatformDefaults(limits={"cpu": "1", "memory": "1Gi"}), edits))["limits"] == {"memory": "1Gi"}
