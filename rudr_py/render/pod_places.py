"""The pod templates of one instance, which its workload type provides and its traits edit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from rudr_py.api import PodTemplatePlace, Trait, mappings_in
from rudr_py.api.component import Component
from rudr_py.api.types import Capability
from rudr_py.catalog import Offer
from rudr_py.errors import Problem

POD_TEMPLATE: Final[Capability] = "pod-template"


def edits_pods(offer: Offer[Trait[Any]]) -> bool:
    """Whether a trait edits pod templates."""
    return POD_TEMPLATE in offer.type.requires


def without_effect(offer: Offer[Trait[Any]], results: Collection[object], path: str) -> tuple[Problem, ...]:
    """The problem of a trait for pod templates that returned no edit and no object."""
    if results or not edits_pods(offer):
        return ()
    message = f'the trait "{offer.name}" has no effect with these properties; set one of them, or remove the trait'
    return (Problem(message, path, rule="TR-8"),)


def unmounted(component: Component, places: Iterable[PodTemplatePlace]) -> Iterator[str]:
    """A warning for each volume of the component that no container of the pod templates mounts."""
    mounted = {
        mount.get("name")
        for place in places
        for container in mappings_in(place.template, "spec", "containers")
        for mount in mappings_in(container, "volumeMounts")
    }
    names = (volume.name for container in component.containers for volume in container.resources.volumes)
    for name in dict.fromkeys(names):
        if name not in mounted:
            yield f'no container mounts the volume "{name}" of the component; its workload type ignores volumes'
