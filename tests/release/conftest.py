"""The wheel and the sdist of each project, built once for all tests that read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.release import building
from tests.release.building import PROJECTS, Built


@pytest.fixture(scope="session")
def all_built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    folder = tmp_path_factory.mktemp("dist")
    return {source.name: building.build(source, folder / str(number)) for number, source in enumerate(PROJECTS)}


@pytest.fixture(params=PROJECTS, ids=building.called)
def source(request: pytest.FixtureRequest) -> Path:
    """The folder of a project."""
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture
def built(all_built: dict[str, Built], source: Path) -> Built:
    return all_built[source.name]
