"""resources: the resource requests and limits of containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from rudr_py.api import InvalidProperties, PodTemplatePlace, PodTrait, SetField, TraitContext, forms, get_in
from rudr_py.api.forms import Quantity, ResourceName
from rudr_py_pod.forms import ContainerName


class Amounts(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Requests and limits by the name of a resource: cpu, memory, ephemeral-storage, example.com/dongle."""

    requests: Annotated[dict[ResourceName, Quantity], msgspec.Meta(description="The resource requests.")] = {}
    limits: Annotated[
        dict[ResourceName, Quantity], msgspec.Meta(description="The resource limits.", examples=[{"memory": "128Mi"}])
    ] = {}


class ResourcesProperties(Amounts, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Amounts for all containers; `byContainer` takes precedence for single ones."""

    by_container: Annotated[
        dict[ContainerName, Amounts], msgspec.Meta(description="Amounts by the name of a container.")
    ] = msgspec.field(default_factory=dict)


class Resources(PodTrait[ResourcesProperties]):
    """Sets requests and limits; amounts that it does not set stay as the component declares them."""

    name = "resources"
    properties = ResourcesProperties

    def edits(self, ctx: TraitContext[ResourcesProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """An edit for each amount of each container. Raises InvalidProperties for a limit below the request."""
        properties = ctx.properties
        place.selected(properties.by_container, "$.byContainer")
        for name in place.containers:
            own = properties.by_container.get(name, Amounts())
            requests, limits = {**properties.requests, **own.requests}, {**properties.limits, **own.limits}
            declared = get_in(place.container(name), "resources", default={})
            requested = {**get_in(declared, "requests", default={}), **requests}
            for resource, limit in {**get_in(declared, "limits", default={}), **limits}.items():
                request = requested.get(resource, 0)
                if forms.amount(request) > forms.amount(limit):
                    message = f"the limit {limit} of {resource} is below the request {request}"
                    raise InvalidProperties(message, path=f"$.byContainer.{name}" if own.limits else "$.limits")
            for kind, amounts in (("requests", requests), ("limits", limits)):
                for resource, value in sorted(amounts.items()):
                    yield place.edit_container(name, ("resources", kind, resource), forms.quantity(value))
