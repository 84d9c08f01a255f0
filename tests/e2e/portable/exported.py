"""Documents as files of Quadlet, written by the commands that a user runs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click
import yaml
from click.testing import CliRunner, Result

from rudr_py.cli.program import program
from tests import own_packages


def write(documents: list[dict[str, Any]], folder: Path) -> Result:
    """Render the documents and write the files into the folder."""
    source = folder.with_suffix(".documents")
    source.write_text(yaml.safe_dump_all(documents))
    rendered = CliRunner().invoke(program, ["render", "-f", str(source)], obj=own_packages.everything())
    assert rendered.exit_code == 0, rendered.output
    command: click.Command = importlib.import_module("rudr_py_podman.command").command
    done = CliRunner().invoke(command, ["-o", str(folder)], input=rendered.stdout)
    assert done.exit_code == 0, done.output
    return done
