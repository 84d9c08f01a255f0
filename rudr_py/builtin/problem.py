"""The form of a problem as `InvalidProperties` takes it, and where a ComponentSchematic keeps its containers.

What any ComponentSchematic must be like is checked before a type sees it; the types add what only they know.
"""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.api.component import Component, Container


def containers(component: Component) -> Iterator[tuple[str, Container]]:
    """Each container with its JSON path in the ComponentSchematic."""
    for index, container in enumerate(component.containers):
        yield f"$.spec.containers[{index}]", container
