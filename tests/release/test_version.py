"""The version of a package stands in one place, and everything else reads it there or is tied to it here."""

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
from tests.release.building import PLUGINS, PROJECTS, ROOT, Built

CHART = ROOT / "charts" / "rudr-py" / "Chart.yaml"


def test_no_project_repeats_its_version(source: Path) -> None:
    project = tomllib.loads((source / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"].endswith("/__init__.py")


@pytest.mark.parametrize("project", PROJECTS, ids=building.called)
def test_the_version_is_that_of_the_package_everywhere(project: Path, all_built: dict[str, Built]) -> None:
    name = "rudr_py" if project == ROOT else project.name.replace("-", "_")
    said = importlib.import_module(name).__version__
    assert all_built[project.name].metadata["Version"] == said == str(Version(said))


def test_the_command_says_it() -> None:
    told = CliRunner().invoke(version.command, []).output
    assert f"rudr-py {rudr_py.__version__}\n" in told


def test_the_changelog_has_a_place_for_it() -> None:
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == "Unreleased" or heads[0].startswith(rudr_py.__version__)


@pytest.mark.skipif(not CHART.exists(), reason="there is no chart")
def test_the_chart_installs_it_under_the_same_version() -> None:
    chart = yaml.safe_load(CHART.read_text())
    assert chart["appVersion"] == rudr_py.__version__
    assert Version(chart["version"]) == Version(rudr_py.__version__)


def test_there_is_a_package_of_ours_to_be_tested() -> None:
    assert len(PLUGINS) == 3
