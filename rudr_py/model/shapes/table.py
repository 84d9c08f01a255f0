"""The table of old shapes: every published spelling that differs from today's, with the release that it belongs to.

`parse` reads the shapes of the table, `rudr convert` rewrites them, and docs/published-shapes.md prints it. The order
matters: a function sees the result of those before it, and shapes at one place are next to each other.
"""

from __future__ import annotations

from typing import Final

from rudr_py.model.shapes import application, component, definition, hydra

SHAPES: Final = tuple(
    shape
    for table in (
        hydra.ENVELOPE,
        application.APPLICATIONS,
        component.COMPONENTS,
        definition.TRAITS,
        definition.WORKLOADS,
        definition.SCOPES,
    )
    for shape in table.rows
)
"""Every row."""
