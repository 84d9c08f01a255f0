"""The commands of the quickstart pages work on the local API."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.docs import walkthrough
from tests.docs.pages import FOLDER, ROOT
from tests.docs.steps import Command, steps
from tests.docs.walkthrough import Walkthrough


@pytest.fixture(name="walk")
def _walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walkthrough:
    """A walkthrough in a folder with the examples and CRDs of a checkout, and with `kubectl rudr` on the path."""
    for folder in ("examples", "crds"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    plugin = tmp_path / "bin" / "kubectl-rudr"
    plugin.parent.mkdir()
    plugin.write_text(f'#!/bin/sh\nexec {sys.executable} -m rudr_py "$@"\n')
    plugin.chmod(0o755)
    monkeypatch.setenv("PATH", str(plugin.parent), prepend=":")
    return Walkthrough(tmp_path)


def _commands(page: str, place: str) -> list[Command]:
    return [step for step in steps(FOLDER / page) if isinstance(step, Command) and step.place == place]


def test_the_quickstart_works(walk: Walkthrough) -> None:
    program = walkthrough.kubectl()
    with walk.developing():
        outputs = [walk.kubectl(program, command) for command in _commands("quickstart.md", "kubectl")]
    assert "synced" in next(text for text in outputs if "READY" in text)
    assert "shop-web" in outputs[-1]


def test_the_quickstart_works_with_a_controller_outside_of_the_cluster(walk: Walkthrough) -> None:
    program = walkthrough.kubectl()
    # the tests of the chart cover the commands about the Helm release
    commands = [
        command for command in _commands("quickstart-cluster.md", "cluster") if "rudr-system" not in command.words
    ]
    first, *rest = [command for command in commands if command.words[0] == "kubectl"]
    with walk.developing("--no-controller"):
        walk.kubectl(program, first)
        with walk.controlling():
            outputs = {" ".join(command.words[1:3]): walk.kubectl(program, command) for command in rest}
    assert "shop-web" in outputs["rudr status"]
    assert "deployment" in outputs["rudr tree"]
    assert "Ready" in outputs["describe applicationconfiguration"]
