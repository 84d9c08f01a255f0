"""lifecycle: what happens after the start and before the end of containers, and the time they have to end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, Problem, SetField, TraitContext, reject
from rudr_py.api.forms import Positive, Seconds
from rudr_py_pod.forms import Containers, HttpGet


class Handler(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Exactly one of a command, a GET request and a pause. The pause needs Kubernetes 1.30."""

    command: Annotated[tuple[str, ...], msgspec.Meta(description="A command in the container.")] = ()
    http_get: Annotated[HttpGet | None, msgspec.Meta(description="A GET request to the container.")] = None
    sleep_seconds: Annotated[Positive | None, msgspec.Meta(description="A pause in seconds (Kubernetes 1.30).")] = None

    def handlers(self) -> list[dict[str, Any]]:
        """The handlers in the form of Kubernetes; a valid one has exactly one."""
        listed: list[dict[str, Any]] = []
        if self.command:
            listed.append({"exec": {"command": list(self.command)}})
        if self.http_get is not None:
            request = {"path": self.http_get.path, "port": self.http_get.port, "scheme": self.http_get.scheme}
            listed.append({"httpGet": request})
        if self.sleep_seconds is not None:
            listed.append({"sleep": {"seconds": self.sleep_seconds}})
        return listed


class LifecycleProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Handlers of containers, and the grace period of the pods."""

    pre_stop: Annotated[
        Handler | None, msgspec.Meta(description="Runs before the container gets the signal to end.")
    ] = None
    post_start: Annotated[Handler | None, msgspec.Meta(description="Runs after the container has started.")] = None
    grace_period: Annotated[
        Seconds | None, msgspec.Meta(description="Seconds until the containers are killed.", examples=[60])
    ] = None
    containers: Containers = ()


class Lifecycle(PodTrait[LifecycleProperties]):
    """Lets containers finish their requests before they end."""

    name = "lifecycle"
    properties = LifecycleProperties

    def edits(self, ctx: TraitContext[LifecycleProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """Edits of the containers and of the grace period."""
        listed = {"preStop": ctx.properties.pre_stop, "postStart": ctx.properties.post_start}
        handlers = {field: handler.handlers() for field, handler in listed.items() if handler is not None}
        reject(
            Problem("needs exactly one of command, httpGet and sleepSeconds", path=f"$.{field}")
            for field, choices in handlers.items()
            if len(choices) != 1
        )
        for name in place.selected(ctx.properties.containers):
            for field, choices in handlers.items():
                yield place.edit_container(name, ("lifecycle", field), choices[0])
        if ctx.properties.grace_period is not None:
            yield place.edit(("spec", "terminationGracePeriodSeconds"), ctx.properties.grace_period)
