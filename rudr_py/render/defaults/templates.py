"""Fills the fields of an instance's pod templates that documents and types leave open. Pure.

Changes no field that is set, and sets none that an edit drops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import Manifest, PodTemplatePlace, Ref, get_in, places
from rudr_py.api.component import Component
from rudr_py.render import edits
from rudr_py.render.defaults import amounts, security
from rudr_py.render.defaults.pod import Pod, TemplateEdits
from rudr_py.render.edits import Change
from rudr_py.settings import NO_DEFAULTS, PlatformDefaults


class PodTemplates(msgspec.Struct, frozen=True, kw_only=True):
    """The pod templates of an instance: those that its workload type provides, and those in objects of its traits.

    `of_workload` are the objects of the workload type: of one that provides no templates, pods stay as they are.
    """

    component: Component
    provided: Sequence[PodTemplatePlace]
    of_workload: frozenset[Ref]

    def filled(
        self, manifests: Mapping[Ref, Manifest], changes: Sequence[Change], defaults: PlatformDefaults
    ) -> Mapping[Ref, Manifest]:
        """The manifests with the defaults. `manifests` have all edits, which are `changes`; they are not changed."""
        if defaults == NO_DEFAULTS:
            return manifests
        of_traits = places.built_in([one for ref, one in manifests.items() if ref not in self.of_workload])
        changes_of, result = edits.by_object(changes), dict(manifests)
        for place in (*self.provided, *of_traits):
            body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(result[place.ref].body))
            spec = get_in(body, *place.path, "spec", default={})
            if isinstance(spec, dict) and spec:
                own = TemplateEdits(place.path, [change.edit for change in changes_of.get(place.ref, ())])
                pod = Pod(spec, ("spec",), own, place.pod_fields, self.component.os_type)
                self._fill(pod, defaults)
                result[place.ref] = msgspec.structs.replace(result[place.ref], body=body)
        return result

    def _fill(self, pod: Pod, defaults: PlatformDefaults) -> None:
        unset = {one.name: one.resources.unset for one in self.component.containers}
        for container in pod.containers():
            if defaults.image_pull_policy:
                container.fill({"imagePullPolicy": defaults.image_pull_policy})
            name = str(container.fields.get("name")) if container.path[1] == "containers" else ""
            amounts.fill(container, unset.get(name, ()), defaults)
        if defaults.pod_security == "restricted":
            security.restrict(pod)


def without_open_requests(
    provided: Sequence[PodTemplatePlace], component: Component, defaults: PlatformDefaults
) -> tuple[PodTemplatePlace, ...]:
    """The places as traits get them: without requests that no document sets and that follow the limits of traits."""
    covered = {*defaults.requests, *defaults.limits}
    open_ = {one.name: covered.intersection(one.resources.unset) for one in component.containers}
    if not any(open_.values()):
        return tuple(provided)
    changed = []
    for place in provided:
        template: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(place.template))
        for container in get_in(template, "spec", "containers", default=[]):
            requests = get_in(container, "resources", "requests", default={})
            for name in open_.get(str(container.get("name")), ()):
                if isinstance(requests, dict):
                    requests.pop(name, None)
        changed.append(msgspec.structs.replace(place, template=template))
    return tuple(changed)
