"""The tutorial about edits works: the test writes its files and runs its commands in order."""

from __future__ import annotations

from pathlib import Path

from tests.docs.pages import FOLDER
from tests.docs.steps import File, steps
from tests.docs.walkthrough import Walkthrough

PAGE = FOLDER / "plugin-tutorial-edit.md"


def test_the_tutorial_works_from_an_empty_folder_to_a_rendered_secret(tmp_path: Path) -> None:
    walk = Walkthrough(tmp_path)
    outputs: dict[str, str] = {}
    for step in steps(PAGE):
        if isinstance(step, File):
            walk.write(step)
            continue
        if step.words[:2] == ("rudr", "plugins"):
            walk.install("rudr-py-secret-env", "rudr_py_secret_env")
        outputs[" ".join(step.words[:2])] = walk.run(*step.words)
    assert "secret-env" in outputs["rudr plugins"]
    assert "secretKeyRef" in outputs["rudr render"]
    assert "for-development" not in outputs["rudr render"]
