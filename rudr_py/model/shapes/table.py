"""The table of old shapes: every published spelling that differs from today's, with the release that it belongs to.

`parse` reads the shapes of the table, `rudr convert` rewrites them, and docs/published-shapes.md prints it. The order
matters: a function sees the result of those before it, and shapes at one place are next to each other.
"""

from __future__ import annotations

from typing import Final

from rudr_py.model.shapes.application_rows import APPLICATIONS, ENVELOPE
from rudr_py.model.shapes.component_rows import COMPONENTS
from rudr_py.model.shapes.definition_rows import DEFINITIONS

SHAPES: Final = (*ENVELOPE, *APPLICATIONS, *COMPONENTS, *DEFINITIONS)
"""Every row."""
