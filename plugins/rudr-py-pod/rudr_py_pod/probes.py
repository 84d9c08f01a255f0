"""probes: probes of a container, with those that a component cannot express."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, Problem, SetField, TraitContext, reject
from rudr_py_pod import forms
from rudr_py_pod.forms import Containers, Probe


class ProbesProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Probes of the containers; a probe replaces that of the component."""

    startup: Annotated[
        Probe | None,
        msgspec.Meta(description="Other probes begin when it succeeds.", examples=[{"httpGet": {"port": 8080}}]),
    ] = None
    liveness: Annotated[Probe | None, msgspec.Meta(description="The container restarts when it fails.")] = None
    readiness: Annotated[Probe | None, msgspec.Meta(description="Requests come while it succeeds.")] = None
    containers: Containers = ()


class Probes(PodTrait[ProbesProperties]):
    """Sets probes of containers, such as the start-up probe of a slow program."""

    name = "probes"
    properties = ProbesProperties

    def edits(self, ctx: TraitContext[ProbesProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """An edit for each probe of each container."""
        listed = {name: getattr(ctx.properties, name) for name in ("startup", "liveness", "readiness")}
        probes = {name: probe for name, probe in listed.items() if probe is not None}
        problems = [
            Problem("needs exactly one of httpGet, tcpPort, grpcPort and command", path=f"$.{name}")
            for name, probe in probes.items()
            if len(forms.handlers(probe)) != 1
        ]
        problems += [
            Problem(f"must be 1 for a {name} probe", path=f"$.{name}.successThreshold")
            for name, probe in probes.items()
            if name != "readiness" and probe.success_threshold != 1
        ]
        reject(problems)
        for container in place.selected(ctx.properties.containers):
            for name, probe in probes.items():
                yield place.edit_container(container, (f"{name}Probe",), forms.rendered_probe(probe))
