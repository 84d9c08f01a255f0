"""The code of the README works, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rudr_py.cli.program import COMMANDS
from rudr_py.plugins import loading
from rudr_py.plugins.entry_points import InstalledPlugin, standard

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_trait_of_the_readme_loads_as_a_plugin() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - the code is the README's own

    class Module:
        rudr_register_types = staticmethod(names["rudr_register_types"])

    plugin = InstalledPlugin(name="readme", package="readme", version="1", load=lambda: Module)
    loaded = loading.load([plugin], standard())
    assert not loaded.refused
    assert "disruption-budget" in loaded.catalog.traits


def test_the_commands_of_the_readme_exist() -> None:
    called = set(re.findall(r"`?rudr (\w+)", README)) - {"rudr"}
    assert called <= set(COMMANDS) | {"plugin"}
    targets = set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for target in targets)
