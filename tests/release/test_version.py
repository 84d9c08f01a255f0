"""The version of a package is defined in one place; everything else reads it there or is compared with it here."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from packaging.version import Version

import rudr_py
from rudr_py.cli.commands import version
from tests.release import building
from tests.release.building import PROJECTS, ROOT, Built

CHART = ROOT / "charts" / "rudr-py" / "Chart.yaml"


def test_no_project_repeats_its_version(source: Path) -> None:
    project = tomllib.loads((source / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"].endswith("/__init__.py")


@pytest.mark.parametrize("project", PROJECTS, ids=building.called)
def test_wheel_and_module_have_the_same_version(project: Path, all_built: dict[str, Built]) -> None:
    name = "rudr_py" if project == ROOT else project.name.replace("-", "_")
    version = importlib.import_module(name).__version__
    assert all_built[project.name].metadata["Version"] == version == str(Version(version))


def test_the_version_command_prints_the_version() -> None:
    output = CliRunner().invoke(version.command, []).output
    assert f"rudr-py {rudr_py.__version__}\n" in output


def test_the_changelog_has_a_section_for_the_version() -> None:
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == "Unreleased" or heads[0].startswith(rudr_py.__version__)


@pytest.mark.skipif(not CHART.exists(), reason="there is no chart")
def test_the_chart_has_the_same_version() -> None:
    chart = yaml.safe_load(CHART.read_text())
    assert chart["appVersion"] == rudr_py.__version__
    assert Version(chart["version"]) == Version(rudr_py.__version__)
