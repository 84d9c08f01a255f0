"""A pod template after all edits, whose open fields may be set in place. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from rudr_py.api import DropField, Path, SetField, get_in
from rudr_py.render import edits

Fields = dict[str, Any]

_OS_LABELS: Final = ("kubernetes.io/os", "beta.kubernetes.io/os")


class TemplateEdits(msgspec.Struct, frozen=True):
    """The edits of the object that contains a template; `place` is the path of the template."""

    place: tuple[str, ...]
    edits: Sequence[SetField | DropField]

    def drops(self, path: Path) -> bool:
        """Whether a type leaves the field at a path in the template to other managers."""
        whole = (*self.place, *path)
        return any(edits.overlap(edit.path, whole) for edit in self.edits if isinstance(edit, DropField))

    def sets(self, path: Path) -> bool:
        """Whether a type sets the field at a path in the template, alone or with the map that contains it."""
        whole = (*self.place, *path)
        paths = (edit.path for edit in self.edits if isinstance(edit, SetField))
        return any(len(path) <= len(whole) and edits.overlap(path, whole) for path in paths)


class PodNode(msgspec.Struct, frozen=True):
    """A map in a template, and its path there."""

    fields: Fields
    path: Path
    edits: TemplateEdits

    def fill(self, defaults: Mapping[str, Any]) -> None:
        """Set those of the fields that are absent and that no type drops."""
        for field, value in defaults.items():
            if self.fields.get(field) is None and not self.edits.drops((*self.path, field)):
                self.fields[field] = value

    def inner(self, field: str) -> PodNode:
        """A map in this map. It is added by `put`, so that none is added that stays empty."""
        value = self.fields.get(field)
        return PodNode(dict(value) if isinstance(value, dict) else {}, (*self.path, field), self.edits)

    def put(self, inner: PodNode) -> None:
        """Store a map that `inner` returned, unless it is empty."""
        if inner.fields:
            self.fields[str(inner.path[-1])] = inner.fields


class Pod(PodNode, frozen=True):
    """The `spec` of a template. `pod_fields` is whether it accepts fields of the pod, not only of containers.

    `os_type` is that of the component.
    """

    pod_fields: bool = True
    os_type: str = ""

    def containers(self) -> Iterator[PodNode]:
        """All containers, init containers and those of traits included."""
        for part in ("initContainers", "containers"):
            for container in get_in(self.fields, part, default=[]):
                if isinstance(container, dict):
                    yield PodNode(container, (*self.path, part, {"name": str(container.get("name"))}), self.edits)

    @property
    def is_windows(self) -> bool:
        """Whether the pod runs on Windows, where the fields of Linux have no effect."""
        selector = get_in(self.fields, "nodeSelector", default={})
        names = (get_in(self.fields, "os", "name", default=""), *(selector.get(label) for label in _OS_LABELS))
        return "windows" in (*names, self.os_type)
