"""JSON paths as text: `$.spec.components[0].traits[1].name`.

One notation for problems, positions in files and conditions. Nothing here reads a document.
"""

from __future__ import annotations

import re

ROOT = "$"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def child(path: str, *steps: str | int) -> str:
    """`path` extended by keys (text) and indices (int).

    A key that is not a plain word is quoted, so that `$.metadata.labels["a.b/c"]` stays one step.
    """
    parts = [path]
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN.fullmatch(step):
            parts.append(f".{step}")
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'["{escaped}"]')
    return "".join(parts)
