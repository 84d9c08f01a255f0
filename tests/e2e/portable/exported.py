"""Documents as files of a target, written by the command that a user runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from rudr_py.cli.program import program
from tests import own_packages
from tests.cli import installed_targets

PACKAGES = {"quadlet": "rudr-py-podman"}
"""The packages of targets."""


def write(target: str, documents: list[dict[str, Any]], folder: Path) -> Path:
    """Export the documents of one application below a folder that exists. Returns the folder of the application."""
    source, out = folder / "documents.yaml", folder / "out"
    source.write_text(yaml.safe_dump_all(documents))
    package = next(each for each in own_packages.ALL_FOLDERS if each.name == PACKAGES[target])
    with pytest.MonkeyPatch.context() as monkeypatch:
        installed_targets.install_own(folder, monkeypatch, package)
        arguments = ["export", "--to", target, "-f", str(source), "-o", str(out)]
        done = CliRunner().invoke(program, arguments, obj=own_packages.everything())
    assert done.exit_code == 0, done.output
    (application,) = (path for path in out.iterdir() if path.is_dir())
    return application
