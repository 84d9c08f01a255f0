"""Documents in files, and a runner for commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rudr_py.catalog import Catalog
from rudr_py.cli.program import program
from tests import own_packages

Invoke = Callable[..., Result]

COMPONENT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: {name}
spec:
  workloadType: core.oam.dev/v1alpha1.{workload}
  containers:
  - name: main
    image: nginx:1
"""

APPLICATION = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata:
  name: {name}
spec:
  components:
  - componentName: {component}
    instanceName: {name}-instance
    traits:
    - name: {trait}
      properties: {{}}
"""


@pytest.fixture(name="component")
def _component() -> Callable[..., str]:
    return lambda name="web", workload="Worker": COMPONENT.format(name=name, workload=workload)


@pytest.fixture(name="application")
def _application() -> Callable[..., str]:
    return lambda name="app", component="web", trait="empty": APPLICATION.format(
        name=name, component=component, trait=trait
    )


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Callable[..., str]:
    """Write documents into a file. Returns its name."""

    def write(name: str, *documents: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("---\n".join(documents))
        return str(path)

    return write


@pytest.fixture(name="invoke")
def _invoke() -> Invoke:
    def invoke(*arguments: str, **settings: object) -> Result:
        # pytest-xdist sets COLUMNS for its workers
        return CliRunner(env={"COLUMNS": None}).invoke(program, list(arguments), **settings)  # type: ignore[arg-type] # as invoke takes them

    return invoke


@pytest.fixture(name="everything", scope="session")
def _everything() -> Catalog:
    """The catalog with the standard types and those of the packages in plugins/."""
    return own_packages.everything().catalog
