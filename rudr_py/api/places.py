"""The places of pod templates in the objects of a workload type, and edits inside them.

Traits that edit pods use them instead of paths of a Deployment, so they also work on types whose templates are in other
kinds of objects, or deeper in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from rudr_py.api.fields import get_in, mappings_in
from rudr_py.api.values import EMPTY, InvalidProperties, Json, Manifest, Path, Ref, SetField
from rudr_py.errors import Problem
from rudr_py.model import suggest
from rudr_py.model.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, REPLICA_SET, STATEFUL_SET, Kind

ContainerList = Literal["containers", "initContainers"]

_TEMPLATE: Final = ("spec", "template")

_BUILT_IN: Final[Mapping[Kind, tuple[str, ...]]] = {
    **dict.fromkeys((DAEMON_SET, DEPLOYMENT, JOB, REPLICA_SET, STATEFUL_SET), _TEMPLATE),
    CRON_JOB: ("spec", "jobTemplate", "spec", "template"),
}
"""The path of the pod template in the objects of Kubernetes that have one."""

_LISTED: Final = 10
"""The most containers that the message about an unknown one lists."""


class PodTemplatePlace(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a pod template: the object `ref`, and the keys that lead to the template in its body.

    `template` is the template as the workload type rendered it: the maps `metadata` and `spec`, without requests that
    the defaults of the platform decide. `pod_fields` is whether
    the kind accepts fields of the pod beside those of its containers, such as `spec.securityContext`; without them, the
    defaults of the platform set only fields of containers.

    Guarantees: in `ctx.pod_templates`, the object exists and contains a template at `path`.
    Assumptions: a trait reads `template` to name containers or ports, and changes it only by the edits of this class.
    Errors: `edit_container` and `selected` reject containers that the template does not have.
    """

    ref: Ref
    path: tuple[str, ...] = _TEMPLATE
    template: Mapping[str, Any] = EMPTY
    pod_fields: bool = True

    @property
    def containers(self) -> tuple[str, ...]:
        """The names of the containers of the workload type, without init containers."""
        return tuple(str(entry.get("name", "")) for entry in mappings_in(self.template, "spec", "containers"))

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the pods, as the workload type rendered them."""
        return get_in(self.template, "metadata", "labels", default=EMPTY)

    def container(self, name: str) -> Mapping[str, Any]:
        """The container of this name, as the workload type rendered it; empty if the template has none."""
        entries = mappings_in(self.template, "spec", "containers")
        return next((entry for entry in entries if entry.get("name") == name), EMPTY)

    def selected(self, names: Sequence[str] | Mapping[str, Any], path: str = "$.containers") -> tuple[str, ...]:
        """The containers of these names; all containers if there are no names.

        Raises InvalidProperties for names of containers that do not exist; `path` is that of the list of names, or of
        the map with the names as keys.
        """
        containers, keyed = self.containers, isinstance(names, Mapping)
        problems = [
            Problem(self._absence(name, containers), path=f"{path}.{name}" if keyed else f"{path}[{index}]")
            for index, name in enumerate(names)
            if name not in containers
        ]
        if problems:
            raise InvalidProperties(*problems)
        return tuple(dict.fromkeys(names)) or containers

    def edit(self, path: Path, value: Json) -> SetField:
        """Set a field of the template: `place.edit(("spec", "serviceAccountName"), "web")`."""
        return SetField(self.ref, (*self.path, *path), value)

    def edit_container(self, name: str, path: Path, value: Json) -> SetField:
        """Set a field of a container: `place.edit_container("web", ("env", {"name": "MODE"}), {"value": "fast"})`.

        Raises InvalidProperties if the template has no container of this name.
        """
        containers = self.containers
        if name not in containers:
            raise InvalidProperties(self._absence(name, containers))
        return self.edit(("spec", "containers", {"name": name}, *path), value)

    def _absence(self, name: str, containers: Sequence[str]) -> str:
        further = [f"{len(containers) - _LISTED} more"] if len(containers) > _LISTED else []
        listed = ", ".join((*containers[:_LISTED], *further)) or "none"
        near = suggest.similar(name, containers)
        hint = f'did you mean "{near}"?' if near else f"it has {listed}"
        return f'{self.ref} has no container "{name}"; {hint}'


def template_path(kind: Kind) -> tuple[str, ...]:
    """The path of the pod template in objects of a kind of Kubernetes; empty for a kind without one."""
    return _BUILT_IN.get(kind, ())


def built_in(manifests: Sequence[Manifest]) -> Iterator[PodTemplatePlace]:
    """The places in those objects whose kind is one of Kubernetes with a pod template, also in a deeper place."""
    for manifest in manifests:
        if path := template_path(manifest.kind):
            yield PodTemplatePlace(ref=manifest.ref, path=path)


def filled(place: PodTemplatePlace, manifests: Sequence[Manifest]) -> PodTemplatePlace | None:
    """The place with the template of its object; None if there is no such object, or no template in this place."""
    body = next((manifest.body for manifest in manifests if manifest.ref == place.ref), EMPTY)
    template = get_in(body, *place.path, default=EMPTY)
    if not mappings_in(template, "spec", "containers"):
        return None
    return msgspec.structs.replace(place, template=template)
