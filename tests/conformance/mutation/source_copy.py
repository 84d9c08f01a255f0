"""Runs tests in a copy of the repository, with or without a mutant; the working tree is never changed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from tests.conformance.mutation import outcomes
from tests.conformance.mutation.mutants import ROOT, Mutant
from tests.conformance.mutation.outcomes import Outcome

Verdict = Literal["killed", "survived", "broken"]

NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "node_modules", "*.egg-info")
SECONDS = 150.0
"""The time limit of one run."""
WAITING = "TIMEOUT = 60.0", "TIMEOUT = 10.0"
"""In the copy, tests wait less long for a state that a mutant prevents."""


class SourceCopy:
    """A copy of the repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "source"
        self._outcomes = folder / "outcomes"
        self._baseline: dict[str, bool] = {}
        shutil.copytree(ROOT, self._folder, ignore=NOT_COPIED)
        self._replace("rudr_py/testing/cluster.py", *WAITING)

    def judge(self, mutant: Mutant, tests: Sequence[str]) -> Verdict:
        """Whether a test fails by an assertion with the mutant: killed. Broken means that one fails otherwise."""
        with self.mutated(mutant):
            run = self.run(tests)
        failed = [outcome for outcome in run if outcome.state == "failed"]
        if not run or any(not outcome.by_assertion for outcome in failed):
            return "broken"
        return "killed" if failed else "survived"

    def passes(self, test: str) -> bool:
        """Whether a test passes without a mutant; not if it is skipped. The answer is cached."""
        if test not in self._baseline:
            run = self.run([test])
            states = {outcome.state for outcome in run}
            self._baseline[test] = "passed" in states and "failed" not in states
        return self._baseline[test]

    @contextlib.contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """Apply a mutant to the copy until the end of the block."""
        path = self._folder / mutant.file
        source = path.read_text(encoding="utf-8")
        self._write(path, mutant.apply(source))
        try:
            yield
        finally:
            self._write(path, source)

    def run(self, tests: Sequence[str]) -> list[Outcome]:
        """The outcomes of tests, without slow parameters, until the first failure. Empty if none could start."""
        self._outcomes.unlink(missing_ok=True)
        arguments = ["-q", "-x", "-m", "not slow", "-p", "no:cacheprovider", "-p", outcomes.__name__]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment |= {
            outcomes.FILE: str(self._outcomes),
            "PYTHONPATH": str(self._folder),
            "KUBEBUILDER_ASSETS": str(self._folder / "none"),
        }
        command = [sys.executable, "-m", "pytest", *arguments, *(f"tests/{test}" for test in tests)]
        subprocess.run(  # noqa: S603 # the arguments are node ids of the table
            command, cwd=self._folder, env=environment, timeout=SECONDS, check=False, capture_output=True
        )
        return outcomes.read(self._outcomes)

    def _replace(self, file: str, old: str, new: str) -> None:
        path = self._folder / file
        self._write(path, Mutant(row="", removes="", file=file, old=old, new=new).apply(path.read_text("utf-8")))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        # two versions of one size within one second would share their bytecode
        if path.suffix == ".py":
            Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
