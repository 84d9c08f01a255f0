"""The page docs/settings.md: every field of `Settings` with its default and its docstring.

Makes text; `reference` writes it.
"""

from __future__ import annotations

import msgspec

from rudr_py.settings import Settings
from tests.docs import plugin_api

HEAD = """\
# Settings

Printed from `rudr_py/settings.py` by `make reference`; do not edit it by hand.

What a controller is told, in one value. `rudr run` fills it from its [flags](command-line.md#rudr-run) and their
variables of the environment, the chart from its values. Times are seconds. What no flag sets has this value everywhere.

| setting | default | |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    notes = plugin_api.attribute_notes(Settings)
    rows = [
        f"| `{field.name}` | `{_written(field.default)}` | {plugin_api.cell(notes[field.name])} |"
        for field in msgspec.structs.fields(Settings)
    ]
    return HEAD + "\n".join(rows) + "\n"


def _written(value: object) -> str:
    return '""' if value == "" else str(value)
