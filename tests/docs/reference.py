"""Generates the pages of docs/ that come from the code.

    python -m tests.docs.reference

The pages are not edited by hand; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.docs import (
    commands_page,
    metrics_page,
    plugin_api_page,
    rights_table,
    rules_page,
    settings_page,
    shapes_page,
    trait_sizes_page,
    types_page,
)
from tests.docs.pages import FOLDER

GENERATED: Mapping[str, Callable[[], str]] = {
    "command-line.md": commands_page.page,
    "metrics.md": metrics_page.page,
    "plugin-reference.md": plugin_api_page.page,
    "published-shapes.md": shapes_page.page,
    "rules.md": rules_page.page,
    "security.md": rights_table.page,
    "settings.md": settings_page.page,
    "trait-sizes.md": trait_sizes_page.page,
    "types.md": types_page.page,
}
"""File in docs/ -> its text."""

if __name__ == "__main__":
    for file, text in GENERATED.items():
        (FOLDER / file).write_text(text())
