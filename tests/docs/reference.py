"""Prints the pages of docs/ that are made from the code.

    python -m tests.docs.reference

They are never edited by hand; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.docs import plugin_api
from tests.docs.pages import FOLDER

GENERATED: Mapping[str, Callable[[], str]] = {
    "plugin-reference.md": plugin_api.page,
}
"""File in docs/ -> its text."""

if __name__ == "__main__":
    for file, text in GENERATED.items():
        (FOLDER / file).write_text(text())
