"""The containers of a ComponentSchematic with their JSON paths, for problems that types report.

The core checks every ComponentSchematic before a type is called; types add the checks that only they can do.
"""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.api.component import Component, Container


def with_paths(component: Component) -> Iterator[tuple[str, Container]]:
    """Return each container after its JSON path in the ComponentSchematic."""
    for index, container in enumerate(component.containers):
        yield f"$.spec.containers[{index}]", container
