"""Unit files of systemd and Quadlet as text: sections with keys in the given order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Section = Iterable[tuple[str, str]]


def text(sections: Mapping[str, Section]) -> str:
    """The content of a unit file. Sections without keys are left out; values are written as they are."""
    blocks = []
    for name, keys in sections.items():
        lines = [f"{key}={value}" for key, value in keys]
        if lines:
            blocks.append("\n".join([f"[{name}]", *lines, ""]))
    return "\n".join(blocks)
