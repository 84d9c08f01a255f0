"""A plugin package that pip built and installed into a new environment is loaded."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import rudr_py

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "rudr-py-tiny"
version = "0.7"

[project.entry-points."rudr_py.plugins"]
tiny = "rudr_py_tiny"
"""

MODULE = """
from rudr_py.api import Rendered, Trait, hookimpl

class Tiny(Trait):
    name = "tiny"

    def render(self, ctx):
        return Rendered()

@hookimpl
def rudr_register_types():
    return [Tiny()]
"""

PROGRAM = """
import json, sys
from rudr_py.plugins import loading
loaded = loading.installed(only=("tiny",))
state = loaded.plugins[-1]
print(json.dumps([state.package, state.version, state.state, state.types, loaded.catalog.trait("tiny").package]))
"""


def _run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603 - the commands are those below
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(
    any(importlib.util.find_spec(needed) is None for needed in ("pip", "hatchling")),
    reason="needs pip and hatchling in this environment",
)
def test_a_package_installed_by_pip_provides_its_types(tmp_path: Path) -> None:
    source, wheels, environment = (tmp_path / name for name in ("source", "wheels", "venv"))
    (source / "rudr_py_tiny").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "rudr_py_tiny" / "__init__.py").write_text(MODULE)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", wheels, source)
    _run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _run(*pip, "--python", python, "install", "--no-deps", "--no-index", *wheels.iterdir())

    ours = os.pathsep.join([str(Path(rudr_py.__file__).parents[1]), sysconfig.get_path("purelib")])
    told = json.loads(_run(python, "-c", PROGRAM, PYTHONPATH=ours))
    assert told == ["rudr-py-tiny", "0.7", "loaded", ["tiny"], "rudr-py-tiny 0.7"]
