"""The first page works: what it tells to do with kubectl is done, on the API that it tells to start."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.docs import reader
from tests.docs.pages import FOLDER, ROOT
from tests.docs.reader import Reader
from tests.docs.tutorial import Command, steps


def test_a_newcomer_sees_the_examples_ready_and_a_deleted_deployment_back(tmp_path: Path) -> None:
    program, following = reader.kubectl(), Reader(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    todo = [step for step in steps(FOLDER / "quickstart.md") if isinstance(step, Command) and step.place == "kubectl"]
    with following.developing():
        told = [following.kubectl(program, command) for command in todo]
    assert "synced" in next(text for text in told if "READY" in text)
    assert "shop-web" in told[-1]
