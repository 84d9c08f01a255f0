"""Wheels in an environment of their own: the commands run, the types are found, a type checker sees the types.

The packages that ours need are those of this environment, so nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import sysconfig
from pathlib import Path

import pytest

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
    """A virtual environment with all of our wheels; its folder of programs."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    building.run(sys.executable, "-m", "venv", "--without-pip", folder)
    wheels = [built.wheel for built in all_built.values()]
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", folder / "bin" / "python")
    building.run(*pip, "install", "--no-deps", "--no-index", *wheels)
    # the packages that ours need, without what is installed here for editing: a path file is not read in there
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "needed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin"


def test_the_commands_run_from_anywhere(environment: Path, tmp_path: Path) -> None:
    assert "rudr-py" in building.run(environment / "rudr", "version", cwd=tmp_path)
    assert "kubectl rudr" in building.run(environment / "kubectl-rudr", "--help", cwd=tmp_path)


def test_the_package_is_the_installed_one(environment: Path, tmp_path: Path) -> None:
    program = "import rudr_py, pathlib; print(pathlib.Path(rudr_py.__file__).parent)"
    found = Path(building.run(environment / "python", "-c", program, cwd=tmp_path).strip())
    assert found.is_relative_to(environment.parent)
    assert len(list((found / "crds").iterdir())) == 7
    assert (found / "examples" / "shop.yaml").exists()


def test_the_packages_of_ours_offer_their_types(environment: Path, tmp_path: Path) -> None:
    listed = json.loads(building.run(environment / "rudr", "plugins", "-o", "json", cwd=tmp_path))
    found = {plugin["package"] for plugin in listed["items"] if plugin["state"] == "loaded"}
    assert {source.name for source in PLUGINS} <= found


def test_an_example_of_the_wheel_renders(environment: Path, tmp_path: Path) -> None:
    (examples,) = environment.parent.glob("lib/python*/site-packages/rudr_py/examples")
    told = building.run(environment / "rudr", "render", "-f", examples, cwd=tmp_path)
    assert "kind: Deployment" in told


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")
@pytest.mark.slow
def test_a_type_checker_sees_the_types_of_the_wheel(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "typed.py").write_text(TYPED)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", environment / "python")
    told = building.run(*mypy, "--cache-dir", tmp_path / "cache", "typed.py", cwd=tmp_path)
    assert 'Revealed type is "rudr_py.api.values.Scale"' in told
    assert "rudr_py.api.types" in told.splitlines()[1]
    assert "Success" in told
