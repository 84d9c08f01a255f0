"""The pytest plugin (entry point `pytest11`): fixtures for tests of plugins.

Every run of pytest in an environment with rudr-py loads it; therefore it imports only pytest, and adds only fixtures
and one flag. A fixture imports its dependencies when it is used; if its extra is not installed, the test is skipped
with the command that installs it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

INSTALL = "pip install 'rudr-py[testing]'"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag of `rudr_golden`."""
    group = parser.getgroup("rudr", "plugins of rudr-py")
    group.addoption("--rudr-update-golden", action="store_true", help="record the objects of rudr_golden")


def _needed(module: str) -> Any:
    """Import a module of the kit. Skips the test when a package of an extra is not installed."""
    try:
        return importlib.import_module(f"rudr_py.testing.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "rudr_py":
            raise
        pytest.skip(f"needs the package {error.name}: {INSTALL}")


@pytest.fixture
def render_one() -> Any:
    """Render one instance that uses a type: see rudr_py.testing.RenderOne."""
    return _needed("rendering").render_one


@pytest.fixture
def rudr_golden(request: pytest.FixtureRequest) -> Any:
    """Compare objects with a recorded file, or record them: see rudr_py.testing.Golden."""
    folder = Path(request.path).parent / "golden"
    update = bool(request.config.getoption("--rudr-update-golden"))
    return _needed("golden").Recorded(folder, request.node.name, update=update)


@pytest.fixture
def rudr_api() -> Iterator[Any]:
    """A Kubernetes API in this process with the definitions of OAM: see rudr_py.testing.Live."""
    with _needed("local_handle").started() as live:
        yield live


@pytest.fixture
def rudr_controller(rudr_api: Any) -> Iterator[Any]:
    """Start a controller with further types on that API: see rudr_py.testing.Control."""
    with _needed("local_handle").controlling(rudr_api) as control:
        yield control
