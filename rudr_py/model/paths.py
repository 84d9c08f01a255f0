"""JSON paths as text: `$.spec.components[0].traits[1].name`.

One notation for problems, positions in files and conditions. Nothing here reads a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

ROOT = "$"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LAST_STEP = re.compile(r"""(\.[A-Za-z_][A-Za-z0-9_-]*|\[\d+\]|\["(?:[^"\\]|\\.)*"\])\Z""", re.DOTALL)
_COMPONENT = re.compile(r"\$\.spec\.components\[(\d+)\]")


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


def parent(path: str) -> str:
    """`path` without its last step; the root is its own parent."""
    match = _LAST_STEP.search(path)
    return path[: match.start()] if match else ROOT


def below(path: str, ancestor: str) -> bool:
    """Whether `path` is `ancestor` or lies in it."""
    return path.startswith(ancestor) and path[len(ancestor) :][:1] in ("", ".", "[")


def component_index(path: str) -> int | None:
    """The index of the entry of `$.spec.components` in which `path` lies; None outside of them."""
    match = _COMPONENT.match(path)
    return int(match[1]) if match else None


def original(path: str, origins: Mapping[str, str]) -> str:
    """The path before values were moved; `origins` leads from the new path of a value to the one before."""
    longest = ""
    for outer in enclosing(path) if origins else ():
        if outer in origins:
            longest = outer
    return f"{origins[longest]}{path[len(longest) :]}" if longest else path


def enclosing(path: str) -> Iterator[str]:
    """The paths of all values around the one at `path`, and `path` itself, among texts that are no path of a value."""
    for index, character in enumerate(path):
        if character in ".[":
            yield path[:index]
    yield path
