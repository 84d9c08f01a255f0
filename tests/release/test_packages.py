"""Contents and metadata of wheels and sdists."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from rudr_py.model.crd_schemas import crds
from tests import own_packages
from tests.release import building
from tests.release.building import PLUGINS, ROOT, Built

REGISTRIES = re.compile(r"pypi\.|pythonhosted|docker\.io|ghcr\.|quay\.|gcr\.|registry\.")
JUNK = re.compile(r"(^|/)(tests?|docs|bench|charts|golden|__pycache__|\.\w[\w-]*)/|\.pyc$|test_\w+\.py$|conftest\.py$")


def package(source: Path) -> str:
    """The only package of a project."""
    return "rudr_py" if source == ROOT else source.name.replace("-", "_")


def test_a_wheel_has_every_module_of_its_package_and_nothing_else(built: Built, source: Path) -> None:
    folder = source / package(source)
    expected = {path.relative_to(source).as_posix() for path in folder.rglob("*") if path.is_file()}
    expected = {path for path in expected if "__pycache__" not in path}
    if source == ROOT:
        further = [
            *(ROOT / "crds").glob("*.yaml"),
            *(path for path in (ROOT / "examples").rglob("*") if path.is_file()),
        ]
        expected |= {f"rudr_py/{path.relative_to(ROOT).as_posix()}" for path in further}
    assert {name for name in built.in_wheel if ".dist-info/" not in name} == expected


def test_neither_wheel_nor_sdist_has_tests_caches_or_other_projects(built: Built) -> None:
    for names in (built.in_wheel, built.in_sdist):
        assert [name for name in names if JUNK.search(name.replace("rudr_py/testing/", ""))] == []
    assert not [name for name in built.in_sdist if name.startswith(("plugins/", "tests/"))]


def test_types_are_shipped(built: Built, source: Path) -> None:
    for names in (built.in_wheel, built.in_sdist):
        assert f"{package(source)}/py.typed" in names
    assert "Typing :: Typed" in built.metadata.get_all("Classifier", [])


def test_builds_from_the_tree_and_from_the_sdist_are_identical(built: Built, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    for name, content in built.in_sdist.items():
        (unpacked / name).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / name).write_bytes(content)
    first, second = (building.build(unpacked, tmp_path / name) for name in ("first", "second"))
    assert first.wheel.read_bytes() == second.wheel.read_bytes() == built.wheel.read_bytes()
    assert first.sdist.read_bytes() == second.sdist.read_bytes() == built.sdist.read_bytes()


def test_the_definitions_in_the_wheel_are_those_of_the_model(all_built: dict[str, Built]) -> None:
    files = all_built[ROOT.name].in_wheel
    shipped = [yaml.safe_load(text) for name, text in files.items() if name.startswith("rudr_py/crds/")]
    assert len(shipped) == 7
    assert sorted(shipped, key=lambda document: str(document["metadata"]["name"])) == sorted(
        crds.documents(), key=lambda document: str(document["metadata"]["name"])
    )


def test_the_readme_is_the_description_with_its_content_type(built: Built, source: Path) -> None:
    assert built.metadata["Description-Content-Type"] == "text/markdown"
    assert built.info("METADATA").partition("\n\n")[2].strip() == (source / "README.md").read_text().strip()


def test_license_summary_and_python_version_are_in_the_metadata(built: Built) -> None:
    metadata = built.metadata
    assert metadata["License-Expression"] == "Apache-2.0"
    assert built.info("licenses/LICENSE") == (ROOT / "LICENSE").read_text()
    assert "END OF TERMS AND CONDITIONS" in built.info("licenses/LICENSE")
    assert metadata["Requires-Python"] == ">=3.11"
    assert 20 < len(metadata["Summary"]) < 512


def test_no_registry_is_named(built: Built) -> None:
    metadata = built.metadata
    links = [
        *metadata.get_all("Project-URL", []),
        metadata.get("Home-page", ""),
        *metadata.get_all("Requires-Dist", []),
    ]
    assert [link for link in links if REGISTRIES.search(link)] == []


def test_requirements_have_a_lower_bound_and_are_not_direct_links(built: Built) -> None:
    for text in built.metadata.get_all("Requires-Dist", []):
        requirement = Requirement(text)
        assert requirement.url is None
        if requirement.marker is None and requirement.name != "tzdata":
            assert any(specifier.operator == ">=" for specifier in requirement.specifier), text


def test_plugins_accept_the_version_of_the_project(all_built: dict[str, Built]) -> None:
    version = Version(all_built[ROOT.name].metadata["Version"])
    for source in PLUGINS:
        needed = map(Requirement, all_built[source.name].metadata.get_all("Requires-Dist", []))
        for requirement in needed:
            if requirement.name == "rudr-py":
                assert requirement.specifier.contains(version, prereleases=True), f"{source.name}: {requirement}"


def test_entry_points_name_existing_modules(built: Built, source: Path) -> None:
    points = configparser.ConfigParser()
    points.read_string(built.info("entry_points.txt"))
    if source == ROOT:
        assert set(points["console_scripts"]) == {"rudr", "kubectl-rudr", "kubectl_complete-rudr"}
        assert list(points["pytest11"].values()) == ["rudr_py.testing.plugin"]
    else:
        types = list(points["rudr_py.plugins"].values()) if "rudr_py.plugins" in points else []
        assert types == ([package(source)] if source in own_packages.FOLDERS else [])
        assert types or "rudr_py.targets" in points
    files = built.in_wheel
    for group in points.values():
        for place in group.values():
            module = place.partition(":")[0].replace(".", "/")
            assert {f"{module}.py", f"{module}/__init__.py"} & set(files), place


def test_the_extras_are_the_documented_ones(all_built: dict[str, Built]) -> None:
    documented = {"local", "testing", "bench", "dev", "docs"}
    assert set(all_built[ROOT.name].metadata.get_all("Provides-Extra", [])) == documented


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "pyproject.toml", "PKG-INFO"])
def test_an_sdist_has_readme_license_and_metadata(built: Built, name: str) -> None:
    assert name in built.in_sdist
