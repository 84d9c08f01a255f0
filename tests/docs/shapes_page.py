"""The page docs/published-shapes.md: the table of old shapes, by release, each with the ID of its tests.

`reference` writes the page.
"""

from __future__ import annotations

from rudr_py.model.shapes.releases import RELEASES
from rudr_py.model.shapes.shape import Shape
from rudr_py.model.shapes.table import SHAPES

HEAD = """\
# Published shapes

Generated from the table of shapes by `make reference`; do not edit it by hand.

Documents for Rudr were published in several spellings: for its releases, for its predecessor Hydra, and as examples of
the specification. All of them are accepted or named:

- **read**: the document means the same as in today's spelling, and a warning names what to write. The CRDs accept it,
  so `kubectl apply` does, too. Two spellings of one field with different values are an error.
- **refused**: an error names what to write.
- **ignored**: no release read the field, and a warning states it.

[`rudr convert`](command-line.md#rudr-convert) rewrites all of them, and keeps comments and order. The ID of a row is
the parameter of its tests in [tests/model/shapes](../tests/model/shapes/test_table.py), which read the shape, and in
[tests/cli/commands/convert](../tests/cli/commands/convert/test_conversion.py), which convert it:
`python -m pytest tests/model/shapes tests/cli/commands/convert -k component-name`.
"""


def page() -> str:
    """The text of the page."""
    parts = [HEAD]
    for release in RELEASES:
        title = release[0].upper() + release[1:]
        parts += [f"## {title}\n", "| ID | place | published | today | |", "|---|---|---|---|---|"]
        parts += [_row(shape) for shape in SHAPES if shape.release == release]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _row(shape: Shape) -> str:
    kinds = ", ".join(shape.kinds) or "every kind"
    place = f"{kinds}: `{shape.where}`" if shape.where else kinds
    return f"| {shape.id} | {place} | {shape.old} | {shape.today} | {shape.reading} |"
