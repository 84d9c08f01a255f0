"""`rudr plugin new` writes a package that passes its own tests and type checks as it is, without being installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import rudr_py
from rudr_py.errors import ConfigError
from rudr_py.plugins import roles, scaffold
from rudr_py.plugins.scaffold import Sort

ROOT = Path(rudr_py.__file__).parents[1]
PLUGIN = ("-p", "rudr_py.testing.plugin")

SORTS: list[tuple[Sort, str]] = [
    ("trait", "pod-budget"),
    ("workload", "example.org/v1.WebApp"),
    ("scope", "teams.example.org/v1alpha1.Team"),
]


def _run(folder: Path, *command: str, code: int = 0, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603 - the commands are those below
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


MOST = 10.0
"""The processor's time that the tests of a new package may take, as a multiple of that for their collection alone.

Collection imports the kit and the package. A test that starts a cluster or another process exceeds the multiple.
"""

OTHERS = ("-p", "no:hypothesispytest")
"""A plugin of pytest that this environment has, and an author's need not have; pytest-asyncio comes with the kit."""


@pytest.mark.parametrize(("sort", "name"), SORTS)
def test_the_generated_package_passes_its_own_tests(sort: Sort, name: str, tmp_path: Path) -> None:
    folder = scaffold.write(sort, name, tmp_path)
    arguments = ("pytest", "-p", "no:cacheprovider", *OTHERS, *PLUGIN, "-W", "error", "-q", "-rs")
    told = _run(folder, *arguments)
    assert "failed" not in told
    assert "not installed: pip install" in told
    collection, whole = (_cpu(folder, *arguments, *more) for more in (("--collect-only",), ()))
    assert whole / collection < MOST


def _cpu(folder: Path, *arguments: str) -> float:
    """The seconds of a processor that a command takes."""
    before = os.times()
    _run(folder, *arguments)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


@pytest.fixture(name="mypy_cache", scope="module")
def _mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The types of rudr_py, which are the same for each package."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize(("sort", "name"), SORTS)
def test_the_package_is_clean_for_type_checkers_and_its_example_renders(
    sort: Sort, name: str, tmp_path: Path, mypy_cache: Path
) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    folder = scaffold.write(sort, name, tmp_path)
    assert "Success" in _run(folder, "mypy", "--cache-dir", str(mypy_cache), MYPYPATH=str(ROOT))
    _check_mistake(folder, mypy_cache)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    ((plugin, module),) = project["entry-points"]["rudr_py.plugins"].items()
    info = tmp_path / "site" / "x-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[rudr_py.plugins]\n{plugin} = {module}\n")
    path = os.pathsep.join((str(ROOT), str(folder), str(info.parent)))
    listed = _run(folder, "rudr_py", "plugins", PYTHONPATH=path)
    assert name in listed
    assert "Loaded" in listed
    assert "kind: " in _run(folder, "rudr_py", "render", "-f", "example.yaml", PYTHONPATH=path)
    role = yaml.safe_load((folder / "rbac.yaml").read_text())
    assert role["metadata"]["labels"] == roles.AGGREGATE
    whole = yaml.safe_load_all(_run(folder, "rudr_py", "rbac", PYTHONPATH=path))
    assert _rights(role) <= _rights(*whole)


def _check_mistake(folder: Path, cache: Path) -> None:
    """The type checker reports the use of properties that do not exist."""
    (module,) = folder.glob("rudr_py_*/__init__.py")
    text = module.read_text()
    module.write_text(text.replace("ctx.properties.", "ctx.properties.no_such_"))
    told = _run(folder, "mypy", "--cache-dir", str(cache), code=1, MYPYPATH=str(ROOT))
    assert 'has no attribute "no_such_' in told
    module.write_text(text)


def _rights(*documents: dict[str, list[dict[str, list[str]]]]) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for document in documents
        for rule in document.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize(
    ("sort", "name"),
    [
        ("trait", "Pod Budget"),
        ("trait", "../up"),
        ("trait", ""),
        ("trait", "a/b"),
        ("workload", "function"),
        ("workload", "core.oam.dev/v1alpha1.Function"),
        ("scope", "example.org/v1.team"),
    ],
)
def test_an_invalid_type_name_is_rejected_and_no_file_is_written(sort: Sort, name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a valid"):
        scaffold.write(sort, name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_never_overwritten(tmp_path: Path) -> None:
    scaffold.write("trait", "pod-budget", tmp_path)
    with pytest.raises(ConfigError, match="exists"):
        scaffold.write("trait", "pod-budget", tmp_path)


def test_the_package_has_a_license_a_ci_workflow_and_a_gitignore(tmp_path: Path) -> None:
    folder = scaffold.write("trait", "pod-budget", tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["license"] in (folder / "LICENSE").read_text().splitlines()[0]
    workflow = yaml.safe_load((folder / ".github/workflows/test.yaml").read_text())
    commands = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    readme = (folder / "README.md").read_text()
    assert [command for command in commands if command not in readme] == []
    assert ".venv/" in (folder / ".gitignore").read_text().splitlines()
