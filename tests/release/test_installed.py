"""Wheels installed in a separate environment: commands run, plugins load, and a type checker reads the types.

Dependencies come from this environment, so nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import sysconfig
from pathlib import Path

import pytest

from tests import own_packages
from tests.release import building
from tests.release.building import PLUGINS, Built

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="needs pip in this environment")

TYPED = """
from rudr_py import api
from rudr_py_cronhpa import rudr_register_types

reveal_type(api.Scale.exact(2))
reveal_type(rudr_register_types)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, all_built: dict[str, Built]) -> Path:
    """The folder of programs of a virtual environment with all wheels."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    building.run(sys.executable, "-m", "venv", "--without-pip", folder)
    wheels = [built.wheel for built in all_built.values()]
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", folder / "bin" / "python")
    building.run(*pip, "install", "--no-deps", "--no-index", *wheels)
    # the dependencies, without editable installations: path files in there are not read
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "needed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin"


def test_the_commands_run_from_anywhere(environment: Path, tmp_path: Path) -> None:
    assert "rudr-py" in building.run(environment / "rudr", "version", cwd=tmp_path)
    assert "kubectl rudr" in building.run(environment / "kubectl-rudr", "--help", cwd=tmp_path)


def test_the_installed_package_is_imported(environment: Path, tmp_path: Path) -> None:
    program = "import rudr_py, pathlib; print(pathlib.Path(rudr_py.__file__).parent)"
    location = Path(building.run(environment / "python", "-c", program, cwd=tmp_path).strip())
    assert location.is_relative_to(environment.parent)
    assert len(list((location / "crds").iterdir())) == 7
    assert (location / "examples" / "shop.yaml").exists()


def test_the_installed_plugins_are_loaded(environment: Path, tmp_path: Path) -> None:
    listed = json.loads(building.run(environment / "rudr", "plugins", "-o", "json", cwd=tmp_path))
    loaded = {plugin["package"] for plugin in listed["items"] if plugin["state"] == "loaded"}
    assert {source.name for source in PLUGINS if source in own_packages.FOLDERS} <= loaded


def test_an_example_of_the_wheel_renders(environment: Path, tmp_path: Path) -> None:
    (examples,) = environment.parent.glob("lib/python*/site-packages/rudr_py/examples")
    output = building.run(environment / "rudr", "render", "-f", examples, cwd=tmp_path)
    assert "kind: Deployment" in output


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")
@pytest.mark.slow
def test_a_type_checker_sees_the_types_of_the_wheel(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "typed.py").write_text(TYPED)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", environment / "python")
    output = building.run(*mypy, "--cache-dir", tmp_path / "cache", "typed.py", cwd=tmp_path)
    assert 'Revealed type is "rudr_py.api.values.Scale"' in output
    assert "rudr_py.api.types" in output.splitlines()[1]
    assert "Success" in output
