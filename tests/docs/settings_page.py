"""The page docs/settings.md: every field of `Settings` with its default and its docstring.

Makes text; `reference` writes it.
"""

from __future__ import annotations

import msgspec

from rudr_py.settings import LeaderElection, Settings
from tests.docs import plugin_api_page

HEAD = """\
# Settings

Printed from `rudr_py/settings.py` by `make reference`; do not edit it by hand.

What a controller is told, in one value. `rudr run` fills it from its [flags](command-line.md#rudr-run) and their
variables of the environment, the chart from its values. Times are seconds. What no flag sets has this value everywhere.

| setting | default | |
|---|---|---|
"""


ELECTION = """
## Leader election

`leader_election` is None without `--leader-elect`; else it has these.

| setting | default | |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return HEAD + _table(Settings) + ELECTION + _table(LeaderElection)


def _table(struct: type[msgspec.Struct]) -> str:
    notes = plugin_api_page.attribute_notes(struct)
    return "".join(
        f"| `{field.name}` | {_written(field)} | {plugin_api_page.cell(notes[field.name])} |\n"
        for field in msgspec.structs.fields(struct)
    )


def _written(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "*must be given*"
    return '`""`' if field.default == "" else f"`{field.default}`"
