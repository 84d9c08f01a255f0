"""The tutorial works: the test writes its files and runs its commands in order."""

from __future__ import annotations

import ast
import io
import tokenize
from contextlib import ExitStack
from pathlib import Path

from tests.docs import walkthrough
from tests.docs.pages import FOLDER
from tests.docs.steps import Command, File, steps
from tests.docs.walkthrough import Walkthrough

PAGE = FOLDER / "plugin-tutorial.md"


def test_the_tutorial_works_from_an_empty_folder_to_a_running_trait(tmp_path: Path) -> None:
    program, walk = walkthrough.kubectl(), Walkthrough(tmp_path)
    outputs: dict[str, str] = {}
    developing = False
    with ExitStack() as stack:
        for step in steps(PAGE):
            if isinstance(step, File):
                walk.write(step)
            elif step.place == "kubectl":
                if not developing:
                    stack.enter_context(walk.developing())
                    developing = True
                outputs[step.words[1]] = walk.kubectl(program, step)
            else:
                if step.words[:2] == ("rudr", "plugins"):
                    walk.install("rudr-py-pod-budget", "rudr_py_pod_budget")
                outputs[" ".join(step.words[:2])] = walk.run(*step.words)
    assert "pod-budget" in outputs["rudr plugins"]
    assert "poddisruptionbudgets" in outputs["rudr rbac"]
    assert "kind: PodDisruptionBudget" in outputs["rudr render"]
    assert "shop-web-pod-budget" in outputs["get"]


def test_the_trait_has_at_most_30_lines_of_python() -> None:
    (module,) = [step for step in steps(PAGE) if isinstance(step, File) and step.path.endswith("__init__.py")]
    ast.parse(module.text)
    noise = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    lines = {line for token in tokens if token.type not in noise for line in range(token.start[0], token.end[0] + 1)}
    assert len(lines) <= 30


def test_the_tutorial_has_files_and_commands() -> None:
    page_steps = steps(PAGE)
    assert sum(isinstance(step, File) for step in page_steps) == 3
    assert sum(isinstance(step, Command) for step in page_steps) >= 10
